//! One person with all that is behind it: records, values and where each came from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::session::{Row, sql};
use crate::{ConsentEvent, OverrideEntry, PersonRow, Result, Store, persons};

/// A record of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRecord {
    /// The source.
    pub source: String,
    /// The key inside the source.
    pub key: String,
    /// The person.
    pub person_id: String,
    /// Whether the source still has it.
    pub present: bool,
    /// When it was first seen.
    pub first_seen: Option<DateTime<Utc>>,
}

/// A value that some record of a person holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonValue {
    /// The field.
    pub field: String,
    /// The value.
    pub value: Option<String>,
    /// The source.
    pub source: Option<String>,
    /// The record's key there.
    pub key: Option<String>,
    /// Whether it is the person's value.
    pub survives: bool,
    /// Why it survived, or did not.
    pub reason: Option<String>,
}

impl std::fmt::Debug for PersonValue {
    /// Without the value.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PersonValue").field("field", &self.field).finish_non_exhaustive()
    }
}

/// A person with all that is behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PersonView {
    /// The person.
    pub person: PersonRow,
    /// Its records, by source and key.
    pub records: Vec<PersonRecord>,
    /// Its records' values, by field, the surviving first; none for a person with one record.
    pub values: Vec<PersonValue>,
    /// What humans set.
    pub overrides: Vec<OverrideEntry>,
    /// What its records, and others of the person, ever said of consents; oldest first.
    pub consent_events: Vec<ConsentEvent>,
}

impl Store {
    /// How many records each source has among what is visible.
    pub async fn records_by_source(&self) -> Result<BTreeMap<String, u64>> {
        let mut session = self.read().await?;
        let text = "select source, count(*) as records from person_record where present = ? group by source";
        let rows = sql(text).bind(true).rows(&mut session).await?;
        rows.iter().map(|row| Ok((row.text("source")?, row.count("records")?))).collect()
    }

    /// How many persons are known from this source alone.
    pub async fn persons_of_source_alone(&self, source: &str) -> Result<u64> {
        let mut session = self.read().await?;
        let alone = sql("select count(distinct person_id) from person_record as own where source = ? and present = ? \
             and not exists (select 1 from person_record as other where other.person_id = own.person_id \
             and other.source <> own.source and other.present = ?)")
        .bind(source)
        .bind(true)
        .bind(true)
        .integer(&mut session)
        .await?;
        Ok(u64::try_from(alone).unwrap_or(0))
    }

    /// A person with all that is behind it; none when the id was never issued.
    pub async fn person_view(&self, id: &str) -> Result<Option<PersonView>> {
        let mut session = self.read().await?;
        let Some(person) = persons::find(&mut session, id).await? else { return Ok(None) };
        let records = sql("select source, key, person_id, present, first_seen from person_record where person_id = ? \
             order by source, key")
        .bind(id)
        .rows(&mut session)
        .await?;
        let values = sql("select field, value, source, key, survives, reason from person_value where person_id = ? \
             order by field, survives desc, source, key")
        .bind(id)
        .rows(&mut session)
        .await?;
        let view = PersonView {
            person,
            records: records.iter().map(record).collect::<Result<_>>()?,
            values: values.iter().map(value).collect::<Result<_>>()?,
            overrides: Vec::new(),
            consent_events: Vec::new(),
        };
        drop(session);
        let overrides = self.overrides_of(id).await?;
        let consent_events = self.consent_events_of(id).await?;
        Ok(Some(PersonView {
            overrides: overrides.into_iter().filter(|entry| entry.lifted_at.is_none()).collect(),
            consent_events,
            ..view
        }))
    }

    /// The person to whom a record belongs; none when it was never seen.
    pub async fn person_of_record(&self, source: &str, key: &str) -> Result<Option<String>> {
        let mut session = self.read().await?;
        let text = "select person_id from person_record where source = ? and key = ?";
        let row = sql(text).bind(source).bind(key).row(&mut session).await?;
        row.as_ref().map(|row| row.text("person_id")).transpose()
    }
}

fn record(row: &Row) -> Result<PersonRecord> {
    Ok(PersonRecord {
        source: row.text("source")?,
        key: row.text("key")?,
        person_id: row.text("person_id")?,
        present: row.flag("present")?,
        first_seen: row.optional_instant("first_seen")?,
    })
}

fn value(row: &Row) -> Result<PersonValue> {
    Ok(PersonValue {
        field: row.text("field")?,
        value: row.optional_text("value")?,
        source: row.optional_text("source")?,
        key: row.optional_text("key")?,
        survives: row.flag("survives")?,
        reason: row.optional_text("reason")?,
    })
}
