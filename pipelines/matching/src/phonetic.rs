//! Kölner Phonetik (Hans Joachim Postel, 1969): a code for how a German name sounds. For blocking only: two names
//! of one code are no evidence, since far too many share one.

/// The code of a folded word, without repeated digits and without inner zeros.
pub(crate) fn code(word: &str) -> String {
    let letters: Vec<u8> = word.bytes().filter(u8::is_ascii_lowercase).collect();
    let mut code = String::with_capacity(letters.len());
    let mut last = ' ';
    for position in 0..letters.len() {
        for digit in digits(&letters, position).chars() {
            if digit != last && (digit != '0' || code.is_empty()) {
                code.push(digit);
            }
            last = digit;
        }
    }
    code
}

fn digits(letters: &[u8], position: usize) -> &'static str {
    let before = position.checked_sub(1).map(|at| letters[at]);
    let after = letters.get(position + 1).copied();
    let is_one_of = |letter: Option<u8>, set: &[u8]| letter.is_some_and(|letter| set.contains(&letter));
    match letters[position] {
        b'a' | b'e' | b'i' | b'j' | b'o' | b'u' | b'y' => "0",
        b'b' => "1",
        b'p' => {
            if after == Some(b'h') {
                "3"
            } else {
                "1"
            }
        }
        b'd' | b't' => {
            if is_one_of(after, b"csz") {
                "8"
            } else {
                "2"
            }
        }
        b'f' | b'v' | b'w' => "3",
        b'g' | b'k' | b'q' => "4",
        b'c' => {
            let hard = if before.is_none() {
                is_one_of(after, b"ahkloqrux")
            } else {
                is_one_of(after, b"ahkoqux") && !is_one_of(before, b"sz")
            };
            if hard { "4" } else { "8" }
        }
        b'x' => {
            if is_one_of(before, b"ckq") {
                "8"
            } else {
                "48"
            }
        }
        b'l' => "5",
        b'm' | b'n' => "6",
        b'r' => "7",
        b's' | b'z' => "8",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn names_that_sound_alike_share_a_code() {
        assert_eq!(code("mueller"), "657");
        assert_eq!(code("muller"), "657");
        assert_eq!(code("meyer"), code("maier"));
        assert_eq!(code("schmidt"), code("schmitt"));
    }

    #[test]
    fn the_published_examples_hold() {
        assert_eq!(code("wikipedia"), "3412");
        assert_eq!(code("breschnew"), "17863");
        assert_eq!(code("muellerluedenscheidt"), "65752682");
    }
}
