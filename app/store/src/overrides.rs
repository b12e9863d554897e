//! Manual overrides: what a human typed into a person's field holds until it is lifted.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::session::{Row, sql};
use crate::{Result, Store, StoreError};

/// A value to set by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOverride {
    /// The person.
    pub person_id: String,
    /// The field.
    pub field: String,
    /// The value; none: the field is empty.
    pub value: Option<String>,
    /// Who sets it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// A value set by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideEntry {
    /// Its number.
    pub id: i64,
    /// The person.
    pub person_id: String,
    /// The field.
    pub field: String,
    /// The value; none: the field is empty.
    pub value: Option<String>,
    /// When it was set.
    pub set_at: DateTime<Utc>,
    /// Who set it.
    pub set_by: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was lifted.
    pub lifted_at: Option<DateTime<Utc>>,
    /// Who lifted it.
    pub lifted_by: Option<String>,
}

const COLUMNS: &str = "id, person_id, field, value, set_at, set_by, reason, lifted_at, lifted_by";

impl Store {
    /// Sets a value by hand; one set before is lifted by it. It shows in the person with the next run.
    pub async fn add_override(&self, new: &NewOverride, now: DateTime<Utc>) -> Result<i64> {
        let mut session = self.begin().await?;
        let known = sql("select count(*) from person where id = ?").bind(&new.person_id).integer(&mut session).await?;
        if known == 0 {
            return Err(StoreError::absent("person", &new.person_id, "not there"));
        }
        sql("update person_override set lifted_at = ?, lifted_by = ? \
             where person_id = ? and field = ? and lifted_at is null")
        .bind(now)
        .bind(&new.by)
        .bind(&new.person_id)
        .bind(&new.field)
        .execute(&mut session)
        .await?;
        let id = sql("insert into person_override (person_id, field, value, set_at, set_by, reason) \
             values (?, ?, ?, ?, ?, ?) returning id")
        .bind(&new.person_id)
        .bind(&new.field)
        .bind(new.value.clone())
        .bind(now)
        .bind(&new.by)
        .bind(new.reason.clone())
        .integer(&mut session)
        .await?;
        session.commit().await?;
        Ok(id)
    }

    /// Lifts a value: with the next run the sources decide again.
    pub async fn lift_override(&self, id: i64, by: &str, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        let lifted = sql("update person_override set lifted_at = ?, lifted_by = ? where id = ? and lifted_at is null")
            .bind(now)
            .bind(by)
            .bind(id)
            .execute(&mut session)
            .await?;
        if lifted != 1 {
            return Err(StoreError::absent("override", id, "not there, or lifted before"));
        }
        session.commit().await
    }

    /// The overrides that hold, by person and field.
    pub async fn active_overrides(&self) -> Result<Vec<OverrideEntry>> {
        let mut session = self.read().await?;
        let text = format!("select {COLUMNS} from person_override where lifted_at is null order by person_id, field");
        sql(text).rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// The persons of whom an override was lifted at or after this instant, by id: their sources decide again.
    pub async fn overrides_lifted_since(&self, since: DateTime<Utc>) -> Result<Vec<String>> {
        let mut session = self.read().await?;
        let rows = sql("select distinct person_id from person_override where lifted_at >= ? order by person_id")
            .bind(since)
            .rows(&mut session)
            .await?;
        rows.iter().map(|row| row.text("person_id")).collect()
    }

    /// All overrides that a person ever had, newest first.
    pub async fn overrides_of(&self, person_id: &str) -> Result<Vec<OverrideEntry>> {
        let mut session = self.read().await?;
        let text = format!("select {COLUMNS} from person_override where person_id = ? order by id desc");
        sql(text).bind(person_id).rows(&mut session).await?.iter().map(from_row).collect()
    }
}

fn from_row(row: &Row) -> Result<OverrideEntry> {
    Ok(OverrideEntry {
        id: row.integer("id")?,
        person_id: row.text("person_id")?,
        field: row.text("field")?,
        value: row.optional_text("value")?,
        set_at: row.instant("set_at")?,
        set_by: row.text("set_by")?,
        reason: row.optional_text("reason")?,
        lifted_at: row.optional_instant("lifted_at")?,
        lifted_by: row.optional_text("lifted_by")?,
    })
}
