//! The order of the work: read, train, compare, cluster; then once more with what the first clusters taught.

use kartei_schemas::judgement::Judgement;
use kartei_schemas::matching::{MatchSchema, Training};
use polars::frame::DataFrame;
use rayon::prelude::*;

use crate::blocks::Blocks;
use crate::clusters::{Clustering, Edge};
use crate::comparisons::{Comparer, Subject, subjects};
use crate::constraints::Constraints;
use crate::learned::Corrections;
use crate::linked::{Fit, Linked, Model};
use crate::outcome::{Decided, Scored, outcome};
use crate::rarity::Frequencies;
use crate::records::Records;
use crate::scan::Scan;
use crate::text::mix;
use crate::training::{self, Sample};
use crate::weights::{HOUSEHOLD, Odds, SAME, WeightTable, Weights};
use crate::{LinkError, LinkOptions, Progress, Stage, contacts, keys};

/// Pairs from which the weights are fitted, about.
const SAMPLE_PAIRS: u64 = 1_000_000;

/// Pairs below these probabilities are forgotten after the first look.
const KEPT_SAME: f64 = 0.002;
const KEPT_HOUSEHOLD: f64 = 0.3;

/// The merge threshold where there was too little to learn from: rather two persons too many than one too few.
const UNTRAINED_MERGE: f64 = 0.75;

/// Finds out which records are one person.
///
/// `records` is a normalised frame as [`kartei_schemas::frame`] describes it; other columns play the part that
/// `schema` gives them, or are compared by their content. A judgement on records that are not in the frame is
/// left aside.
pub fn link(
    records: &DataFrame,
    schema: &MatchSchema,
    judgements: &[Judgement],
    options: LinkOptions<'_>,
) -> Result<Linked, LinkError> {
    let count = records.height() as u64;
    options.tell(Stage::Read, 0, count);
    let mut prepared = Records::read(records, schema)?;
    if prepared.len() < 2 {
        return Ok(Linked::of_strangers(prepared.len()));
    }
    contacts::drop_junk(&mut prepared);
    options.tell(Stage::Read, count, count);
    let subjects = subjects(&prepared);
    let weights = Weights::of_schema(schema, &subjects)?;
    options.tell(Stage::Candidates, 0, count);
    let keys = keys::all(&prepared);
    let splitters = keys::splitters(&prepared);
    let blocks = Blocks::form(&prepared, &keys, &splitters, schema.candidates.max_block_records);
    options.tell(Stage::Candidates, count, count);
    let constraints = Constraints::read(records, judgements, &prepared.numbers());
    let corrections = Corrections::of(schema.learned.as_ref(), &subjects, &prepared);
    let run = Run {
        records: &prepared,
        subjects: &subjects,
        blocks: &blocks,
        schema,
        constraints: &constraints,
        corrections: corrections.as_ref(),
        options,
    };
    Ok(run.link(&weights))
}

struct Run<'a> {
    records: &'a Records,
    subjects: &'a [Subject],
    blocks: &'a Blocks,
    schema: &'a MatchSchema,
    constraints: &'a Constraints,
    /// What judgements taught; none where nothing was learnt.
    corrections: Option<&'a Corrections>,
    options: LinkOptions<'a>,
}

impl Run<'_> {
    fn link(&self, shipped: &Weights) -> Linked {
        let candidates: u64 = self.blocks.statistics.iter().map(|key| key.pairs).sum();
        let thousandths = (SAMPLE_PAIRS * 1000 / candidates.max(1)).clamp(1, 1000);
        let sample = self.scan(None).walk(
            |left, _| thousandths == 1000 || mix(u64::from(left), 7) % 1000 < thousandths,
            |pair| Some((pair.left, pair.right, pair.pattern)),
        );
        let share = thousandths as f64 / 1000.0;
        let believed = |slot| training::belief(shipped, self.subjects, slot);
        let by_records = Frequencies::count(self.records, believed, None);
        let (first, _) = self.fit(shipped, &by_records, &sample.kept, share);
        let (mut scored, pairs, new_pairs) = self.score(&first, &by_records);
        let clusters = self.cluster(&scored, &first, &by_records, 3.3);
        let by_persons = Frequencies::count(self.records, believed, Some(&clusters));
        let (second, fit) = self.fit(shipped, &by_persons, &sample.kept, share);
        self.rescore(&mut scored, &second, &by_persons);
        let merge = self.schema.thresholds.merge.unwrap_or(if fit == Fit::Shipped { UNTRAINED_MERGE } else { 0.5 });
        let review = self.schema.thresholds.review.unwrap_or(0.1).min(merge);
        let clusters = self.cluster(&scored, &second, &by_persons, bits_of(merge));
        let model = Model {
            comparisons: second.named(self.subjects, self.records),
            prior_same: second.prior[SAME],
            prior_household: second.prior[HOUSEHOLD],
            merge_threshold: merge,
            review_threshold: review,
            fit,
        };
        let decided = Decided { scored, clusters, pairs, new_pairs };
        outcome(self.records, self.blocks, self.constraints, model, &decided)
    }

    fn scan<'a>(&'a self, progress: Option<&'a (dyn Fn(Progress) + Sync)>) -> Scan<'a> {
        Scan { records: self.records, subjects: self.subjects, blocks: self.blocks, progress }
    }

    /// The weights fitted to the sample, and how that went.
    fn fit(
        &self,
        shipped: &Weights,
        frequencies: &Frequencies,
        sample: &[(u32, u32, u64)],
        share: f64,
    ) -> (Weights, Fit) {
        let count = self.records.len();
        let mut weights = Weights { prior: training::first_prior(count), ..shipped.clone() };
        training::fit_strangers(&mut weights, self.records, self.subjects, frequencies);
        training::blend_households(&mut weights, shipped, self.subjects);
        if self.schema.training == Training::Never {
            return (weights, Fit::Shipped);
        }
        let patterns: Vec<(u64, Odds)> = sample
            .par_iter()
            .map(|(left, right, pattern)| (*pattern, self.rarity(frequencies, *left, *right, *pattern)))
            .collect();
        let patterns = training::count_patterns(patterns.into_iter());
        let all_pairs = count as f64 * (count as f64 - 1.0) / 2.0;
        let sample = Sample { patterns: &patterns, share, all_pairs, records: count as f64 };
        let before = weights.clone();
        let fit = training::fit_classes(&mut weights, self.subjects, sample);
        if matches!(fit, Fit::NotConverged { .. }) {
            weights = Weights { prior: weights.prior, ..before };
        }
        (weights, fit)
    }

    fn rarity(&self, frequencies: &Frequencies, left: u32, right: u32, pattern: u64) -> Odds {
        frequencies.of_pair(self.subjects, pattern, frequencies.pair(self.records, left, right))
    }

    fn odds(&self, table: &WeightTable, frequencies: &Frequencies, pair: (u32, u32), pattern: u64) -> Odds {
        let odds = table.odds(pattern);
        let rarity = self.rarity(frequencies, pair.0, pair.1, pattern);
        let odds = Odds { same: odds.same + rarity.same, household: odds.household + rarity.household };
        self.corrections.map_or(odds, |corrections| corrections.apply(odds, pattern))
    }

    /// Scores all candidates, and keeps those that may be one person or one household.
    fn score(&self, weights: &Weights, frequencies: &Frequencies) -> (Vec<Scored>, u64, Vec<u64>) {
        let table = WeightTable::new(weights);
        let found = self.scan(self.options.progress).walk(
            |_, _| true,
            |pair| {
                let plain = table.odds(pair.pattern);
                if plain.same < -24.0 && plain.household < -16.0 {
                    return None;
                }
                let odds = self.odds(&table, frequencies, (pair.left, pair.right), pair.pattern);
                let [same, household, _] = odds.probabilities();
                (same >= KEPT_SAME || household >= KEPT_HOUSEHOLD).then_some(Scored {
                    left: pair.left,
                    right: pair.right,
                    pattern: pair.pattern,
                    odds,
                    key: pair.key,
                })
            },
        );
        (found.kept, found.pairs, found.new_pairs)
    }

    fn rescore(&self, scored: &mut [Scored], weights: &Weights, frequencies: &Frequencies) {
        let table = WeightTable::new(weights);
        scored.par_iter_mut().for_each(|pair| {
            pair.odds = self.odds(&table, frequencies, (pair.left, pair.right), pair.pattern);
        });
    }

    fn cluster(&self, scored: &[Scored], weights: &Weights, frequencies: &Frequencies, threshold: f32) -> Vec<u32> {
        let edges: Vec<Edge> = scored
            .par_iter()
            .map(|pair| Edge { left: pair.left, right: pair.right, weight: pair.odds.weight() })
            .collect();
        let table = WeightTable::new(weights);
        let score = |left: u32, right: u32| {
            let pattern = Comparer::unremembering(self.records, self.subjects).pattern(left, right);
            self.odds(&table, frequencies, (left, right), pattern).weight()
        };
        let clustering = Clustering { records: self.records.len(), score: &score, constraints: self.constraints };
        clustering.cluster(&edges, threshold)
    }
}

impl LinkOptions<'_> {
    fn tell(&self, stage: Stage, done: u64, total: u64) {
        if let Some(progress) = self.progress {
            progress(Progress { stage, done, total });
        }
    }
}

/// A probability in bits of log-odds.
#[expect(clippy::cast_possible_truncation, reason = "a threshold needs no more than seven digits")]
fn bits_of(probability: f64) -> f32 {
    let probability = probability.clamp(1e-9, 1.0 - 1e-9);
    (probability / (1.0 - probability)).log2() as f32
}
