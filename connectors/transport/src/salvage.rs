//! The key of a JSON object that is broken, from its text: a stray quote or a cut leaves most of a line legible.

use kartei_connector::KEY_SEPARATOR;
use serde_json::Value;

/// The key of an object that cannot be read. A column that the text names more than once says nothing, since two objects
/// may have run into one.
pub(crate) fn key<'n>(bytes: &[u8], columns: impl Iterator<Item = &'n str>) -> Option<String> {
    let mut parts = Vec::new();
    for column in columns {
        let value = only_value(bytes, column)?;
        let part = value.trim();
        if part.is_empty() {
            return None;
        }
        parts.push(part.to_owned());
    }
    (!parts.is_empty()).then(|| parts.join(&KEY_SEPARATOR.to_string()))
}

/// The value behind the only place that names this column; none where there are several, or it is not whole. Of a column
/// inside another (`address.city`) only the last name is looked for.
fn only_value(bytes: &[u8], column: &str) -> Option<String> {
    let name = Value::String(column.rsplit('.').next()?.to_owned()).to_string();
    let mut found = None;
    for place in memchr::memmem::find_iter(bytes, name.as_bytes()) {
        let rest = bytes[place + name.len()..].trim_ascii_start();
        let is_escaped = place > 0 && bytes[place - 1] == b'\\';
        if is_escaped || rest.first() != Some(&b':') {
            continue;
        }
        if found.replace(rest[1..].trim_ascii_start()).is_some() {
            return None;
        }
    }
    value(found?)
}

/// A text, number or truth value that is whole: what follows it must be what may follow a value.
fn value(rest: &[u8]) -> Option<String> {
    let length = if rest.first() == Some(&b'"') { text_length(rest)? } else { word_length(rest) };
    let follows = rest[length..].trim_ascii_start().first();
    if !matches!(follows, Some(b',' | b'}')) {
        return None;
    }
    match serde_json::from_slice(&rest[..length]).ok()? {
        Value::String(text) => Some(text),
        // As a row that can be read has it.
        Value::Number(number) if number.is_f64() => number.as_f64().map(|number| number.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn text_length(rest: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    for (place, byte) in rest.iter().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(place + 1),
            _ => {}
        }
    }
    None
}

fn word_length(rest: &[u8]) -> usize {
    rest.iter().position(|byte| matches!(byte, b',' | b'}') || byte.is_ascii_whitespace()).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        key(text.as_bytes(), ["id"].into_iter())
    }

    #[test]
    fn the_key_is_read_where_the_text_shows_it() {
        assert_eq!(found(r#"{"name":"Er"ika","id":17}"#).as_deref(), Some("17"));
        assert_eq!(found(r#"{"name":"Er"ika", "id" : "a\"b" , "x""#).as_deref(), Some("a\"b"));
        assert_eq!(found(r#"{"id":"K-1","name":"Eri"#).as_deref(), Some("K-1"));
        assert_eq!(found(r#"{"note":"\"id\": 9","name":"Er"ika","id":17}"#).as_deref(), Some("17"));
    }

    #[test]
    fn a_key_that_may_be_cut_or_another_ones_is_not_read() {
        let unclear = [
            r#"{"name":"Er"ika","id":47"#,
            r#"{"name":"Er"ika","id":"47"#,
            r#"{"name":"Er"ika","id":"4"7"}"#,
            r#"{"name":"Er"ika","id":null}"#,
            r#"{"id":1,"name":"Er"ika"},{"id":2,"name":"U"do"}"#,
            r#"{"name":"Er"ika"}"#,
            "Erika",
        ];
        for text in unclear {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn every_part_of_a_key_is_needed() {
        let columns = || ["unit.id", "nr"].into_iter();
        let text = br#"{"unit":{"id":"Ulm"},"nr":17.0,"name":"Er"ika"}"#;
        assert_eq!(key(text, columns()).as_deref(), Some("Ulm\u{1f}17"));
        assert_eq!(key(br#"{"nr":17,"name":"Er"ika"}"#, columns()), None);
    }
}
