//! Workers that have gone silent, measured by a clock that nobody sets: a lease that was written while the machine's clock
//! stood a day ahead would else hold for a day.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use kartei_store::Held;

/// Since when each sign of life is known.
#[derive(Debug)]
pub(super) struct Silence {
    patience: Duration,
    since: HashMap<Held, Instant>,
}

impl Silence {
    /// A worker is silent when its last sign of life is known for longer than this.
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, since: HashMap::new() }
    }

    /// Looks at the runs that are held, and gives those whose workers have been silent for too long.
    pub(super) fn look(&mut self, held: Vec<Held>, now: Instant) -> Vec<Held> {
        let still: HashSet<&Held> = held.iter().collect();
        self.since.retain(|known, _| still.contains(known));
        let patience = self.patience;
        let is_silent = |held: &Held, since: &mut HashMap<Held, Instant>| {
            now.duration_since(*since.entry(held.clone()).or_insert(now)) > patience
        };
        held.into_iter().filter(|one| is_silent(one, &mut self.since)).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn held(seconds: i64) -> Vec<Held> {
        vec![Held { run_id: 1, attempt: 1, heartbeat_at: DateTime::from_timestamp(seconds, 0) }]
    }

    #[test]
    fn a_worker_is_silent_when_the_same_sign_of_life_is_seen_for_too_long() {
        let mut silence = Silence::new(Duration::from_secs(8));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(silence.look(held(1), at(0)).is_empty());
        // A clock that went back is a sign of life as well.
        assert!(silence.look(held(-86_400), at(7)).is_empty());
        assert!(silence.look(held(-86_400), at(14)).is_empty());
        assert_eq!(silence.look(held(-86_400), at(16)), held(-86_400));
        assert!(silence.look(Vec::new(), at(17)).is_empty());
        assert!(silence.look(held(-86_400), at(30)).is_empty(), "it is counted anew");
    }
}
