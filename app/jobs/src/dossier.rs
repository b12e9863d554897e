//! Everything about one person (Art. 15 GDPR): what each source told and when, in its own words and in ours, what was made of
//! it, what changed, what was agreed to, decided and sent.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kartei_schemas::frame::{FINGERPRINT, KEY, SOURCE};
use kartei_schemas::judgement::RecordId;
use kartei_schemas::org::Language;
use kartei_store::frames::{FrameRef, Frames};
use kartei_store::{
    Batch, BatchKind, Change, ConsentEvent, ErasureEvent, JudgementEntry, MailLine, OverrideEntry, PersonEvent,
    PersonRow, PersonValue, RejectEntry, RejectFilter, Restriction, Store, Subject,
};
use polars_core::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::error::FlowError;
use crate::project::Project;
use crate::stage::LINE;
use crate::steps::compute;

/// Everything about one person.
#[derive(Debug, Clone, Serialize)]
pub struct Dossier {
    /// When it was put together.
    pub made_at: DateTime<Utc>,
    /// The person as published, with the consents that hold.
    pub person: PersonRow,
    /// Ids of persons who turned out to be this one.
    pub former_ids: Vec<String>,
    /// Its records, by source and key.
    pub records: Vec<DossierRecord>,
    /// The values that the records hold, and which of them survive; none for a person with one record.
    pub values: Vec<PersonValue>,
    /// Values that were set by hand.
    pub overrides: Vec<OverrideEntry>,
    /// What changed, newest first.
    pub changes: Vec<Change>,
    /// What was said of consents, when, and with which proof.
    pub consents: Vec<ConsentEvent>,
    /// What stewards decided on its records.
    pub judgements: Vec<JudgementEntry>,
    /// Merges and splits by hand that name it.
    pub merges_and_splits: Vec<PersonEvent>,
    /// Restrictions, also those that were lifted.
    pub restrictions: Vec<Restriction>,
    /// What was done about erasure and restriction.
    pub rights: Vec<ErasureEvent>,
    /// Mails to the person or about it.
    pub mails: Vec<MailLine>,
    /// Its rows in quarantine.
    pub rejects: Vec<RejectEntry>,
    /// Who looked at the person: nothing is kept of this yet.
    pub looks: Vec<Json>,
}

/// A record of a person.
#[derive(Debug, Clone, Serialize)]
pub struct DossierRecord {
    /// The source.
    pub source: String,
    /// The source as people call it.
    pub source_label: String,
    /// The key inside the source.
    pub key: String,
    /// Whether the source still has it.
    pub present: bool,
    /// When it was first seen.
    pub first_seen: Option<DateTime<Utc>>,
    /// When it came last with something new, as far as deliveries are kept.
    pub last_changed: Option<DateTime<Utc>>,
    /// As received, oldest first, as far as deliveries are kept.
    pub received: Vec<Received>,
    /// In canonical form; null where the source no longer has it.
    pub normalised: Json,
}

/// A row as a source handed it over.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// When.
    pub at: DateTime<Utc>,
    /// The file or endpoint.
    pub origin: String,
    /// Its columns.
    pub row: Json,
}

/// Puts together everything about a person; none of one who was never there.
pub async fn dossier(
    project: &Project,
    store: &Store,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Option<Dossier>, FlowError> {
    let Some(view) = store.person_view(id).await? else { return Ok(None) };
    let Some(subject) = store.subject_of_person(id).await? else { return Ok(None) };
    let normalised = normalised(project, store, &subject).await?;
    let received = received(project, store, &subject).await?;
    let label = |source: &str| {
        let label = project.schemas.source(source).and_then(|schema| match project.settings.locale.language {
            Language::De => schema.label_de.clone(),
            Language::En => schema.label_en.clone(),
        });
        label.unwrap_or_else(|| source.to_owned())
    };
    let record = |record: &kartei_store::PersonRecord| {
        let name = RecordId { source: record.source.clone(), key: record.key.clone() };
        let received = received.get(&name).cloned().unwrap_or_default();
        DossierRecord {
            source_label: label(&record.source),
            source: record.source.clone(),
            key: record.key.clone(),
            present: record.present,
            first_seen: record.first_seen,
            last_changed: received.last().map(|row| row.at),
            received,
            normalised: normalised.get(&name).cloned().unwrap_or(Json::Null),
        }
    };
    let mut judgements: Vec<JudgementEntry> = Vec::new();
    for record in &subject.records {
        let said = store.judgements(Some(record)).await?;
        judgements.extend(
            said.into_iter().filter(|entry| !judgements.iter().any(|known| known.id == entry.id)).collect::<Vec<_>>(),
        );
    }
    let events = store.person_events().await?;
    let rejects = store.rejects(&RejectFilter::default()).await?;
    Ok(Some(Dossier {
        made_at: now,
        former_ids: subject.persons.iter().filter(|other| *other != id).cloned().collect(),
        records: view.records.iter().map(record).collect(),
        values: view.values,
        overrides: store.overrides_of(id).await?,
        changes: store.history(id).await?,
        consents: store.consent_events_of(id).await?,
        judgements,
        merges_and_splits: events.into_iter().filter(|event| subject.events.contains(&event.id)).collect(),
        restrictions: store.restrictions_of(id).await?,
        rights: store.erasure_events(Some(id)).await?,
        mails: store.mail_lines(&subject.mails.iter().map(|mail| mail.0).collect::<Vec<_>>()).await?,
        rejects: rejects.into_iter().filter(|reject| subject.rejects.iter().any(|own| own.0 == reject.id)).collect(),
        looks: Vec::new(),
        person: view.person,
    }))
}

async fn normalised(
    project: &Project,
    store: &Store,
    subject: &Subject,
) -> Result<BTreeMap<RecordId, Json>, FlowError> {
    let Some(published) = store.published().await? else { return Ok(BTreeMap::new()) };
    let reference = published.frames.of("records")?.clone();
    let (frames, wanted) = (project.frames(), subject.records.clone());
    compute(move || {
        let names = frames.get(&reference, Some(&[SOURCE, KEY]))?;
        let (sources, keys) = (names.column(SOURCE)?.str()?, names.column(KEY)?.str()?);
        let is_wanted = |source: Option<&str>, key: Option<&str>| {
            wanted.iter().any(|record| Some(record.source.as_str()) == source && Some(record.key.as_str()) == key)
        };
        let mask: BooleanChunked =
            sources.iter().zip(keys.iter()).map(|(source, key)| is_wanted(source, key)).collect();
        if !mask.any() {
            return Ok(BTreeMap::new());
        }
        let rows = frames.get(&reference, None)?.filter(&mask)?;
        let mut found = BTreeMap::new();
        for row in 0..rows.height() {
            let cell = |name: &str| -> PolarsResult<String> {
                Ok(rows.column(name)?.str()?.get(row).unwrap_or_default().to_owned())
            };
            found.insert(RecordId { source: cell(SOURCE)?, key: cell(KEY)? }, as_json(&rows, row)?);
        }
        Ok(found)
    })
    .await
}

async fn received(
    project: &Project,
    store: &Store,
    subject: &Subject,
) -> Result<BTreeMap<RecordId, Vec<Received>>, FlowError> {
    let frames = project.frames();
    let is_own = |batch: &Batch| subject.records.iter().any(|record| record.source == batch.source);
    let batches: Vec<(Batch, FrameRef)> = store
        .batches_at_rest()
        .await?
        .into_iter()
        .filter(|batch| batch.kind == BatchKind::Rows && is_own(batch))
        .filter_map(|batch| batch.frame.clone().map(|frame| (batch, frame)))
        .filter(|(_, frame)| frames.exists(&frame.name))
        .collect();
    let wanted = subject.records.clone();
    compute(move || {
        let mut found: BTreeMap<RecordId, Vec<Received>> = BTreeMap::new();
        for (batch, frame) in &batches {
            let own: Vec<&RecordId> = wanted.iter().filter(|record| record.source == batch.source).collect();
            for (record, row) in rows_of(&frames, frame, &own)? {
                let received = Received { at: batch.created_at, origin: batch.origin.clone(), row };
                found.entry(record).or_default().push(received);
            }
        }
        Ok(found)
    })
    .await
}

fn rows_of(frames: &Frames, frame: &FrameRef, wanted: &[&RecordId]) -> Result<Vec<(RecordId, Json)>, FlowError> {
    let keys = frames.get(frame, Some(&[KEY]))?;
    let is_wanted = |key: Option<&str>| wanted.iter().any(|record| Some(record.key.as_str()) == key);
    let places: Vec<usize> =
        keys.column(KEY)?.str()?.iter().enumerate().filter(|(_, key)| is_wanted(*key)).map(|(row, _)| row).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let rows = frames.get(frame, None)?;
    let mut found = Vec::new();
    for row in places {
        let key = rows.column(KEY)?.str()?.get(row).unwrap_or_default();
        if let Some(record) = wanted.iter().find(|record| record.key == key) {
            found.push(((*record).clone(), as_json(&rows, row)?));
        }
    }
    Ok(found)
}

/// The filled cells of a row; a text that is JSON as what it says.
fn as_json(frame: &DataFrame, row: usize) -> PolarsResult<Json> {
    let mut cells = Map::new();
    for column in frame.columns().iter().filter(|column| column.name() != FINGERPRINT && column.name() != LINE) {
        let cell = column.get(row)?;
        let value = match cell {
            AnyValue::Null => continue,
            AnyValue::Boolean(flag) => Json::from(flag),
            AnyValue::String(text) => of_text(text),
            AnyValue::StringOwned(text) => of_text(&text),
            AnyValue::Int64(number) => Json::from(number),
            AnyValue::UInt32(number) => Json::from(number),
            AnyValue::UInt64(number) => Json::from(number),
            other => Json::from(other.to_string()),
        };
        cells.insert(column.name().to_string(), value);
    }
    Ok(Json::Object(cells))
}

fn of_text(text: &str) -> Json {
    let is_json = text.starts_with(['{', '[']);
    is_json.then(|| serde_json::from_str(text).ok()).flatten().unwrap_or_else(|| Json::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_filled_cells_alone() {
        let frame =
            df!(KEY => ["1"], "Name" => [Some("Sand")], "Tel" => [None::<&str>], "lists" => [r#"["a"]"#]).unwrap();
        assert_eq!(as_json(&frame, 0).unwrap(), serde_json::json!({ "key": "1", "Name": "Sand", "lists": ["a"] }));
    }
}
