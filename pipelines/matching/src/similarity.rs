//! Similarity of two words, by the kernels of the `rapidfuzz` crate.

use rapidfuzz::distance::{jaro_winkler, osa};

/// Jaro-Winkler similarity of two folded words; zero where it stays below `cutoff`.
pub(crate) fn jaro_winkler(left: &str, right: &str, cutoff: f64) -> f64 {
    if most_jaro_winkler(left, right) < cutoff {
        return 0.0;
    }
    jaro_winkler::similarity_with_args(left.bytes(), right.bytes(), &jaro_winkler::Args::default().score_cutoff(cutoff))
        .unwrap_or(0.0)
}

/// Which letters a word holds; some share a bit, so that two words differ at least where their sets do.
fn letters(word: &str) -> u32 {
    word.bytes().fold(0, |letters, byte| letters | 1 << (byte & 31))
}

/// What the similarity is at most, judged by the letters that the words do not share: most pairs need no closer look.
fn most_jaro_winkler(left: &str, right: &str) -> f64 {
    let (left_letters, right_letters) = (letters(left), letters(right));
    let shared = |word: &str, alone: u32| word.len().saturating_sub(alone.count_ones() as usize);
    let matches = shared(left, left_letters & !right_letters).min(shared(right, right_letters & !left_letters)) as f64;
    if matches == 0.0 {
        return 0.0;
    }
    let jaro = (matches / left.len() as f64 + matches / right.len() as f64 + 1.0) / 3.0;
    let prefix = left.bytes().zip(right.bytes()).take(4).take_while(|(left, right)| left == right).count();
    jaro + 0.1 * prefix as f64 * (1.0 - jaro) + 1e-9
}

/// Edits that make one text of the other, a change of neighbours counting as one; `None` where more than `most`.
pub(crate) fn edits(left: &str, right: &str, most: usize) -> Option<usize> {
    let apart = (letters(left) ^ letters(right)).count_ones() as usize;
    // An edit takes one letter out of the set at most, and puts one in.
    if left.len().abs_diff(right.len()) > most || apart > 2 * most {
        return None;
    }
    osa::distance_with_args(left.bytes(), right.bytes(), &osa::Args::default().score_cutoff(most))
}

/// Whether two words of four letters or more are one slip of the pen apart.
pub(crate) fn is_typo(left: &str, right: &str) -> bool {
    let shorter = left.len().min(right.len());
    shorter >= 4 && edits(left, right, if shorter >= 8 { 2 } else { 1 }).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn two_words_are_as_similar_both_ways(left in "[a-d]{0,16}", right in "[a-d]{0,16}") {
            prop_assert_eq!(jaro_winkler(&left, &right, 0.0).to_bits(), jaro_winkler(&right, &left, 0.0).to_bits());
            prop_assert_eq!(edits(&left, &right, 2), edits(&right, &left, 2));
        }

        /// What is passed over by the letters alone would not have come out otherwise.
        #[test]
        fn the_quick_look_never_hides_a_similar_word(left in "[a-f0-2 ]{0,9}", right in "[a-f0-2 ]{0,9}") {
            let exact = rapidfuzz::distance::jaro_winkler::similarity(left.bytes(), right.bytes());
            if !left.is_empty() && !right.is_empty() {
                prop_assert!(most_jaro_winkler(&left, &right) >= exact);
            }
            let distance = osa::distance(left.bytes(), right.bytes());
            for most in 0..3 {
                prop_assert_eq!(edits(&left, &right, most), (distance <= most).then_some(distance));
            }
        }
    }
}
