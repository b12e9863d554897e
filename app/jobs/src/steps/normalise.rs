//! normalise: brings what was staged into canonical form, and keeps the living records of all sources.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kartei_normalise::{Context, NormaliseStatistics, Normalised, Tz};
use kartei_schemas::frame::{KEY, SOURCE};
use kartei_schemas::source::SourceSchema;
use kartei_store::frames::{FrameRef, FrameSet, Frames};
use kartei_store::{BatchKind, Delivery, DeliveryKind, NewReject};
use polars_core::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Step, compute};
use crate::error::FlowError;
use crate::kept::{Unreadable, keep_readable};
use crate::records::{self, Delivered};
use crate::stage::LINE;
use crate::unreadable::{self, Page, Unread, Waiting};

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
    /// The deliveries that went into it.
    #[serde(default)]
    pub taken: Vec<i64>,
    /// Those of them that brought something.
    #[serde(default)]
    pub bringing: Vec<i64>,
    /// The same, by source.
    #[serde(default)]
    pub taken_of: BTreeMap<String, Vec<i64>>,
    /// Guards that a human lets them pass.
    #[serde(default)]
    pub accepted_guards: Vec<String>,
    /// The deliveries without which it was made: they were forgotten since the last publication.
    #[serde(default)]
    pub forgotten: Vec<i64>,
    /// When what they say was heard.
    #[serde(default)]
    pub heard_at: Option<DateTime<Utc>>,
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

/// Which deliveries are taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// What was accepted, by whichever run, and a dry run's own rehearsal.
    Accepted,
    /// Also what this run has staged and a guard stopped, to see what would come of it.
    AlsoOwn,
}

/// Normalises what was accepted since the last publication, and puts the living records at rest.
pub async fn normalise(step: &Step<'_>, which: Taken) -> Result<Canonical, FlowError> {
    let gathered = gather(step, which).await?;
    let base = step.previous;
    let previous = step.rest.published("records");
    let context = context(step);
    let frames = step.rest.frames().clone();
    let person = step.project.schemas.person.clone();
    let read = compute(move || {
        let Gathered { sources, mut canonical } = gathered;
        canonical.base = base;
        let mut news = News::default();
        for source in sources {
            let (delivered, found, unread) = source.read(&frames, &person, &context)?;
            canonical.sources.insert(source.name.clone(), found);
            news.readable.extend(&unread.readable);
            news.unreadable.push((source.name.clone(), unread.into_values()));
            news.delivered.insert(source.name, delivered);
        }
        Ok((news, canonical))
    });
    let (previous, (mut news, mut canonical)) = tokio::try_join!(previous, read)?;
    news.unreadable.retain(|(_, values)| !values.is_empty());
    if !news.unreadable.is_empty() || !news.readable.is_empty() {
        let frame = unreadable::to_frame(&news.unreadable, &news.readable)?;
        canonical.frames = canonical.frames.with("unreadable", step.rest.put("unreadable", frame).await?);
    }
    let mut delivered = news.delivered;
    let records = compute(move || {
        for (source, news) in &mut delivered {
            keep_readable(source, previous.as_ref(), news)?;
        }
        Ok(records::apply(previous.as_ref(), &delivered)?)
    })
    .await?;
    canonical.records = living(&records)?;
    for (source, records) in canonical.records.iter().filter(|(name, _)| step.project.schemas.source(name).is_none()) {
        tracing::warn!(
            source,
            records,
            "the source is no longer configured: `kartei sources retire` takes its records out"
        );
    }
    step.watch.moved("records normalised", records.height() as u64, 0);
    let reference = step.rest.put("records", records).await?;
    canonical.frames = canonical.frames.with("records", reference);
    Ok(canonical)
}

/// What values are read against.
pub(super) fn context(step: &Step<'_>) -> Context {
    let zone = step.project.settings.locale.time_zone.parse().unwrap_or(Tz::UTC);
    Context {
        default_country: step.project.settings.locale.country.clone(),
        time_zone: zone,
        received_at: step.heard_at(),
        today: step.heard_at().with_timezone(&zone).date_naive(),
    }
}

/// What was read.
#[derive(Default)]
struct News {
    delivered: BTreeMap<String, Delivered>,
    /// By source the values that could not be read.
    unreadable: Vec<(String, Vec<NewReject>)>,
    /// Values in quarantine for which readable ones have come.
    readable: Vec<i64>,
}

/// What is to be read, and what is known of it before.
struct Gathered {
    sources: Vec<Staged>,
    canonical: Canonical,
}

/// What one source delivered.
struct Staged {
    name: String,
    /// None of a source that was taken out of the configuration, and is retired.
    schema: Option<SourceSchema>,
    parts: Vec<Part>,
    /// Values that wait for readable ones.
    waiting: Vec<Waiting>,
    /// Whether these are all of its deliveries.
    anew: bool,
}

/// The frames of one delivery, in order.
struct Part {
    heard_at: DateTime<Utc>,
    delivery: String,
    frames: Vec<(BatchKind, FrameRef, String)>,
}

/// A page with rows, in which delivery it came, and when that was heard.
struct Rows<'a> {
    frame: &'a FrameRef,
    origin: &'a str,
    delivery: &'a str,
    heard_at: DateTime<Utc>,
}

/// What waits to be made visible, by source. A source of which a delivery was forgotten is made anew from all the others; with
/// `full` all are.
async fn gather(step: &Step<'_>, which: Taken) -> Result<Gathered, FlowError> {
    let heard_at = step.heard_at();
    let mut canonical = Canonical { heard_at: Some(heard_at), ..Canonical::default() };
    let mut sources: BTreeMap<String, Staged> = BTreeMap::new();
    for name in made_anew(step, &mut canonical).await? {
        let mut staged = Staged::of(step, &name);
        staged.anew = true;
        for delivery in step.store.published_deliveries(&name).await? {
            staged.take(step, &delivery, delivery.heard_at.unwrap_or(delivery.staged_at)).await?;
        }
        sources.insert(name, staged);
    }
    for delivery in step.store.deliveries_to_consolidate(step.run.id, which == Taken::AlsoOwn).await? {
        let retires = delivery.kind == DeliveryKind::Retirement;
        // A source that was taken out of the configuration has no schema: what it delivered rests until it is back or retired.
        if step.project.schemas.source(&delivery.source).is_none() && !retires {
            continue;
        }
        canonical.taken.push(delivery.id);
        if retires || delivery.counts.staged + delivery.counts.gone > 0 {
            canonical.bringing.push(delivery.id);
        }
        canonical.taken_of.entry(delivery.source.clone()).or_default().push(delivery.id);
        canonical.accepted_guards.extend(delivery.accepted_guards.iter().cloned());
        let staged = sources.entry(delivery.source.clone()).or_insert_with(|| Staged::of(step, &delivery.source));
        staged.take(step, &delivery, heard_at).await?;
    }
    let mut sources: Vec<Staged> = sources.into_values().filter(Staged::says_something).collect();
    for source in &mut sources {
        source.waiting = step.store.unreadable_values(&source.name).await?;
    }
    canonical.unchanged = sources.is_empty();
    Ok(Gathered { sources, canonical })
}

/// The sources whose records are made anew from their deliveries.
async fn made_anew(step: &Step<'_>, canonical: &mut Canonical) -> Result<BTreeSet<String>, FlowError> {
    let mut names = BTreeSet::new();
    for delivery in step.store.forgotten_deliveries().await? {
        canonical.forgotten.push(delivery.id);
        canonical.accepted_guards.extend(delivery.accepted_guards);
        names.insert(delivery.source);
    }
    if step.options.is_full() {
        names.extend(step.project.schemas.sources.iter().map(|source| source.name.clone()));
    }
    Ok(names)
}

impl Staged {
    fn of(step: &Step<'_>, name: &str) -> Self {
        let schema = step.project.schemas.source(name).cloned();
        Self { name: name.to_owned(), schema, parts: Vec::new(), waiting: Vec::new(), anew: false }
    }

    /// Takes up one more delivery.
    async fn take(&mut self, step: &Step<'_>, delivery: &Delivery, heard_at: DateTime<Utc>) -> Result<(), FlowError> {
        if delivery.kind == DeliveryKind::Retirement {
            self.parts.clear();
            self.anew = true;
            return Ok(());
        }
        let batches = step.store.batches_of_delivery(delivery.id).await?;
        let heard: Vec<_> = batches.iter().map(|one| one.created_at).collect();
        let frames: Vec<_> = batches.into_iter().filter_map(|one| Some((one.kind, one.frame?, one.origin))).collect();
        if delivery.kind == DeliveryKind::Base {
            // Its pages were heard at different times.
            let pages = frames.into_iter().zip(heard);
            self.parts.extend(pages.map(|(page, heard_at)| Part {
                heard_at,
                delivery: String::new(),
                frames: vec![page],
            }));
        } else if !frames.is_empty() {
            self.parts.push(Part { heard_at, delivery: delivery.fingerprint.clone(), frames });
        }
        Ok(())
    }

    fn says_something(&self) -> bool {
        self.anew || !self.parts.is_empty()
    }

    fn read(
        &self,
        frames: &Frames,
        person: &kartei_schemas::person::PersonSchema,
        context: &Context,
    ) -> Result<(Delivered, SourceCanonical, Unread), FlowError> {
        let mut found = SourceCanonical::default();
        let mut unread = Unread::of(&self.waiting);
        let mut delivered = Delivered { anew: self.anew, ..Delivered::default() };
        let Some(schema) = &self.schema else { return Ok((delivered, found, unread)) };
        let one = |rows: &Rows<'_>| -> Result<(Normalised, Vec<NewReject>), FlowError> {
            let received = frames.get(rows.frame, None)?;
            let context = Context { received_at: rows.heard_at, ..context.clone() };
            let told = if received.column(LINE).is_ok() { received.drop(LINE)? } else { received.clone() };
            let normalised = kartei_normalise::normalise(&told, schema, person, &context)?;
            let page = Page { received: &received, origin: rows.origin, delivery: rows.delivery };
            let values = unreadable::values_of(&page, &normalised.problems);
            Ok((normalised, values))
        };
        let normalised: Vec<(Normalised, Vec<NewReject>)> =
            self.rows().par_iter().map(one).collect::<Result<_, _>>()?;
        for (part, values) in normalised {
            found.statistics.add(&part.statistics);
            for problem in &part.problems {
                let reason = format!("{}/{}", problem.field, problem.reason.code());
                *found.problems.entry(reason).or_default() += 1;
            }
            unread.take(part.frame.column(KEY)?.str()?, values);
            let of_row = |problem: kartei_normalise::FieldProblem| {
                Some(Unreadable { row: problem.row?, key: problem.key?, field: problem.field })
            };
            delivered.unreadable.push(part.problems.into_iter().filter_map(of_row).collect());
            delivered.rows.push(part.frame);
        }
        delivered.gone = self.gone(frames)?;
        unread.forget(&delivered.gone);
        Ok((delivered, found, unread))
    }

    /// The pages with rows, in order.
    fn rows(&self) -> Vec<Rows<'_>> {
        let mut all = Vec::new();
        for part in &self.parts {
            for (kind, frame, origin) in &part.frames {
                if *kind == BatchKind::Rows {
                    all.push(Rows { frame, origin, delivery: &part.delivery, heard_at: part.heard_at });
                }
            }
        }
        all
    }

    /// Keys that went and did not come back in a later batch.
    fn gone(&self, frames: &Frames) -> Result<Vec<String>, FlowError> {
        let mut gone = BTreeSet::new();
        let all = self.parts.iter().flat_map(|part| &part.frames);
        // Only what comes behind the first of these is of interest.
        for (kind, frame, _) in all.skip_while(|(kind, ..)| *kind == BatchKind::Rows) {
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
