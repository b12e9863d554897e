//! Each kind of change in an officer's words, in singular and plural.

use kartei_schemas::org::Language;
use kartei_schemas::person::ChangeKind;

pub(crate) mod alerts;

/// "neue Mitglieder", "new members": what is counted, without the number.
pub(crate) const fn kind(kind: ChangeKind, persons: u64, language: Language) -> &'static str {
    let (one, many) = match language {
        Language::De => german(kind),
        Language::En => english(kind),
    };
    if persons == 1 { one } else { many }
}

const fn german(kind: ChangeKind) -> (&'static str, &'static str) {
    match kind {
        ChangeKind::NewMember => ("neues Mitglied", "neue Mitglieder"),
        ChangeKind::Left => ("Austritt", "Austritte"),
        ChangeKind::NewInterested => ("neue interessierte Person", "neue Interessierte"),
        ChangeKind::Returned => ("Person, die wieder da ist", "Personen, die wieder da sind"),
        ChangeKind::MovedIn => ("Zuzug aus einer anderen Gliederung", "Zuzüge aus anderen Gliederungen"),
        ChangeKind::MovedOut => ("Wegzug in eine andere Gliederung", "Wegzüge in andere Gliederungen"),
        ChangeKind::Name => ("geänderter Name", "geänderte Namen"),
        ChangeKind::BirthDate => ("berichtigtes Geburtsdatum", "berichtigte Geburtsdaten"),
        ChangeKind::Address => ("neue Anschrift", "neue Anschriften"),
        ChangeKind::Contact => {
            ("geänderte E-Mail-Adresse oder Telefonnummer", "geänderte E-Mail-Adressen oder Telefonnummern")
        }
        ChangeKind::Consent => ("geänderte Einwilligung", "geänderte Einwilligungen"),
        ChangeKind::Interest => {
            ("Person mit neuen Interessen oder Antworten", "Personen mit neuen Interessen oder Antworten")
        }
        ChangeKind::Merged => ("Person, die doppelt geführt war", "Personen, die doppelt geführt waren"),
        ChangeKind::Split => {
            ("Eintrag, hinter dem zwei Personen standen", "Einträge, hinter denen je zwei Personen standen")
        }
        ChangeKind::Gone => ("Person, die in keiner Quelle mehr steht", "Personen, die in keiner Quelle mehr stehen"),
        ChangeKind::Other => ("sonstige Änderung", "sonstige Änderungen"),
    }
}

const fn english(kind: ChangeKind) -> (&'static str, &'static str) {
    match kind {
        ChangeKind::NewMember => ("new member", "new members"),
        ChangeKind::Left => ("member who left", "members who left"),
        ChangeKind::NewInterested => ("newly interested person", "newly interested people"),
        ChangeKind::Returned => ("person who is back", "people who are back"),
        ChangeKind::MovedIn => ("person who moved in from another branch", "people who moved in from other branches"),
        ChangeKind::MovedOut => ("person who moved to another branch", "people who moved to other branches"),
        ChangeKind::Name => ("changed name", "changed names"),
        ChangeKind::BirthDate => ("corrected birth date", "corrected birth dates"),
        ChangeKind::Address => ("new postal address", "new postal addresses"),
        ChangeKind::Contact => ("changed e-mail address or phone number", "changed e-mail addresses or phone numbers"),
        ChangeKind::Consent => ("changed consent", "changed consents"),
        ChangeKind::Interest => ("person with new interests or answers", "people with new interests or answers"),
        ChangeKind::Merged => ("person who was listed twice", "people who were listed twice"),
        ChangeKind::Split => ("entry that stood for two people", "entries that stood for two people each"),
        ChangeKind::Gone => ("person who is in no source any more", "people who are in no source any more"),
        ChangeKind::Other => ("other change", "other changes"),
    }
}

/// 1234 → "1.234" or "1,234".
pub(crate) fn number(number: u64, language: Language) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(match language {
                Language::De => '.',
                Language::En => ',',
            });
        }
        out.push(digit);
    }
    out
}
