//! What stewards said of pairs: a history in which nothing is deleted. The newest word that is not undone holds.

use chrono::{DateTime, Utc};
use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use serde::{Deserialize, Serialize};

use crate::session::{Row, Session, sql};
use crate::{Result, Store, StoreError};

/// A word on a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJudgement {
    /// The pair and the verdict, in either order.
    pub judgement: Judgement,
    /// Who says it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// A word on a pair, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgementEntry {
    /// Its number.
    pub id: i64,
    /// The pair, the smaller record first, and the verdict.
    pub judgement: Judgement,
    /// When it was said.
    pub at: DateTime<Utc>,
    /// Who said it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was undone.
    pub undone_at: Option<DateTime<Utc>>,
    /// Who undid it.
    pub undone_by: Option<String>,
    /// Why.
    pub undone_reason: Option<String>,
}

const COLUMNS: &str = "id, left_source, left_key, right_source, right_key, verdict, at, by_user, reason, undone_at, \
                       undone_by, undone_reason";

impl Store {
    /// Keeps a word on a pair. It holds from now on in place of any earlier one, and takes the pair off the queue.
    pub async fn add_judgement(&self, new: &NewJudgement, now: DateTime<Utc>) -> Result<i64> {
        let mut session = self.begin().await?;
        let id = insert(&mut session, new, now).await?;
        session.commit().await?;
        Ok(id)
    }

    /// Keeps many words at once, all or none, and gives their numbers.
    pub async fn add_judgements(&self, new: &[NewJudgement], now: DateTime<Utc>) -> Result<Vec<i64>> {
        let mut session = self.begin().await?;
        let mut ids = Vec::with_capacity(new.len());
        for one in new {
            ids.push(insert(&mut session, one, now).await?);
        }
        session.commit().await?;
        Ok(ids)
    }

    /// Takes a word back: what was said of the pair before holds again.
    pub async fn undo_judgement(&self, id: i64, by: &str, reason: Option<&str>, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        let undone = sql("update judgement set undone_at = ?, undone_by = ?, undone_reason = ? \
             where id = ? and undone_at is null")
        .bind(now)
        .bind(by)
        .bind(reason)
        .bind(id)
        .execute(&mut session)
        .await?;
        if undone != 1 {
            return Err(StoreError::absent("judgement", id, "not there, or undone before"));
        }
        session.commit().await
    }

    /// All that was ever said, newest first; of one record when it is named.
    pub async fn judgements(&self, of: Option<&RecordId>) -> Result<Vec<JudgementEntry>> {
        let mut statement = sql(format!("select {COLUMNS} from judgement"));
        if let Some(record) = of {
            statement = statement
                .and(" where (left_source = ? and left_key = ?) or (right_source = ? and right_key = ?)")
                .bind(&record.source)
                .bind(&record.key)
                .bind(&record.source)
                .bind(&record.key);
        }
        let mut session = self.read().await?;
        statement.and(" order by id desc").rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// How many words were said since, undone ones included.
    pub async fn judgements_since(&self, since: DateTime<Utc>) -> Result<u64> {
        let mut session = self.read().await?;
        let count = sql("select count(*) from judgement where at >= ?").bind(since).integer(&mut session).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The words that hold, one a pair, sorted by pair: what the matching obeys.
    pub async fn active_judgements(&self) -> Result<Vec<Judgement>> {
        let mut session = self.read().await?;
        let text = format!(
            "select {COLUMNS} from judgement where id in (select max(id) from judgement where undone_at is null \
             group by left_source, left_key, right_source, right_key)"
        );
        let rows = sql(text).rows(&mut session).await?;
        let mut active = rows.iter().map(|row| Ok(from_row(row)?.judgement)).collect::<Result<Vec<_>>>()?;
        active.sort_by(|a, b| (&a.left, &a.right).cmp(&(&b.left, &b.right)));
        Ok(active)
    }
}

pub(crate) async fn insert(session: &mut Session, new: &NewJudgement, now: DateTime<Utc>) -> Result<i64> {
    let Judgement { left, right, verdict } = &new.judgement;
    if left == right {
        return Err(StoreError::absent("judgement", "", "needs two records"));
    }
    let (left, right) = if left <= right { (left, right) } else { (right, left) };
    let id =
        sql("insert into judgement (left_source, left_key, right_source, right_key, verdict, at, by_user, reason) \
         values (?, ?, ?, ?, ?, ?, ?, ?) returning id")
        .bind(&left.source)
        .bind(&left.key)
        .bind(&right.source)
        .bind(&right.key)
        .bind(word(*verdict))
        .bind(now)
        .bind(&new.by)
        .bind(new.reason.clone())
        .integer(session)
        .await?;
    sql("delete from review_item where left_source = ? and left_key = ? and right_source = ? and right_key = ?")
        .bind(&left.source)
        .bind(&left.key)
        .bind(&right.source)
        .bind(&right.key)
        .execute(session)
        .await?;
    Ok(id)
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "same",
        Verdict::Different => "different",
        Verdict::Unsure => "unsure",
    }
}

fn from_row(row: &Row) -> Result<JudgementEntry> {
    let verdict = match row.text("verdict")?.as_str() {
        "same" => Verdict::Same,
        "different" => Verdict::Different,
        "unsure" => Verdict::Unsure,
        _ => {
            return Err(StoreError::Column {
                column: "verdict".to_owned(),
                reason: "it is none of the known words".to_owned(),
            });
        }
    };
    let left = RecordId { source: row.text("left_source")?, key: row.text("left_key")? };
    let right = RecordId { source: row.text("right_source")?, key: row.text("right_key")? };
    Ok(JudgementEntry {
        id: row.integer("id")?,
        judgement: Judgement { left, right, verdict },
        at: row.instant("at")?,
        by: row.text("by_user")?,
        reason: row.optional_text("reason")?,
        undone_at: row.optional_instant("undone_at")?,
        undone_by: row.optional_text("undone_by")?,
        undone_reason: row.optional_text("undone_reason")?,
    })
}
