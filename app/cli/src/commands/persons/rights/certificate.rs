//! What an erasure certifies, in words.

use std::fmt::Write as _;

use kartei_schemas::org::Language;
use kartei_store::Erasure;

use crate::moment::Moments;

/// The certificate as a text.
pub(crate) fn words(erasure: &Erasure, language: Language, moments: Moments) -> String {
    let say = |de: &'static str, en: &'static str| match language {
        Language::De => de,
        Language::En => en,
    };
    let done = moments.show_if(erasure.done_at);
    let lines = [
        (say("Löschung", "Erasure"), erasure.id.clone()),
        (say("Kennung der Person", "Id of the person"), erasure.person_id.clone()),
        (say("Verlangt", "Asked for"), moments.show(erasure.requested_at)),
        (say("Von", "By"), erasure.by.clone()),
        (say("Grund", "Reason"), erasure.reason.clone()),
        (say("Vollzogen", "Done"), done),
    ];
    let mut text = format!(
        "{}\n\n",
        say("Bescheinigung über die Löschung einer Person", "Certificate of the erasure of a person")
    );
    for (name, value) in lines {
        let _ = writeln!(text, "{name}: {value}");
    }
    let _ = writeln!(text, "\n{}", say("Entfernt wurden:", "What was removed:"));
    for (what, rows) in &erasure.counts {
        let _ = writeln!(text, "  {}: {rows}", name_of(what, language));
    }
    let _ = writeln!(
        text,
        "\n{}",
        say(
            "Geblieben sind die Kennung, die nichts über die Person sagt, und verschlüsselte Prüfwerte, an denen die Person\n\
             erkannt wird, wenn eine Quelle sie noch einmal liefert. Sicherungen von früher enthalten die Person, bis sie\n\
             entfernt werden; wird eine zurückgespielt, löscht kartei die Person daraus mit dem nächsten Lauf.",
            "What stays is the id, which says nothing of the person, and keyed hashes by which the person is known when a\n\
             source delivers it once more. Backups from before hold the person until they are removed; when one is put back,\n\
             kartei erases the person from it with the next run."
        )
    );
    text
}

fn name_of(what: &str, language: Language) -> String {
    const NAMES: [(&str, &str, &str); 14] = [
        ("persons", "Personen", "persons"),
        ("records", "Datensätze", "records"),
        ("values", "Werte", "values"),
        ("changes", "Änderungen", "changes"),
        ("consents", "Einwilligungen", "consents"),
        ("review_items", "zweifelhafte Paare", "doubtful pairs"),
        ("judgements", "Entscheidungen", "judgements"),
        ("merges_and_splits", "Zusammenlegungen und Trennungen", "merges and splits"),
        ("overrides", "von Hand gesetzte Werte", "values set by hand"),
        ("rejects", "Zeilen in Quarantäne", "rows in quarantine"),
        ("mails", "Mails", "mails"),
        ("log_lines", "Protokollzeilen", "lines of logs"),
        ("texts", "Begründungen", "reasons"),
        ("files", "Dateien", "files"),
    ];
    let found = NAMES.iter().find(|name| name.0 == what);
    let rows = || {
        what.strip_prefix("rows_of_").map(|frame| match language {
            Language::De => format!("Zeilen in `{frame}`"),
            Language::En => format!("rows in `{frame}`"),
        })
    };
    match (found, language) {
        (Some(name), Language::De) => name.1.to_owned(),
        (Some(name), Language::En) => name.2.to_owned(),
        (None, _) => rows().unwrap_or_else(|| what.replace('_', " ")),
    }
}
