//! Similarity of two words, by the kernels of the `rapidfuzz` crate.

use rapidfuzz::distance::{jaro_winkler, osa};

/// Jaro-Winkler similarity of two folded words; zero where it stays below `cutoff`.
pub(crate) fn jaro_winkler(left: &str, right: &str, cutoff: f64) -> f64 {
    jaro_winkler::similarity_with_args(left.bytes(), right.bytes(), &jaro_winkler::Args::default().score_cutoff(cutoff))
        .unwrap_or(0.0)
}

/// Edits that make one text of the other, a change of neighbours counting as one; `None` where more than `most`.
pub(crate) fn edits(left: &str, right: &str, most: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > most {
        return None;
    }
    osa::distance_with_args(left.bytes(), right.bytes(), &osa::Args::default().score_cutoff(most))
}

/// Whether two words of four letters or more are one slip of the pen apart.
pub(crate) fn is_typo(left: &str, right: &str) -> bool {
    let shorter = left.len().min(right.len());
    shorter >= 4 && edits(left, right, if shorter >= 8 { 2 } else { 1 }).is_some()
}
