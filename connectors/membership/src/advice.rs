//! What a membership source should tell, and how to see that it does.

use kartei_connector::{ContentClass, Discovery, Finding};
use kartei_schemas::source::{Mapping, SourceSchema};

/// Membership number, unit and dates: each mapped, and each holding what it should.
pub(crate) fn advice(schema: &SourceSchema, discovery: &Discovery) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !schema.fields.contains_key("membership_number") {
        let hint = "map the column under `fields.membership_number`: it tells two people of one name apart";
        findings.push(Finding::warning("membership number", "no column is mapped to it", hint));
    }
    if !schema.fields.contains_key("org_unit") {
        let hint = "map the column under `fields.org_unit`; without it members belong to the unit of their postal code";
        findings.push(Finding::warning("unit", "no column is mapped to it", hint));
    }
    for field in ["birth_date", "joined_on", "left_on"] {
        findings.extend(date_finding(field, schema, discovery));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("membership", "number, unit and dates are mapped"));
    }
    findings
}

/// A field that is to be a date, and whose column holds something else.
fn date_finding(field: &str, schema: &SourceSchema, discovery: &Discovery) -> Option<Finding> {
    let column = match schema.fields.get(field)? {
        Mapping::Column(column) => column,
        Mapping::Rule(rule) if rule.formats.is_empty() => rule.column.as_ref()?,
        Mapping::Rule(_) => return None,
    };
    let found = discovery.columns.iter().find(|profile| profile.name == *column)?;
    let is_wrong = matches!(found.content, ContentClass::Text | ContentClass::Number);
    let message = format!("column `{column}` is mapped to `{field}`, but does not look like dates");
    let hint = format!("map another column, or say how it is written: `fields.{field} = {{ column, formats }}`");
    is_wrong.then(|| Finding::warning(field, message, hint))
}
