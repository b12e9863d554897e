//! Address books as vCards into rows: one person a card.

use std::io::Read;

use crate::charset::Charset;
use crate::content::{explain, whole_content};
use crate::encoding::Transcoder;
use crate::error::FileError;
use crate::inspect::Delivery;
use crate::pager::{Halt, Pager};

/// Whether a text is one of cards.
pub(crate) fn is_cards(text: &str) -> bool {
    text.trim_start().get(..11).is_some_and(|start| start.eq_ignore_ascii_case("BEGIN:VCARD"))
}

/// A card: where it begins, and its values by column, a column's second value under a name of its own.
#[derive(Debug, Default)]
struct Card {
    line: u64,
    values: Vec<(String, String)>,
}

/// Reads the cards.
pub(crate) fn read_rows(delivery: &Delivery, charset: Charset, pager: &mut Pager<'_>) -> Result<(), Halt> {
    let content = whole_content(&delivery.path, delivery.packing)?;
    let mut bytes = Vec::new();
    Transcoder::new(content, charset).read_to_end(&mut bytes).map_err(|cause| explain(&delivery.path, cause))?;
    let unfinished = || FileError::Truncated { file: delivery.name.clone(), detail: "its last card has no end".into() };
    let cards = read_cards(&String::from_utf8_lossy(&bytes)).ok_or_else(unfinished)?;
    let mut columns: Vec<String> = Vec::new();
    for (name, _) in cards.iter().flat_map(|card| &card.values) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    pager.start(&columns)?;
    for card in &cards {
        let cell = |index: usize| {
            let column = columns.get(index)?;
            card.values.iter().find(|(name, _)| name == column).map(|(_, value)| value.as_str())
        };
        pager.push(card.line, cell)?;
    }
    Ok(())
}

/// The cards of a text; none where the last one has no end.
fn read_cards(text: &str) -> Option<Vec<Card>> {
    let mut cards = Vec::new();
    let mut open: Option<Card> = None;
    for (line, content) in unfolded(text) {
        let upper = content.trim().to_ascii_uppercase();
        match (upper.as_str(), &mut open) {
            ("BEGIN:VCARD", None) => open = Some(Card { line, values: Vec::new() }),
            ("END:VCARD", Some(_)) => cards.extend(open.take()),
            (_, Some(card)) => card.take(&content),
            _ => {}
        }
    }
    open.is_none().then_some(cards)
}

/// Lines put together that were folded: a space in front goes on with the line before, and so does `=` at its end in
/// quoted-printable text.
fn unfolded(text: &str) -> Vec<(u64, String)> {
    let mut lines: Vec<(u64, String)> = Vec::new();
    let mut is_soft = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end_matches('\r');
        match (lines.last_mut(), line.strip_prefix([' ', '\t'])) {
            (Some((_, before)), _) if is_soft => {
                before.pop();
                before.push_str(line);
            }
            (Some((_, before)), Some(rest)) => before.push_str(rest),
            _ => lines.push((number, line.to_owned())),
        }
        let is_printable = lines.last().is_some_and(|(_, line)| line.to_ascii_uppercase().contains("QUOTED-PRINTABLE"));
        is_soft = is_printable && line.ends_with('=');
    }
    lines
}

impl Card {
    fn take(&mut self, line: &str) {
        let Some((head, value)) = split_head(line) else { return };
        let parameters = head.to_ascii_uppercase();
        let value = if parameters.contains("QUOTED-PRINTABLE") { printable(value) } else { value.to_owned() };
        let name = parameters.split(';').next().unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default();
        let parts: Vec<String> = split_escaped(&value, ';').iter().map(|part| unescaped(part)).collect();
        let part = |place: usize| parts.get(place).map_or("", String::as_str);
        let is = |word: &str| parameters.contains(word);
        match name {
            "N" => {
                self.add("surname", part(0));
                self.add("given_name", &[part(1), part(2)].join(" "));
                self.add("title", part(3));
                self.add("name_suffix", part(4));
            }
            "FN" => self.add("full_name", &unescaped(&value)),
            "EMAIL" => self.add("email", value.strip_prefix("mailto:").unwrap_or(&value)),
            "TEL" if is("FAX") || is("PAGER") => {}
            "TEL" => {
                let number = value.strip_prefix("tel:").unwrap_or(&value);
                self.add(if is("CELL") { "mobile" } else { "phone" }, number);
            }
            "ADR" => {
                self.add("street", part(2));
                self.add("address_extra", &[part(0), part(1)].join(" "));
                self.add("city", part(3));
                self.add("postal_code", part(5));
                self.add("country", part(6));
            }
            "BDAY" => self.add("birth_date", &value),
            "GENDER" => self.add("sex", part(0)),
            "ORG" => self.add("organisation", &parts.join(", ")),
            "NOTE" => self.add("note", &unescaped(&value)),
            "UID" => self.add("uid", &value),
            "REV" => self.add("updated_at", &value),
            "CATEGORIES" => self.add("categories", &unescaped(&value)),
            _ => {}
        }
    }

    fn add(&mut self, column: &str, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        let mut name = column.to_owned();
        let mut count = 2;
        while let Some((_, known)) = self.values.iter().find(|(taken, _)| *taken == name) {
            if known == value {
                return;
            }
            name = format!("{column}_{count}");
            count += 1;
        }
        self.values.push((name, value.to_owned()));
    }
}

/// Name with parameters, and value: at the first colon that stands in no quotes.
fn split_head(line: &str) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    let colon = line.char_indices().find(|(_, sign)| {
        is_quoted ^= *sign == '"';
        *sign == ':' && !is_quoted
    })?;
    Some((&line[..colon.0], &line[colon.0 + 1..]))
}

fn split_escaped(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (place, sign) in text.char_indices() {
        if sign == separator && !is_escaped {
            parts.push(&text[start..place]);
            start = place + sign.len_utf8();
        }
        is_escaped = sign == '\\' && !is_escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            out.push(sign);
            continue;
        }
        match signs.next() {
            Some('n' | 'N') => out.push('\n'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// Quoted-printable text, `=C3=BC` as "ü".
fn printable(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        if let Some(byte) = digits.filter(|_| *first == b'=').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            bytes.push(byte);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let bytes = error.into_bytes();
        encoding_rs::WINDOWS_1252.decode(&bytes).0.into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cards(text: &str) -> Vec<Card> {
        read_cards(text).unwrap()
    }

    #[test]
    fn a_card_is_a_person() {
        let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Brandner;Lotte;Maria;Dr.;\r\nFN:Dr. Lotte Brandner\r\n\
            item1.EMAIL;TYPE=home:lotte@blumen\r\n post.example\r\nEMAIL:lb@nordmail.example\r\nTEL;TYPE=CELL:+4917620304051\r\n\
            TEL;TYPE=\"work:fax\",fax:1\r\nADR;TYPE=HOME:;;Am Kai 5\\, Hinterhaus;Kiel;;24103;Deutschland\r\nBDAY:1961-02-14\r\n\
            END:VCARD\r\nbegin:vcard\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCl=\r\nler;J=C3=B6rg;;;\r\nend:vcard\r\n";
        let cards = cards(text);
        let value = |card: usize, name: &str| {
            cards[card].values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
        };
        assert_eq!(cards.iter().map(|card| card.line).collect::<Vec<_>>(), [1, 13]);
        for (name, expected) in [
            ("surname", "Brandner"),
            ("given_name", "Lotte Maria"),
            ("title", "Dr."),
            ("email", "lotte@blumenpost.example"),
            ("email_2", "lb@nordmail.example"),
            ("mobile", "+4917620304051"),
            ("phone", ""),
            ("street", "Am Kai 5, Hinterhaus"),
            ("postal_code", "24103"),
            ("birth_date", "1961-02-14"),
        ] {
            assert_eq!(value(0, name), expected, "{name}");
        }
        assert_eq!((value(1, "surname"), value(1, "given_name")), ("Müller", "Jörg"));
    }

    #[test]
    fn a_card_without_an_end_is_cut_off() {
        assert!(read_cards("BEGIN:VCARD\nN:a;b\n").is_none());
    }
}
