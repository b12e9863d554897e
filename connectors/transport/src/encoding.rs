//! Text encodings: found from the bytes, and turned into UTF-8 chunk by chunk.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::charset::{Charset, OddWords};
use crate::error::FileError;

/// What the bytes of a file tell about its encoding.
#[derive(Default)]
pub(crate) struct Evidence {
    start: Vec<u8>,
    pending: Vec<u8>,
    valid_sequences: u64,
    invalid_bytes: u64,
    detector: Option<EncodingDetector>,
    detector_bytes: usize,
    words: OddWords,
}

/// So many bytes at the start are looked at for marks and for UTF-16.
const START_BYTES: usize = 4_096;
/// The detector is slow, and knows enough after so many bytes.
const DETECTOR_BYTES: usize = 1 << 20;

impl Evidence {
    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let room = START_BYTES.saturating_sub(self.start.len()).min(bytes.len());
        self.start.extend_from_slice(&bytes[..room]);
        // Sequences must not be judged where a chunk happens to cut them: up to the last ASCII byte all is whole.
        let whole = bytes.iter().rposition(u8::is_ascii).map_or(0, |last| last + 1);
        if whole == 0 && self.pending.len() < START_BYTES {
            self.pending.extend_from_slice(bytes);
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            self.judge(&bytes[..whole]);
        } else {
            let end = bytes.iter().position(u8::is_ascii).unwrap_or(0);
            self.judge(&[&pending, &bytes[..end]].concat());
            self.judge(&bytes[end..whole.max(end)]);
        }
        self.pending.extend_from_slice(&bytes[whole..]);
    }

    fn judge(&mut self, bytes: &[u8]) {
        // A large file of one encoding is not doubted to its end: the detector has had its fill of bytes that are no UTF-8.
        let is_settled = self.detector_bytes >= DETECTOR_BYTES && self.invalid_bytes > self.valid_sequences;
        if is_settled || bytes.is_ascii() {
            return;
        }
        if let Ok(text) = str::from_utf8(bytes) {
            self.valid_sequences += sequences(text);
            return;
        }
        let before = self.invalid_bytes;
        for chunk in bytes.utf8_chunks() {
            self.valid_sequences += sequences(chunk.valid());
            self.invalid_bytes += chunk.invalid().len() as u64;
        }
        if self.invalid_bytes > before && self.detector_bytes < DETECTOR_BYTES {
            let detector = self.detector.get_or_insert_with(|| EncodingDetector::new(Iso2022JpDetection::Deny));
            detector.feed(bytes, false);
            self.detector_bytes += bytes.len();
            self.words.feed(bytes);
        }
    }

    /// The encoding: by the byte order mark; else UTF-8 if nearly all of it is valid; else what makes words of the bytes.
    ///
    /// A few bad bytes in a text full of valid sequences do not change its encoding: their rows go into quarantine.
    pub(crate) fn conclude(mut self) -> Charset {
        let pending = std::mem::take(&mut self.pending);
        self.judge(&pending);
        if let Some((encoding, _)) = Encoding::for_bom(&self.start) {
            return encoding.into();
        }
        if let Some(encoding) = utf16_without_mark(&self.start) {
            return encoding.into();
        }
        match self.detector {
            Some(detector) if self.invalid_bytes * 4 > self.valid_sequences => {
                let guess = detector.guess(Some(b"de"), Utf8Detection::Deny);
                // A short list with one umlaut looks like many things; Chinese is the least likely of them.
                self.words.judge(if guess.is_single_byte() { guess } else { WINDOWS_1252 })
            }
            _ => UTF_8.into(),
        }
    }
}

/// How many sequences of several bytes a text holds. Counted in bytes, of which the processor adds many at once.
fn sequences(text: &str) -> u64 {
    let few = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(*byte >= 0xc0)).sum::<u8>();
    text.as_bytes().chunks(usize::from(u8::MAX)).map(|bytes| u64::from(few(bytes))).sum()
}

/// Latin text in UTF-16 has a zero in every second byte.
fn utf16_without_mark(start: &[u8]) -> Option<&'static Encoding> {
    let zeros = |offset: usize| start.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let half = start.len() / 2;
    let (even, odd) = (zeros(0), zeros(1));
    let most = |count: usize| count * 10 > half * 7;
    let few = |count: usize| count * 20 < half;
    match half {
        0..4 => None,
        _ if most(odd) && few(even) => Some(UTF_16LE),
        _ if most(even) && few(odd) => Some(UTF_16BE),
        _ => None,
    }
}

/// The encoding that the settings name.
pub(crate) fn stated(label: &str) -> Result<Charset, FileError> {
    let standard = Encoding::for_label(label.trim().as_bytes()).map(Charset::from);
    standard.or_else(|| Charset::of_dos(label)).ok_or_else(|| FileError::UnknownEncoding { encoding: label.to_owned() })
}

/// Turns text of any encoding into UTF-8 without a byte order mark. UTF-8 itself passes through unchecked.
pub(crate) struct Transcoder<R> {
    inner: R,
    decoder: Letters,
    input: Vec<u8>,
    output: Vec<u8>,
    given: usize,
    is_at_end: bool,
}

/// How bytes become letters.
enum Letters {
    /// They are UTF-8.
    AsTheyAre,
    Decoded(Decoder),
    /// By a table of those from byte 128 on.
    Looked(Vec<char>),
}

const CHUNK_BYTES: usize = 1 << 17;

impl<R: Read> Transcoder<R> {
    pub(crate) fn new(inner: R, charset: impl Into<Charset>) -> Self {
        let decoder = match charset.into() {
            Charset::Standard(encoding) if encoding == UTF_8 => Letters::AsTheyAre,
            Charset::Standard(encoding) => Letters::Decoded(encoding.new_decoder_with_bom_removal()),
            Charset::Dos(page) => Letters::Looked(page.letters()),
        };
        Self { inner, decoder, input: Vec::new(), output: Vec::new(), given: 0, is_at_end: false }
    }

    /// Fills the output with the next chunk; leaves it empty at the end of the input.
    fn refill(&mut self) -> io::Result<()> {
        self.given = 0;
        self.output.clear();
        while self.output.is_empty() && !self.is_at_end {
            self.input.resize(CHUNK_BYTES, 0);
            let count = crate::content::read_up_to(&mut self.inner, &mut self.input)?;
            self.is_at_end = count < CHUNK_BYTES;
            let decoder = match &mut self.decoder {
                Letters::AsTheyAre => {
                    self.output.extend_from_slice(&self.input[..count]);
                    continue;
                }
                Letters::Looked(letters) => {
                    look_up(&self.input[..count], letters, &mut self.output);
                    continue;
                }
                Letters::Decoded(decoder) => decoder,
            };
            let room = decoder.max_utf8_buffer_length(count).unwrap_or(count * 4);
            self.output.resize(room, 0);
            let (result, _, written, _) =
                decoder.decode_to_utf8(&self.input[..count], &mut self.output, self.is_at_end);
            debug_assert_eq!(result, CoderResult::InputEmpty);
            self.output.truncate(written);
        }
        Ok(())
    }
}

fn look_up(bytes: &[u8], letters: &[char], output: &mut Vec<u8>) {
    for byte in bytes {
        match byte.checked_sub(0x80) {
            None => output.push(*byte),
            Some(high) => {
                let letter = letters.get(usize::from(high)).copied().unwrap_or(char::REPLACEMENT_CHARACTER);
                output.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.output.len() {
            let is_first = self.input.is_empty();
            self.refill()?;
            if is_first && matches!(self.decoder, Letters::AsTheyAre) && self.output.starts_with(b"\xef\xbb\xbf") {
                self.given = 3;
            }
        }
        let count = buffer.len().min(self.output.len() - self.given);
        buffer[..count].copy_from_slice(&self.output[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use kartei_connector::Failure;

    use super::*;

    fn found(bytes: &[u8], chunk: usize) -> Charset {
        let mut evidence = Evidence::default();
        bytes.chunks(chunk).for_each(|chunk| evidence.feed(chunk));
        evidence.conclude()
    }

    fn read_back(bytes: &[u8], charset: impl Into<Charset>) -> String {
        let mut text = String::new();
        Transcoder::new(bytes, charset).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn utf_8_is_found_wherever_the_chunks_cut_it() {
        let text = "Größe;Straße;Köln;Ægir;日本\n".repeat(20);
        for chunk in 1..9 {
            assert_eq!(found(text.as_bytes(), chunk), UTF_8.into(), "chunks of {chunk}");
        }
    }

    #[test]
    fn windows_1252_is_found_and_read() {
        let text = "Jürgen Müller;Köln;Straße 3 – Hinterhaus\n";
        let (bytes, _, _) = WINDOWS_1252.encode(text);
        assert_eq!(found(&bytes, 7), WINDOWS_1252.into());
        assert_eq!(read_back(&bytes, WINDOWS_1252), text);
    }

    #[test]
    fn a_single_german_word_is_enough_for_windows_1252() {
        let words = [
            "Müller", "Köln", "Straße", "Groß", "Jürgen", "Häßler", "ÖDP", "Übach", "Äußere", "André", "Grüße",
            "Özdemir",
        ];
        for word in words {
            let text = format!("Nr;Name;Ort\n1;{word};Ulm\n");
            assert_eq!(found(&WINDOWS_1252.encode(&text).0, 1_000), WINDOWS_1252.into(), "{word}");
        }
    }

    #[test]
    fn utf_16_is_found_with_and_without_a_mark() {
        let units: Vec<u8> = "Name;Köln\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found(&units, 5), UTF_16LE.into());
        let marked = [&[0xff, 0xfe], &units[..]].concat();
        assert_eq!(found(&marked, 5), UTF_16LE.into());
        assert_eq!(read_back(&marked, UTF_16LE), "Name;Köln\n");
        let big: Vec<u8> = "Name;Köln\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(found(&big, 100), UTF_16BE.into());
    }

    #[test]
    fn one_bad_byte_does_not_make_utf_8_another_encoding() {
        let mut bytes = "Müller;Köln\n".repeat(5).into_bytes();
        bytes.extend_from_slice(b"M\xfcller;Bonn\n");
        assert_eq!(found(&bytes, 1_000), UTF_8.into());
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        assert_eq!(read_back(b"\xef\xbb\xbfName\n", UTF_8), "Name\n");
        assert_eq!(read_back(b"Name\n", UTF_8), "Name\n");
    }

    #[test]
    fn code_pages_of_dos_are_found_and_read() {
        let bytes = b"1;J\x81rgen;H\x94llermann;K\x94nigsweg 5\n2;B\x84rbel;Wei\xe1gerber;\x8eu\xe1erer Ring 7\n";
        let charset = found(bytes, 1_000);
        assert_eq!(charset.name(), "IBM850");
        assert!(read_back(bytes, charset).ends_with("2;B\u{e4}rbel;Weißgerber;Äußerer Ring 7\n"));
        assert!(stated("cp850").is_ok());
    }

    #[test]
    fn an_unknown_label_is_refused() {
        assert!(stated("Latin1").is_ok() && stated("windows-1252").is_ok() && stated("utf-8").is_ok());
        assert!(stated("klingon").unwrap_err().hint().unwrap().contains("windows-1252"));
    }
}
