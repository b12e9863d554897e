//! All that the tables say of somebody who is to be erased, and by what the person is known in texts.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use kartei_schemas::judgement::RecordId;
use serde_json::Value as Json;

use super::{Erasure, Marks};
use crate::session::{Row, Session, sql};
use crate::tombstones::Traits;
use crate::{Result, Store};

/// What one record, or the person as a whole, says of who it is.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownTraits(BTreeMap<String, String>);

impl KnownTraits {
    /// The same, to be hashed.
    pub fn traits(&self) -> Traits<'_> {
        let of = |field: &str| self.0.get(field).map(String::as_str);
        Traits {
            given_name: of("given_name"),
            surname: of("surname"),
            birth_date: of("birth_date"),
            postal_code: of("postal_code"),
            contacts: [of("email"), of("mobile"), of("phone")],
        }
    }
}

/// The fields by which a person is known.
const TELLING: [&str; 9] = [
    "given_name",
    "surname",
    "birth_surname",
    "birth_date",
    "postal_code",
    "email",
    "mobile",
    "phone",
    "membership_number",
];

/// Somebody who is to be erased.
#[derive(Clone, Default)]
pub struct Subject {
    /// The ids: the person's, and those that were merged into it.
    pub persons: Vec<String>,
    /// Persons who keep other records: only what comes from the records goes.
    pub partial: Vec<String>,
    /// The records.
    pub records: Vec<RecordId>,
    /// What records and person say of who it is.
    pub known: Vec<KnownTraits>,
    /// By what texts speak of it.
    pub marks: Marks,
    /// Its rows in quarantine: number, source and the row as received.
    pub rejects: Vec<(i64, String, String)>,
    /// Mails to the person or about it, and when each was written.
    pub mails: Vec<(i64, DateTime<Utc>)>,
    /// Merges and splits by hand that name it.
    pub events: Vec<i64>,
}

impl std::fmt::Debug for Subject {
    /// Without personal data.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Subject").field("persons", &self.persons).finish_non_exhaustive()
    }
}

impl Store {
    /// All that the tables say of a person; none of one who was never there.
    pub async fn subject_of_person(&self, id: &str) -> Result<Option<Subject>> {
        let mut session = self.read().await?;
        if sql("select id from person where id = ?").bind(id).row(&mut session).await?.is_none() {
            return Ok(None);
        }
        let persons = with_merged(&mut session, vec![id.to_owned()]).await?;
        let mut records = BTreeSet::new();
        for person in &persons {
            records.extend(records_of(&mut session, person).await?);
        }
        gather(&mut session, persons, Vec::new(), records.into_iter().collect()).await.map(Some)
    }

    /// The same of the person whose erasure an older store does not know: by the hashes of its records.
    pub async fn subject_of_erasure(&self, erasure: &Erasure) -> Result<Subject> {
        let hashes = self.erasure_hashes(&erasure.id).await?;
        let wanted: HashSet<String> =
            hashes.into_iter().filter(|hash| hash.kind == "record").map(|hash| hash.hash).collect();
        let found = self.records_with_hashes(&wanted).await?;
        let mut session = self.read().await?;
        let mut owners = BTreeSet::new();
        for record in &found {
            let text = "select person_id from person_record where source = ? and key = ?";
            let row = sql(text).bind(&record.source).bind(&record.key).row(&mut session).await?;
            owners.extend(row.map(|row| row.text("person_id")).transpose()?);
        }
        let (mut whole, mut partial) = (vec![erasure.person_id.clone()], Vec::new());
        for owner in owners {
            let all = records_of(&mut session, &owner).await?;
            if all.iter().all(|record| found.contains(record)) {
                whole.push(owner);
            } else {
                partial.push(owner);
            }
        }
        whole.retain(|id| !partial.contains(id));
        let persons = with_merged(&mut session, whole).await?;
        gather(&mut session, persons, partial, found).await
    }
}

/// The persons, and those who were merged into them, however often.
async fn with_merged(session: &mut Session, mut persons: Vec<String>) -> Result<Vec<String>> {
    persons.sort();
    persons.dedup();
    let mut next = 0;
    while let Some(person) = persons.get(next).cloned() {
        let rows = sql("select id from person where merged_into = ? order by id").bind(&person).rows(session).await?;
        for row in &rows {
            let id = row.text("id")?;
            if !persons.contains(&id) {
                persons.push(id);
            }
        }
        next += 1;
    }
    Ok(persons)
}

async fn records_of(session: &mut Session, person: &str) -> Result<Vec<RecordId>> {
    let rows = sql("select source, key from person_record where person_id = ? order by source, key").bind(person);
    let record = |row: &Row| Ok(RecordId { source: row.text("source")?, key: row.text("key")? });
    rows.rows(session).await?.iter().map(record).collect()
}

async fn gather(
    session: &mut Session,
    persons: Vec<String>,
    partial: Vec<String>,
    records: Vec<RecordId>,
) -> Result<Subject> {
    let mut subject = Subject { persons, partial, records, ..Subject::default() };
    let mut known = BTreeSet::new();
    for person in &subject.persons {
        let columns = TELLING.join(", ");
        let row = sql(format!("select {columns} from person where id = ?")).bind(person).row(session).await?;
        if let Some(row) = row {
            known.insert(KnownTraits(told(&row, &mut subject.marks)?));
        }
        changed(session, person, &mut subject.marks).await?;
    }
    known.extend(values(session, &mut subject).await?);
    subject.known = known.into_iter().collect();
    for record in &subject.records {
        subject.marks.add("key", &record.key);
    }
    leave_out_shared(session, &mut subject).await?;
    subject.rejects = rejects(session, &subject).await?;
    subject.mails = mails(session, &subject).await?;
    subject.events = events(session, &subject).await?;
    Ok(subject)
}

fn told(row: &Row, marks: &mut Marks) -> Result<BTreeMap<String, String>> {
    let mut told = BTreeMap::new();
    for field in TELLING {
        if let Some(value) = row.optional_text(field)? {
            marks.add(field, &value);
            told.insert(field.to_owned(), value);
        }
    }
    Ok(told)
}

/// What the person was called or reached by before.
async fn changed(session: &mut Session, person: &str, marks: &mut Marks) -> Result<()> {
    let rows = sql("select field, old, new from change where person_id = ? and field is not null").bind(person);
    for row in rows.rows(session).await? {
        let field = row.text("field")?;
        for value in [row.optional_text("old")?, row.optional_text("new")?].into_iter().flatten() {
            marks.add(&field, &value);
        }
    }
    Ok(())
}

/// The values of the records, as far as they are told apart.
async fn values(session: &mut Session, subject: &mut Subject) -> Result<Vec<KnownTraits>> {
    let mut by_record: BTreeMap<RecordId, BTreeMap<String, String>> = BTreeMap::new();
    for person in subject.persons.iter().chain(&subject.partial) {
        let text = "select field, value, source, key from person_value where person_id = ? and value is not null";
        for row in sql(text).bind(person).rows(session).await? {
            let record = RecordId {
                source: row.optional_text("source")?.unwrap_or_default(),
                key: row.optional_text("key")?.unwrap_or_default(),
            };
            if subject.partial.contains(person) && !subject.records.contains(&record) {
                continue;
            }
            let (field, value) = (row.text("field")?, row.text("value")?);
            subject.marks.add(&field, &value);
            by_record.entry(record).or_default().insert(field, value);
        }
    }
    Ok(by_record.into_values().map(KnownTraits).collect())
}

/// An address that others are reached by as well speaks of nobody in particular.
async fn leave_out_shared(session: &mut Session, subject: &mut Subject) -> Result<()> {
    let mut contacts = BTreeSet::new();
    for known in &subject.known {
        contacts.extend(known.traits().contacts.into_iter().flatten().map(str::to_owned));
    }
    for contact in contacts {
        let rows = sql("select id from person where email = ? or mobile = ? or phone = ?");
        let rows = rows.bind(&contact).bind(&contact).bind(&contact).rows(session).await?;
        for row in &rows {
            if !subject.persons.contains(&row.text("id")?) {
                subject.marks.leave_out(&contact);
            }
        }
    }
    Ok(())
}

async fn rejects(session: &mut Session, subject: &Subject) -> Result<Vec<(i64, String, String)>> {
    let mut found = Vec::new();
    for row in sql("select id, source, record_key, raw from reject").rows(session).await? {
        let (source, raw) = (row.text("source")?, row.text("raw")?);
        let key = row.optional_text("record_key")?.unwrap_or_default();
        let is_own = subject.records.iter().any(|record| record.source == source && record.key == key);
        if is_own || subject.marks.are_in(&raw) {
            found.push((row.integer("id")?, source, raw));
        }
    }
    Ok(found)
}

/// Notices go to officers and hold no personal data; alerts go to admins.
async fn mails(session: &mut Session, subject: &Subject) -> Result<Vec<(i64, DateTime<Utc>)>> {
    let text = "select id, created_at, recipient, subject, text_body from outbox where kind not in ('notice', 'alert')";
    let mut found = Vec::new();
    for row in sql(text).rows(session).await? {
        let recipient = row.text("recipient")?.to_lowercase();
        let is_to = subject.known.iter().filter_map(|known| known.traits().contacts[0]).any(|mail| recipient == mail);
        let is_about =
            || Ok(subject.marks.are_in(&row.text("subject")?) || subject.marks.are_in(&row.text("text_body")?));
        if is_to || is_about()? {
            found.push((row.integer("id")?, row.instant("created_at")?));
        }
    }
    Ok(found)
}

async fn events(session: &mut Session, subject: &Subject) -> Result<Vec<i64>> {
    let mut found = Vec::new();
    for row in sql("select id, persons, records from person_event").rows(session).await? {
        let persons: Vec<String> = serde_json::from_value(row.json("persons")?).unwrap_or_default();
        let records: Vec<Json> = serde_json::from_value(row.json("records")?).unwrap_or_default();
        let is_own = |record: &Json| {
            subject
                .records
                .iter()
                .any(|own| record["source"] == own.source.as_str() && record["key"] == own.key.as_str())
        };
        if persons.iter().any(|person| subject.persons.contains(person)) || records.iter().any(is_own) {
            found.push(row.integer("id")?);
        }
    }
    Ok(found)
}
