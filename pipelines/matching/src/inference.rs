//! What follows from judgements: who is the same as someone who is the same, and who differs from them.

use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::forest::Forest;

/// The judgements of a moment, ready to be asked what follows from them.
#[derive(Default)]
pub struct Inference {
    numbers: FxHashMap<RecordId, u32>,
    /// Per record its group: records that are said to be one person, one through the other.
    groups: Vec<u32>,
    /// Groups that are said to differ, the smaller first.
    different: FxHashSet<(u32, u32)>,
    /// Pairs of records that somebody looked at and could not tell.
    unsure: FxHashSet<(u32, u32)>,
}

impl Inference {
    /// Reads judgements; one a pair, the one that holds.
    pub fn of(judgements: &[Judgement]) -> Self {
        let mut numbers: FxHashMap<RecordId, u32> = FxHashMap::default();
        let mut number = |id: &RecordId| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(id.clone()).or_insert(next)
        };
        let pairs: Vec<(u32, u32, Verdict)> =
            judgements.iter().map(|said| (number(&said.left), number(&said.right), said.verdict)).collect();
        let mut forest = Forest::new(numbers.len());
        for (left, right, _) in pairs.iter().filter(|pair| pair.2 == Verdict::Same) {
            forest.join(*left, *right);
        }
        let groups = forest.labels();
        let of_verdict = |wanted| {
            let chosen = pairs.iter().filter(move |pair| pair.2 == wanted);
            chosen.map(|(left, right, _)| (*left, *right))
        };
        let in_groups = |(left, right): (u32, u32)| ordered(groups[left as usize], groups[right as usize]);
        let different = of_verdict(Verdict::Different).map(in_groups).collect();
        let unsure = of_verdict(Verdict::Unsure).map(|(left, right)| ordered(left, right)).collect();
        Self { numbers, groups, different, unsure }
    }

    /// What the judgements say of a pair, by themselves or because it follows; `None` where they say nothing.
    /// Where they contradict each other, two records that are said to differ differ.
    pub fn of_pair(&self, left: &RecordId, right: &RecordId) -> Option<Verdict> {
        let (left, right) = (*self.numbers.get(left)?, *self.numbers.get(right)?);
        let groups = ordered(self.groups[left as usize], self.groups[right as usize]);
        if self.different.contains(&groups) {
            Some(Verdict::Different)
        } else if groups.0 == groups.1 {
            Some(Verdict::Same)
        } else {
            self.unsure.contains(&ordered(left, right)).then_some(Verdict::Unsure)
        }
    }
}

fn ordered(left: u32, right: u32) -> (u32, u32) {
    (left.min(right), left.max(right))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u32) -> RecordId {
        RecordId { source: "members".to_owned(), key: number.to_string() }
    }

    fn said(left: u32, right: u32, verdict: Verdict) -> Judgement {
        Judgement { left: id(left), right: id(right), verdict }
    }

    #[test]
    fn an_answer_that_follows_is_known() {
        let judgements = [
            said(1, 2, Verdict::Same),
            said(2, 3, Verdict::Same),
            said(3, 4, Verdict::Different),
            said(5, 6, Verdict::Unsure),
        ];
        let inference = Inference::of(&judgements);
        assert_eq!(inference.of_pair(&id(1), &id(3)), Some(Verdict::Same));
        assert_eq!(inference.of_pair(&id(4), &id(1)), Some(Verdict::Different));
        assert_eq!(inference.of_pair(&id(6), &id(5)), Some(Verdict::Unsure));
        assert_eq!(inference.of_pair(&id(4), &id(5)), None);
        assert_eq!(inference.of_pair(&id(1), &id(99)), None);
    }

    #[test]
    fn two_records_that_differ_from_a_third_may_be_anything() {
        let inference = Inference::of(&[said(1, 2, Verdict::Different), said(2, 3, Verdict::Different)]);
        assert_eq!(inference.of_pair(&id(1), &id(3)), None);
    }

    proptest! {
        /// Verdicts that come from a truth are never contradicted by what follows from them.
        #[test]
        fn what_follows_from_true_judgements_is_true(
            truth in proptest::collection::vec(0_u32..4, 8),
            asked in proptest::collection::vec((0_u32..8, 0_u32..8), 0..20),
        ) {
            let verdict = |left: u32, right: u32| {
                if truth[left as usize] == truth[right as usize] { Verdict::Same } else { Verdict::Different }
            };
            let judgements: Vec<Judgement> = asked
                .iter()
                .filter(|(left, right)| left != right)
                .map(|(left, right)| said(*left, *right, verdict(*left, *right)))
                .collect();
            let inference = Inference::of(&judgements);
            for left in 0..8 {
                for right in (0..8).filter(|right| *right != left) {
                    let answer = inference.of_pair(&id(left), &id(right));
                    prop_assert!(answer.is_none_or(|answer| answer == verdict(left, right)));
                    prop_assert_eq!(answer, inference.of_pair(&id(right), &id(left)));
                }
            }
            for judgement in &judgements {
                prop_assert_eq!(inference.of_pair(&judgement.left, &judgement.right), Some(judgement.verdict));
            }
        }
    }
}
