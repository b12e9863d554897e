//! match and cluster: which records are one person.

use kartei_matching::linked::LinkStatistics;
use kartei_matching::{LinkOptions, Linked, Model, Previous, Progress, ReviewPair, ScoredPairs, Stage};
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Step, compute};
use crate::align::{Alignment, align};
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
}

/// Matches the records, and puts clusters, pairs and doubtful pairs at rest.
pub async fn link(step: &Step<'_>) -> Result<Matched, FlowError> {
    let records = step.rest.get("records")?;
    let judgements = step.store.active_judgements().await?;
    let previous = previous(step, &records).await?;
    let touched = previous.as_ref().map(|previous| previous.changed.iter().filter(|&&changed| changed).count() as u64);
    let schema = step.project.schemas.matching.clone();
    let (sender, mut moved) = tokio::sync::mpsc::unbounded_channel();
    let work = compute(move || {
        let report = |progress: Progress| {
            // A watcher that went away misses nothing that matters.
            let _ = sender.send(progress);
        };
        let options = LinkOptions { previous: previous.as_ref(), progress: Some(&report) };
        Ok(kartei_matching::link(&records, &schema, &judgements, options)?)
    });
    tokio::pin!(work);
    let linked = loop {
        tokio::select! {
            linked = &mut work => break linked?,
            Some(progress) = moved.recv() => tell(step, progress),
        }
    };
    let matched = Matched { model: linked.model.clone(), statistics: linked.statistics.clone(), touched };
    step.rest.put("clusters", clusters(&linked)?)?;
    step.rest.put("pairs", pairs(&linked.pairs)?)?;
    step.rest.put("review", review(&linked.review)?)?;
    Ok(matched)
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

/// What the last run found, in the rows of this one; none where everything must be matched anew.
async fn previous(step: &Step<'_>, records: &DataFrame) -> Result<Option<Previous>, FlowError> {
    let Some(run) = step.previous else { return Ok(None) };
    let (Some(old), Some(pairs)) = (step.rest.earlier_records(run)?, step.rest.of_earlier(run, "pairs")?) else {
        return Ok(None);
    };
    let Some(matched) = step.store.run(run).await?.and_then(|view| matched_of(&view)) else { return Ok(None) };
    if matched.0 != step.project.schema_version() {
        return Ok(None);
    }
    let alignment = align(&old, records)?;
    if alignment.changed_count() * 5 > records.height() {
        return Ok(None);
    }
    let pairs = realigned(&pairs, &alignment)?;
    Ok(Some(Previous { model: matched.1, pairs, changed: alignment.changed }))
}

/// The model by which a run matched.
pub(crate) fn model_of(view: &kartei_store::RunView) -> Option<Model> {
    let step = view.steps.iter().find(|step| step.name == "match")?;
    serde_json::from_value::<Matched>(step.output.clone()).ok().map(|matched| matched.model)
}

fn matched_of(view: &kartei_store::RunView) -> Option<(String, Model)> {
    let output = |name: &str| view.steps.iter().find(|step| step.name == name).map(|step| &step.output);
    let model = model_of(view)?;
    let version = output("persons")?.get("schema_version")?.as_str()?.to_owned();
    Some((version, model))
}

fn realigned(pairs: &DataFrame, alignment: &Alignment) -> PolarsResult<ScoredPairs> {
    let old = scored(pairs)?;
    let mut new = ScoredPairs::default();
    for index in 0..old.len() {
        let row = |old: u32| alignment.new_rows.get(old as usize).copied().flatten();
        if let (Some(left), Some(right)) = (row(old.left[index]), row(old.right[index])) {
            new.left.push(left);
            new.right.push(right);
            new.weight.push(old.weight[index]);
            new.probability.push(old.probability[index]);
            new.household.push(old.household[index]);
        }
    }
    Ok(new)
}

fn clusters(linked: &Linked) -> PolarsResult<DataFrame> {
    df!("cluster" => &linked.clusters, "household" => &linked.households)
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

fn scored(frame: &DataFrame) -> PolarsResult<ScoredPairs> {
    let rows = |name: &str| -> PolarsResult<Vec<u32>> { Ok(frame.column(name)?.u32()?.into_no_null_iter().collect()) };
    let reals = |name: &str| -> PolarsResult<Vec<f32>> { Ok(frame.column(name)?.f32()?.into_no_null_iter().collect()) };
    Ok(ScoredPairs {
        left: rows("left")?,
        right: rows("right")?,
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
