//! What people said of consents: the table is added to, and nothing in it is ever changed. Whoever hears something later
//! (a form, a preference page, a mailing) adds rows of the source [`DESK`]; the next run takes them in.

use chrono::{DateTime, Utc};
use kartei_schemas::consent::{ConsentState, SaidPrecision};
use polars_core::prelude::*;
use serde::{Deserialize, Serialize};

use crate::session::{Row, Session, sql};
use crate::{Result, Store, StoreError};

/// The source of what was heard elsewhere than in a source; the key of such an event is a person's id.
pub use kartei_schemas::consent::DESK;

/// Rows that are read at once.
const PAGE: i64 = 50_000;

/// A word that was heard elsewhere than in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsentEvent {
    /// The person, as it is named today.
    pub person_id: String,
    /// The purpose.
    pub purpose: String,
    /// What was said.
    pub state: ConsentState,
    /// When it was said, where that is known.
    pub said_at: Option<DateTime<Utc>>,
    /// The keyed hash of the mail address that it is about; none: the person, whatever the address.
    pub address_hash: Option<String>,
    /// What proves it.
    pub proof: Option<String>,
    /// Who entered it, or the person.
    pub by_whom: String,
}

/// A word, as the table holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentEvent {
    /// Its number.
    pub id: i64,
    /// The source that told it.
    pub source: String,
    /// The record's key there; of [`DESK`] the person's id.
    pub key: String,
    /// The purpose.
    pub purpose: String,
    /// What was said.
    pub state: ConsentState,
    /// When it was said.
    pub said_at: Option<DateTime<Utc>>,
    /// How exactly that is known.
    pub said_precision: SaidPrecision,
    /// When it was first heard.
    pub heard_at: DateTime<Utc>,
    /// What proves it.
    pub proof: Option<String>,
    /// Who entered it, when it was no source.
    pub by_whom: Option<String>,
    /// The run that heard it; none when it was no run.
    pub run_id: Option<i64>,
}

/// How many words runs have added, and the sum of their marks: what a copy of them must have as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentTally {
    /// Rows.
    pub rows: i64,
    /// The sum of their marks.
    pub marks: i64,
}

const OF_PERSON: &str = "select id, source, key, purpose, state, said_at, said_precision, heard_at, proof, by_whom, run_id \
     from consent_event where (source, key) in (select source, key from person_record where person_id = ?) \
     or (source = 'desk' and key in (select id from person where id = ? or merged_into = ?)) order by id";

impl Store {
    /// Adds a word that was heard elsewhere than in a source. It decides from the next run on.
    pub async fn add_consent_event(&self, new: &NewConsentEvent, now: DateTime<Utc>) -> Result<i64> {
        let mut session = self.begin().await?;
        let known = sql("select count(*) from person where id = ?").bind(&new.person_id).integer(&mut session).await?;
        if known == 0 {
            return Err(StoreError::absent("person", &new.person_id, "not there"));
        }
        // Whoever speaks after a publication is heard after it, whatever the clock says.
        let published = crate::publish::pointer(&mut session).await?.map(|state| state.published_at);
        let heard_at = published.map_or(now, |published| published.max(now));
        let precision = if new.said_at.is_some() { SaidPrecision::Instant } else { SaidPrecision::Unknown };
        let id = sql("insert into consent_event \
             (source, key, purpose, state, said_at, said_precision, heard_at, address_hash, proof, by_whom, mark) \
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) returning id")
        .bind(DESK)
        .bind(&new.person_id)
        .bind(&new.purpose)
        .bind(new.state.word())
        .bind(new.said_at)
        .bind(precision.word())
        .bind(heard_at)
        .bind(new.address_hash.clone())
        .bind(new.proof.clone())
        .bind(&new.by_whom)
        .integer(&mut session)
        .await?;
        session.commit().await?;
        Ok(id)
    }

    /// What a person's records, of now and of before, ever told, and what was heard of the person elsewhere; oldest first.
    pub async fn consent_events_of(&self, person_id: &str) -> Result<Vec<ConsentEvent>> {
        let mut session = self.read().await?;
        let rows = sql(OF_PERSON).bind(person_id).bind(person_id).bind(person_id).rows(&mut session).await?;
        rows.iter().map(event).collect()
    }

    /// How many words runs have added, and the sum of their marks.
    pub async fn consent_tally(&self) -> Result<ConsentTally> {
        let mut session = self.read().await?;
        let text = "select count(*) as rows_told, cast(coalesce(sum(mark), 0) as bigint) as marks \
             from consent_event where run_id is not null";
        let row = sql(text).row(&mut session).await?;
        let Some(row) = row else { return Ok(ConsentTally::default()) };
        Ok(ConsentTally { rows: row.integer("rows_told")?, marks: row.integer("marks")? })
    }

    /// Every word that runs have added, in the order in which it was added: for when there is no copy at rest.
    pub async fn consent_events_told(&self) -> Result<DataFrame> {
        let mut session = self.read().await?;
        frame_of(&mut session, "run_id is not null").await
    }

    /// Every word that was heard elsewhere than in a source.
    pub async fn consent_events_of_desk(&self) -> Result<DataFrame> {
        let mut session = self.read().await?;
        frame_of(&mut session, "run_id is null").await
    }
}

fn event(row: &Row) -> Result<ConsentEvent> {
    Ok(ConsentEvent {
        id: row.integer("id")?,
        source: row.text("source")?,
        key: row.text("key")?,
        purpose: row.text("purpose")?,
        state: state(row)?,
        said_at: row.optional_instant("said_at")?,
        said_precision: SaidPrecision::of_word(&row.text("said_precision")?),
        heard_at: row.instant("heard_at")?,
        proof: row.optional_text("proof")?,
        by_whom: row.optional_text("by_whom")?,
        run_id: row.optional_integer("run_id")?,
    })
}

fn state(row: &Row) -> Result<ConsentState> {
    let word = row.text("state")?;
    ConsentState::of_word(&word).ok_or_else(|| StoreError::Column {
        column: "state".to_owned(),
        reason: "it is none of the known words".to_owned(),
    })
}

/// The texts of an event's row in a frame, in their order.
const TEXTS: [&str; 10] =
    ["source", "key", "purpose", "state", "said_precision", "address_hash", "name_hash", "sex", "proof", "by_whom"];

/// Rows of the table as a frame: texts, times in milliseconds, numbers.
async fn frame_of(session: &mut Session, which: &str) -> Result<DataFrame> {
    let mut texts = TEXTS.map(|name| StringChunkedBuilder::new(name.into(), 0));
    let mut numbers = ["id", "said_at", "heard_at", "run_id", "mark"].map(|name| (name, Vec::<Option<i64>>::new()));
    let mut after = 0;
    loop {
        let text = format!("select * from consent_event where id > ? and {which} order by id limit {PAGE}");
        let rows = sql(text).bind(after).rows(session).await?;
        for row in &rows {
            for (name, column) in TEXTS.iter().zip(&mut texts) {
                column.append_option(row.optional_text(name)?);
            }
            for (name, column) in &mut numbers {
                column.push(match *name {
                    "said_at" | "heard_at" => row.optional_instant(name)?.map(|instant| instant.timestamp_millis()),
                    _ => row.optional_integer(name)?,
                });
            }
        }
        match rows.last() {
            Some(last) => after = last.integer("id")?,
            None => break,
        }
    }
    let height = numbers[0].1.len();
    let texts = texts.into_iter().map(|column| column.finish().into_column());
    let numbers = numbers.into_iter().map(|(name, cells)| Column::new(name.into(), cells));
    DataFrame::new(height, texts.chain(numbers).collect()).map_err(|error| StoreError::Frame {
        table: "consent_event",
        column: "id".to_owned(),
        reason: error.to_string(),
    })
}
