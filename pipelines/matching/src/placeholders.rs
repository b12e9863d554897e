//! Values that people type when they have none: no evidence of anything.

/// Whether a folded name stands for no name.
pub(crate) fn is_name(folded: &str) -> bool {
    const WORDS: [&str; 40] = [
        "test",
        "tester",
        "testperson",
        "mustermann",
        "musterfrau",
        "muster",
        "unbekannt",
        "unknown",
        "anonym",
        "anonymous",
        "none",
        "null",
        "nan",
        "na",
        "n a",
        "k a",
        "keine angabe",
        "keine",
        "kein name",
        "ohne",
        "nn",
        "n n",
        "xxx",
        "xx",
        "xxxx",
        "asdf",
        "asdfg",
        "asdfgh",
        "qwertz",
        "qwerty",
        "abc",
        "nobody",
        "niemand",
        "dummy",
        "vorname",
        "nachname",
        "name",
        "firstname",
        "lastname",
        "familie",
    ];
    WORDS.contains(&folded) || (folded.len() > 2 && is_one_letter(folded))
}

/// Whether a folded name was made up, so that nothing else in its record need be true: somebody who only did not want to give a name may
/// have given all the rest.
pub(crate) fn is_made_up(folded: &str) -> bool {
    const WORDS: [&str; 13] = [
        "test",
        "tester",
        "testperson",
        "mustermann",
        "musterfrau",
        "muster",
        "asdf",
        "asdfg",
        "asdfgh",
        "qwertz",
        "qwerty",
        "abc",
        "dummy",
    ];
    WORDS.contains(&folded) || (folded.len() > 2 && is_one_letter(folded))
}

/// Whether an e-mail address belongs to nobody.
pub(crate) fn is_email(address: &str) -> bool {
    const LOCAL_PARTS: [&str; 14] = [
        "noreply",
        "no-reply",
        "donotreply",
        "test",
        "nobody",
        "none",
        "keine",
        "unbekannt",
        "unknown",
        "example",
        "anonym",
        "asdf",
        "xxx",
        "abc",
    ];
    match address.split_once('@') {
        None => true,
        Some((local, domain)) => LOCAL_PARTS.contains(&local) || domain.starts_with("test.") || !domain.contains('.'),
    }
}

/// Whether a number's digits are a keyboard walk or all alike.
pub(crate) fn is_number(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    let Some(tail) = digits.len().checked_sub(6).map(|start| &digits[start..]) else {
        return digits.is_empty() && text.len() < 3;
    };
    tail.iter().all(|digit| *digit == tail[0]) || digits.ends_with(b"1234567") || digits.ends_with(b"123456789")
}

/// Whether any other folded text stands for no value.
pub(crate) fn is_text(folded: &str) -> bool {
    const WORDS: [&str; 16] = [
        "unbekannt",
        "unknown",
        "none",
        "null",
        "nan",
        "na",
        "n a",
        "k a",
        "keine angabe",
        "keine",
        "ohne",
        "xxx",
        "test",
        "anonym",
        "undefined",
        "not known",
    ];
    folded.is_empty() || WORDS.contains(&folded)
}

fn is_one_letter(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| letters.all(|letter| letter == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_people() {
        assert!(is_name("mustermann") && is_name("xxx") && is_name("aaa"));
        assert!(!is_name("nana") && !is_name("o") && !is_name("testa"));
        assert!(is_made_up("mustermann") && is_made_up("xxx") && !is_made_up("unbekannt"));
        assert!(is_email("noreply@verein.de") && is_email("kaputt"));
        assert!(!is_email("anna@verein.de"));
        assert!(is_number("+4900000000") && is_number("0123456789"));
        assert!(!is_number("+4915112345670"));
    }
}
