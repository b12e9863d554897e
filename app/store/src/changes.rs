//! What changed: by person, by time, by org unit.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::session::{Row, sql};
use crate::{Result, Store, org};

/// One change of one field of one person; or that the person was created, merged, split, or is gone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its number.
    pub id: i64,
    /// The run that published it.
    pub run_id: i64,
    /// When it was published.
    pub at: DateTime<Utc>,
    /// The person.
    pub person_id: String,
    /// The kind of change, in snake case.
    pub kind: String,
    /// The field, where one field changed.
    pub field: Option<String>,
    /// The value before.
    pub old: Option<String>,
    /// The value after.
    pub new: Option<String>,
    /// The person's org unit before.
    pub org_unit_before: Option<String>,
    /// The person's org unit after.
    pub org_unit_after: Option<String>,
}

impl fmt::Debug for Change {
    /// Without values.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Change")
            .field("id", &self.id)
            .field("person_id", &self.person_id)
            .field("kind", &self.kind)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

/// Which changes to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct ChangeFilter {
    /// Only from this time on.
    pub since: Option<DateTime<Utc>>,
    /// Only of this run.
    pub run_id: Option<i64>,
    /// Only of persons who were or are in this org unit or below.
    pub org_unit: Option<String>,
    /// Only of these kinds; empty: any.
    pub kinds: Vec<String>,
    /// At most so many; 0: all.
    pub limit: u32,
}

impl Store {
    /// The changes, newest first.
    pub async fn changes(&self, filter: &ChangeFilter) -> Result<Vec<Change>> {
        let mut statement = match &filter.org_unit {
            Some(unit) => sql(org::SUBTREE).and(" select * from change where 1 = 1").bind(unit),
            None => sql("select * from change where 1 = 1"),
        };
        if filter.org_unit.is_some() {
            statement = statement.and(
                " and (org_unit_before in (select id from subtree) or org_unit_after in (select id from subtree))",
            );
        }
        if let Some(since) = filter.since {
            statement = statement.and(" and at >= ?").bind(since);
        }
        if let Some(run_id) = filter.run_id {
            statement = statement.and(" and run_id = ?").bind(run_id);
        }
        if !filter.kinds.is_empty() {
            statement = statement.and(" and kind in (").and(&vec!["?"; filter.kinds.len()].join(", ")).and(")");
            for kind in &filter.kinds {
                statement = statement.bind(kind);
            }
        }
        statement = statement.and(" order by id desc");
        if filter.limit > 0 {
            statement = statement.and(" limit ?").bind(filter.limit);
        }
        let mut session = self.read().await?;
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// All changes of a person, newest first.
    pub async fn history(&self, person_id: &str) -> Result<Vec<Change>> {
        let mut session = self.read().await?;
        let text = "select * from change where person_id = ? order by id desc";
        sql(text).bind(person_id).rows(&mut session).await?.iter().map(from_row).collect()
    }
}

fn from_row(row: &Row) -> Result<Change> {
    Ok(Change {
        id: row.integer("id")?,
        run_id: row.integer("run_id")?,
        at: row.instant("at")?,
        person_id: row.text("person_id")?,
        kind: row.text("kind")?,
        field: row.optional_text("field")?,
        old: row.optional_text("old")?,
        new: row.optional_text("new")?,
        org_unit_before: row.optional_text("org_unit_before")?,
        org_unit_after: row.optional_text("org_unit_after")?,
    })
}
