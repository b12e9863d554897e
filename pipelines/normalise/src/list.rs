//! Lists of short values in one text: "Umwelt; Verkehr", `["Umwelt","Verkehr"]`.

use crate::placeholder::is_placeholder_value;
use crate::text::{MAX_VALUE_LENGTH, clean, cut};

/// Reads the values of a list, sorted, each once. A JSON array of texts is one; else `separator` splits; else, where
/// none is stated, semicolon, line break and bar, or the comma where none of them occurs.
pub fn list(text: &str, separator: Option<&str>) -> Vec<String> {
    let mut values: Vec<String> = match json_array(text) {
        Some(values) => values.iter().filter_map(|value| one(value)).collect(),
        None => parts(text, separator).into_iter().filter_map(one).collect(),
    };
    values.sort_unstable();
    values.dedup();
    values
}

fn json_array(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if !(text.starts_with('[') && text.ends_with(']')) {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn parts<'a>(text: &'a str, separator: Option<&str>) -> Vec<&'a str> {
    const STRONG: &[char] = &[';', '|', '\n'];
    match separator {
        Some(separator) if !separator.is_empty() => text.split(separator).collect(),
        _ if text.contains(STRONG) => text.split(STRONG).collect(),
        _ => text.split(',').collect(),
    }
}

fn one(value: &str) -> Option<String> {
    let cleaned = clean(value);
    (!is_placeholder_value(&cleaned)).then(|| cut(&cleaned, MAX_VALUE_LENGTH).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_split_cleaned_sorted_and_each_kept_once() {
        assert_eq!(list("Verkehr; Umwelt ;Umwelt;;-", None), ["Umwelt", "Verkehr"]);
        assert_eq!(list("Verkehr, Umwelt", None), ["Umwelt", "Verkehr"]);
        assert_eq!(list("Bau, Verkehr; Umwelt", None), ["Bau, Verkehr", "Umwelt"]);
        assert_eq!(list("a#b", Some("#")), ["a", "b"]);
        assert_eq!(list(r#"["Verkehr","Umwelt"]"#, Some(";")), ["Umwelt", "Verkehr"]);
        assert!(list("", None).is_empty());
    }

    proptest! {
        #[test]
        fn a_canonical_list_is_its_own_canonical_list(text in "[a-c;,|\\[\\]\" ä-]{0,20}|\\PC*") {
            let once = list(&text, None);
            prop_assert_eq!(list(&serde_json::to_string(&once).unwrap(), None), once);
        }
    }
}
