//! The order of the work: read, train, compare, cluster; then once more with what the first clusters taught.

use kartei_schemas::judgement::Judgement;
use kartei_schemas::matching::{MatchSchema, Training};
use polars_core::frame::DataFrame;
use rayon::prelude::*;

use crate::blocks::Blocks;
use crate::clusters::{Clustering, Edge};
use crate::comparisons::{Comparers, Subject, subjects};
use crate::constraints::{Constraints, Judged};
use crate::earlier::Earlier;
use crate::learned::Corrections;
use crate::linked::{Fit, KeyPlan, Linked, Model};
use crate::outcome::{Decided, Scored, outcome};
use crate::portrait::{Portrait, portrait};
use crate::rarity::Frequencies;
use crate::records::Records;
use crate::scan::{Candidate, Found, Scan, of_keys};
use crate::text::mix;
use crate::training::{self, Sample};
use crate::trusted_keys::TrustedKeys;
use crate::weights::{HOUSEHOLD, Odds, SAME, WeightTable, Weights};
use crate::{LinkError, LinkOptions, Progress, Stage, contacts, keys, threshold};

/// Pairs from which the weights are fitted, about.
const SAMPLE_PAIRS: u64 = 1_000_000;

/// A key of which at least so many pairs were sampled is left out where less than this share of them may be one person or
/// one household.
const IDLE_SAMPLE: u64 = 10_000;
const IDLE_SHARE: f64 = 5e-5;

/// Pairs below these probabilities are forgotten after the first look.
const KEPT_SAME: f64 = 0.002;
const KEPT_HOUSEHOLD: f64 = 0.3;

/// So many records say well enough at which threshold the clusters are best.
const CHOOSING_RECORDS: usize = 250_000;

/// Pairs of so many bits are one person when values are first counted by persons.
const FIRST_LOOK: f32 = 3.3;

/// With more keys several share a bit of a candidate, which then does not tell whether a key of its own is left out.
const MOST_TOLD_KEYS: usize = 63;

/// What is left of the weight of a pair whose records hold too little to say that they are one person.
const LITTLE: f32 = 0.2;

/// The merge threshold where there was too little to learn from: rather two persons too many than one too few.
const UNTRAINED_MERGE: f64 = 0.75;

/// Finds out which records are one person.
///
/// `records` is a normalised frame as [`kartei_schemas::frame`] describes it; other columns play the part that
/// `schema` gives them, or are compared by their content. Its columns are let go as soon as they are read; whoever needs
/// them afterwards keeps a clone, which shares them. A judgement on records that are not in the frame is left aside.
pub fn link(
    records: DataFrame,
    schema: &MatchSchema,
    judgements: &[Judgement],
    options: LinkOptions<'_>,
) -> Result<Linked, LinkError> {
    let count = records.height() as u64;
    options.tell(Stage::Read, 0, count);
    let judged = Judged::find(&records, judgements);
    let frame = options.portrait.then(|| records.clone());
    let mut prepared = Records::read(records, schema)?;
    contacts::drop_junk(&mut prepared);
    prepared.fold(&judged.rows());
    options.tell(Stage::Read, count, count);
    let subjects = subjects(&prepared);
    let kept_model = options.previous.and_then(|previous| previous.model.as_ref());
    let kept_model = kept_model.filter(|model| model.fits(&subjects, &prepared));
    let earlier = options.previous.map(|previous| Earlier::read(previous, &prepared));
    let shipped = Weights::of_schema(schema, &subjects)?;
    options.tell(Stage::Candidates, 0, count);
    let keys = keys::all(&prepared);
    let splitters = keys::splitters(&prepared);
    let touched = earlier.as_ref().filter(|_| kept_model.is_some()).map(|earlier| earlier.touched.as_slice());
    let plans = kept_model.map_or(&[][..], |model| &model.keys);
    let most = schema.candidates.max_block_records;
    let blocks = Blocks::form(&prepared, (&keys, &splitters), most, (touched, plans));
    options.tell(Stage::Candidates, count, count);
    let corrections = Corrections::of(schema.learned.as_ref(), &subjects, &prepared);
    let run = Run {
        frame,
        records: &prepared,
        subjects: &subjects,
        blocks: &blocks,
        schema,
        constraints: &Constraints::of(&judged, &prepared.numbers()),
        corrections: corrections.as_ref(),
        earlier: earlier.as_ref(),
        keys: TrustedKeys::of(&subjects),
        options,
    };
    Ok(match (kept_model, &earlier) {
        (Some(model), Some(earlier)) => {
            run.link_again(&shipped, &Weights::of_model(model, &subjects)?, (model, earlier))
        }
        _ => run.link_anew(&shipped),
    })
}

struct Run<'a> {
    /// The frame, where the portrait needs it.
    frame: Option<DataFrame>,
    records: &'a Records,
    subjects: &'a [Subject],
    blocks: &'a Blocks,
    schema: &'a MatchSchema,
    constraints: &'a Constraints,
    /// What judgements taught; none where nothing was learnt.
    corrections: Option<&'a Corrections>,
    earlier: Option<&'a Earlier>,
    keys: TrustedKeys,
    options: LinkOptions<'a>,
}

impl Run<'_> {
    /// All pairs, by weights that are fitted to them.
    fn link_anew(&self, shipped: &Weights) -> Linked {
        let thousandths = (SAMPLE_PAIRS * 1000 / self.candidates().max(1)).clamp(1, 1000);
        let all_keys = vec![false; self.blocks.plans.len()];
        let is_sampled = |left: u32| thousandths == 1000 || mix(u64::from(left), 7) % 1000 < thousandths;
        let sample = self.scan((&all_keys, None)).walk(|left, _| is_sampled(left), Some);
        let share = thousandths as f64 / 1000.0;
        let believed = |slot| training::belief(shipped, self.subjects, slot);
        let by_records = Frequencies::count(self.records, believed, None);
        let (first, _) = self.fit(shipped, &by_records, &sample.kept, share);
        let dropped = self.idle_keys((&first, &by_records), &sample.kept);
        let mut found = self.score_all((&first, &by_records), &dropped, (&sample.kept, &is_sampled));
        // What is learnt and counted depends on the records alone, and not on what was before: no habit.
        let counted = self.cluster(&found.kept, (&first, &by_records), |clustering, edges| {
            Clustering { before: None, ..*clustering }.cluster(edges, FIRST_LOOK)
        });
        let by_persons = Frequencies::count(self.records, believed, Some(&counted));
        let (second, fit) = self.fit(shipped, &by_persons, &sample.kept, share);
        self.rescore(&mut found.kept, &second, &by_persons);
        let untrained = matches!(fit, Fit::Shipped).then_some(UNTRAINED_MERGE);
        let given = self.schema.thresholds.merge.or(untrained);
        let (merge, clusters) = self.cluster(&found.kept, (&second, &by_persons), |clustering, edges| {
            self.clusters_at(given, clustering, edges)
        });
        let model = Model {
            comparisons: second.named(self.subjects, self.records),
            prior_same: second.prior[SAME],
            prior_household: second.prior[HOUSEHOLD],
            merge_threshold: merge,
            review_threshold: self.schema.thresholds.review.unwrap_or(0.1).min(merge),
            records: self.records.height() as u64,
            fit,
            keys: self.plans(&dropped),
        };
        let portrait = self.frame.as_ref().map(|frame| self.portrait(frame, (&second, &by_persons), merge));
        Linked { portrait, ..self.outcome((found, 0), clusters, counted, model) }
    }

    fn portrait(&self, frame: &DataFrame, (weights, frequencies): (&Weights, &Frequencies), merge: f64) -> Portrait {
        let table = WeightTable::new(weights);
        let comparers = Comparers::new(self.records, self.subjects);
        let is_thin = |record: u32| {
            let odds = self.odds(&table, frequencies, (record, record), comparers.pattern(record, record));
            odds.probabilities()[0] < merge
        };
        let count = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        let thin: Vec<bool> = (0..count).into_par_iter().map(is_thin).collect();
        let by_row: Vec<bool> = self.records.numbers().iter().map(|record| thin[*record as usize]).collect();
        portrait(frame, (self.records, self.subjects), &by_row)
    }

    /// Pairs that touch a changed record, by the earlier model; the others are as they were.
    fn link_again(&self, shipped: &Weights, weights: &Weights, (model, earlier): (&Model, &Earlier)) -> Linked {
        let believed = |slot| training::belief(shipped, self.subjects, slot);
        let frequencies = Frequencies::count(self.records, believed, Some(&earlier.counted));
        let is_touched = |record: u32| earlier.touched[record as usize];
        let dropped: Vec<bool> = self.blocks.plans.iter().map(|plan| plan.dropped).collect();
        let wanted = |left, right| is_touched(left) || is_touched(right);
        let mut found = self.score((weights, &frequencies), &dropped, wanted);
        found.kept.extend(self.score_listed(weights, &frequencies, &earlier.pairs));
        let model = Model {
            merge_threshold: self.schema.thresholds.merge.unwrap_or(model.merge_threshold),
            review_threshold: self.schema.thresholds.review.unwrap_or(model.review_threshold),
            ..model.clone()
        };
        let merge = bits_of(model.merge_threshold);
        let clusters =
            self.cluster(&found.kept, (weights, &frequencies), |clustering, edges| clustering.cluster(edges, merge));
        let kept_pairs = earlier.pairs.len() as u64;
        self.outcome((found, kept_pairs), clusters, earlier.counted.clone(), model)
    }

    fn outcome(
        &self,
        (found, kept_pairs): (Found<Scored>, u64),
        clusters: Vec<u32>,
        counted: Vec<u32>,
        model: Model,
    ) -> Linked {
        let Found { kept: scored, pairs, new_pairs, only_pairs } = found;
        let decided = Decided { scored, clusters, counted, pairs, kept_pairs, new_pairs, only_pairs };
        let before = self.earlier.map_or(&[][..], |earlier| &earlier.households);
        outcome((self.records, self.subjects), self.blocks, (self.constraints, before), model, &decided)
    }

    fn scan<'a>(&'a self, (dropped, progress): (&'a [bool], Option<&'a (dyn Fn(Progress) + Sync)>)) -> Scan<'a> {
        Scan { records: self.records, subjects: self.subjects, blocks: self.blocks, dropped, progress }
    }

    /// Per key whether it is not worth its pairs: of many that only it formed, a sample holds next to none that may be
    /// one person or one household. Where there are few pairs in all, every key stays.
    fn idle_keys(&self, (weights, frequencies): (&Weights, &Frequencies), sample: &[Candidate]) -> Vec<bool> {
        let table = WeightTable::new(weights);
        let mut found = vec![(0_u64, 0.0_f64); self.blocks.plans.len()];
        for pair in sample {
            let [same, household, _] =
                self.odds(&table, frequencies, (pair.left, pair.right), pair.pattern).probabilities();
            if let Some((pairs, sum)) = found.get_mut(pair.first_key()) {
                *pairs += 1;
                *sum += same + household;
            }
        }
        let has_many = self.candidates() > SAMPLE_PAIRS;
        found.iter().map(|(pairs, sum)| has_many && is_idle(*pairs, *sum)).collect()
    }

    /// Pairs that the keys form, those of several keys several times.
    fn candidates(&self) -> u64 {
        self.blocks.statistics.iter().map(|key| key.pairs).sum()
    }

    fn plans(&self, dropped: &[bool]) -> Vec<KeyPlan> {
        let plans = self.blocks.plans.iter().zip(dropped);
        plans.map(|(plan, dropped)| KeyPlan { dropped: *dropped, ..plan.clone() }).collect()
    }

    /// The weights fitted to the sample, and how that went.
    fn fit(&self, shipped: &Weights, frequencies: &Frequencies, sample: &[Candidate], share: f64) -> (Weights, Fit) {
        let count = self.records.len();
        let mut weights = Weights { prior: training::first_prior(count), ..shipped.clone() };
        training::fit_strangers(&mut weights, self.records, self.subjects, frequencies);
        training::blend_households(&mut weights, shipped, self.subjects);
        if self.schema.training == Training::Never {
            return (weights, Fit::Shipped);
        }
        let patterns: Vec<(u64, Odds)> = sample
            .par_iter()
            .map(|pair| (pair.pattern, self.rarity(frequencies, pair.left, pair.right, pair.pattern)))
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

    /// Scores the wanted candidates, and keeps those that may be one person or one household.
    fn score(
        &self,
        (weights, frequencies): (&Weights, &Frequencies),
        dropped: &[bool],
        wanted: impl Fn(u32, u32) -> bool + Sync,
    ) -> Found<Scored> {
        let table = WeightTable::new(weights);
        self.scan((dropped, self.options.progress)).walk(wanted, |pair| self.scored(&table, frequencies, pair))
    }

    /// Scores all candidates. Those of the sample have been compared; only the others are walked over.
    fn score_all(
        &self,
        (weights, frequencies): (&Weights, &Frequencies),
        dropped: &[bool],
        (sample, is_sampled): (&[Candidate], &(impl Fn(u32) -> bool + Sync)),
    ) -> Found<Scored> {
        if dropped.len() > MOST_TOLD_KEYS {
            return self.score((weights, frequencies), dropped, |_, _| true);
        }
        let rest = self.score((weights, frequencies), dropped, |left, _| !is_sampled(left));
        let table = WeightTable::new(weights);
        let compared = of_keys(sample, dropped).keep(|pair| self.scored(&table, frequencies, pair));
        compared.with(rest, |pair| pair.left)
    }

    /// Scores pairs that were kept before.
    fn score_listed(&self, weights: &Weights, frequencies: &Frequencies, pairs: &[(u32, u32)]) -> Vec<Scored> {
        let table = WeightTable::new(weights);
        let comparers = Comparers::new(self.records, self.subjects);
        let scored = pairs.par_iter().with_min_len(1024).filter_map(|(left, right)| {
            let pattern = comparers.pattern(*left, *right);
            self.scored(&table, frequencies, Candidate { left: *left, right: *right, pattern, keys: 0 })
        });
        scored.collect()
    }

    fn scored(&self, table: &WeightTable, frequencies: &Frequencies, pair: Candidate) -> Option<Scored> {
        let plain = table.odds(pair.pattern);
        let is_keyed = self.keys.agree(pair.pattern);
        if plain.same < -24.0 && plain.household < -16.0 && !is_keyed {
            return None;
        }
        let Candidate { left, right, pattern, keys } = pair;
        let odds = self.odds(table, frequencies, (left, right), pattern);
        let [same, household, _] = odds.probabilities();
        (same >= KEPT_SAME || household >= KEPT_HOUSEHOLD || is_keyed).then_some(Scored {
            left,
            right,
            pattern,
            odds,
            keys,
        })
    }

    fn rescore(&self, scored: &mut [Scored], weights: &Weights, frequencies: &Frequencies) {
        let table = WeightTable::new(weights);
        scored.par_iter_mut().for_each(|pair| {
            pair.odds = self.odds(&table, frequencies, (pair.left, pair.right), pair.pattern);
        });
    }

    /// Has the scored pairs clustered.
    fn cluster<T>(
        &self,
        scored: &[Scored],
        (weights, frequencies): (&Weights, &Frequencies),
        work: impl FnOnce(&Clustering<'_>, &[Edge]) -> T,
    ) -> T {
        let table = WeightTable::new(weights);
        let prior = table.prior();
        let asked = self.schema.thresholds.merge.map(bits_of).filter(|bits| *bits < 0.0);
        let least = asked.unwrap_or(f32::NEG_INFINITY);
        let edges: Vec<Edge> = scored
            .par_iter()
            .map(|pair| {
                let weight = bond(pair.odds, prior, least);
                Edge { left: pair.left, right: pair.right, weight }
            })
            .collect();
        let comparers = Comparers::new(self.records, self.subjects);
        let score = |left: u32, right: u32| {
            let pattern = comparers.pattern(left, right);
            bond(self.odds(&table, frequencies, (left, right), pattern), prior, least)
        };
        let before = self.earlier.map(|earlier| earlier.clusters.as_slice());
        let clustering =
            Clustering { records: self.records.len(), score: &score, constraints: self.constraints, before };
        work(&clustering, &edges)
    }

    /// The clusters at a merge threshold; where none is given, at the one that promises the best, which is given back. Where
    /// there are many records, a part of them says which that is.
    fn clusters_at(&self, merge: Option<f64>, clustering: &Clustering<'_>, edges: &[Edge]) -> (f64, Vec<u32>) {
        let one_of = (self.records.len() / CHOOSING_RECORDS).max(1);
        let merge = merge.unwrap_or_else(|| {
            let without_habit = Clustering { before: None, ..*clustering };
            let kept = self.earlier.and_then(|earlier| earlier.merge_threshold);
            threshold::choose(&without_habit.merges(edges, threshold::EARLIEST, one_of), kept)
        });
        (merge, clustering.cluster(edges, bits_of(merge)))
    }
}

/// Whether so many sampled pairs hold next to none that may be one person or one household; `sum` is how many are expected.
fn is_idle(pairs: u64, sum: f64) -> bool {
    pairs >= IDLE_SAMPLE && sum < IDLE_SHARE * pairs as f64
}

/// What a pair counts for in the mean of two groups. A pair that speaks for one person, though not loud enough, is no
/// evidence that its groups are two: its records hold little. One that speaks for a household is.
///
/// `least` is what the threshold asks for, where that is less than even odds: what says too little for it by itself stays below it.
fn bond(odds: Odds, prior: Odds, least: f32) -> f32 {
    let weight = odds.weight();
    let says_little = weight < 0.0 && odds.same >= prior.same && odds.household < 0.0;
    if !says_little {
        weight
    } else if weight < least {
        (LITTLE * weight).min(least - LITTLE)
    } else {
        LITTLE * weight
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_below_even_odds_is_a_probability_of_the_pair_itself() {
        let prior = Odds { same: -10.0, household: -10.0 };
        let little = |same: f32| Odds { same, household: -3.0 };
        let least = bits_of(0.3);
        assert!(bond(little(-6.0), prior, least) < least);
        assert!(bond(little(-1.0), prior, least) >= least);
        assert!(bond(little(-6.0), prior, f32::NEG_INFINITY) > -2.0, "at even odds it is the mean that decides");
    }

    #[test]
    fn a_key_is_idle_where_many_of_its_pairs_were_seen_and_none_was_worth_it() {
        assert!(is_idle(200_000, 2.0));
        assert!(!is_idle(200_000, 150.0), "one pair in a thousand is worth it");
        assert!(!is_idle(500, 0.0), "a few pairs say nothing, and cost nothing");
    }
}
