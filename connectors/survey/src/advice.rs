//! What a survey should tell, and how to see that it does.

use kartei_connector::{Discovery, Finding, mapped_columns};
use kartei_schemas::source::SourceSchema;

/// The survey's name, day and questions.
pub(crate) fn advice(schema: &SourceSchema, discovery: &Discovery) -> Vec<Finding> {
    let Some(survey) = &schema.survey else {
        let hint = "add `[survey]` with `name`; without it the answers are kept as attributes of the record only";
        return vec![Finding::warning("survey", "no survey is named", hint)];
    };
    let mut findings = Vec::new();
    if survey.date.is_none() {
        let hint = "name the column under `survey.date`; else the day of the delivery stands for it";
        findings.push(Finding::warning("survey", "no column holds the day of the answers", hint));
    }
    if survey.questions.is_empty() {
        let mapped = mapped_columns(schema);
        let free = |name: &String| !mapped.contains(name) && !schema.ignore.contains(name);
        let count = discovery.columns.iter().filter(|column| free(&column.name)).count();
        findings.push(match count {
            0 => Finding::warning(
                "questions",
                "no column is left that could be one",
                "name them under `survey.questions`",
            ),
            _ => Finding::ok("questions", format!("{count} unmapped columns are questions, worded as their names")),
        });
    } else {
        findings.push(Finding::ok("questions", format!("{} are named", survey.questions.len())));
    }
    findings
}
