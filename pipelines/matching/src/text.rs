//! Folding: one plain spelling for what people write in many ways, so that values can be compared byte by byte.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case letters and digits without marks; `ü` becomes `ue`, and everything else becomes a single space.
///
/// The way back, `ue` to `ü`, is never taken: Manuel and Bauer would suffer.
pub(crate) fn fold(text: &str) -> String {
    folded(text, true)
}

/// Like [`fold`], with `ü` becoming `u`, as systems write it that drop the marks.
pub(crate) fn fold_stripped(text: &str) -> String {
    folded(text, false)
}

fn folded(text: &str, expand_umlauts: bool) -> String {
    let mut plain = String::with_capacity(text.len() + 2);
    if text.is_ascii() {
        for byte in text.bytes() {
            push(&mut plain, char::from(byte.to_ascii_lowercase()));
        }
    } else {
        for letter in text.nfc().flat_map(char::to_lowercase) {
            push_letter(&mut plain, letter, expand_umlauts);
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

fn push_letter(plain: &mut String, letter: char, expand_umlauts: bool) {
    let replacement = match letter {
        'ä' | 'æ' => {
            if expand_umlauts {
                "ae"
            } else {
                "a"
            }
        }
        'ö' | 'œ' | 'ø' => {
            if expand_umlauts {
                "oe"
            } else {
                "o"
            }
        }
        'ü' => {
            if expand_umlauts {
                "ue"
            } else {
                "u"
            }
        }
        'å' => "a",
        'ß' => "ss",
        'ı' => "i",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        '’' | '\'' | '`' | '´' | '\u{200b}' | '\u{feff}' => "",
        _ => {
            if let Some(latin) = latin_of_cyrillic(letter) {
                plain.push_str(latin);
                return;
            }
            for part in std::iter::once(letter).nfkd().filter(|part| !is_combining_mark(*part)) {
                push(plain, part);
            }
            return;
        }
    };
    plain.push_str(replacement);
}

fn push(plain: &mut String, letter: char) {
    if letter.is_alphanumeric() {
        plain.push(letter);
    } else if letter != '\'' && !plain.is_empty() && !plain.ends_with(' ') {
        plain.push(' ');
    }
}

fn latin_of_cyrillic(letter: char) -> Option<&'static str> {
    const FROM_A: [&str; 32] = [
        "a", "b", "w", "g", "d", "e", "sch", "s", "i", "j", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f",
        "ch", "z", "tsch", "sch", "schtsch", "", "y", "", "e", "ju", "ja",
    ];
    match letter {
        'ё' => Some("jo"),
        'і' | 'ї' => Some("i"),
        'є' => Some("je"),
        'а'..='я' => FROM_A.get(letter as usize - 'а' as usize).copied(),
        _ => None,
    }
}

/// The letters of a folded text, without the spaces between its words.
pub(crate) fn joined(folded: &str) -> String {
    folded.replace(' ', "")
}

/// A hash that depends on nothing but the bytes.
pub(crate) fn hash(text: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}

/// One hash out of two; their order matters.
pub(crate) const fn mix(left: u64, right: u64) -> u64 {
    let mut mixed = left.rotate_left(27) ^ right.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn umlauts_fold_both_ways_and_ue_is_left_alone() {
        assert_eq!((fold("Müller").as_str(), fold_stripped("Müller").as_str()), ("mueller", "muller"));
        assert_eq!(fold_stripped("Manuel Bauer"), "manuel bauer");
        assert_eq!(fold("Groß-Gerau"), "gross gerau");
    }

    #[test]
    fn foreign_letters_lose_their_marks() {
        assert_eq!(fold("Yılmaz Şahin Gökçe"), "yilmaz sahin goekce");
        assert_eq!(fold("O’Brien  d'Arc"), "obrien darc");
        assert_eq!(fold("Иван"), "iwan");
    }
}
