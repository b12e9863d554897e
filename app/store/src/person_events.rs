//! Merges and splits of persons by hand: each an event, told as judgements, so that every run from now on respects it.

use chrono::{DateTime, Utc};
use kartei_schemas::judgement::RecordId;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::session::{Row, sql};
use crate::words::words;
use crate::{NewJudgement, Result, Store, StoreError, judgements};

words! {
    /// What was done with persons.
    PersonEventKind {
        /// Two persons are one.
        Merge = "merge",
        /// Some records of a person are another's.
        Split = "split",
    }
}

/// A merge or a split to write down.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPersonEvent {
    /// Which of the two.
    pub kind: PersonEventKind,
    /// The persons that it names: of a merge both, of a split the one.
    pub persons: Vec<String>,
    /// The records that a split parts from the person.
    pub records: Vec<RecordId>,
    /// Who decides it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// The judgements that say it pair by pair.
    pub judgements: Vec<NewJudgement>,
}

/// A merge or a split by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonEvent {
    /// Its number.
    pub id: i64,
    /// Which of the two.
    pub kind: PersonEventKind,
    /// The persons that it names.
    pub persons: Vec<String>,
    /// The records that a split parts from the person.
    pub records: Vec<RecordId>,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// Who decided it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was undone.
    pub undone_at: Option<DateTime<Utc>>,
    /// Who undid it.
    pub undone_by: Option<String>,
    /// Why it was undone.
    pub undone_reason: Option<String>,
}

const COLUMNS: &str = "id, kind, persons, records, at, by_user, reason, undone_at, undone_by, undone_reason";

impl Store {
    /// Writes a merge or a split down, with its judgements, and gives its number.
    pub async fn add_person_event(&self, new: &NewPersonEvent, now: DateTime<Utc>) -> Result<i64> {
        let mut session = self.begin().await?;
        let event = sql("insert into person_event (kind, persons, records, at, by_user, reason) \
             values (?, ?, ?, ?, ?, ?) returning id")
        .bind(new.kind)
        .bind(Json::from(new.persons.clone()))
        .bind(json_of(&new.records))
        .bind(now)
        .bind(&new.by)
        .bind(new.reason.clone())
        .integer(&mut session)
        .await?;
        for judgement in &new.judgements {
            let id = judgements::insert(&mut session, judgement, now).await?;
            sql("insert into person_event_judgement (event_id, judgement_id) values (?, ?)")
                .bind(event)
                .bind(id)
                .execute(&mut session)
                .await?;
        }
        session.commit().await?;
        Ok(event)
    }

    /// Undoes a merge or a split with all its judgements: what was said of each pair before holds again.
    pub async fn undo_person_event(&self, id: i64, by: &str, reason: Option<&str>, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        let undone = sql("update person_event set undone_at = ?, undone_by = ?, undone_reason = ? \
             where id = ? and undone_at is null")
        .bind(now)
        .bind(by)
        .bind(reason)
        .bind(id)
        .execute(&mut session)
        .await?;
        if undone != 1 {
            return Err(StoreError::absent("event", id, "not there, or undone before"));
        }
        sql("update judgement set undone_at = ?, undone_by = ?, undone_reason = ? where undone_at is null \
             and id in (select judgement_id from person_event_judgement where event_id = ?)")
        .bind(now)
        .bind(by)
        .bind(reason)
        .bind(id)
        .execute(&mut session)
        .await?;
        session.commit().await
    }

    /// All merges and splits by hand, newest first.
    pub async fn person_events(&self) -> Result<Vec<PersonEvent>> {
        let mut session = self.read().await?;
        let text = format!("select {COLUMNS} from person_event order by id desc");
        sql(text).rows(&mut session).await?.iter().map(from_row).collect()
    }
}

fn json_of(records: &[RecordId]) -> Json {
    records.iter().map(|id| serde_json::json!({ "source": id.source, "key": id.key })).collect()
}

fn from_row(row: &Row) -> Result<PersonEvent> {
    let list = |column: &'static str| -> Result<Json> { row.json(column) };
    let wrong = |column: &str| StoreError::Column { column: column.to_owned(), reason: "it is no list".to_owned() };
    Ok(PersonEvent {
        id: row.integer("id")?,
        kind: row.word("kind")?,
        persons: serde_json::from_value(list("persons")?).map_err(|_| wrong("persons"))?,
        records: serde_json::from_value(list("records")?).map_err(|_| wrong("records"))?,
        at: row.instant("at")?,
        by: row.text("by_user")?,
        reason: row.optional_text("reason")?,
        undone_at: row.optional_instant("undone_at")?,
        undone_by: row.optional_text("undone_by")?,
        undone_reason: row.optional_text("undone_reason")?,
    })
}
