//! Chance that is always the same for the same due time, so that whoever looks again finds the same.

use chrono::{DateTime, Utc};
use kartei_schemas::duration::Span;
use xxhash_rust::xxh3::xxh3_64;

/// A part of a span, in milliseconds: by the job, the due time, and the attempt.
pub fn share(job: &str, due_at: DateTime<Utc>, attempt: u32, span: Span) -> i64 {
    let whole = span.seconds().saturating_mul(1_000);
    let seed = xxh3_64(format!("{job}\n{}\n{attempt}", due_at.timestamp()).as_bytes());
    i64::try_from(seed % whole.saturating_add(1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_due_time_has_the_same_share_and_others_spread_over_the_whole_span() {
        let span = Span::from_seconds(60);
        let at = |hour: i64| DateTime::from_timestamp(1_795_000_000 + hour * 3_600, 0).unwrap();
        assert_eq!(share("nightly", at(0), 0, span), share("nightly", at(0), 0, span));
        assert_ne!(share("nightly", at(0), 0, span), share("weekly", at(0), 0, span));
        let shares: Vec<i64> = (0..1_000).map(|hour| share("nightly", at(hour), 0, span)).collect();
        assert!(shares.iter().all(|share| (0..=60_000).contains(share)));
        let early = shares.iter().filter(|&&share| share < 30_000).count();
        assert!((400..600).contains(&early), "{early} of 1000 in the first half");
        assert_eq!(share("nightly", at(0), 0, Span::from_seconds(0)), 0);
    }
}
