//! Signs that programs put around values, and that are no part of them: `="01067"`, `'01067`, `"x"`.

use std::borrow::Cow;

/// Whether a row may hold such signs. Never wrong when false.
pub(crate) fn may_be_wrapped(row: &[u8]) -> bool {
    memchr::memchr3(b'=', b'\'', b'"', row).is_some()
}

/// The value without the signs around it.
pub(crate) fn bare(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    // Excel is told not to make a number of it.
    if let Some(inner) = trimmed.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'))
        && !inner.replace("\"\"", "").contains('"')
    {
        return unquoted(inner, "\"\"", "\"");
    }
    // A spreadsheet is told that it is text, or no formula.
    if let Some(inner) = trimmed.strip_prefix('\'')
        && inner.starts_with(|sign: char| sign.is_ascii_digit() || matches!(sign, '+' | '=' | '-' | '@' | '('))
    {
        return Cow::Borrowed(inner.strip_suffix('\'').unwrap_or(inner));
    }
    let inner = trimmed.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = inner.filter(|inner| !inner.is_empty() && !inner.replace("\"\"", "").contains('"')) {
        return unquoted(inner, "\"\"", "\"");
    }
    Cow::Borrowed(text)
}

fn unquoted<'t>(inner: &'t str, doubled: &str, quote: &str) -> Cow<'t, str> {
    if inner.contains(doubled) { Cow::Owned(inner.replace(doubled, quote)) } else { Cow::Borrowed(inner) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_around_values_go() {
        for (text, expected) in [
            ("=\"01067\"", "01067"),
            (" =\"a \"\"b\"\" c\" ", "a \"b\" c"),
            ("'01067", "01067"),
            ("'01067'", "01067"),
            ("'+49 176 20304051", "+49 176 20304051"),
            ("'=1+1", "=1+1"),
            ("\"Brandner\"", "Brandner"),
        ] {
            assert_eq!(bare(text), expected, "{text}");
            assert!(may_be_wrapped(text.as_bytes()));
        }
    }

    #[test]
    fn signs_of_the_value_stay() {
        for text in [
            "'s-Gravenhage",
            "'t Zand 14",
            "O'Neil",
            "'Brandner'",
            "Hans \"Hansi\" Lang",
            "\"Hansi\" \"x\"",
            "=",
            "\"",
            "''",
            "5\"",
            "a=b",
        ] {
            assert_eq!(bare(text), text);
        }
    }
}
