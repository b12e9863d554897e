//! JSON written straight into a text: these columns are the longest of the frame.

/// Adds a quoted text. NUL is left out, since PostgreSQL's `jsonb` refuses it.
pub(super) fn push_text(out: &mut String, text: &str) {
    out.push('"');
    push_escaped(out, text);
    out.push('"');
}

/// A member of many objects, its name written once: `,"name":"`.
pub(super) struct Member {
    start: String,
}

impl Member {
    pub(super) fn of(name: &str) -> Self {
        let mut start = ",".to_owned();
        push_text(&mut start, name);
        start.push_str(":\"");
        Self { start }
    }

    /// Adds `"name":"text"`, with a comma before it unless it is the first of its object.
    pub(super) fn push(&self, out: &mut String, text: &str) {
        out.push_str(if out.len() > 1 { &self.start } else { &self.start[1..] });
        push_escaped(out, text);
        out.push('"');
    }
}

fn push_escaped(out: &mut String, text: &str) {
    // Counted to the end, and so several bytes at once.
    if text.bytes().filter(|byte| matches!(byte, ..0x20 | b'"' | b'\\')).count() == 0 {
        out.push_str(text);
        return;
    }
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => {}
            '\u{1}'..='\u{1F}' => {
                const DIGITS: [char; 16] =
                    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
                let code = sign as usize;
                out.push_str("\\u00");
                out.push(DIGITS[code / 16]);
                out.push(DIGITS[code % 16]);
            }
            _ => out.push(sign),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back_without_nul(text in any::<String>()) {
            let mut out = String::new();
            push_text(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text.replace('\0', ""));
        }
    }
}
