//! What belongs to the installation and not to its configuration, such as the secret in every person id.

use chrono::{DateTime, Utc};

use crate::session::sql;
use crate::{Result, Store};

impl Store {
    /// A setting; none when it was never set.
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        let mut session = self.read().await?;
        let row = sql("select value from setting where name = ?").bind(name).row(&mut session).await?;
        row.as_ref().map(|row| row.text("value")).transpose()
    }

    /// Writes a setting, whatever stood there.
    pub(crate) async fn replace_setting(&self, name: &str, value: &str, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        sql("insert into setting (name, value, created_at) values (?, ?, ?) \
             on conflict (name) do update set value = excluded.value, created_at = excluded.created_at")
        .bind(name)
        .bind(value)
        .bind(now)
        .execute(&mut session)
        .await?;
        session.commit().await
    }

    /// The setting as it stands after writing `candidate` unless there is one: of several processes that start at once
    /// all get the same.
    pub async fn setting_or(&self, name: &str, candidate: &str, now: DateTime<Utc>) -> Result<String> {
        let mut session = self.begin().await?;
        sql("insert into setting (name, value, created_at) values (?, ?, ?) on conflict (name) do nothing")
            .bind(name)
            .bind(candidate)
            .bind(now)
            .execute(&mut session)
            .await?;
        let row = sql("select value from setting where name = ?").bind(name).row(&mut session).await?;
        session.commit().await?;
        row.as_ref().map_or_else(|| Ok(candidate.to_owned()), |row| row.text("value"))
    }
}
