//! Tables that programs write as web pages or as XML for Excel, often under the name `.xls`.

use std::io::Read;

use crate::charset::Charset;
use crate::content::{explain, whole_content};
use crate::encoding::Transcoder;
use crate::inspect::Delivery;
use crate::pager::{Halt, Pager};
use crate::sheet_rows::{SheetRow, SheetRows, cell_text};

/// Whether a text looks like such a table: two rows or more, of two cells or more.
pub(crate) fn is_table(text: &str) -> bool {
    let start = text.trim_start().get(..512).unwrap_or(text.trim_start()).to_ascii_lowercase();
    let is_page = ["<html", "<!doctype html", "<table", "<meta", "<head"].iter().any(|tag| start.starts_with(tag));
    let is_sheet = start.starts_with("<?xml") && (start.contains("<workbook") || start.contains("<html"));
    (is_page || is_sheet) && rows(text).iter().filter(|row| row.len() > 1).count() > 1
}

/// Reads the rows of the largest table.
pub(crate) fn read_rows(delivery: &Delivery, charset: Charset, pager: &mut Pager<'_>) -> Result<(), Halt> {
    let content = whole_content(&delivery.path, delivery.packing)?;
    let mut bytes = Vec::new();
    Transcoder::new(content, charset).read_to_end(&mut bytes).map_err(|cause| explain(&delivery.path, cause))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut sheet = SheetRows::new(pager);
    for (number, row) in (0..).zip(rows(&text)) {
        let cells = (0..).zip(row).filter_map(|(column, text)| cell_text(text).map(|text| (column, text)));
        sheet.take(SheetRow { number, cells: cells.collect(), failed: None })?;
    }
    sheet.finish(delivery)
}

/// The cells of the rows of the largest table in a text.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut tables: Vec<Vec<Vec<String>>> = vec![Vec::new()];
    let mut open = false;
    let mut columns = 0;
    for (tag, behind) in Tags(text) {
        let name = tag.trim_start_matches('/').split([' ', '\t', '\n', '\r', '/']).next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        let is_end = tag.starts_with('/');
        let Some(table) = tables.last_mut() else { continue };
        match (name.as_str(), is_end) {
            ("table", false) if !table.is_empty() => tables.push(Vec::new()),
            ("tr" | "row", false) => table.push(Vec::new()),
            ("td" | "th" | "cell", false) => {
                let Some(row) = table.last_mut() else { continue };
                if let Some(index) = number(tag, "index").filter(|index| (1..10_000).contains(index)) {
                    row.resize(row.len().max(index - 1), String::new());
                }
                row.push(plain_text(behind));
                columns = number(tag, "colspan").filter(|span| (2..1_000).contains(span)).unwrap_or(1);
                open = !tag.ends_with('/');
            }
            ("td" | "th" | "cell" | "tr" | "row", true) => {
                if let Some(row) = table.last_mut().filter(|_| open) {
                    row.resize(row.len() + columns - 1, String::new());
                }
                open = false;
            }
            // Text behind a tag inside a cell goes on with it.
            _ if open => {
                if let Some(cell) = table.last_mut().and_then(|row| row.last_mut()) {
                    if matches!(name.as_str(), "br" | "p" | "div") {
                        cell.push('\n');
                    }
                    cell.push_str(&plain_text(behind));
                }
            }
            _ => {}
        }
    }
    let mut largest =
        tables.into_iter().max_by_key(|table| table.iter().map(Vec::len).sum::<usize>()).unwrap_or_default();
    for cell in largest.iter_mut().flatten() {
        *cell = cell.trim().to_owned();
    }
    largest
}

/// A text's tags, each with the text between it and the next.
struct Tags<'t>(&'t str);

impl<'t> Iterator for Tags<'t> {
    type Item = (&'t str, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let (_, behind) = self.0.split_once('<')?;
        let (tag, rest) = behind.split_once('>')?;
        self.0 = rest;
        Some((tag, rest.split('<').next().unwrap_or_default()))
    }
}

/// The number that an attribute holds.
fn number(tag: &str, attribute: &str) -> Option<usize> {
    let lower = tag.to_ascii_lowercase();
    let (_, value) = lower.split_once(&format!("{attribute}="))?;
    let digits = value.trim_start_matches(['"', '\'']);
    digits.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
}

/// Text as it is shown: white space folded, and the entities of the markup itself resolved.
fn plain_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let entity = behind.split_once(';').filter(|(name, _)| name.len() <= 10);
        if let Some((sign, after)) = entity.and_then(|(name, after)| Some((resolved(name)?, after))) {
            out.push(sign);
            rest = after;
        } else {
            out.push('&');
            rest = behind;
        }
    }
    out.push_str(rest);
    out.replace(['\n', '\r', '\t'], " ")
}

fn resolved(entity: &str) -> Option<char> {
    const UMLAUTS: &[(&str, char)] =
        &[("auml", 'ä'), ("ouml", 'ö'), ("uuml", 'ü'), ("Auml", 'Ä'), ("Ouml", 'Ö'), ("Uuml", 'Ü'), ("szlig", 'ß')];
    if let Some(number) = entity.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        // All other letters become what they are in normalising.
        _ => UMLAUTS.iter().find(|(name, _)| *name == entity).map(|(_, sign)| *sign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_in_a_web_page_has_rows() {
        let page = "<html><body><table><tr><th>Menu</th></tr></table><TABLE class=\"a\">\n<tr><th>id<th colspan=2>Stra&szlig;e</tr>\
            <tr><td>1</td><td>Am <b>Kai</b><br>5</td><td>x &amp; y</td></tr></TABLE></body></html>";
        assert!(is_table(page));
        assert_eq!(rows(page), [vec!["id", "Straße", ""], vec!["1", "Am Kai\n5", "x & y"]]);
        assert!(!is_table("<!DOCTYPE html><html><body>Bitte anmelden</body></html>"));
    }

    #[test]
    fn a_sheet_in_xml_has_rows() {
        let sheet = "<?xml version=\"1.0\"?><Workbook xmlns:ss=\"x\"><Worksheet><Table><Row><Cell><Data ss:Type=\"String\">id</Data>\
            </Cell><Cell><Data>Name</Data></Cell><Cell><Data>Ort</Data></Cell></Row><Row><Cell><Data>1</Data></Cell>\
            <Cell ss:Index=\"3\"><Data>Ulm</Data></Cell></Row></Table></Worksheet></Workbook>";
        assert!(is_table(sheet));
        assert_eq!(rows(sheet), [vec!["id", "Name", "Ort"], vec!["1", "", "Ulm"]]);
    }
}
