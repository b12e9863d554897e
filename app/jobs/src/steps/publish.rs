//! publish: makes the run's result visible in one transaction, or not at all.

use std::collections::HashSet;

use kartei_mail::{ChangeLine, Notice, Templates};
use kartei_schemas::frame::{KEY, SOURCE};
use kartei_schemas::judgement::RecordId;
use kartei_schemas::person::ChangeKind;
use kartei_store::{NewMail, NewReviewItem, Publication, Published};
use polars_core::prelude::*;
use serde::{Deserialize, Serialize};

use super::normalise::Canonical;
use super::persons::Consolidated;
use super::{Step, compute};
use crate::error::FlowError;

/// The most doubtful pairs that a run puts before the stewards.
const REVIEW_ITEMS: usize = 5_000;

/// The frames that the next run builds on.
const LASTING: [&str; 6] = ["clusters", "consent_events", "pairs", "persons", "record_map", "records"];

/// What became visible.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Visible {
    /// What was written.
    pub published: Published,
    /// Officers for whom there was nothing that they asked for.
    pub suppressed: u64,
    /// Notices queued.
    pub queued: u64,
    /// Doubtful pairs that wait.
    pub review: u64,
}

/// Publishes. `statistics` is the run's report as far as it goes.
pub async fn publish(
    step: &Step<'_>,
    (found, canonical): (&Consolidated, &Canonical),
    statistics: &serde_json::Value,
) -> Result<Visible, FlowError> {
    let tally = notices(step, found).await?;
    let mails = mails(step, &tally.notices)?;
    let review = review(step).await?;
    let renewed: Vec<String> =
        step.rest.get("renewed").await?.column("person_id")?.str()?.iter().flatten().map(str::to_owned).collect();
    let frames = step.rest.laid(&LASTING)?;
    let (unreadable, readable) = if step.rest.has("unreadable") {
        crate::unreadable::from_frame(&step.rest.get("unreadable").await?)?
    } else {
        (Vec::new(), Vec::new())
    };
    // What was made anew from the deliveries takes the place of whatever stands in the store.
    let whole = step.options.is_full();
    let publication = Publication {
        base: step.previous,
        whole,
        persons: &step.rest.get(if found.initial || whole { "persons" } else { "upserts" }).await?,
        gone: &step.rest.get("gone").await?,
        records: &records_to_write(step).await?,
        erased: None,
        values: &step.rest.get("values").await?,
        renewed: &renewed,
        changes: &step.rest.get("changes").await?,
        deliveries: &canonical.taken,
        forgotten: &canonical.forgotten,
        unreadable: &unreadable,
        readable: &readable,
        heard_at: canonical.heard_at.unwrap_or_else(|| step.now()),
        consents: Some(&step.rest.get(if found.heard_all { "consent_events" } else { "heard" }).await?),
        review: &review,
        mails: &mails,
        org: Some(&org(step)),
        statistics,
        frames: &frames,
    };
    // Never before what it heard: the next run hears after it.
    let now = step.now().max(step.heard_at());
    let published = step.store.publish(step.lease, &publication, now).await?;
    step.watch.moved("persons written", published.persons, published.persons);
    Ok(Visible { queued: mails.len() as u64, suppressed: tally.suppressed, review: review.len() as u64, published })
}

/// The records whose person, presence or first sight differs from what was published.
async fn records_to_write(step: &Step<'_>) -> Result<DataFrame, FlowError> {
    let map = step.rest.get("record_map").await?;
    if step.options.is_full() {
        return Ok(map);
    }
    let Some(before) = step.rest.published("record_map").await? else { return Ok(map) };
    compute(move || Ok(moved_records(&before, &map)?)).await
}

fn moved_records(before: &DataFrame, map: &DataFrame) -> PolarsResult<DataFrame> {
    let key = |frame: &DataFrame| -> PolarsResult<[StringChunked; 3]> {
        Ok([
            frame.column(SOURCE)?.str()?.rechunk().into_owned(),
            frame.column(KEY)?.str()?.rechunk().into_owned(),
            frame.column("person_id")?.str()?.rechunk().into_owned(),
        ])
    };
    let (old, new) = (key(before)?, key(map)?);
    let presence = |frame: &DataFrame| -> PolarsResult<BooleanChunked> { Ok(frame.column("present")?.bool()?.clone()) };
    let (old_present, new_present) = (presence(before)?, presence(map)?);
    let mut keep = Vec::with_capacity(map.height());
    let mut row = 0;
    // Both maps are sorted by source and key, and the new one holds every record of the old one.
    for index in 0..map.height() {
        let id = (new[0].get(index), new[1].get(index));
        while row < before.height() && (old[0].get(row), old[1].get(row)) < id {
            row += 1;
        }
        let same = row < before.height()
            && (old[0].get(row), old[1].get(row)) == id
            && old[2].get(row) == new[2].get(index)
            && old_present.get(row) == new_present.get(index);
        keep.push(!same);
    }
    map.filter(&BooleanChunked::from_slice(PlSmallStr::EMPTY, &keep))
}

fn org(step: &Step<'_>) -> kartei_schemas::org::OrgSchema {
    let tree = &step.project.schemas.org;
    kartei_schemas::org::OrgSchema { units: tree.units().to_vec(), officers: tree.officers().to_vec() }
}

async fn notices(step: &Step<'_>, found: &Consolidated) -> Result<kartei_mail::Tally, FlowError> {
    if found.initial {
        // The first night everybody is new: nobody wants a mail that says so.
        return Ok(kartei_mail::Tally::default());
    }
    let changes = step.rest.get("changes").await?;
    let members = members(step, changes.clone()).await?;
    let text = |name: &str| -> PolarsResult<StringChunked> { Ok(changes.column(name)?.str()?.clone()) };
    let (persons, kinds) = (text("person_id")?, text("kind")?);
    let (before, after) = (text("org_unit_before")?, text("org_unit_after")?);
    let restricted = restricted(step).await?;
    let mut lines = Vec::with_capacity(changes.height());
    for row in 0..changes.height() {
        let (Some(person_id), Some(kind)) = (persons.get(row), kinds.get(row).and_then(change_kind)) else { continue };
        if restricted.contains(person_id) {
            continue;
        }
        lines.push(ChangeLine {
            person_id,
            kind,
            unit_before: before.get(row),
            unit_after: after.get(row),
            is_member: members.contains(person_id),
        });
    }
    let settings = &step.project.settings;
    Ok(kartei_mail::notices(&lines, &step.project.schemas.org, &settings.web.public_url, step.run.id))
}

/// The persons whose data are restricted, as they are from this run on: nobody is told of their changes.
async fn restricted(step: &Step<'_>) -> Result<HashSet<String>, FlowError> {
    let records = step.store.restricted_records().await?;
    if records.is_empty() {
        return Ok(HashSet::new());
    }
    let map = step.rest.get("record_map").await?;
    compute(move || {
        let (sources, keys) = (map.column(SOURCE)?.str()?, map.column(KEY)?.str()?);
        let persons = map.column("person_id")?.str()?;
        let mut found = HashSet::new();
        let mut name = (String::new(), String::new());
        for ((source, key), person) in sources.iter().zip(keys.iter()).zip(persons.iter()) {
            name.0.clear();
            name.0.push_str(source.unwrap_or_default());
            name.1.clear();
            name.1.push_str(key.unwrap_or_default());
            if records.contains(&name) {
                found.extend(person.map(str::to_owned));
            }
        }
        Ok(found)
    })
    .await
}

fn change_kind(word: &str) -> Option<ChangeKind> {
    serde_json::from_value(serde_json::Value::from(word)).ok()
}

/// Those of the changed persons who are members, or were before this run.
async fn members(step: &Step<'_>, of: DataFrame) -> Result<HashSet<String>, FlowError> {
    const COLUMNS: &[&str] = &["id", "is_member"];
    let mut frames = vec![step.rest.get("upserts").await?];
    frames.extend(step.rest.columns_published("persons", Some(COLUMNS)).await?);
    compute(move || {
        let wanted: HashSet<&str> = of.column("person_id")?.str()?.iter().flatten().collect();
        let mut found = HashSet::new();
        for persons in frames {
            let rows = persons.column("id")?.str()?.iter().zip(persons.column("is_member")?.bool()?.iter());
            let ids = rows.filter_map(|(id, member)| id.filter(|_| member == Some(true)));
            found.extend(ids.filter(|id| wanted.contains(id)).map(str::to_owned));
        }
        Ok(found)
    })
    .await
}

fn mails(step: &Step<'_>, notices: &[Notice]) -> Result<Vec<NewMail>, FlowError> {
    let settings = &step.project.settings.mail;
    let templates = match &settings.templates {
        Some(folder) => Templates::with_folder(&step.project.base.join(folder)),
        None => Templates::embedded(),
    }
    .map_err(|error| FlowError::Mail(error.to_string()))?;
    let mail = |notice: &Notice| {
        let rendered = templates.notice(notice).map_err(|error| FlowError::Mail(error.to_string()))?;
        Ok(NewMail {
            deduplication_key: format!("notice/{}/{}/{}", notice.run_id, notice.link, notice.recipient),
            kind: "notice".to_owned(),
            recipient: notice.recipient.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            message_id: None,
        })
    };
    notices.iter().map(mail).collect()
}

async fn review(step: &Step<'_>) -> Result<Vec<NewReviewItem>, FlowError> {
    let (doubtful, records) = (step.rest.get("review").await?, step.rest.get("records").await?);
    let (sources, keys) = (records.column(SOURCE)?.str()?, records.column(KEY)?.str()?);
    let record = |row: u32| RecordId {
        source: sources.get(row as usize).unwrap_or_default().to_owned(),
        key: keys.get(row as usize).unwrap_or_default().to_owned(),
    };
    let (left, right) = (doubtful.column("left")?.u32()?, doubtful.column("right")?.u32()?);
    let (probability, impact) = (doubtful.column("probability")?.f32()?, doubtful.column("impact")?.u32()?);
    let reason = doubtful.column("reason")?.str()?;
    let mut items = Vec::new();
    for row in 0..doubtful.height().min(REVIEW_ITEMS) {
        let (Some(one), Some(other)) = (left.get(row), right.get(row)) else { continue };
        items.push(NewReviewItem {
            left: record(one),
            right: record(other),
            reason: reason.get(row).unwrap_or_default().to_owned(),
            probability: f64::from(probability.get(row).unwrap_or_default()),
            impact: impact.get(row).unwrap_or_default(),
        });
    }
    Ok(items)
}
