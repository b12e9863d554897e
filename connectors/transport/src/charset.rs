//! Character sets, those of DOS and of old Macs among them, and which of them makes words of a text's bytes.

use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1252};

/// How the bytes of a text become letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    /// One that the web knows.
    Standard(&'static Encoding),
    /// A code page of DOS.
    Dos(&'static CodePage),
}

/// A code page: ASCII, and these letters from byte 128 on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CodePage {
    name: &'static str,
    letters: &'static str,
}

impl From<&'static Encoding> for Charset {
    fn from(encoding: &'static Encoding) -> Self {
        Self::Standard(encoding)
    }
}

impl Charset {
    /// The name, for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standard(encoding) => encoding.name(),
            Self::Dos(page) => page.name,
        }
    }

    /// The encoding for formats that DOS did not know.
    pub(crate) fn standard(self) -> &'static Encoding {
        match self {
            Self::Standard(encoding) => encoding,
            Self::Dos(_) => WINDOWS_1252,
        }
    }

    /// The code page of a label such as `cp850`.
    pub(crate) fn of_dos(label: &str) -> Option<Self> {
        let number = label.trim().to_ascii_lowercase();
        let number = number.trim_start_matches("ibm").trim_start_matches("cp").trim_start_matches(['-', '_']);
        CODE_PAGES.iter().find(|page| page.name.trim_start_matches("IBM") == number).map(Self::Dos)
    }
}

impl CodePage {
    /// By byte from 128 on its letter, in UTF-8.
    pub(crate) fn letters(&self) -> Vec<char> {
        self.letters.chars().collect()
    }
}

const CODE_PAGES: [CodePage; 3] = [
    CodePage {
        name: "IBM850",
        letters: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
            └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
    },
    CodePage {
        name: "IBM437",
        letters: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
            └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
    },
    CodePage {
        name: "IBM852",
        letters: "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
            └┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}",
    },
];

/// Letters of German names.
const GERMAN: &str = "äöüßÄÖÜ";
/// Letters of the neighbours' names.
const EUROPEAN: &str = "éèêëáàâåãæçíìîïñóòôøõœúùûýÿšžčćđłńśźżąęřůěťďňğışőűțșăÉÈÁÀÂÅÆÇÍÑÓØŒÚŠŽČĆĐŁŃŚŹŻĄĘŘĞİŞŐŰ";

/// The most words that are looked at, and the longest of them.
const MOST_WORDS: usize = 2_000;
const LONGEST_WORD_BYTES: usize = 40;

/// Words with bytes beyond ASCII, as they stand in a file.
#[derive(Debug, Default)]
pub(crate) struct OddWords(Vec<Vec<u8>>);

impl OddWords {
    /// Takes the words of a piece of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let is_inside = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
        for word in bytes.split(|byte| !is_inside(byte)) {
            if self.0.len() >= MOST_WORDS {
                return;
            }
            if word.len() <= LONGEST_WORD_BYTES && !word.is_ascii() {
                self.0.push(word.to_vec());
            }
        }
    }

    /// The character set that makes the best words of these bytes. The guess counts where others do as well.
    pub(crate) fn judge(&self, guess: &'static Encoding) -> Charset {
        let mut best = (i64::MIN, Charset::Standard(guess));
        let standard = [guess, WINDOWS_1252, MACINTOSH].map(Charset::Standard);
        for charset in standard.into_iter().chain(CODE_PAGES.iter().map(Charset::Dos)) {
            let letters = high_letters(charset);
            let score = self.0.iter().map(|word| score(word, &letters)).sum();
            if score > best.0 {
                best = (score, charset);
            }
        }
        best.1
    }
}

/// By byte from 128 on what it stands for.
fn high_letters(charset: Charset) -> Vec<char> {
    match charset {
        Charset::Dos(page) => page.letters(),
        Charset::Standard(encoding) => {
            (0x80..=0xff_u8).map(|byte| encoding.decode(&[byte]).0.chars().next().unwrap_or('\u{fffd}')).collect()
        }
    }
}

/// How much a word looks like one: letters of names speak for it, signs between letters and capitals behind small ones
/// against it.
fn score(word: &[u8], letters: &[char]) -> i64 {
    let signs: Vec<char> = word
        .iter()
        .map(|byte| byte.checked_sub(0x80).map_or(char::from(*byte), |high| letters[usize::from(high)]))
        .collect();
    let mut sum = 0;
    for (place, sign) in signs.iter().enumerate().filter(|(_, sign)| !sign.is_ascii()) {
        let before = place.checked_sub(1).map(|place| signs[place]);
        let after = signs.get(place + 1);
        let is_inside = before.is_some_and(char::is_alphabetic) || after.is_some_and(|sign| sign.is_alphabetic());
        let is_odd_capital = sign.is_uppercase()
            && before.is_some_and(char::is_lowercase)
            && after.is_none_or(|sign| sign.is_lowercase());
        let is_odd_small = sign.is_lowercase()
            && *sign != 'ß'
            && before.is_some_and(char::is_uppercase)
            && after.is_some_and(|sign| sign.is_uppercase());
        sum += match sign {
            '\u{fffd}' | '\u{80}'..='\u{9f}' => -20,
            _ if is_odd_capital || is_odd_small => -4,
            // Most names begin with a capital.
            sign if GERMAN.contains(*sign) => 4 - i64::from(place == 0 && sign.is_lowercase()),
            sign if EUROPEAN.contains(*sign) => 3,
            sign if sign.is_alphabetic() && !matches!(sign, 'ª' | 'º' | 'µ' | 'ƒ' | 'ﬁ' | 'ﬂ') => 2,
            _ if is_inside => -8,
            _ => -1,
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1250;

    use super::*;

    fn encoded(text: &str, charset: Charset) -> Vec<u8> {
        let letters = high_letters(charset);
        let byte = |sign: char| match u8::try_from(sign) {
            Ok(byte) if byte.is_ascii() => byte,
            _ => u8::try_from(letters.iter().position(|letter| *letter == sign).unwrap() + 0x80).unwrap(),
        };
        text.chars().map(byte).collect()
    }

    #[track_caller]
    fn assert_found(text: &str, charset: Charset, guess: &'static Encoding) {
        let mut words = OddWords::default();
        words.feed(&encoded(text, charset));
        assert_eq!(words.judge(guess).name(), charset.name(), "{text}");
    }

    #[test]
    fn words_tell_the_character_set() {
        let dos = Charset::of_dos("cp850").unwrap();
        let mac = Charset::Standard(MACINTOSH);
        let windows = Charset::Standard(WINDOWS_1252);
        for text in ["Jürgen", "Höllermann", "Bärbel", "Weißgerber", "Überscheer", "Äußerer Ring", "MÜLLER", "Köln"]
        {
            for charset in [dos, mac, windows] {
                assert_found(text, charset, WINDOWS_1252);
            }
        }
        assert_found("André Françoise Müller Zoë", dos, WINDOWS_1252);
        assert_found("André Françoise Müller Zoë", mac, WINDOWS_1252);
        assert_found("Łukasz Wójcik Małgorzata", Charset::Standard(WINDOWS_1250), WINDOWS_1250);
        assert_found("Łukasz Dąbrowska Grażyna", Charset::of_dos("cp852").unwrap(), WINDOWS_1252);
    }

    #[test]
    fn code_pages_are_called_by_their_numbers() {
        for label in ["cp850", "CP850", "ibm850", "850", "IBM-850"] {
            assert_eq!(Charset::of_dos(label).map(Charset::name), Some("IBM850"), "{label}");
        }
        assert!(CODE_PAGES.iter().all(|page| page.letters().len() == 128));
        assert_eq!(Charset::of_dos("latin1"), None);
    }
}
