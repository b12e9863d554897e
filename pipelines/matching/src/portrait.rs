//! What a model can and cannot tell of the records that it decided on: records too thin to be found again, values too
//! frequent to count for much, and the clusters that hang by a thread.

use std::collections::BTreeMap;

use kartei_schemas::frame::SOURCE;
use polars_core::frame::DataFrame;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::columns::MISSING;
use crate::comparisons::Subject;
use crate::forest::Forest;
use crate::linked::Linked;
use crate::lists::{Lists, NONE};
use crate::records::{Records, slot};

/// A value is frequent where agreeing on it tells three bits less than agreeing on a value of its field does at large.
const TIMES_AS_FREQUENT: f64 = 8.0;

/// Values that fewer records hold are not looked at.
const FEWEST_RECORDS: u64 = 5;

/// The reach of a model over one set of records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Portrait {
    /// The sources in the order of their names.
    pub sources: Vec<SourceReach>,
    /// The compared fields that have frequent values, in the order of the comparisons.
    pub frequent: Vec<FrequentValues>,
}

/// How many of a source's records hold too little.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReach {
    /// The source; empty where the records name none.
    pub source: String,
    /// Its records.
    pub records: u64,
    /// Records that would stay below the merge threshold even beside a copy of themselves.
    pub unlinkable: u64,
}

/// Values that are far more frequent than the values of their field are at large.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrequentValues {
    /// The comparison.
    pub comparison: String,
    /// How many values.
    pub values: u64,
    /// Records that hold one of them.
    pub records: u64,
}

/// A cluster, and the pairs that hold it together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DoubtfulCluster {
    /// Its records' rows, ascending; the first is its label.
    pub rows: Vec<u32>,
    /// Its scored pairs, by places in `rows`, with the probability that they are one person.
    pub pairs: Vec<(u32, u32, f32)>,
    /// The probability of the weakest of the strongest pairs that join all its records; 0 where the pairs do not join them.
    pub weakest: f32,
}

/// Looks at what a model makes of each record by itself: `is_thin` says per row of the frame whether its record would stay
/// below the merge threshold even beside a copy of itself.
pub(crate) fn portrait(frame: &DataFrame, (records, subjects): (&Records, &[Subject]), is_thin: &[bool]) -> Portrait {
    Portrait {
        sources: reach(frame, is_thin),
        frequent: subjects.par_iter().filter_map(|subject| frequent(records, *subject)).collect(),
    }
}

fn reach(frame: &DataFrame, is_thin: &[bool]) -> Vec<SourceReach> {
    let names = frame.column(SOURCE).ok().and_then(|column| column.str().ok());
    let mut sources: BTreeMap<&str, SourceReach> = BTreeMap::new();
    for (row, is_thin) in is_thin.iter().enumerate() {
        let name = names.and_then(|names| names.get(row)).unwrap_or_default();
        let reach =
            sources.entry(name).or_insert_with(|| SourceReach { source: name.to_owned(), ..Default::default() });
        reach.records += 1;
        reach.unlinkable += u64::from(*is_thin);
    }
    sources.into_values().collect()
}

fn frequent(records: &Records, subject: Subject) -> Option<FrequentValues> {
    let slot = match subject {
        Subject::GivenName => slot::GIVEN,
        Subject::Surname => slot::SURNAME,
        Subject::BirthDate => slot::DATE,
        Subject::Email => slot::EMAIL,
        Subject::Mobile => slot::MOBILE,
        Subject::Phone => slot::PHONE,
        Subject::Address => slot::POSTAL_CODE,
        Subject::Extra(number, _) => slot::EXTRAS + number,
        Subject::Sex | Subject::MailName => return None,
    };
    let mut counts: FxHashMap<u32, u64> = FxHashMap::default();
    for value in records.column(slot).filter(|value| *value != MISSING) {
        *counts.entry(value).or_insert(0) += 1;
    }
    let total: u64 = counts.values().sum();
    let squares: f64 = counts.values().map(|count| (*count as f64).powi(2)).sum();
    let usual = squares / total.max(1) as f64;
    let is_frequent = |count: &&u64| **count >= FEWEST_RECORDS && **count as f64 >= TIMES_AS_FREQUENT * usual;
    let frequent: Vec<u64> = counts.values().filter(is_frequent).copied().collect();
    let comparison = subject.title(records).to_owned();
    let found = FrequentValues { comparison, values: frequent.len() as u64, records: frequent.iter().sum() };
    (found.values > 0).then_some(found)
}

/// The clusters of several records that hang together least, the most doubtful first.
pub fn doubtful_clusters(linked: &Linked, most: usize) -> Vec<DoubtfulCluster> {
    let (clusters, pairs) = by_cluster(linked);
    let mut order: Vec<(f32, usize)> = (0..clusters.len())
        .into_par_iter()
        .map(|number| (weakest(clusters.get(number), pairs.get(number)), number))
        .collect();
    let size = |number: usize| clusters.get(number).len();
    // Clusters are numbered by their first rows.
    let doubt = |one: &(f32, usize), other: &(f32, usize)| {
        one.0.total_cmp(&other.0).then(size(other.1).cmp(&size(one.1))).then(one.1.cmp(&other.1))
    };
    if most > 0 && order.len() > most {
        order.select_nth_unstable_by(most - 1, doubt);
        order.truncate(most);
    }
    order.sort_by(doubt);
    order.truncate(most);
    let cluster = |(weakest, number): (f32, usize)| DoubtfulCluster {
        rows: clusters.get(number).to_vec(),
        pairs: pairs.get(number).to_vec(),
        weakest,
    };
    order.into_iter().map(cluster).collect()
}

/// The rows of each cluster of several, and its pairs that are worth showing, by places in those rows.
fn by_cluster(linked: &Linked) -> (Lists<u32>, Lists<(u32, u32, f32)>) {
    let labels = &linked.clusters;
    let mut sizes = vec![0_u32; labels.len()];
    // Per row its place in its cluster.
    let mut places = Vec::with_capacity(labels.len());
    for label in labels {
        places.push(sizes[*label as usize]);
        sizes[*label as usize] += 1;
    }
    let mut count = 0;
    let mut numbers = vec![NONE; labels.len()];
    for (number, _) in numbers.iter_mut().zip(&sizes).filter(|(_, size)| **size > 1) {
        *number = count;
        count += 1;
    }
    let number_of = |row: u32| numbers[labels[row as usize] as usize];
    let rows = (0_u32..).take(labels.len()).map(|row| (number_of(row), row));
    let pairs = &linked.pairs;
    let shown = (0..pairs.len()).filter_map(|at| {
        let (left, right, probability) = (pairs.left[at], pairs.right[at], pairs.probability[at]);
        let is_shown =
            f64::from(probability) >= linked.model.review_threshold && labels[left as usize] == labels[right as usize];
        is_shown.then(|| (number_of(left), (places[left as usize], places[right as usize], probability)))
    });
    (Lists::of(count, rows), Lists::of(count, shown))
}

/// The probability of the weakest of the strongest pairs that join all rows; 0 where they do not.
fn weakest(rows: &[u32], pairs: &[(u32, u32, f32)]) -> f32 {
    let mut pairs = pairs.to_vec();
    pairs.sort_by(|one, other| other.2.total_cmp(&one.2));
    let mut forest = Forest::new(rows.len());
    let mut joined = 1;
    for (left, right, probability) in pairs {
        let (left, right) = (forest.root(left), forest.root(right));
        if left != right {
            forest.join(left, right);
            joined += 1;
            if joined == rows.len() {
                return probability;
            }
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linked::{LinkStatistics, Model, ScoredPairs};

    fn linked(clusters: &[u32], pairs: &[(u32, u32, f32)]) -> Linked {
        let column = |of: fn(&(u32, u32, f32)) -> u32| pairs.iter().map(of).collect::<Vec<_>>();
        let probability: Vec<f32> = pairs.iter().map(|pair| pair.2).collect();
        let (left, right) = (column(|pair| pair.0), column(|pair| pair.1));
        let pairs =
            ScoredPairs { left, right, weight: probability.clone(), household: probability.clone(), probability };
        Linked {
            clusters: clusters.to_vec(),
            households: clusters.to_vec(),
            counted: clusters.to_vec(),
            pairs,
            review: Vec::new(),
            model: Model::default(),
            portrait: None,
            statistics: LinkStatistics::default(),
        }
    }

    #[test]
    fn the_cluster_on_the_thinnest_thread_comes_first_and_single_records_do_not_come() {
        let linked = linked(
            &[0, 0, 2, 2, 2, 5, 6, 6],
            &[(0, 1, 0.9), (2, 3, 0.99), (2, 4, 0.6), (3, 4, 0.7), (5, 6, 0.3), (6, 7, 0.999)],
        );
        let doubtful = doubtful_clusters(&linked, 2);
        let told: Vec<(&[u32], f32)> =
            doubtful.iter().map(|cluster| (cluster.rows.as_slice(), cluster.weakest)).collect();
        assert_eq!(told, [(&[2, 3, 4][..], 0.7), (&[0, 1][..], 0.9)]);
        assert_eq!(doubtful[0].pairs, [(0, 1, 0.99), (0, 2, 0.6), (1, 2, 0.7)]);
    }

    #[test]
    fn a_cluster_that_its_pairs_do_not_join_is_the_most_doubtful() {
        let linked = linked(&[0, 0, 0], &[(0, 1, 0.9)]);
        assert!(doubtful_clusters(&linked, 9)[0].weakest.abs() < f32::EPSILON);
    }
}
