//! NDJSON and JSON arrays into rows: one object a row, nested objects as `address.city`, lists as JSON text.

use std::fmt;
use std::io::{BufReader, Read};

use encoding_rs::Encoding;
use kartei_connector::{RejectReason, RowReject};
use rustc_hash::FxHashMap;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::content::with_content;
use crate::elements::{Elements, Shape, SplitError};
use crate::encoding::Transcoder;
use crate::error::FileError;
use crate::inspect::Delivery;
use crate::pager::{Halt, Pager};
use crate::reject::{limit, refused};
use crate::salvage;

/// Reads the rows of a JSON file: once for its columns, which any object may add to, and once for its cells.
pub(crate) fn read_rows(
    delivery: &Delivery,
    encoding: &'static Encoding,
    shape: Shape,
    pager: &mut Pager<'_>,
) -> Result<(), Halt> {
    let mut columns = Columns::default();
    with_content(&delivery.path, delivery.packing, |reader| {
        each_element(reader, delivery, encoding, shape, &mut |element| {
            let known = columns.names.len();
            if element.parse(&mut columns, &mut Vec::new()).is_err() {
                columns.forget_from(known);
            }
            Ok(())
        })
    })?;
    if columns.names.is_empty() {
        return Err(no_objects(delivery).into());
    }
    pager.start(&columns.names)?;
    let mut cells: Vec<Option<String>> = Vec::new();
    with_content(&delivery.path, delivery.packing, |reader| {
        each_element(reader, delivery, encoding, shape, &mut |element| {
            cells.clear();
            cells.resize(columns.names.len(), None);
            match element.parse(&mut columns, &mut cells) {
                Ok(()) => pager.push(element.position, |index| cells.get(index).and_then(|cell| cell.as_deref())),
                Err(error) => {
                    let key = salvage::key(element.bytes, pager.key_columns());
                    refuse((element, key), &error, (shape, delivery), pager)
                }
            }
        })
    })
}

struct Element<'a> {
    bytes: &'a [u8],
    position: u64,
    is_last: bool,
}

impl Element<'_> {
    fn parse(&self, columns: &mut Columns, cells: &mut Vec<Option<String>>) -> Result<(), serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(self.bytes);
        Object { columns, cells, prefix: "" }.deserialize(&mut deserializer)?;
        deserializer.end()
    }
}

fn each_element(
    reader: &mut dyn Read,
    delivery: &Delivery,
    encoding: &'static Encoding,
    shape: Shape,
    take: &mut dyn FnMut(&Element<'_>) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let text = BufReader::with_capacity(1 << 17, Transcoder::new(reader, encoding));
    let mut elements = Elements::new(text, shape);
    let mut bytes = Vec::new();
    loop {
        match elements.next(&mut bytes) {
            Ok(Some(position)) => {
                let is_last = elements.is_at_end();
                take(&Element { bytes: &bytes, position, is_last })?;
            }
            Ok(None) => return Ok(()),
            Err(SplitError::Io(cause)) => return Err(crate::content::explain(&delivery.path, cause).into()),
            Err(SplitError::NotAnArray) => return Err(no_objects(delivery).into()),
            Err(SplitError::Truncated) => {
                let detail = "its list is never closed".into();
                return Err(FileError::Truncated { file: delivery.name.clone(), detail }.into());
            }
        }
    }
}

/// Quarantines what is no object; a last line without its end is half a file. The parser's own message quotes the
/// data, so only the place is told.
fn refuse(
    (element, key): (&Element<'_>, Option<String>),
    error: &serde_json::Error,
    (shape, delivery): (Shape, &Delivery),
    pager: &mut Pager<'_>,
) -> Result<(), Halt> {
    let line = element.position;
    if shape == Shape::Lines && element.is_last && !delivery.ends_with_line_break && error.is_eof() {
        let detail = format!("line {line} ends in the middle of an object");
        return Err(FileError::Truncated { file: delivery.name.clone(), detail }.into());
    }
    let (reason, detail) = if std::str::from_utf8(element.bytes).is_err() {
        (RejectReason::InvalidEncoding, "bytes that are not UTF-8".to_owned())
    } else {
        (RejectReason::InvalidJson, format!("no JSON object from character {} on", error.column()))
    };
    let raw = limit(String::from_utf8_lossy(element.bytes).into_owned());
    pager.refuse(RowReject { key, ..refused(line, reason, detail, raw) })
}

fn no_objects(delivery: &Delivery) -> FileError {
    FileError::WrongFormat {
        file: delivery.name.clone(),
        expected: "a list of JSON objects".into(),
        detail: "it holds none".into(),
    }
}

/// The columns in the order in which objects first name them.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    index: FxHashMap<String, usize>,
}

impl Columns {
    fn index_of(&mut self, name: String) -> usize {
        if let Some(index) = self.index.get(&name) {
            return *index;
        }
        self.names.push(name.clone());
        self.index.insert(name, self.names.len() - 1);
        self.names.len() - 1
    }

    fn forget_from(&mut self, known: usize) {
        for name in self.names.drain(known..) {
            self.index.remove(&name);
        }
    }
}

/// Reads an object into the cells of a row.
struct Object<'a> {
    columns: &'a mut Columns,
    cells: &'a mut Vec<Option<String>>,
    prefix: &'a str,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let name = if self.prefix.is_empty() { key } else { format!("{}.{key}", self.prefix) };
            map.next_value_seed(Cell { columns: self.columns, cells: self.cells, name })?;
        }
        Ok(())
    }
}

/// Reads a value into a cell, or an object into several.
struct Cell<'a> {
    columns: &'a mut Columns,
    cells: &'a mut Vec<Option<String>>,
    name: String,
}

impl Cell<'_> {
    fn set(self, text: Option<String>) {
        let index = self.columns.index_of(self.name);
        if index >= self.cells.len() {
            self.cells.resize(index + 1, None);
        }
        self.cells[index] = text;
    }
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.set(Some(text.to_owned()));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.set(Some(value.to_string()));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.set(Some(value.to_string()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.set(Some(value.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.set(Some(value.to_string()));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.set(None);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element::<Value>()? {
            values.push(value);
        }
        self.set(Some(Value::Array(values).to_string()));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Object { columns: self.columns, cells: self.cells, prefix: &self.name }.visit_map(map)
    }
}
