//! What alert mails say.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use kartei_mail::{AlertLine, AlertMail, Templates};
use kartei_schemas::org::Language;
use kartei_schemas::settings::AlertKind;

fn line(kind: AlertKind) -> AlertLine {
    AlertLine {
        kind,
        subject: "Nächtlicher Lauf".to_owned(),
        run_id: Some(12),
        at: "25.11.2026, 04:07".to_owned(),
        due: None,
        span: None,
        reason: None,
        hint: None,
    }
}

fn mail(language: Language) -> AlertMail {
    let failed = AlertLine {
        reason: Some("the store cannot be written: the disk is full".to_owned()),
        hint: Some("free some room and run again".to_owned()),
        ..line(AlertKind::Failed)
    };
    let late =
        AlertLine { due: Some("25.11.2026, 04:00".to_owned()), span: Some("2 h".to_owned()), ..line(AlertKind::Late) };
    let missed = AlertLine { due: Some("24.11.2026, 04:00".to_owned()), run_id: Some(11), ..line(AlertKind::Missed) };
    let stale = AlertLine {
        subject: "Mitglieder <alt>".to_owned(),
        run_id: None,
        span: Some("3 d".to_owned()),
        ..line(AlertKind::Stale)
    };
    let others = [AlertKind::Lost, AlertKind::Guard, AlertKind::Quarantine, AlertKind::Recovered].map(line);
    let mut lines = vec![failed, missed, late, stale];
    lines.extend(others);
    AlertMail {
        language,
        organisation: Some("Musterpartei".to_owned()),
        installation: "kartei.example.org".to_owned(),
        lines,
    }
}

#[test]
fn an_alert_reads_well_in_both_languages_and_both_forms() {
    let templates = Templates::embedded().unwrap();
    for (language, name) in [(Language::De, "de"), (Language::En, "en")] {
        let rendered = templates.alert(&mail(language)).unwrap();
        insta::assert_snapshot!(format!("alert_{name}_text"), format!("{}\n\n{}", rendered.subject, rendered.text));
        insta::assert_snapshot!(format!("alert_{name}_html"), rendered.html);
    }
}

#[test]
fn a_single_alert_is_told_in_the_subject_alone() {
    let mail = AlertMail { lines: vec![line(AlertKind::Guard)], ..mail(Language::En) };
    let rendered = Templates::embedded().unwrap().alert(&mail).unwrap();
    assert_eq!(rendered.subject, "kartei: “Nächtlicher Lauf” was stopped by a guard (run 12)");
}

#[test]
fn an_error_with_line_breaks_and_markup_stays_a_line_of_text() {
    let reason = Some("a\r\nBcc: everybody@example.org <script>".to_owned());
    let mail = AlertMail { lines: vec![AlertLine { reason, ..line(AlertKind::Failed) }], ..mail(Language::De) };
    let rendered = Templates::embedded().unwrap().alert(&mail).unwrap();
    assert!(rendered.text.contains("Grund: a Bcc: everybody@example.org <script>\n"), "{}", rendered.text);
    assert!(!rendered.html.contains("<script>"));
}
