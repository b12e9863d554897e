//! The run that was published last, as it is at rest: its records, clusters and model, for whoever asks why.

use kartei_matching::Model;
use kartei_matching::explain::Explainer;
use kartei_schemas::frame::{KEY, SOURCE};
use kartei_schemas::judgement::RecordId;
use kartei_store::Store;
use polars_core::prelude::{Column, DataFrame, DataType, PolarsResult, StringChunked};

use crate::error::FlowError;
use crate::project::Project;
use crate::steps::compute;
use crate::steps::link::{model_of, rows};

/// The run that was published last.
#[derive(Debug, Clone)]
pub struct LastRun {
    /// Its number.
    pub run_id: i64,
    /// The normalised records, sorted by source and key.
    pub records: DataFrame,
    /// Per record its cluster.
    pub clusters: Vec<u32>,
    /// Per record as which person its values were counted.
    counted: Vec<u32>,
    /// The model that decided.
    pub model: Model,
    sources: StringChunked,
    keys: StringChunked,
}

impl LastRun {
    /// Reads it; none where nothing was published. A frame that is missing or changed is an error.
    pub async fn read(project: &Project, store: &Store) -> Result<Option<Self>, FlowError> {
        let Some(published) = store.published().await? else { return Ok(None) };
        let run_id = published.run_id;
        let Some(model) = store.run(run_id).await?.and_then(|view| model_of(&view)) else { return Ok(None) };
        let frames = project.frames();
        let (records, clusters) = compute(move || {
            let read = |what: &str| frames.get(published.frames.of(what)?, None);
            Ok((read("records")?, read("clusters")?))
        })
        .await?;
        Ok(Some(Self::of(run_id, records, (rows(&clusters, "cluster")?, rows(&clusters, "counted")?), model)?))
    }

    fn of(
        run_id: i64,
        records: DataFrame,
        (clusters, counted): (Vec<u32>, Vec<u32>),
        model: Model,
    ) -> PolarsResult<Self> {
        let text =
            |name: &str| -> PolarsResult<StringChunked> { Ok(records.column(name)?.str()?.rechunk().into_owned()) };
        let (sources, keys) = (text(SOURCE)?, text(KEY)?);
        Ok(Self { run_id, records, clusters, counted, model, sources, keys })
    }

    /// Makes ready to explain any pair of its records.
    pub fn explainer(&self, project: &Project) -> Result<Explainer, FlowError> {
        Ok(Explainer::new(&self.records, &project.schemas.matching, &self.model, (&self.clusters, &self.counted))?)
    }

    /// The row of a record; none where the run had none of that name.
    pub fn row(&self, id: &RecordId) -> Option<usize> {
        let wanted = (Some(id.source.as_str()), Some(id.key.as_str()));
        let (mut low, mut high) = (0, self.keys.len());
        while low < high {
            let middle = low.midpoint(high);
            if (self.sources.get(middle), self.keys.get(middle)) < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < self.keys.len() && (self.sources.get(low), self.keys.get(low)) == wanted).then_some(low)
    }

    /// The record of a row.
    pub fn record(&self, row: usize) -> RecordId {
        let cell = |column: &StringChunked| column.get(row).unwrap_or_default().to_owned();
        RecordId { source: cell(&self.sources), key: cell(&self.keys) }
    }

    /// The rows of a row's cluster, itself among them.
    pub fn cluster_of(&self, row: usize) -> Vec<usize> {
        let label = self.clusters.get(row);
        (0..self.clusters.len()).filter(|other| self.clusters.get(*other) == label).collect()
    }

    /// A record's value in a column, as text; none where it is missing or there is no such column.
    pub fn value(&self, row: usize, column: &str) -> Option<String> {
        let column: &Column = self.records.column(column).ok()?;
        let cell = column.as_materialized_series().slice(i64::try_from(row).ok()?, 1).cast(&DataType::String).ok()?;
        let value = cell.str().ok()?.get(0)?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use polars_core::prelude::df;

    use super::*;

    #[test]
    fn a_record_is_found_by_its_name_and_one_that_is_not_there_is_not() {
        let records =
            df!(SOURCE => ["a", "a", "b"], KEY => ["1", "3", "2"], "surname" => [Some("Sand"), None, Some("Kant")])
                .unwrap();
        let run = LastRun::of(1, records, (vec![0, 1, 0], vec![0, 1, 2]), Model::default()).unwrap();
        let id = |source: &str, key: &str| RecordId { source: source.to_owned(), key: key.to_owned() };
        assert_eq!(run.row(&id("b", "2")), Some(2));
        assert_eq!([run.row(&id("a", "2")), run.row(&id("b", "9")), run.row(&id("c", "1"))], [None; 3]);
        assert_eq!(run.record(1), id("a", "3"));
        assert_eq!(run.cluster_of(0), [0, 2]);
        assert_eq!((run.value(0, "surname"), run.value(1, "surname")), (Some("Sand".to_owned()), None));
    }
}
