//! Bulk writes: frames into the four large tables, as each database likes it best.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use polars_core::prelude::{DataFrame, NewChunkedArray, StringChunked, StringChunkedBuilder};

use crate::column::{Cells, FrameReader};
use crate::fold::fold_into;
use crate::session::{Driver, Session, sql};
use crate::{Result, StoreError};

mod postgres;
mod sqlite;

/// Rows for one table.
pub(crate) struct Load {
    table: &'static str,
    columns: Vec<(&'static str, Cells)>,
    /// The columns that make a row the same one, when rows of old are to be replaced.
    conflict: &'static [&'static str],
    rows: usize,
}

impl Load {
    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// What follows the rows of an insert, so that rows of old are replaced.
    fn on_conflict(&self) -> String {
        if self.conflict.is_empty() {
            return String::new();
        }
        let others = self.columns.iter().map(|(name, _)| *name).filter(|name| !self.conflict.contains(name));
        let replaced: Vec<String> = others.map(|name| format!("{name} = excluded.{name}")).collect();
        format!(" on conflict ({}) do update set {}", self.conflict.join(", "), replaced.join(", "))
    }

    async fn write(self, session: &mut Session) -> Result<u64> {
        if self.rows == 0 {
            return Ok(0);
        }
        let empty = is_empty(session, self.table).await?;
        let rows = self.rows as u64;
        match session.driver() {
            Driver::Sqlite(connection) => sqlite::write(connection, &Arc::new(self), empty).await?,
            Driver::Postgres(connection) => postgres::write(connection, &self, empty).await?,
        }
        Ok(rows)
    }
}

async fn is_empty(session: &mut Session, table: &str) -> Result<bool> {
    let row = sql(format!("select 1 as one from {table} limit 1")).row(session).await?;
    Ok(row.is_none())
}

/// Person fields that are plain text.
pub(crate) const PERSON_TEXTS: &[&str] = &[
    "salutation",
    "title",
    "given_name",
    "surname",
    "birth_surname",
    "name_suffix",
    "sex",
    "birth_date",
    "email",
    "mobile",
    "phone",
    "street",
    "house_number",
    "address_extra",
    "postal_code",
    "city",
    "country",
    "membership_number",
    "joined_on",
    "left_on",
    "org_unit",
    "household_id",
];

/// Writes persons that are new or changed.
pub(crate) async fn write_persons(session: &mut Session, run_id: i64, frame: &DataFrame) -> Result<u64> {
    let mut columns = person_columns(frame)?;
    columns.push(("state", Cells::EveryText(Arc::from("active"))));
    columns.push(("merged_into", Cells::Missing));
    columns.push(("run_id", Cells::EveryInteger(run_id)));
    Load { table: "person", columns, conflict: &["id"], rows: frame.height() }.write(session).await
}

/// What the table takes of a frame of persons.
pub(crate) fn person_columns(frame: &DataFrame) -> Result<Vec<(&'static str, Cells)>> {
    let reader = FrameReader { frame, table: "person" };
    let mut columns = vec![("id", Cells::Text(reader.key("id")?))];
    for name in PERSON_TEXTS {
        columns.push((name, reader.text(name)?));
    }
    columns.push(("is_member", reader.flag("is_member", Cells::Missing)?));
    for name in ["interests", "consents", "answers", "sources"] {
        columns.push((name, reader.json(name)?));
    }
    columns.push(("records", reader.integer("records")?));
    columns.push(("first_seen", reader.instant("first_seen")?));
    columns.push(("updated_at", reader.instant("updated_at")?));
    columns.push(("search_name", Cells::Text(search_names(frame))));
    Ok(columns)
}

/// Takes out what no publication can have written, before everything is written anew. A living person who is in no frame is
/// marked as gone where anything is known of its past, so that the id is not issued twice, and else removed.
pub(crate) async fn remove_strays(session: &mut Session, persons: &DataFrame) -> Result<()> {
    let ids = FrameReader { frame: persons, table: "person" }.key("id")?;
    let load =
        Load { table: "load_living", columns: vec![("id", Cells::Text(ids))], conflict: &[], rows: persons.height() };
    begin_temporary(session, "load_living", "id text primary key").await?;
    load.write(session).await?;
    let stray = "from person where state = 'active' and id not in (select id from load_living)";
    for known in ["person_record", "change"] {
        sql(format!(
            "update person set state = 'gone' where id in (select id {stray}) and id in (select person_id from {known})"
        ))
        .execute(session)
        .await?;
    }
    sql(format!("delete {stray}")).execute(session).await?;
    sql("drop table load_living").execute(session).await?;
    for table in ["person_record", "person_value"] {
        sql(format!("delete from {table}")).execute(session).await?;
    }
    Ok(())
}

/// Surname, given names and surname at birth of each row, folded.
fn search_names(frame: &DataFrame) -> StringChunked {
    let columns: Vec<StringChunked> = ["surname", "given_name", "birth_surname"]
        .iter()
        .filter_map(|name| frame.column(name).ok()?.str().ok().map(|column| column.rechunk().into_owned()))
        .collect();
    let mut builder = StringChunkedBuilder::new("search_name".into(), frame.height());
    let mut folded = String::new();
    for row in 0..frame.height() {
        folded.clear();
        for column in &columns {
            if let Some(text) = column.get(row) {
                fold_into(text, &mut folded);
            }
        }
        builder.append_value(&folded);
    }
    builder.finish()
}

/// Marks persons as gone or merged, and removes their values. The rows stay, so that no id is issued twice.
pub(crate) async fn mark_gone(
    session: &mut Session,
    run_id: i64,
    frame: &DataFrame,
    now: DateTime<Utc>,
) -> Result<u64> {
    if frame.height() == 0 {
        return Ok(0);
    }
    let reader = FrameReader { frame, table: "load_gone" };
    let columns = vec![("id", Cells::Text(reader.key("person_id")?)), ("merged_into", reader.text("merged_into")?)];
    let load = Load { table: "load_gone", columns, conflict: &[], rows: frame.height() };
    begin_temporary(session, "load_gone", "id text primary key, merged_into text").await?;
    load.write(session).await?;
    let marked =
        sql("update person set state = case when load_gone.merged_into is null then 'gone' else 'merged' end, \
         merged_into = load_gone.merged_into, updated_at = ?, run_id = ? from load_gone where person.id = load_gone.id")
        .bind(now)
        .bind(run_id)
        .execute(session)
        .await?;
    sql("delete from person_value where person_id in (select id from load_gone)").execute(session).await?;
    sql("drop table load_gone").execute(session).await?;
    Ok(marked)
}

/// Writes which person each record belongs to, and forgets records that are erased.
pub(crate) async fn write_records(session: &mut Session, frame: &DataFrame, erased: Option<&DataFrame>) -> Result<u64> {
    if let Some(erased) = erased.filter(|erased| erased.height() > 0) {
        let reader = FrameReader { frame: erased, table: "load_erased" };
        let columns = vec![("source", Cells::Text(reader.key("source")?)), ("key", Cells::Text(reader.key("key")?))];
        let load = Load { table: "load_erased", columns, conflict: &[], rows: erased.height() };
        begin_temporary(session, "load_erased", "source text, key text, primary key (source, key)").await?;
        load.write(session).await?;
        for table in ["person_record", "person_value"] {
            let text = format!("delete from {table} where (source, key) in (select source, key from load_erased)");
            sql(text).execute(session).await?;
        }
        sql("drop table load_erased").execute(session).await?;
    }
    let reader = FrameReader { frame, table: "person_record" };
    let columns = vec![
        ("source", Cells::Text(reader.key("source")?)),
        ("key", Cells::Text(reader.key("key")?)),
        ("person_id", Cells::Text(reader.key("person_id")?)),
        ("present", reader.flag("present", Cells::EveryFlag(true))?),
        ("first_seen", reader.instant("first_seen")?),
    ];
    Load { table: "person_record", columns, conflict: &["source", "key"], rows: frame.height() }.write(session).await
}

/// Replaces the values of the persons that were made anew.
pub(crate) async fn replace_values(session: &mut Session, frame: &DataFrame, renewed: &[String]) -> Result<u64> {
    if !renewed.is_empty() && !is_empty(session, "person_value").await? {
        let ids = StringChunked::from_slice("id".into(), renewed);
        let load =
            Load { table: "load_renewed", columns: vec![("id", Cells::Text(ids))], conflict: &[], rows: renewed.len() };
        begin_temporary(session, "load_renewed", "id text primary key").await?;
        load.write(session).await?;
        sql("delete from person_value where person_id in (select id from load_renewed)").execute(session).await?;
        sql("drop table load_renewed").execute(session).await?;
    }
    let reader = FrameReader { frame, table: "person_value" };
    let columns = vec![
        ("person_id", Cells::Text(reader.key("person_id")?)),
        ("field", Cells::Text(reader.key("field")?)),
        ("value", reader.text("value")?),
        ("source", reader.text("source")?),
        ("key", reader.text("key")?),
        ("survives", reader.flag("survives", Cells::EveryFlag(false))?),
        ("reason", reader.text("reason")?),
    ];
    Load { table: "person_value", columns, conflict: &[], rows: frame.height() }.write(session).await
}

/// Adds what changed.
pub(crate) async fn write_changes(
    session: &mut Session,
    run_id: i64,
    frame: &DataFrame,
    now: DateTime<Utc>,
) -> Result<u64> {
    let reader = FrameReader { frame, table: "change" };
    let mut columns = vec![
        ("run_id", Cells::EveryInteger(run_id)),
        ("at", Cells::EveryInstant(now.timestamp_millis())),
        ("person_id", Cells::Text(reader.key("person_id")?)),
        ("kind", Cells::Text(reader.key("kind")?)),
    ];
    for name in ["field", "old", "new", "org_unit_before", "org_unit_after"] {
        columns.push((name, reader.text(name)?));
    }
    Load { table: "change", columns, conflict: &[], rows: frame.height() }.write(session).await
}

/// Adds what was heard of consents.
pub(crate) async fn add_consent_events(session: &mut Session, run_id: i64, frame: &DataFrame) -> Result<u64> {
    let reader = FrameReader { frame, table: "consent_event" };
    let mut columns = Vec::new();
    for name in ["source", "key", "purpose", "state", "said_precision"] {
        columns.push((name, Cells::Text(reader.key(name)?)));
    }
    for name in ["said_at", "heard_at"] {
        columns.push((name, reader.instant(name)?));
    }
    for name in ["address_hash", "name_hash", "sex", "proof", "by_whom"] {
        columns.push((name, reader.text(name)?));
    }
    columns.push(("run_id", Cells::EveryInteger(run_id)));
    columns.push(("mark", reader.integer("mark")?));
    Load { table: "consent_event", columns, conflict: &[], rows: frame.height() }.write(session).await
}

/// A table that only this transaction sees.
pub(crate) async fn begin_temporary(session: &mut Session, table: &str, columns: &str) -> Result<()> {
    let text = if session.is_sqlite() {
        format!("create temporary table {table} ({columns})")
    } else {
        // Compared with columns that are ordered by bytes, so that indexes serve.
        let columns = columns.replace(" text", " text collate \"C\"");
        format!("create temporary table {table} ({columns}) on commit drop")
    };
    sql(text).execute(session).await.map(|_| ())
}

fn failed(error: &sqlx::Error, table: &str) -> StoreError {
    StoreError::from_sqlx(error, &format!("insert into {table}"))
}
