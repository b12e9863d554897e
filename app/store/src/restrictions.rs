//! Restriction (Art. 18 GDPR): data that are kept and not used. It hangs on a person's records, so that it outlives merges,
//! in which it wins, and splits, after which both parts have it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::erasures::{NewErasureEvent, record};
use crate::session::{Row, Session, sql};
use crate::{Result, Store, StoreError};

/// A restriction, which holds until it is lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// Its number.
    pub id: i64,
    /// The person that was named.
    pub person_id: String,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who restricted it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub lifted_at: Option<DateTime<Utc>>,
    /// Who lifted it.
    pub lifted_by: Option<String>,
    /// Why it was lifted.
    pub lifted_reason: Option<String>,
}

impl Store {
    /// Restricts a person: from now on in no export, from the next run on in no notice.
    pub async fn restrict(&self, person_id: &str, by: &str, reason: &str, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        let marked = sql("update person set restricted = ? where id = ? and state in ('active', 'gone')")
            .bind(true)
            .bind(person_id)
            .execute(&mut session)
            .await?;
        if marked != 1 {
            return Err(StoreError::absent("person", person_id, "not there, merged into another, or erased"));
        }
        sql("insert into restriction (person_id, at, by_user, reason) values (?, ?, ?, ?)")
            .bind(person_id)
            .bind(now)
            .bind(by)
            .bind(reason)
            .execute(&mut session)
            .await?;
        sql("insert into restricted_record (source, key, since) \
             select source, key, ? from person_record where person_id = ? on conflict (source, key) do nothing")
        .bind(now)
        .bind(person_id)
        .execute(&mut session)
        .await?;
        let event = NewErasureEvent { kind: "restricted", person_id, erasure_id: None, by, reason: Some(reason) };
        record(&mut session, &event, None, now).await?;
        session.commit().await
    }

    /// Lifts all restrictions of a person, also those that came to it by a merge.
    pub async fn unrestrict(&self, person_id: &str, by: &str, reason: &str, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        let marked = sql("update person set restricted = null where id = ? and restricted = ?")
            .bind(person_id)
            .bind(true)
            .execute(&mut session)
            .await?;
        if marked != 1 {
            return Err(StoreError::absent("restriction", person_id, "not there"));
        }
        sql("delete from restricted_record \
             where (source, key) in (select source, key from person_record where person_id = ?)")
        .bind(person_id)
        .execute(&mut session)
        .await?;
        sql("update restriction set lifted_at = ?, lifted_by = ?, lifted_reason = ? where lifted_at is null \
             and (person_id = ? or person_id in (select id from person where merged_into = ?))")
        .bind(now)
        .bind(by)
        .bind(reason)
        .bind(person_id)
        .bind(person_id)
        .execute(&mut session)
        .await?;
        let event = NewErasureEvent { kind: "unrestricted", person_id, erasure_id: None, by, reason: Some(reason) };
        record(&mut session, &event, None, now).await?;
        session.commit().await
    }

    /// The restrictions of a person, and of those merged into it, newest first.
    pub async fn restrictions_of(&self, person_id: &str) -> Result<Vec<Restriction>> {
        let mut session = self.read().await?;
        let rows =
            sql("select id, person_id, at, by_user, reason, lifted_at, lifted_by, lifted_reason from restriction \
             where person_id = ? or person_id in (select id from person where merged_into = ?) order by id desc")
            .bind(person_id)
            .bind(person_id);
        rows.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// The records whose persons are restricted.
    pub async fn restricted_records(&self) -> Result<HashSet<(String, String)>> {
        let mut session = self.read().await?;
        let rows = sql("select source, key from restricted_record").rows(&mut session).await?;
        rows.iter().map(|row| Ok((row.text("source")?, row.text("key")?))).collect()
    }

    /// How many persons are restricted.
    pub async fn count_restricted(&self) -> Result<u64> {
        let mut session = self.read().await?;
        let text = "select count(*) from person where restricted and state = 'active'";
        let count = sql(text).integer(&mut session).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

const BEARERS: &str = "select person_record.person_id from person_record join restricted_record \
                       on restricted_record.source = person_record.source \
                       and restricted_record.key = person_record.key";

/// After persons have changed: whoever bears a restricted record is restricted, with all its records.
pub(crate) async fn carry_over(session: &mut Session, now: DateTime<Utc>) -> Result<()> {
    if sql("select count(*) from restricted_record").integer(session).await? == 0 {
        return Ok(());
    }
    sql(format!(
        "insert into restricted_record (source, key, since) select source, key, ? from person_record \
         where person_id in ({BEARERS}) on conflict (source, key) do nothing"
    ))
    .bind(now)
    .execute(session)
    .await?;
    sql(format!("update person set restricted = ? where id in ({BEARERS}) and not coalesce(restricted, false)"))
        .bind(true)
        .execute(session)
        .await?;
    sql(format!("update person set restricted = null where restricted and id not in ({BEARERS})"))
        .execute(session)
        .await
        .map(|_| ())
}

/// Records that are no more restrict nobody.
pub(crate) async fn forget(session: &mut Session) -> Result<()> {
    sql("delete from restricted_record where not exists (select 1 from person_record \
         where person_record.source = restricted_record.source and person_record.key = restricted_record.key)")
    .execute(session)
    .await
    .map(|_| ())
}

fn from_row(row: &Row) -> Result<Restriction> {
    Ok(Restriction {
        id: row.integer("id")?,
        person_id: row.text("person_id")?,
        at: row.instant("at")?,
        by: row.text("by_user")?,
        reason: row.text("reason")?,
        lifted_at: row.optional_instant("lifted_at")?,
        lifted_by: row.optional_text("lifted_by")?,
        lifted_reason: row.optional_text("lifted_reason")?,
    })
}
