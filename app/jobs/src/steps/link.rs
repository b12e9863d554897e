//! match and cluster: which records are one person.

use kartei_matching::linked::LinkStatistics;
use kartei_matching::portrait::{DoubtfulCluster, Portrait, doubtful_clusters};
use kartei_matching::{LinkOptions, Linked, Model, Previous, Progress, ReviewPair, ScoredPairs, Stage};
use kartei_store::frames::FrameSet;
use polars_core::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Step, compute};
use crate::align::align;
use crate::error::FlowError;

/// What matching found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Matched {
    /// The model that decided, kept for the next run.
    pub model: Model,
    /// Counts.
    pub statistics: LinkStatistics,
    /// Records that were new or changed; none where all were matched anew.
    pub touched: Option<u64>,
    /// Records that were new or changed since the weights were fitted.
    pub drift: u64,
    /// What the model can and cannot tell, looked at when it was fitted.
    pub portrait: Portrait,
    /// The clusters that hang together least.
    pub doubtful: Vec<DoubtfulCluster>,
    /// What it left at rest.
    #[serde(default)]
    pub frames: FrameSet,
}

/// From this share of records that are new or changed since the weights were fitted, they are fitted anew.
const MOST_DRIFT: f64 = 0.1;

/// Clusters whose graphs the report shows.
pub const MOST_DOUBTFUL: usize = 50;

/// Matches the records, and puts clusters, pairs and doubtful pairs at rest.
pub async fn link(step: &Step<'_>) -> Result<Matched, FlowError> {
    let records = step.rest.get("records").await?;
    let judgements = step.store.active_judgements().await?;
    let Earlier { previous, drift, portrait: kept_portrait } = earlier(step, &records).await?;
    let touched = previous
        .as_ref()
        .filter(|previous| previous.model.is_some())
        .map(|previous| previous.changed.iter().filter(|&&changed| changed).count() as u64);
    let schema = step.project.schemas.matching.clone();
    let is_wanted = kept_portrait.is_none();
    let (sender, mut moved) = tokio::sync::mpsc::unbounded_channel();
    let work = compute(move || {
        let report = |progress: Progress| {
            // A watcher that went away misses nothing that matters.
            let _ = sender.send(progress);
        };
        let options = LinkOptions { previous: previous.as_ref(), progress: Some(&report), portrait: is_wanted };
        Ok(kartei_matching::link(records, &schema, &judgements, options)?)
    });
    tokio::pin!(work);
    let linked = loop {
        tokio::select! {
            linked = &mut work => break linked?,
            Some(progress) = moved.recv() => tell(step, progress),
        }
    };
    let matched = Matched {
        model: linked.model.clone(),
        statistics: linked.statistics.clone(),
        touched,
        drift,
        portrait: linked.portrait.clone().or(kept_portrait).unwrap_or_default(),
        doubtful: Vec::new(),
        frames: FrameSet::default(),
    };
    let frames = (clusters(&linked)?, pairs(&linked.pairs)?, review(&linked.review)?);
    let resting = async {
        let laid = FrameSet::default().with("clusters", step.rest.put("clusters", frames.0).await?);
        let laid = laid.with("pairs", step.rest.put("pairs", frames.1).await?);
        Ok(laid.with("review", step.rest.put("review", frames.2).await?))
    };
    let (frames, doubtful) = tokio::try_join!(resting, compute(move || Ok(doubtful_clusters(&linked, MOST_DOUBTFUL))))?;
    Ok(Matched { doubtful, frames, ..matched })
}

fn tell(step: &Step<'_>, progress: Progress) {
    let unit = match progress.stage {
        Stage::Read => "records read",
        Stage::Candidates => "pairs formed",
        Stage::Score => "pairs compared",
        Stage::Cluster => "clusters formed",
    };
    step.watch.moved(unit, progress.done, progress.total);
}

/// What the last run left.
#[derive(Default)]
struct Earlier {
    /// None where everything must be matched anew.
    previous: Option<Previous>,
    /// Records that are new or changed since the weights were fitted.
    drift: u64,
    /// What the model can tell, where it is kept.
    portrait: Option<Portrait>,
}

/// What the last run found, with the records that are new or changed since its weights were fitted.
async fn earlier(step: &Step<'_>, records: &DataFrame) -> Result<Earlier, FlowError> {
    let Some(run) = step.previous.filter(|_| !step.options.is_full()) else { return Ok(Earlier::default()) };
    let Some((version, matched)) = step.store.run(run).await?.and_then(|view| matched_of(&view)) else {
        return Ok(Earlier::default());
    };
    if version != step.project.schema_version() {
        return Ok(Earlier::default());
    }
    let earlier = |what| step.rest.published(what);
    let (Some(old), Some(pairs), Some(labels)) =
        (step.rest.published_records().await?, earlier("pairs").await?, earlier("clusters").await?)
    else {
        return Ok(Earlier::default());
    };
    let records = records.clone();
    let alignment = compute(move || Ok(align(&old, &records)?)).await?;
    let drift = matched.drift + alignment.changed_count() as u64;
    let is_fresh = drift as f64 <= MOST_DRIFT * matched.model.records as f64;
    let portrait = is_fresh.then_some(matched.portrait);
    let previous = Previous {
        merge_threshold: Some(matched.model.merge_threshold),
        model: is_fresh.then_some(matched.model),
        pairs: scored(&pairs)?,
        counted: rows(&labels, "counted")?,
        clusters: rows(&labels, "cluster")?,
        households: rows(&labels, "household")?,
        rows: alignment.new_rows,
        changed: alignment.changed,
    };
    Ok(Earlier { previous: Some(previous), drift: if is_fresh { drift } else { 0 }, portrait })
}

/// The model by which a run matched.
pub(crate) fn model_of(view: &kartei_store::RunView) -> Option<Model> {
    let step = view.steps.iter().find(|step| step.name == "match")?;
    serde_json::from_value::<Matched>(step.output.clone()).ok().map(|matched| matched.model)
}

fn matched_of(view: &kartei_store::RunView) -> Option<(String, Matched)> {
    let output = |name: &str| view.steps.iter().find(|step| step.name == name).map(|step| &step.output);
    let matched = serde_json::from_value::<Matched>(output("match")?.clone()).ok()?;
    let version = output("persons")?.get("schema_version")?.as_str()?.to_owned();
    Some((version, matched))
}

fn clusters(linked: &Linked) -> PolarsResult<DataFrame> {
    df!("cluster" => &linked.clusters, "household" => &linked.households, "counted" => &linked.counted)
}

fn pairs(pairs: &ScoredPairs) -> PolarsResult<DataFrame> {
    df!(
        "left" => &pairs.left,
        "right" => &pairs.right,
        "weight" => &pairs.weight,
        "probability" => &pairs.probability,
        "household" => &pairs.household,
    )
}

/// A column of row numbers.
pub(crate) fn rows(frame: &DataFrame, column: &str) -> PolarsResult<Vec<u32>> {
    Ok(frame.column(column)?.u32()?.into_no_null_iter().collect())
}

fn scored(frame: &DataFrame) -> PolarsResult<ScoredPairs> {
    let reals = |name: &str| -> PolarsResult<Vec<f32>> { Ok(frame.column(name)?.f32()?.into_no_null_iter().collect()) };
    Ok(ScoredPairs {
        left: rows(frame, "left")?,
        right: rows(frame, "right")?,
        weight: reals("weight")?,
        probability: reals("probability")?,
        household: reals("household")?,
    })
}

fn review(pairs: &[ReviewPair]) -> PolarsResult<DataFrame> {
    let left: Vec<u32> = pairs.iter().map(|pair| pair.left).collect();
    let right: Vec<u32> = pairs.iter().map(|pair| pair.right).collect();
    let probability: Vec<f32> = pairs.iter().map(|pair| pair.probability).collect();
    let impact: Vec<u32> = pairs.iter().map(|pair| pair.impact).collect();
    let reason: Vec<String> = pairs
        .iter()
        .map(|pair| serde_json::to_value(pair.reason).ok().and_then(|word| word.as_str().map(str::to_owned)))
        .map(Option::unwrap_or_default)
        .collect();
    df!("left" => left, "right" => right, "probability" => probability, "impact" => impact, "reason" => reason)
}
