//! Names folded for searching: "Müller", "Mueller" and "MULLER" fall together.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case, without marks, `ae oe ue ss` as `a o u s`; letters, digits and single spaces only.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// As [`fold`], after what is there already, with a space between.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
    if text.is_ascii() {
        text.chars().for_each(|letter| push(letter.to_ascii_lowercase(), out));
    } else {
        for letter in text.nfd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
            match letter {
                'ß' => push('s', out),
                'æ' => push('a', out),
                'ø' | 'œ' => push('o', out),
                'ł' => push('l', out),
                _ => push(letter, out),
            }
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
}

fn push(letter: char, out: &mut String) {
    match letter {
        'e' if out.ends_with(['a', 'o', 'u']) => {}
        's' if out.ends_with('s') => {}
        _ if letter.is_alphanumeric() => out.push(letter),
        _ if out.is_empty() || out.ends_with(' ') => {}
        _ => out.push(' '),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_fall_together() {
        for spelling in ["Müller", "Mueller", "MULLER", "mu\u{308}ller"] {
            assert_eq!(fold(spelling), "muller");
        }
        assert_eq!(fold("Groß"), fold("Gross"));
        assert_eq!(fold("  von der  Heide-Łukasz "), "von der heide lukasz");
        let mut name = fold("Müller");
        fold_into("Anna Maria", &mut name);
        assert_eq!(name, "muller anna maria");
    }
}
