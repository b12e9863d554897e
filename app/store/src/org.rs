//! The organisation's tree as it was published last.

use kartei_schemas::org::{Language, Officer, OrgSchema, OrgUnit};
use kartei_schemas::person::ChangeKind;
use serde_json::Value as Json;

use crate::session::{Row, Session, sql};
use crate::{Result, Store};

impl Store {
    /// Replaces the tree and the officers.
    pub async fn replace_org(&self, org: &OrgSchema) -> Result<()> {
        let mut session = self.begin().await?;
        replace(&mut session, org).await?;
        session.commit().await
    }

    /// The tree and the officers, in the order in which they were written.
    pub async fn org(&self) -> Result<OrgSchema> {
        let mut session = self.read().await?;
        current(&mut session).await
    }

    /// The unit and all units below it; empty when there is no such unit.
    pub async fn org_subtree(&self, unit: &str) -> Result<Vec<String>> {
        let mut session = self.read().await?;
        subtree(&mut session, unit).await
    }
}

async fn current(session: &mut Session) -> Result<OrgSchema> {
    let units = sql("select id, name, parent, level, postal_codes, aliases from org_unit order by position")
        .rows(session)
        .await?
        .iter()
        .map(unit)
        .collect::<Result<_>>()?;
    let officers = sql("select org_unit, email, language, kinds from officer order by id")
        .rows(session)
        .await?
        .iter()
        .map(officer)
        .collect::<Result<_>>()?;
    Ok(OrgSchema { units, officers })
}

pub(crate) async fn replace(session: &mut Session, org: &OrgSchema) -> Result<()> {
    // On most nights it is as it was, and thousands of units need not be written again.
    if current(session).await? == *org {
        return Ok(());
    }
    sql("delete from officer").execute(session).await?;
    sql("delete from org_unit").execute(session).await?;
    for (position, unit) in org.units.iter().enumerate() {
        sql("insert into org_unit (id, name, parent, level, postal_codes, aliases, position) values (?, ?, ?, ?, ?, ?, ?)")
            .bind(&unit.id)
            .bind(&unit.name)
            .bind(unit.parent.clone())
            .bind(unit.level.clone())
            .bind(Json::from(unit.postal_codes.clone()))
            .bind(Json::from(unit.aliases.clone()))
            .bind(position as u64)
            .execute(session)
            .await?;
    }
    for officer in &org.officers {
        let kinds = officer.kinds.as_ref().and_then(|kinds| serde_json::to_value(kinds).ok());
        sql("insert into officer (org_unit, email, language, kinds) values (?, ?, ?, ?)")
            .bind(&officer.unit)
            .bind(&officer.email)
            .bind(match officer.language {
                Language::De => "de",
                Language::En => "en",
            })
            .bind(kinds)
            .execute(session)
            .await?;
    }
    Ok(())
}

/// `union` rather than `union all`: a cycle, which only a change by hand could make, still ends.
pub(crate) const SUBTREE: &str = "with recursive subtree (id) as (select id from org_unit where id = ? union \
                                  select org_unit.id from org_unit join subtree on org_unit.parent = subtree.id)";

async fn subtree(session: &mut Session, unit: &str) -> Result<Vec<String>> {
    let text = format!("{SUBTREE} select id from subtree order by id");
    sql(text).bind(unit).rows(session).await?.iter().map(|row| row.text("id")).collect()
}

fn unit(row: &Row) -> Result<OrgUnit> {
    Ok(OrgUnit {
        id: row.text("id")?,
        name: row.text("name")?,
        parent: row.optional_text("parent")?,
        level: row.optional_text("level")?,
        postal_codes: serde_json::from_value(row.json("postal_codes")?).unwrap_or_default(),
        aliases: serde_json::from_value(row.json("aliases")?).unwrap_or_default(),
    })
}

fn officer(row: &Row) -> Result<Officer> {
    let kinds: Option<Vec<ChangeKind>> =
        row.optional_json("kinds")?.and_then(|kinds| serde_json::from_value(kinds).ok());
    Ok(Officer {
        unit: row.text("org_unit")?,
        email: row.text("email")?,
        language: if row.text("language")? == "en" { Language::En } else { Language::De },
        kinds,
    })
}
