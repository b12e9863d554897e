//! Keeps a spreadsheet from running what stands in an exported cell.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, tab or carriage return may be read as a formula (OWASP, "CSV
//! Injection"); an apostrophe in front makes it text. Plain numbers, telephone numbers among them, stay as they are.

use std::borrow::Cow;

/// The text as it may stand in a cell.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    let dangerous = text
        .trim_start_matches([' ', '\u{a0}'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if dangerous && !is_number(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A sign, digits, and at most one point or comma: nothing that a formula could be made of.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    !unsigned.is_empty()
        && unsigned.starts_with(|first: char| first.is_ascii_digit())
        && unsigned.chars().all(|one| one.is_ascii_digit() || one == '.' || one == ',')
        && unsigned.chars().filter(|one| !one.is_ascii_digit()).count() <= 1
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_a_spreadsheet_would_run_becomes_text() {
        for text in
            ["=1+1", "=cmd|' /C calc'!A0", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "+49 170 1"]
        {
            assert_eq!(cell(text), format!("'{text}"), "{text:?}");
        }
    }

    #[test]
    fn names_numbers_and_telephone_numbers_stay() {
        for text in ["", "Müller-Lüdenscheidt", "+491701234567", "-3,5", "1984-03-05", "a=b", "anna@example.org"] {
            assert_eq!(cell(text), text);
        }
    }
}
