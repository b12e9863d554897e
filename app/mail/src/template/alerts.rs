//! Alerts in words.

use kartei_schemas::org::Language;
use kartei_schemas::settings::AlertKind;
use minijinja::{Value, context};

use super::{LONGEST_SUBJECT, Rendered, TemplateError, Templates, one_line, wrong};
use crate::alert::{AlertLine, AlertMail};
use crate::wording::alerts::sentence;

impl Templates {
    /// Puts an alert mail into words.
    pub fn alert(&self, mail: &AlertMail) -> Result<Rendered, TemplateError> {
        let language = match mail.language {
            Language::De => "de",
            Language::En => "en",
        };
        let lines: Vec<Value> = mail.lines.iter().map(|line| values(line, mail.language)).collect();
        let first = mail.lines.first().map(|line| one_line(&sentence(line, mail.language))).unwrap_or_default();
        let render = |name: &str, subject: &str| {
            let values = context! {
                subject,
                first => first.as_str(),
                others => mail.lines.len().saturating_sub(1),
                lines => lines.clone(),
                installation => one_line(&mail.installation),
                organisation => mail.organisation.as_deref().map(one_line),
            };
            let template = self.environment.get_template(name).map_err(|error| wrong(name, error))?;
            template.render(values).map_err(|error| wrong(name, error))
        };
        let name = format!("alert.{language}.subject.txt");
        let subject: String = one_line(&render(&name, "")?).chars().take(LONGEST_SUBJECT).collect();
        if subject.is_empty() {
            return Err(TemplateError::Subject { name });
        }
        let text = render(&format!("alert.{language}.txt"), &subject)?;
        let html = render(&format!("alert.{language}.html"), &subject)?;
        Ok(Rendered { subject, text, html })
    }
}

fn values(line: &AlertLine, language: Language) -> Value {
    let mark = match line.kind {
        AlertKind::Recovered | AlertKind::Test => "✓",
        AlertKind::Late | AlertKind::Stale => "!",
        _ => "✗",
    };
    context! {
        mark,
        kind => line.kind.as_str(),
        sentence => one_line(&sentence(line, language)),
        at => line.at.as_str(),
        run_id => line.run_id,
        reason => line.reason.as_deref().map(one_line),
        hint => line.hint.as_deref().map(one_line),
    }
}

/// An alert mail on which every template is tried.
pub(super) fn specimen(language: Language) -> AlertMail {
    let line = |kind| AlertLine {
        kind,
        subject: "nightly".to_owned(),
        run_id: Some(1),
        at: "2026-11-25 04:00".to_owned(),
        due: Some("2026-11-25 04:00".to_owned()),
        span: Some("2 h".to_owned()),
        reason: Some("no room".to_owned()),
        hint: None,
    };
    AlertMail {
        language,
        organisation: Some("Musterverein".to_owned()),
        installation: "kartei.example.org".to_owned(),
        lines: AlertKind::ALL.map(line).to_vec(),
    }
}
