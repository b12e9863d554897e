//! One transaction that frees the tables of a person and points at frames without it.

use chrono::{DateTime, Utc};
use kartei_schemas::judgement::RecordId;
use serde_json::Value as Json;

use super::{Counts, Erasure, ErasureKind, Marks, NewErasureEvent, Subject, record};
use crate::frames::{FrameRef, FrameSet};
use crate::session::{ROWS_AT_ONCE, Session, Statement, places, sql};
use crate::value::Value;
use crate::{Batch, Lease, Result, Store, StoreError, bulk};

/// Frames in which the person no longer is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrameSwap {
    /// What is current instead; none where nothing is published.
    pub published: Option<FrameSet>,
    /// Batches with another frame.
    pub batches: Vec<(Batch, FrameRef)>,
    /// Files in the folder of mails that go afterwards.
    pub mails: Vec<String>,
    /// Rows that were in the frames, by kind of frame.
    pub counts: Counts,
}

/// What is removed, and what is put in its place.
#[derive(Debug, Clone, Copy)]
pub struct Removal<'a> {
    /// The erasure that it belongs to.
    pub erasure: &'a Erasure,
    /// Who goes.
    pub subject: &'a Subject,
    /// The frames that stay.
    pub swap: &'a FrameSwap,
}

/// Rows of a table that go.
struct Target {
    what: &'static str,
    table: &'static str,
    condition: &'static str,
}

const fn rows(what: &'static str, table: &'static str, condition: &'static str) -> Target {
    Target { what, table, condition }
}

const OF_PERSONS: &str = "person_id in (select id from erased_person)";
const OF_RECORDS: &str = "(source, key) in (select source, key from erased_record)";
const ON_RECORDS: &str = "(left_source, left_key) in (select source, key from erased_record) \
                          or (right_source, right_key) in (select source, key from erased_record)";

/// What goes in any case, rows that name others before those others.
const TARGETS: &[Target] = &[
    rows("values", "person_value", OF_PERSONS),
    rows("values", "person_value", OF_RECORDS),
    rows("records", "person_record", OF_RECORDS),
    rows("review_items", "review_item", ON_RECORDS),
    rows(
        "",
        "person_event_judgement",
        "event_id in (select id from erased_event) or judgement_id in (select id from judgement \
         where (left_source, left_key) in (select source, key from erased_record) \
         or (right_source, right_key) in (select source, key from erased_record))",
    ),
    rows("judgements", "judgement", ON_RECORDS),
    rows("merges_and_splits", "person_event", "id in (select id from erased_event)"),
    rows("overrides", "person_override", OF_PERSONS),
    rows("rejects", "reject", "id in (select id from erased_reject)"),
    rows("mails", "outbox", "id in (select id from erased_mail)"),
    rows("log_lines", "run_log", "id in (select id from erased_line)"),
    rows("restrictions", "restriction", OF_PERSONS),
    rows("", "restricted_record", OF_RECORDS),
];

/// Texts that people or the program wrote, which may speak of anybody; they may be null.
const TEXTS: &[(&str, &str)] = &[
    ("judgement", "reason"),
    ("judgement", "undone_reason"),
    ("person_event", "reason"),
    ("person_event", "undone_reason"),
    ("person_override", "reason"),
    ("run", "reason"),
    ("run", "error"),
    ("run", "hint"),
    ("run_event", "reason"),
];

impl Store {
    /// What a removal would remove from the tables, by kind; nothing is changed.
    pub async fn preview_removal(&self, kind: ErasureKind, subject: &Subject) -> Result<Counts> {
        let mut session = self.begin().await?;
        name_all(&mut session, subject).await?;
        let mut counts = Counts::new();
        counts.insert("persons".to_owned(), subject.persons.len() as u64);
        for target in targets(kind) {
            let text = format!("select count(*) from {} where {}", target.table, target.condition);
            add(&mut counts, target.what, sql(text).integer(&mut session).await?.cast_unsigned());
        }
        session.rollback().await?;
        Ok(counts)
    }

    /// Frees the tables of the person, and points at the frames that are without it: all of it, or nothing.
    pub async fn remove_person(&self, lease: &Lease, removal: &Removal<'_>, now: DateTime<Utc>) -> Result<Counts> {
        self.overwrite_what_is_deleted().await?;
        let mut session = self.begin_fenced(lease).await?;
        let Removal { erasure, subject, swap } = removal;
        name_all(&mut session, subject).await?;
        let mut counts = swap.counts.clone();
        for target in targets(erasure.kind) {
            let text = format!("delete from {} where {}", target.table, target.condition);
            add(&mut counts, target.what, sql(text).execute(&mut session).await?);
        }
        blank(&mut session, erasure.kind, now).await?;
        counts.insert("persons".to_owned(), subject.persons.len() as u64);
        let texts = silence(&mut session, &subject.marks).await?;
        add(&mut counts, "texts", texts);
        crate::restrictions::forget(&mut session).await?;
        point(&mut session, swap).await?;
        forget_mended(&mut session, subject).await?;
        begin_again(&mut session).await?;
        drop_names(&mut session).await?;
        conclude(&mut session, removal, &counts, now).await?;
        session.commit().await?;
        Ok(counts)
    }
}

/// Of one who is long gone the history keeps that something changed, and when; and a no outlives everybody but who is erased.
fn targets(kind: ErasureKind) -> impl Iterator<Item = &'static Target> {
    const HISTORY: &[Target] = &[
        rows("changes", "change", OF_PERSONS),
        rows(
            "consents",
            "consent_event",
            "(source, key) in (select source, key from erased_record) \
             or (source = 'desk' and key in (select id from erased_person))",
        ),
    ];
    TARGETS.iter().chain(HISTORY.iter().filter(move |_| kind == ErasureKind::Erased))
}

fn add(counts: &mut Counts, what: &str, rows: u64) {
    if rows > 0 && !what.is_empty() {
        *counts.entry(what.to_owned()).or_default() += rows;
    }
}

/// Tables that only this transaction sees say what goes.
async fn name_all(session: &mut Session, subject: &Subject) -> Result<()> {
    name(session, "erased_person", &subject.persons.iter().map(Value::from).collect::<Vec<_>>()).await?;
    name(session, "erased_partly", &subject.partial.iter().map(Value::from).collect::<Vec<_>>()).await?;
    let numbers = |ids: &[i64]| ids.iter().map(|id| Value::from(*id)).collect::<Vec<_>>();
    name(session, "erased_event", &numbers(&subject.events)).await?;
    let mails: Vec<i64> = subject.mails.iter().map(|mail| mail.0).collect();
    name(session, "erased_mail", &numbers(&mails)).await?;
    let rejects: Vec<i64> = subject.rejects.iter().map(|reject| reject.0).collect();
    name(session, "erased_reject", &numbers(&rejects)).await?;
    let lines = log_lines(session, &subject.marks).await?;
    name(session, "erased_line", &numbers(&lines)).await?;
    bulk::begin_temporary(session, "erased_record", "source text, key text, primary key (source, key)").await?;
    for records in subject.records.chunks(ROWS_AT_ONCE) {
        let text = format!("insert into erased_record (source, key) values {}", places(records.len(), 2));
        let bind = |statement: Statement, record: &RecordId| statement.bind(&record.source).bind(&record.key);
        records.iter().fold(sql(text), bind).execute(session).await?;
    }
    Ok(())
}

const NAMED: [&str; 6] =
    ["erased_person", "erased_partly", "erased_event", "erased_mail", "erased_reject", "erased_line"];

async fn name(session: &mut Session, table: &'static str, ids: &[Value]) -> Result<()> {
    let is_text = matches!(table, "erased_person" | "erased_partly");
    bulk::begin_temporary(session, table, if is_text { "id text primary key" } else { "id bigint primary key" })
        .await?;
    for part in ids.chunks(ROWS_AT_ONCE) {
        let text = format!("insert into {table} (id) values {}", places(part.len(), 1));
        part.iter().fold(sql(text), |statement, id| statement.bind(id.clone())).execute(session).await?;
    }
    Ok(())
}

/// In SQLite they would stand in the way of the next removal.
async fn drop_names(session: &mut Session) -> Result<()> {
    for table in NAMED.iter().chain(&["erased_record"]) {
        sql(format!("drop table {table}")).execute(session).await?;
    }
    Ok(())
}

/// Lines of logs that speak of the person. No line should; a mistake must not outlive the person.
async fn log_lines(session: &mut Session, marks: &Marks) -> Result<Vec<i64>> {
    let mut found = Vec::new();
    for word in marks.search_words().into_iter().filter(|word| word.len() > 3) {
        let text = "select id, message, cast(fields as text) as fields from run_log \
                    where lower(message) like ? or lower(cast(fields as text)) like ?";
        let pattern = format!("%{word}%");
        for row in sql(text).bind(&pattern).bind(&pattern).rows(session).await? {
            if marks.are_in(&row.text("message")?) || marks.are_in(&row.text("fields")?) {
                found.push(row.integer("id")?);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Empties the rows of the persons. They stay, so that no id is issued twice.
async fn blank(session: &mut Session, kind: ErasureKind, now: DateTime<Utc>) -> Result<()> {
    let texts: Vec<String> = bulk::PERSON_TEXTS.iter().map(|column| format!("{column} = null")).collect();
    let values = format!("{}, interests = null, consents = null, answers = null, search_name = ''", texts.join(", "));
    let facts = "is_member = null, sources = null, records = null, restricted = null";
    let statement = match kind {
        ErasureKind::Erased => sql(format!(
            "update person set {values}, {facts}, state = 'erased', merged_into = null, first_seen = null, \
             updated_at = ? where id in (select id from erased_person)"
        ))
        .bind(now),
        ErasureKind::Blanked => {
            let changes = format!("update change set old = null, new = null where {OF_PERSONS}");
            sql(changes).execute(session).await?;
            sql(format!(
                "update person set {values}, {facts}, blanked_at = ? where id in (select id from erased_person)"
            ))
            .bind(now)
        }
    };
    statement.execute(session).await?;
    // What others of its household or of its number hold is theirs; the run that comes next makes them anew.
    let partly = bulk::PERSON_TEXTS.iter().filter(|column| !matches!(**column, "org_unit" | "household_id"));
    let partly: Vec<String> = partly.map(|column| format!("{column} = null")).collect();
    sql(format!(
        "update person set {}, interests = null, consents = null, answers = null, search_name = '' \
         where id in (select id from erased_partly)",
        partly.join(", ")
    ))
    .execute(session)
    .await?;
    // Why somebody was restricted may say who it was.
    sql(format!("update erasure_event set reason = null where kind in ('restricted', 'unrestricted') and {OF_PERSONS}"))
        .execute(session)
        .await
        .map(|_| ())
}

/// Takes texts away that speak of the person, wherever somebody wrote them.
async fn silence(session: &mut Session, marks: &Marks) -> Result<u64> {
    let mut silenced = 0;
    for (table, column) in TEXTS {
        let rows = sql(format!("select id, {column} from {table} where {column} is not null")).rows(session).await?;
        for row in &rows {
            if marks.are_in(&row.text(column)?) {
                let text = format!("update {table} set {column} = null where id = ?");
                silenced += sql(text).bind(row.integer("id")?).execute(session).await?;
            }
        }
    }
    Ok(silenced)
}

async fn point(session: &mut Session, swap: &FrameSwap) -> Result<()> {
    if let Some(frames) = &swap.published {
        // What was published before holds the person as well, and nobody reads it while nothing else is under way.
        sql("update publication set frames = ?, frames_before = ?, digest = ? where id = 1")
            .bind(serde_json::json!(frames))
            .bind(serde_json::json!({}))
            .bind(frames.digest())
            .execute(session)
            .await?;
    }
    for (batch, frame) in &swap.batches {
        let text = "update batch set frame = ? where run_id = ? and source = ? and number = ?";
        let statement = sql(text).bind(frame.to_text()).bind(batch.run_id).bind(&batch.source).bind(batch.number);
        if statement.execute(session).await? != 1 {
            return Err(StoreError::absent("batch", batch.run_id, "not there any more"));
        }
    }
    Ok(())
}

/// Deliveries remember the keys of records that they mended.
async fn forget_mended(session: &mut Session, subject: &Subject) -> Result<()> {
    for row in sql("select id, source, effects from delivery").rows(session).await? {
        let source = row.text("source")?;
        let mut effects: crate::Effects = serde_json::from_value(row.json("effects")?).unwrap_or_default();
        let before = effects.mended.len();
        let is_own = |key: &String| subject.records.iter().any(|own| own.source == source && own.key == *key);
        effects.mended.retain(|key| !is_own(key));
        if effects.mended.len() < before {
            let text = "update delivery set effects = ? where id = ?";
            sql(text).bind(serde_json::json!(effects)).bind(row.integer("id")?).execute(session).await?;
        }
    }
    Ok(())
}

/// What runs made of the person's records, and have not published, is made again.
async fn begin_again(session: &mut Session) -> Result<()> {
    sql("update step set state = 'cancelled', output = null, error = ? where state = 'succeeded' \
         and name in ('normalise', 'match', 'persons') \
         and run_id in (select id from run where state <> 'succeeded') \
         and run_id not in (select run_id from step where name = 'publish' and state = 'succeeded') \
         and run_id not in (select run_id from publication)")
    .bind("it is done again, since a person was erased")
    .execute(session)
    .await
    .map(|_| ())
}

async fn conclude(session: &mut Session, removal: &Removal<'_>, counts: &Counts, now: DateTime<Utc>) -> Result<()> {
    let Removal { erasure, subject, swap } = removal;
    let renew = (!subject.partial.is_empty()).then(|| Json::from(subject.partial.clone()));
    let marked = sql("update erasure set state = 'removed', removed_at = ?, counts = ?, leftovers = ?, renew = ? \
         where id = ? and state = 'requested'")
    .bind(now)
    .bind(super::json_of(counts))
    .bind(Json::from(swap.mails.clone()))
    .bind(renew)
    .bind(&erasure.id)
    .execute(session)
    .await?;
    if marked != 1 {
        return Err(StoreError::absent("erasure", &erasure.id, "not there, or done before"));
    }
    let event = NewErasureEvent {
        kind: if erasure.kind == ErasureKind::Erased { "removed" } else { "blanked" },
        person_id: &erasure.person_id,
        erasure_id: Some(&erasure.id),
        by: &erasure.by,
        reason: None,
    };
    record(session, &event, Some(counts), now).await
}
