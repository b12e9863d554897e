//! Whether the tables of persons hold what the publication's frames say: the one is what people read, the other what the
//! next night builds on.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use polars_core::prelude::DataFrame;
use serde::Serialize;
use serde_json::Value as Json;
use xxhash_rust::xxh3::Xxh3;

use crate::bulk;
use crate::column::{Cell, Cells, FrameReader};
use crate::session::{Row, Session, sql};
use crate::{Result, Store};

/// Rows that are read in one go.
const PAGE: u32 = 10_000;

/// How tables and frames differ. Holds ids and the names of columns, and no values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Persons in the frame.
    pub persons: u64,
    /// Persons whom the frame has, and who are not there, or not as living ones.
    pub missing: Vec<String>,
    /// Persons who are there, and whom the frame does not have.
    pub unknown: Vec<String>,
    /// Persons of whom something differs → the columns.
    pub changed: BTreeMap<String, Vec<&'static str>>,
    /// Records in the frame.
    pub records: u64,
    /// Source → records that are missing, unknown, or belong to another person.
    pub moved: BTreeMap<String, u64>,
    /// A digest of the persons as the frame has them.
    pub frame_digest: String,
    /// A digest of the persons as the table has them: the same where nothing differs.
    pub table_digest: String,
}

impl Comparison {
    /// Whether tables and frames say the same.
    pub fn is_same(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty() && self.changed.is_empty() && self.moved.is_empty()
    }
}

impl Store {
    /// Compares the persons and records with the frames from which they were published, `persons` and `record_map`.
    pub async fn compare(&self, persons: &DataFrame, record_map: &DataFrame) -> Result<Comparison> {
        let mut session = self.snapshot().await?;
        let mut found = Comparison::default();
        compare_persons(&mut session, persons, &mut found).await?;
        compare_records(&mut session, record_map, &mut found).await?;
        session.rollback().await?;
        Ok(found)
    }
}

async fn compare_persons(session: &mut Session, frame: &DataFrame, found: &mut Comparison) -> Result<()> {
    let mut columns = bulk::person_columns(frame)?;
    let ids = FrameReader { frame, table: "person" }.key("id")?;
    columns.retain(|(name, _)| *name != "id");
    let rows: HashMap<&str, usize> = ids.iter().flatten().enumerate().map(|(row, id)| (id, row)).collect();
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let mut seen = vec![false; frame.height()];
    // Rows are digested by themselves and added up, so that their order does not matter.
    let (mut in_frame, mut in_table) = (0_u128, 0_u128);
    let mut after = String::new();
    loop {
        let text = format!("select id, state, {names} from person where id > ? order by id limit ?");
        let page = sql(text).bind(after.as_str()).bind(PAGE).rows(session).await?;
        for row in &page {
            let id = row.text("id")?;
            let is_living = row.text("state")? == "active";
            match rows.get(id.as_str()) {
                Some(&place) if is_living => {
                    seen[place] = true;
                    let (mut ours, mut theirs) = (Xxh3::new(), Xxh3::new());
                    let mut differing = Vec::new();
                    for (name, cells) in &columns {
                        let cell = cells.at(place);
                        let (one, other) = (of_frame(&cell), of_table(row, name)?);
                        if one != other {
                            differing.push(*name);
                        }
                        digest(&mut ours, one.as_deref());
                        digest(&mut theirs, other.as_deref());
                    }
                    in_frame = in_frame.wrapping_add(of_person(ours, &id));
                    in_table = in_table.wrapping_add(of_person(theirs, &id));
                    if !differing.is_empty() {
                        found.changed.insert(id.clone(), differing);
                    }
                }
                None if is_living => {
                    in_table = in_table.wrapping_add(of_person(Xxh3::new(), &id));
                    found.unknown.push(id.clone());
                }
                _ => {}
            }
            after = id;
        }
        if page.len() < PAGE as usize {
            break;
        }
    }
    for (place, _) in seen.iter().enumerate().filter(|(_, seen)| !**seen) {
        let id = ids.get(place).unwrap_or_default();
        in_frame = in_frame.wrapping_add(of_person(Xxh3::new(), id));
        found.missing.push(id.to_owned());
    }
    found.persons = frame.height() as u64;
    (found.frame_digest, found.table_digest) = (format!("{in_frame:032x}"), format!("{in_table:032x}"));
    Ok(())
}

async fn compare_records(session: &mut Session, frame: &DataFrame, found: &mut Comparison) -> Result<()> {
    let reader = FrameReader { frame, table: "person_record" };
    let (sources, keys, persons) = (reader.key("source")?, reader.key("key")?, reader.key("person_id")?);
    let present = reader.flag("present", Cells::EveryFlag(true))?;
    let mut rows: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
    for (row, (source, key)) in sources.iter().flatten().zip(keys.iter().flatten()).enumerate() {
        rows.entry(source).or_default().insert(key, row);
    }
    let mut after = (String::new(), String::new());
    loop {
        let text = "select source, key, person_id, present from person_record where (source, key) > (?, ?) \
                    order by source, key limit ?";
        let page = sql(text).bind(after.0.as_str()).bind(after.1.as_str()).bind(PAGE).rows(session).await?;
        for row in &page {
            let (source, key) = (row.text("source")?, row.text("key")?);
            let is_same = match rows.get_mut(source.as_str()).and_then(|keys| keys.remove(key.as_str())) {
                Some(place) => {
                    persons.get(place) == Some(row.text("person_id")?.as_str())
                        && of_frame(&present.at(place)) == of_table(row, "present")?
                }
                None => false,
            };
            if !is_same {
                *found.moved.entry(source.clone()).or_default() += 1;
            }
            after = (source, key);
        }
        if page.len() < PAGE as usize {
            break;
        }
    }
    for (source, left) in rows.into_iter().filter(|(_, left)| !left.is_empty()) {
        *found.moved.entry(source.to_owned()).or_default() += left.len() as u64;
    }
    found.records = frame.height() as u64;
    Ok(())
}

fn digest(hasher: &mut Xxh3, text: Option<&str>) {
    // What ends a cell is no part of any text, so that two cells are not taken for one.
    match text {
        Some(text) => {
            hasher.update(text.as_bytes());
            hasher.update(&[0xff, 1]);
        }
        None => hasher.update(&[0xff, 0]),
    }
}

fn of_person(mut hasher: Xxh3, id: &str) -> u128 {
    hasher.update(id.as_bytes());
    hasher.digest128()
}

/// A cell as text, in one form for both sides.
fn of_frame<'a>(cell: &'a Cell<'_>) -> Option<Cow<'a, str>> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) => Some(Cow::Borrowed(text)),
        Cell::Json(text) => Some(Cow::Owned(serde_json::from_str(text).map_or_else(|_| text.to_string(), canonical))),
        Cell::Integer(number) | Cell::Instant(number) => Some(Cow::Owned(number.to_string())),
        Cell::Flag(flag) => Some(Cow::Owned(flag.to_string())),
    }
}

fn of_table(row: &Row, name: &str) -> Result<Option<Cow<'static, str>>> {
    let text = match name {
        "interests" | "consents" | "answers" | "sources" => row.optional_json(name)?.map(canonical),
        "is_member" | "present" => row.optional_flag(name)?.map(|flag| flag.to_string()),
        "records" => row.optional_integer(name)?.map(|number| number.to_string()),
        "first_seen" | "updated_at" => row.optional_instant(name)?.map(|at| at.timestamp_millis().to_string()),
        _ => row.optional_text(name)?,
    };
    Ok(text.map(Cow::Owned))
}

/// JSON with its keys in order: PostgreSQL keeps them in one of its own.
fn canonical(json: Json) -> String {
    fn ordered(json: Json) -> Json {
        match json {
            Json::Array(list) => Json::Array(list.into_iter().map(ordered).collect()),
            Json::Object(entries) => {
                let sorted: BTreeMap<String, Json> =
                    entries.into_iter().map(|(key, value)| (key, ordered(value))).collect();
                Json::Object(sorted.into_iter().collect())
            }
            other => other,
        }
    }
    ordered(json).to_string()
}
