//! What the report says of the model and of the clusters that it doubts.

use std::collections::HashMap;

use kartei_matching::portrait::DoubtfulCluster;
use kartei_report::model::{
    ComparisonReport, DoubtfulCluster as DoubtfulReport, FrequentValues, LevelReport, ModelReport, SourceReach,
};
use kartei_schemas::frame::{KEY, SOURCE};
use polars_core::prelude::{DataFrame, PolarsResult};

use crate::error::FlowError;
use crate::steps::Step;
use crate::steps::link::Matched;

/// The model, without the clusters.
pub(super) fn model(matched: &Matched) -> ModelReport {
    let model = &matched.model;
    let comparisons = model.comparisons.iter().map(|comparison| ComparisonReport {
        name: comparison.name.clone(),
        levels: comparison
            .levels
            .iter()
            .map(|level| LevelReport {
                name: level.name.clone(),
                same: level.same,
                household: level.household,
                stranger: level.stranger,
            })
            .collect(),
    });
    let sources = matched.portrait.sources.iter().map(|reach| SourceReach {
        source: reach.source.clone(),
        records: reach.records,
        unlinkable: reach.unlinkable,
    });
    let frequent = matched.portrait.frequent.iter().map(|frequent| FrequentValues {
        comparison: frequent.comparison.clone(),
        values: frequent.values,
        records: frequent.records,
    });
    ModelReport {
        comparisons: comparisons.collect(),
        prior_same: model.prior_same,
        prior_household: model.prior_household,
        coherence: matched.statistics.coherence,
        sources: sources.collect(),
        frequent: frequent.collect(),
        doubtful: Vec::new(),
    }
}

/// A cluster as its report shows it; `name_of` gives a row's source.
pub(super) fn doubtful(
    cluster: &DoubtfulCluster,
    person_id: String,
    name_of: impl Fn(u32) -> String,
) -> DoubtfulReport {
    DoubtfulReport {
        person_id,
        sources: cluster.rows.iter().map(|row| name_of(*row)).collect(),
        pairs: cluster.pairs.iter().map(|&(left, right, probability)| (left, right, f64::from(probability))).collect(),
        weakest: f64::from(cluster.weakest),
    }
}

/// The doubtful clusters of a run, with the ids of their persons as far as they have any yet.
pub(super) async fn doubtful_of_run(step: &Step<'_>, matched: &Matched) -> Result<Vec<DoubtfulReport>, FlowError> {
    if matched.doubtful.is_empty() {
        return Ok(Vec::new());
    }
    let records = step.rest.get("records").await?;
    let (sources, keys) = (records.column(SOURCE)?.str()?, records.column(KEY)?.str()?);
    let mut ids = HashMap::new();
    // Before the persons are made there is none.
    if step.rest.has("record_map") {
        let map = step.rest.get("record_map").await?;
        ids = person_ids(&map, &matched.doubtful, |row| Some((sources.get(row)?, keys.get(row)?)))?;
    }
    let report = |cluster: &DoubtfulCluster| {
        let id = cluster.rows.first().and_then(|row| ids.get(row)).cloned();
        doubtful(cluster, id.unwrap_or_else(|| "–".to_owned()), |row| {
            sources.get(row as usize).unwrap_or_default().to_owned()
        })
    };
    Ok(matched.doubtful.iter().map(report).collect())
}

/// The person's id of each cluster's first row.
fn person_ids<'a>(
    map: &DataFrame,
    clusters: &[DoubtfulCluster],
    name_of: impl Fn(usize) -> Option<(&'a str, &'a str)>,
) -> PolarsResult<HashMap<u32, String>> {
    let first = clusters.iter().filter_map(|cluster| cluster.rows.first().copied());
    let wanted: HashMap<(&str, &str), u32> = first.filter_map(|row| Some((name_of(row as usize)?, row))).collect();
    let (sources, keys, ids) = (map.column(SOURCE)?.str()?, map.column(KEY)?.str()?, map.column("person_id")?.str()?);
    let known = sources.iter().zip(keys.iter()).zip(ids.iter());
    Ok(known.filter_map(|((source, key), id)| Some((*wanted.get(&(source?, key?))?, id?.to_owned()))).collect())
}
