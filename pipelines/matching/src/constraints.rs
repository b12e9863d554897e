//! Judgements as hard constraints: records said to be the same stand together, records said to differ never do.

use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use polars_core::frame::DataFrame;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::forest::Forest;
use crate::linked::JudgementStatistics;

/// Judgements in the numbers of the records.
#[derive(Debug, Default)]
pub(crate) struct Constraints {
    /// Pairs that must stand together, contradictions left out.
    pub(crate) same: Vec<(u32, u32)>,
    /// Pairs that must not.
    pub(crate) different: Vec<(u32, u32)>,
    /// All judged pairs, unsure ones among them: nobody is asked about them again.
    pub(crate) judged: FxHashSet<(u32, u32)>,
    /// Pairs said to be the same that contradict those said to differ.
    pub(crate) contradictions: Vec<(u32, u32)>,
    pub(crate) statistics: JudgementStatistics,
}

/// A judgement on two rows of the frame.
#[derive(Debug, Clone, Copy)]
struct JudgedRows {
    left: u32,
    right: u32,
    verdict: Verdict,
}

/// The judgements on rows that are there.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    rows: Vec<JudgedRows>,
    without_record: u64,
}

impl Judged {
    /// Finds the rows that were judged.
    pub(crate) fn find(frame: &DataFrame, judgements: &[Judgement]) -> Self {
        let mut judged = Self::default();
        if judgements.is_empty() {
            return judged;
        }
        let rows = rows_of(frame, judgements);
        for judgement in judgements {
            match (rows.get(&judgement.left), rows.get(&judgement.right)) {
                (Some(left), Some(right)) => {
                    judged.rows.push(JudgedRows { left: *left, right: *right, verdict: judgement.verdict });
                }
                _ => judged.without_record += 1,
            }
        }
        judged
    }

    /// All rows that were judged.
    pub(crate) fn rows(&self) -> FxHashSet<u32> {
        self.rows.iter().flat_map(|judged| [judged.left, judged.right]).collect()
    }
}

impl Constraints {
    /// In the numbers of the records. `numbers` gives each row its record's number.
    pub(crate) fn of(judged: &Judged, numbers: &[u32]) -> Self {
        let mut constraints = Self::default();
        constraints.statistics.without_record = judged.without_record;
        let mut pairs: Vec<(u32, u32, bool)> = Vec::new();
        for judgement in &judged.rows {
            let (left, right) = (numbers[judgement.left as usize], numbers[judgement.right as usize]);
            let pair = (left.min(right), left.max(right));
            constraints.judged.insert(pair);
            constraints.statistics.used += 1;
            if judgement.verdict != Verdict::Unsure && left != right {
                pairs.push((pair.0, pair.1, judgement.verdict == Verdict::Same));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        constraints.different = pairs.iter().filter(|pair| !pair.2).map(|pair| (pair.0, pair.1)).collect();
        constraints.settle(pairs.iter().filter(|pair| pair.2).map(|pair| (pair.0, pair.1)), numbers.len());
        constraints
    }

    /// Accepts one same-judgement after the other, unless it would join records that are said to differ.
    fn settle(&mut self, same: impl Iterator<Item = (u32, u32)>, records: usize) {
        let mut forest = Forest::new(records);
        for (left, right) in same {
            let mut trial = (forest.root(left), forest.root(right));
            trial = (trial.0.min(trial.1), trial.0.max(trial.1));
            let breaks = self.different.iter().any(|(one, other)| {
                let roots = (forest.root(*one), forest.root(*other));
                roots == trial || (roots.1, roots.0) == trial || roots.0 == roots.1
            });
            if breaks {
                self.contradictions.push((left, right));
                self.statistics.contradicting += 1;
            } else {
                forest.join(left, right);
                self.same.push((left, right));
            }
        }
    }
}

/// What nobody needs to be asked any more, because it was judged or follows from what was, in rows of the frame.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    judged: FxHashSet<(u32, u32)>,
    /// Rows said to be the same as others, each with the row that stands for all of them.
    groups: FxHashMap<u32, u32>,
    /// Groups said to differ.
    different: FxHashSet<(u32, u32)>,
}

impl Constraints {
    /// What the judgements answer; `rows` gives each record its row.
    pub(crate) fn answered(&self, rows: &[u32]) -> Answered {
        let ordered = |(left, right): &(u32, u32)| {
            let (left, right) = (rows[*left as usize], rows[*right as usize]);
            (left.min(right), left.max(right))
        };
        let mut forest: FxHashMap<u32, u32> = FxHashMap::default();
        let root = |forest: &FxHashMap<u32, u32>, mut row: u32| {
            while let Some(above) = forest.get(&row).filter(|above| **above != row) {
                row = *above;
            }
            row
        };
        for (left, right) in self.same.iter().map(ordered) {
            let (left, right) = (root(&forest, left), root(&forest, right));
            forest.insert(left.max(right), left.min(right));
        }
        let rows_in: Vec<u32> = forest.keys().copied().collect();
        let groups: FxHashMap<u32, u32> = rows_in.into_iter().map(|row| (row, root(&forest, row))).collect();
        let group = |row: u32| groups.get(&row).copied().unwrap_or(row);
        let different = self.different.iter().map(ordered).map(|(left, right)| {
            let (left, right) = (group(left), group(right));
            (left.min(right), left.max(right))
        });
        Answered { judged: self.judged.iter().map(ordered).collect(), different: different.collect(), groups }
    }
}

impl Answered {
    /// Whether a pair of rows, the smaller first, is answered.
    pub(crate) fn knows(&self, left: u32, right: u32) -> bool {
        if self.judged.contains(&(left, right)) {
            return true;
        }
        let group = |row: u32| self.groups.get(&row).copied().unwrap_or(row);
        let (left, right) = (group(left), group(right));
        left == right || self.different.contains(&(left.min(right), left.max(right)))
    }
}

fn rows_of(frame: &DataFrame, judgements: &[Judgement]) -> FxHashMap<RecordId, u32> {
    let wanted: FxHashSet<(&str, &str)> = judgements
        .iter()
        .flat_map(|judgement| [&judgement.left, &judgement.right])
        .map(|id| (id.source.as_str(), id.key.as_str()))
        .collect();
    let column = |name: &str| frame.column(name).ok()?.str().ok();
    let (Some(sources), Some(keys)) = (column(kartei_schemas::frame::SOURCE), column(kartei_schemas::frame::KEY))
    else {
        return FxHashMap::default();
    };
    let rows = sources.iter().zip(keys.iter()).zip(0_u32..);
    rows.filter_map(|((source, key), row)| {
        let id = (source?, key?);
        wanted.contains(&id).then(|| (RecordId { source: id.0.to_owned(), key: id.1.to_owned() }, row))
    })
    .collect()
}
