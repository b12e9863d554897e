//! normalise: brings what was staged into canonical form, and keeps the living records of all sources.

use std::collections::BTreeMap;

use kartei_normalise::{Context, NormaliseStatistics, Normalised};
use kartei_schemas::frame::{KEY, SOURCE};
use kartei_schemas::source::SourceSchema;
use kartei_store::frames::{FrameRef, FrameSet, Frames};
use kartei_store::{BatchId, BatchKind};
use polars_core::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Step, compute};
use crate::error::FlowError;
use crate::records::{self, Delivered};

/// What normalising found, by source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Canonical {
    /// The sources of which something was staged.
    pub sources: BTreeMap<String, SourceCanonical>,
    /// Living records by source.
    pub records: BTreeMap<String, u64>,
    /// Whether no record came, changed or went since the last publication.
    pub unchanged: bool,
    /// The run that was published last when this was found: what the found builds on.
    #[serde(default)]
    pub base: Option<i64>,
    /// The batches that went into it.
    #[serde(default)]
    pub taken: Vec<BatchId>,
    /// What it left at rest.
    #[serde(default)]
    pub frames: FrameSet,
}

/// What normalising found in one source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SourceCanonical {
    /// Counts.
    pub statistics: NormaliseStatistics,
    /// Field and reason → values that could not be read.
    pub problems: BTreeMap<String, u64>,
}

/// Normalises what was staged since the last publication, and puts the living records at rest.
pub async fn normalise(step: &Step<'_>) -> Result<Canonical, FlowError> {
    let (staged, taken) = staged(step).await?;
    let base = step.previous;
    let previous = step.rest.published("records");
    let context = Context {
        default_country: step.project.settings.locale.country.clone(),
        received_at: step.as_of(),
        today: step.as_of().date_naive(),
    };
    let frames = step.rest.frames().clone();
    let person = step.project.schemas.person.clone();
    let read = compute(move || {
        let mut canonical = Canonical { unchanged: staged.is_empty(), base, taken, ..Canonical::default() };
        let mut delivered = BTreeMap::new();
        for source in staged {
            let name = source.schema.name.clone();
            let (news, found) = source.read(&frames, &person, &context)?;
            canonical.sources.insert(name.clone(), found);
            delivered.insert(name, news);
        }
        Ok((delivered, canonical))
    });
    let (previous, (delivered, mut canonical)) = tokio::try_join!(previous, read)?;
    let records = compute(move || Ok(records::apply(previous.as_ref(), &delivered)?)).await?;
    canonical.records = living(&records)?;
    step.watch.moved("records normalised", records.height() as u64, 0);
    let reference = step.rest.put("records", records).await?;
    canonical.frames = canonical.frames.with("records", reference);
    Ok(canonical)
}

struct Staged {
    schema: SourceSchema,
    frames: Vec<(BatchKind, FrameRef)>,
}

/// What waits to be made visible, by source, and the batches that hold it.
async fn staged(step: &Step<'_>) -> Result<(Vec<Staged>, Vec<BatchId>), FlowError> {
    let mut waiting: BTreeMap<String, Vec<(BatchKind, FrameRef)>> = BTreeMap::new();
    let mut taken = Vec::new();
    let schemas = &step.project.schemas;
    for batch in step.store.waiting_batches().await? {
        // A source that was taken out of the configuration since has no schema: its batches rest until it is back.
        if schemas.source(&batch.source).is_some() {
            taken.push(batch.id());
            if let Some(frame) = batch.frame {
                waiting.entry(batch.source).or_default().push((batch.kind, frame));
            }
        }
    }
    let known = |(name, frames): (String, Vec<(BatchKind, FrameRef)>)| {
        Some(Staged { schema: schemas.source(&name)?.clone(), frames })
    };
    Ok((waiting.into_iter().filter_map(known).collect(), taken))
}

impl Staged {
    fn read(
        &self,
        frames: &Frames,
        person: &kartei_schemas::person::PersonSchema,
        context: &Context,
    ) -> Result<(Delivered, SourceCanonical), FlowError> {
        let one = |frame: &FrameRef| -> Result<Normalised, FlowError> {
            let received = frames.get(frame, None)?;
            Ok(kartei_normalise::normalise(&received, &self.schema, person, context)?)
        };
        let rows = self.frames.iter().filter(|(kind, _)| *kind == BatchKind::Rows);
        let rows: Vec<&FrameRef> = rows.map(|(_, frame)| frame).collect();
        let normalised: Vec<Normalised> = rows.par_iter().map(|frame| one(frame)).collect::<Result<_, _>>()?;
        let mut found = SourceCanonical::default();
        let mut delivered = Delivered::default();
        for part in normalised {
            found.statistics.add(&part.statistics);
            for problem in &part.problems {
                let reason = format!("{}/{}", problem.field, problem.reason.code());
                *found.problems.entry(reason).or_default() += 1;
            }
            delivered.rows.push(part.frame);
        }
        delivered.gone = self.gone(frames)?;
        Ok((delivered, found))
    }

    /// Keys that went and did not come back in a later batch.
    fn gone(&self, frames: &Frames) -> Result<Vec<String>, FlowError> {
        let mut gone = std::collections::BTreeSet::new();
        for (kind, frame) in &self.frames {
            let keys = frames.get(frame, Some(&[KEY]))?;
            let keys = keys.column(KEY)?.str()?;
            if *kind == BatchKind::Gone {
                gone.extend(keys.iter().flatten().map(str::to_owned));
            } else if !gone.is_empty() {
                for key in keys.iter().flatten() {
                    gone.remove(key);
                }
            }
        }
        Ok(gone.into_iter().collect())
    }
}

fn living(records: &DataFrame) -> PolarsResult<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    if records.width() > 0 {
        for source in records.column(SOURCE)?.str()?.iter().flatten() {
            match counts.get_mut(source) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(source.to_owned(), 1);
                }
            }
        }
    }
    Ok(counts)
}
