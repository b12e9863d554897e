//! The run's report, put together from what its steps found.

mod portrait;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kartei_matching::Linked;
use kartei_matching::linked::{Fit, LinkStatistics};
use kartei_matching::portrait::doubtful_clusters;
use kartei_report::RunReport;
use kartei_report::model::{
    AgeBand, BlockingKey, ChangeReport, ClusterReport, ClusterSize, ConsentReport, Drift, DriftKind, FieldChange,
    FieldCompleteness, FieldProblemCount, FieldSurvival, Flow, FreshnessReport, FreshnessState, KindCount, Label,
    LargeCluster, ModelReport, NoticeReport, Overlap, PairReport, PersonReport, RejectCount, ReviewReport, RunHeader,
    ScoreBin, ScoreReport, ScoreScale, SourceReport, Step as StepReport, Trigger, WaitingDelivery,
};
use kartei_schemas::settings::TransportKind;
use kartei_schemas::source::SourceSchema;
use kartei_store::Cause;

use crate::error::FlowError;
use crate::history;
use crate::steps::Step;
use crate::steps::link::{MOST_DOUBTFUL, Matched};
use crate::steps::normalise::Canonical;
use crate::steps::notify::Notified;
use crate::steps::persons::Consolidated;
use crate::steps::publish::Visible;
use crate::steps::pull::{Pulled, SourcePull};

/// What the steps found so far.
#[derive(Debug, Default)]
pub struct Found {
    /// pull and stage.
    pub pulled: Option<Pulled>,
    /// normalise.
    pub canonical: Option<Canonical>,
    /// match and cluster.
    pub matched: Option<Matched>,
    /// golden and diff.
    pub consolidated: Option<Consolidated>,
    /// publish.
    pub visible: Option<Visible>,
    /// notify.
    pub notified: Option<Notified>,
}

/// Puts the report together.
pub async fn report(step: &Step<'_>, found: &Found, steps: &[StepReport]) -> Result<RunReport, FlowError> {
    let statistics = found.consolidated.as_ref().map(|found| found.statistics.clone()).unwrap_or_default();
    let matched = found.matched.clone().unwrap_or_default();
    let changes = &statistics.changes;
    let (history, oddities) = history::of_run(step, steps).await?;
    Ok(RunReport {
        run: header(step, &matched),
        guards: step.verdicts.all(),
        flow: flow(found),
        sources: sources(step, found),
        waiting: waiting(step).await?,
        unconfigured: unconfigured(step, found),
        pairs: pairs(&matched),
        scores: scores(&matched),
        clusters: clusters(found),
        model: ModelReport { doubtful: portrait::doubtful_of_run(step, &matched).await?, ..portrait::model(&matched) },
        overlap: statistics
            .golden
            .overlap
            .iter()
            .map(|line| Overlap { sources: line.sources.clone(), persons: line.persons })
            .collect(),
        persons: PersonReport {
            before: changes.before,
            after: changes.after,
            members: changes.members,
            created: changes.created,
            merged: changes.merged,
            split: changes.split,
            gone: changes.gone,
            stable: statistics.stable,
        },
        changes: ChangeReport {
            persons: changes.persons,
            kinds: changes.kinds.iter().map(|(&kind, &persons)| KindCount { kind, persons }).collect(),
            fields: changes.fields.iter().map(field_change).collect(),
        },
        consents: consents(found),
        survivorship: survivorship(found),
        review: review(step).await?,
        notices: notices(step, found),
        steps: steps.to_vec(),
        history,
        oddities,
        labels: labels(step),
        ..RunReport::default()
    })
}

/// A report that says of the run hardly more than that it was: for when there is no more to be had.
pub fn stub(step: &Step<'_>, steps: &[StepReport]) -> RunReport {
    let guards = step.verdicts.all();
    RunReport { run: header(step, &Matched::default()), steps: steps.to_vec(), guards, ..RunReport::default() }
}

/// A report on matching alone; `source_of` gives the source of a row.
pub fn matching(linked: &Linked, source_of: impl Fn(u32) -> String) -> RunReport {
    let (statistics, portrait) = (linked.statistics.clone(), linked.portrait.clone().unwrap_or_default());
    let matched = Matched { model: linked.model.clone(), statistics, portrait, ..Matched::default() };
    let statistics = &matched.statistics;
    let size = |&(records, clusters): &(u32, u64)| ClusterSize { records, clusters };
    let sizes = statistics.cluster_sizes.iter().map(size).collect();
    let clusters = ClusterReport { sizes, households: statistics.households, ..ClusterReport::default() };
    let graph = |cluster: &kartei_matching::portrait::DoubtfulCluster| {
        let number = cluster.rows.first().map_or(0, |row| u64::from(*row) + 1);
        portrait::doubtful(cluster, number.to_string(), &source_of)
    };
    let doubtful = doubtful_clusters(linked, MOST_DOUBTFUL).iter().map(graph).collect();
    let model = ModelReport { doubtful, ..portrait::model(&matched) };
    RunReport { pairs: pairs(&matched), scores: scores(&matched), clusters, model, ..RunReport::default() }
}

fn header(step: &Step<'_>, matched: &Matched) -> RunHeader {
    let run = step.run;
    RunHeader {
        id: run.id,
        job: run.job.clone(),
        organisation: step.project.schemas.org.roots().next().map(|unit| unit.name.clone()),
        trigger: if run.cause == Cause::AdHoc { Trigger::Hand } else { Trigger::Schedule },
        due_at: (run.cause != Cause::AdHoc).then_some(run.due_at),
        started_at: run.started_at.or(run.heartbeat_at).unwrap_or(run.created_at),
        finished_at: None,
        previous_id: step.previous,
        resumed: u32::try_from(run.attempt.saturating_sub(1)).unwrap_or(0),
        time_zone: step.project.settings.locale.time_zone.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version: step.project.schema_version()[..8].to_owned(),
        model_version: match matched.model.fit {
            Fit::Shipped => "shipped".to_owned(),
            Fit::Converged { rounds } => format!("fitted in {rounds} rounds"),
            Fit::NotConverged { .. } => "shipped (the fit did not settle)".to_owned(),
        },
    }
}

fn flow(found: &Found) -> Flow {
    let mut flow = Flow::default();
    for source in found.pulled.iter().flat_map(|pulled| pulled.sources.values()) {
        flow.read += source.read;
        flow.staged += source.staged;
        flow.rejected += source.rejected();
        flow.erased += source.erased;
        flow.unchanged += source.unchanged;
    }
    flow.records = found.canonical.iter().flat_map(|found| found.records.values()).sum();
    if let Some(matched) = &found.matched {
        flow.clustered = matched.statistics.cluster_sizes.iter().map(|&(size, count)| u64::from(size) * count).sum();
        flow.clusters = matched.statistics.clusters;
    }
    if let Some(consolidated) = &found.consolidated {
        flow.persons = consolidated.statistics.golden.persons;
    }
    flow
}

async fn waiting(step: &Step<'_>) -> Result<Vec<WaitingDelivery>, FlowError> {
    let of_row = |one: kartei_store::Delivery| WaitingDelivery {
        id: one.id,
        source: one.source,
        reason: one.reason.unwrap_or_default(),
    };
    Ok(step.store.waiting_deliveries().await?.into_iter().map(of_row).collect())
}

/// Sources that were taken out of the configuration, or renamed, and live on.
fn unconfigured(step: &Step<'_>, found: &Found) -> BTreeMap<String, u64> {
    let Some(canonical) = &found.canonical else { return BTreeMap::new() };
    let is_unknown = |(name, _): &(&String, &u64)| step.project.schemas.source(name).is_none();
    let unknown = canonical.records.iter().filter(is_unknown);
    unknown.map(|(name, records)| (name.clone(), *records)).collect()
}

fn sources(step: &Step<'_>, found: &Found) -> Vec<SourceReport> {
    let Some(pulled) = &found.pulled else { return Vec::new() };
    let schemas = step.project.schemas.sources.iter();
    schemas.filter_map(|schema| Some(source(schema, pulled.sources.get(&schema.name)?, found))).collect()
}

fn source(schema: &SourceSchema, pulled: &SourcePull, found: &Found) -> SourceReport {
    let label = schema.label_de.as_ref().zip(schema.label_en.as_ref());
    let canonical = found.canonical.as_ref();
    let problems = canonical.and_then(|canonical| canonical.sources.get(&schema.name));
    let completeness =
        found.consolidated.as_ref().and_then(|found| found.statistics.golden.completeness.get(&schema.name));
    let mut rejects: Vec<RejectCount> =
        pulled.rejects.iter().map(|(reason, &rows)| RejectCount { reason: reason.clone(), rows }).collect();
    rejects.sort_by_key(|count| std::cmp::Reverse(count.rows));
    SourceReport {
        name: schema.name.clone(),
        label: label.map(|(de, en)| Label { de: de.clone(), en: en.clone() }),
        freshness: FreshnessReport {
            state: match pulled.freshness.as_str() {
                "too_old" => FreshnessState::Red,
                "stale" => FreshnessState::Amber,
                _ => FreshnessState::Green,
            },
            newest_at: pulled.newest_at,
            warn_after: schema.freshness.warn_after,
            error_after: schema.freshness.error_after,
        },
        read: pulled.read,
        staged: pulled.staged,
        new: pulled.new,
        changed: pulled.changed,
        unchanged: pulled.unchanged,
        gone: pulled.gone,
        keyless: pulled.keyless,
        passed_over: pulled.passed_over.clone(),
        rejected: pulled.rejected(),
        erased: pulled.erased,
        rejects,
        records: canonical.and_then(|canonical| canonical.records.get(&schema.name)).copied().unwrap_or(0),
        problems: problems.map(|found| field_problems(&found.problems)).unwrap_or_default(),
        completeness: completeness.map_or_else(Vec::new, |found| {
            let field = |(field, filled): &(String, u64)| FieldCompleteness { field: field.clone(), filled: *filled };
            found.filled.iter().filter(|line| schema.fields.contains_key(&line.0) || line.1 > 0).map(field).collect()
        }),
        drift: drift(pulled),
    }
}

fn field_problems(problems: &BTreeMap<String, u64>) -> Vec<FieldProblemCount> {
    let mut counts: Vec<FieldProblemCount> = problems
        .iter()
        .filter_map(|(name, &values)| {
            let (field, reason) = name.split_once('/')?;
            Some(FieldProblemCount { field: field.to_owned(), reason: reason.to_owned(), values })
        })
        .collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.values));
    counts
}

fn drift(pulled: &SourcePull) -> Vec<Drift> {
    let of = |kind| move |column: &String| Drift { kind, column: column.clone() };
    let new = pulled.drift.new.iter().map(of(DriftKind::New));
    let missing = pulled.drift.missing.iter().map(|column| &column.name).map(of(DriftKind::Missing));
    let retyped = pulled.drift.retyped.iter().map(|column| &column.name).map(of(DriftKind::Retyped));
    new.chain(missing).chain(retyped).collect()
}

fn pairs(matched: &Matched) -> PairReport {
    let statistics = &matched.statistics;
    let key = |key: &kartei_matching::linked::KeyStatistics| BlockingKey {
        name: key.name.clone(),
        pairs: key.pairs,
        added: key.new_pairs,
        only: key.only_pairs,
        matched: key.matched_pairs,
        only_matched: key.only_matched,
        largest_block: key.largest_block,
        split_blocks: key.split_blocks,
        capped_blocks: key.capped_blocks,
        dropped: key.dropped,
    };
    let doubtful = between(statistics, matched.model.review_threshold, matched.model.merge_threshold);
    PairReport {
        keys: statistics.keys.iter().map(key).collect(),
        compared: statistics.scored_pairs,
        kept: statistics.kept_pairs,
        matched: statistics.matched_pairs,
        doubtful,
        separate: statistics.scored_pairs.saturating_sub(statistics.matched_pairs + doubtful),
    }
}

fn between(statistics: &LinkStatistics, from: f64, to: f64) -> u64 {
    let bins = statistics.histogram.len().max(1) as f64;
    let inside = |(index, _): &(usize, &u64)| {
        let middle = (*index as f64 + 0.5) / bins;
        middle >= from && middle < to
    };
    statistics.histogram.iter().enumerate().filter(inside).map(|(_, &pairs)| pairs).sum()
}

fn scores(matched: &Matched) -> ScoreReport {
    let histogram = &matched.statistics.histogram;
    let bins = histogram.len().max(1) as f64;
    let bin =
        |(index, &pairs): (usize, &u64)| ScoreBin { from: index as f64 / bins, to: (index as f64 + 1.0) / bins, pairs };
    let merge = matched.model.merge_threshold;
    let wrong = |bin: &ScoreBin| bin.pairs as f64 * (1.0 - f64::midpoint(bin.from, bin.to));
    let histogram: Vec<ScoreBin> = histogram.iter().enumerate().map(bin).collect();
    ScoreReport {
        scale: ScoreScale::Probability,
        expected_false_merges: histogram.iter().filter(|bin| bin.from >= merge).map(wrong).sum(),
        histogram,
        review_threshold: matched.model.review_threshold,
        match_threshold: merge,
        expected_missed_merges: None,
        converged: match matched.model.fit {
            Fit::Shipped => None,
            Fit::Converged { .. } => Some(true),
            Fit::NotConverged { .. } => Some(false),
        },
    }
}

fn clusters(found: &Found) -> ClusterReport {
    let Some(consolidated) = &found.consolidated else { return ClusterReport::default() };
    let golden = &consolidated.statistics.golden;
    let size = |(&records, &clusters): (&u32, &u64)| ClusterSize { records, clusters };
    let large = |large: &kartei_persons::statistics::LargeCluster| LargeCluster {
        person_id: large.person_id.clone(),
        records: large.records,
        sources: large.sources,
    };
    ClusterReport {
        sizes: golden.cluster_sizes.iter().map(size).collect(),
        largest: golden.largest.iter().map(large).collect(),
        households: golden.households,
        ..ClusterReport::default()
    }
}

fn field_change(change: &kartei_persons::diff::FieldChanges) -> FieldChange {
    FieldChange {
        field: change.field.clone(),
        filled: change.filled,
        replaced: change.replaced,
        emptied: change.emptied,
    }
}

fn consents(found: &Found) -> Vec<ConsentReport> {
    let counts = found.consolidated.iter().flat_map(|found| &found.statistics.golden.consents);
    counts.map(|(purpose, &persons)| ConsentReport { purpose: purpose.clone(), persons }).collect()
}

fn survivorship(found: &Found) -> Vec<FieldSurvival> {
    let Some(consolidated) = &found.consolidated else { return Vec::new() };
    let line = |line: &kartei_persons::statistics::FieldSurvival| FieldSurvival {
        field: line.field.clone(),
        wins: line.wins.clone(),
        conflicts: line.conflicts,
        overrides: line.overrides,
    };
    consolidated.statistics.golden.survival.iter().map(line).collect()
}

async fn review(step: &Step<'_>) -> Result<ReviewReport, FlowError> {
    let waiting = step.store.review_waiting().await?;
    let begun = step.run.started_at.unwrap_or(step.run.created_at);
    let before = match step.previous {
        Some(run) => step.store.run(run).await?.map(|view| view.run.started_at.unwrap_or(view.run.created_at)),
        None => None,
    };
    Ok(ReviewReport {
        open: waiting.len() as u64,
        new: waiting.iter().filter(|&&since| since >= begun).count() as u64,
        decided: step.store.judgements_since(before.unwrap_or(DateTime::UNIX_EPOCH)).await?,
        oldest_at: waiting.first().copied(),
        ages: ages(&waiting, step.now()),
    })
}

/// How many pairs wait for up to a day, a week, a month, and longer.
fn ages(waiting: &[DateTime<Utc>], now: DateTime<Utc>) -> Vec<AgeBand> {
    if waiting.is_empty() {
        return Vec::new();
    }
    let bounds = [1, 7, 30];
    let band = |since: &DateTime<Utc>| bounds.iter().position(|&days| (now - *since).num_hours() <= 24 * days);
    let mut items = [0; 4];
    for since in waiting {
        items[band(since).unwrap_or(bounds.len())] += 1;
    }
    let limits = bounds.iter().map(|&days| u32::try_from(days).ok()).chain([None]);
    limits.zip(items).map(|(up_to_days, items)| AgeBand { up_to_days, items }).collect()
}

fn notices(step: &Step<'_>, found: &Found) -> NoticeReport {
    let notified = found.notified.unwrap_or_default();
    let visible = found.visible.as_ref();
    NoticeReport {
        queued: visible.map_or(0, |visible| visible.queued),
        suppressed: visible.map_or(0, |visible| visible.suppressed),
        sent: notified.sent,
        deferred: notified.deferred,
        failed: notified.failed,
        transport: match step.project.settings.mail.transport {
            TransportKind::Folder => "folder".to_owned(),
            TransportKind::Smtp => "smtp".to_owned(),
        },
    }
}

fn labels(step: &Step<'_>) -> BTreeMap<String, Label> {
    let fields = step.project.schemas.person.fields.iter();
    fields.map(|field| (field.name.clone(), Label { de: field.label_de.clone(), en: field.label_en.clone() })).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};

    use super::*;

    #[test]
    fn pairs_that_wait_are_counted_by_their_age_and_none_is_left_out() {
        let now = Utc.with_ymd_and_hms(2026, 11, 24, 4, 0, 0).unwrap();
        let waiting: Vec<_> = [400, 31, 30, 8, 7, 1, 0, 0].map(|days| now - TimeDelta::days(days)).to_vec();
        let bands: Vec<_> = ages(&waiting, now).iter().map(|band| (band.up_to_days, band.items)).collect();
        assert_eq!(bands, [(Some(1), 3), (Some(7), 1), (Some(30), 2), (None, 2)]);
        assert_eq!(ages(&[], now), []);
    }
}
