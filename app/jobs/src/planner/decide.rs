//! What becomes of the due times that have come: planned, skipped or missed, by the job's word on each.

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::due::{Due, Unplanned};
use kartei_schemas::jobs::{JobSchema, Missed, Overlap};
use kartei_store::{RunState, TickState};

/// A due time that is planned within this is on time.
const PUNCTUAL: TimeDelta = TimeDelta::seconds(2);
/// With `missed = "skip"` and no word on how late is too late.
const SKIP_AFTER: TimeDelta = TimeDelta::minutes(1);
/// So many due times are dealt with in one go; of those that are missed only the newest are listed.
const AT_ONCE: usize = 100;
/// So many runs of one job may wait with `overlap = "queue"`.
const QUEUE: usize = 10;

/// How things stand when due times have come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    /// The last due time that was dealt with.
    pub(super) last_due_at: DateTime<Utc>,
    /// The moment.
    pub(super) now: DateTime<Utc>,
    /// The runs of the job that wait or are under way.
    pub(super) active: &'a [(i64, RunState)],
}

/// What becomes of one due time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) due_at: DateTime<Utc>,
    pub(super) state: TickState,
    /// Why, where it is not simply planned.
    pub(super) reason: Option<String>,
    /// The runs that are asked to end for it.
    pub(super) cancels: Vec<i64>,
}

/// Decides on all due times that have come, in order.
pub(super) fn decide(job: &JobSchema, due: &Due, situation: &Situation<'_>) -> Vec<Decision> {
    let Situation { last_due_at, now, .. } = *situation;
    let found = match job.missed {
        // The oldest first, so that none is left out: the others follow in the next go.
        Missed::All => {
            let times = due.upcoming(last_due_at, AT_ONCE).into_iter().take_while(|&time| time <= now).collect();
            Unplanned { times, more: false }
        }
        Missed::Latest | Missed::Skip => due.unplanned(last_due_at, now, AT_ONCE),
    };
    let within =
        job.missed_within.map(|span| TimeDelta::seconds(i64::try_from(span.seconds()).unwrap_or(i64::MAX / 1_000)));
    let mut waiting = Waiting::of(job.overlap, situation.active);
    let latest = found.times.last().copied();
    let mut decisions = Vec::with_capacity(found.times.len());
    for (index, &due_at) in found.times.iter().enumerate() {
        let late = now - due_at;
        let is_too_late = match (within, job.missed) {
            (Some(within), _) => late > within,
            (None, Missed::Skip) => late > SKIP_AFTER,
            (None, _) => false,
        };
        let is_wanted = late <= PUNCTUAL || job.missed == Missed::All || Some(due_at) == latest;
        let decision = if is_too_late || !is_wanted {
            let earlier = if index == 0 && found.more { "; earlier due times were missed as well" } else { "" };
            let why = if is_too_late { "it was noticed too late" } else { "a later due time is made up for" };
            let reason = Some(format!("{why} ({}){earlier}", lateness(late)));
            Decision { due_at, state: TickState::Missed, reason, cancels: Vec::new() }
        } else {
            waiting.decide(due_at, late > PUNCTUAL && job.missed == Missed::All)
        };
        decisions.push(decision);
    }
    decisions
}

/// The runs of the job that wait or are under way, with those that were just decided on.
struct Waiting {
    overlap: Overlap,
    under_way: Option<i64>,
    active: Vec<i64>,
    count: usize,
}

impl Waiting {
    fn of(overlap: Overlap, active: &[(i64, RunState)]) -> Self {
        let count = active.iter().filter(|(_, state)| *state == RunState::Due).count();
        let active: Vec<i64> = active.iter().map(|(id, _)| *id).collect();
        Self { overlap, under_way: active.first().copied(), active, count }
    }

    fn decide(&mut self, due_at: DateTime<Utc>, is_made_up_for: bool) -> Decision {
        let is_first = self.active.is_empty() && self.count == 0;
        let skipped = match self.overlap {
            // What is made up for on demand waits its turn.
            _ if is_made_up_for || is_first => None,
            Overlap::Skip => Some(match self.under_way {
                Some(run) => format!("run {run} of the job has not ended"),
                None => "an earlier run of the job has not ended".to_owned(),
            }),
            Overlap::Queue if self.count >= QUEUE => Some(format!("{} runs of the job wait already", self.count)),
            Overlap::Queue | Overlap::CancelRunning => None,
        };
        if let Some(reason) = skipped {
            return Decision { due_at, state: TickState::Skipped, reason: Some(reason), cancels: Vec::new() };
        }
        self.count += 1;
        let cancels =
            if self.overlap == Overlap::CancelRunning { std::mem::take(&mut self.active) } else { Vec::new() };
        Decision { due_at, state: TickState::Planned, reason: None, cancels }
    }
}

fn lateness(late: TimeDelta) -> String {
    match late.num_seconds() {
        seconds @ ..120 => format!("{seconds} s late"),
        seconds @ 120..7_200 => format!("{} min late", seconds / 60),
        seconds => format!("{} h late", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-11-{text}Z")).unwrap().to_utc()
    }

    /// Decides for a job that is due each day at four, and says of each due time what becomes of it.
    fn told(policy: &serde_json::Value, last: &str, now: &str, active: &[(i64, RunState)]) -> Vec<String> {
        let mut job = json!({ "steps": ["report"], "schedule": "0 4 * * *", "time_zone": "UTC" });
        job.as_object_mut().unwrap().extend(policy.as_object().unwrap().clone());
        let job: JobSchema = serde_json::from_value(job).unwrap();
        let due = Due::of_job(&job, "UTC").unwrap();
        let situation = Situation { last_due_at: at(last), now: at(now), active };
        let tell = |one: &Decision| {
            let mut text = format!("{} {}", one.due_at.format("%dT%H:%M"), one.state);
            if let Some(reason) = &one.reason {
                text = format!("{text}: {reason}");
            }
            if one.cancels.is_empty() { text } else { format!("{text}, ends {:?}", one.cancels) }
        };
        decide(&job, &due, &situation).iter().map(tell).collect()
    }

    const PLANNED: &str = "04T04:00 planned";

    #[test]
    fn a_due_time_that_has_come_is_planned_whatever_the_policy() {
        for missed in ["latest", "all", "skip"] {
            let told = told(&json!({ "missed": missed }), "03T04:00:00", "04T04:00:01", &[]);
            assert_eq!(told, [PLANNED], "{missed}");
        }
    }

    #[test]
    fn after_three_days_the_latest_is_made_up_for_or_all_or_none() {
        let during = |missed: &str| told(&json!({ "missed": missed }), "01T04:00:00", "04T09:00:00", &[]);
        assert_eq!(
            during("latest"),
            [
                "02T04:00 missed: a later due time is made up for (53 h late)",
                "03T04:00 missed: a later due time is made up for (29 h late)",
                PLANNED
            ]
        );
        assert_eq!(during("all"), ["02T04:00 planned", "03T04:00 planned", PLANNED]);
        assert_eq!(
            during("skip"),
            [
                "02T04:00 missed: it was noticed too late (53 h late)",
                "03T04:00 missed: it was noticed too late (29 h late)",
                "04T04:00 missed: it was noticed too late (5 h late)"
            ]
        );
    }

    #[test]
    fn what_is_later_than_missed_within_is_missed_for_good() {
        let policy = |missed: &str| json!({ "missed": missed, "missed_within": "30h" });
        let all = told(&policy("all"), "01T04:00:00", "04T09:00:00", &[]);
        assert_eq!(all, ["02T04:00 missed: it was noticed too late (53 h late)", "03T04:00 planned", PLANNED]);
        let latest = told(&json!({ "missed_within": "1h" }), "03T04:00:00", "04T09:00:00", &[]);
        assert_eq!(latest, ["04T04:00 missed: it was noticed too late (5 h late)"]);
    }

    #[test]
    fn a_due_time_that_overlaps_is_skipped_queued_or_ends_the_earlier_run() {
        let active = [(7, RunState::Running)];
        let during = |overlap: &str| told(&json!({ "overlap": overlap }), "03T04:00:00", "04T04:00:01", &active);
        assert_eq!(during("skip"), ["04T04:00 skipped: run 7 of the job has not ended"]);
        assert_eq!(during("queue"), [PLANNED]);
        assert_eq!(during("cancel_running"), ["04T04:00 planned, ends [7]"]);
    }

    #[test]
    fn a_queue_has_an_end() {
        let active: Vec<_> = (1..=10).map(|id| (id, RunState::Due)).collect();
        let told = told(&json!({ "overlap": "queue" }), "03T04:00:00", "04T04:00:01", &active);
        assert_eq!(told, ["04T04:00 skipped: 10 runs of the job wait already"]);
    }

    #[test]
    fn a_clock_that_went_back_a_day_plans_nothing_until_it_is_right_again() {
        assert!(told(&json!({}), "04T04:00:00", "03T04:00:01", &[]).is_empty());
        assert_eq!(told(&json!({}), "04T04:00:00", "05T04:00:01", &[]), ["05T04:00 planned"]);
    }

    #[test]
    fn a_long_sleep_lists_the_newest_hundred_and_says_that_there_were_more() {
        let schedule = json!({ "schedule": "* * * * *" });
        let told = told(&schedule, "01T04:00:00", "04T09:00:30", &[]);
        assert_eq!(told.len(), 100);
        assert!(told[0].ends_with("; earlier due times were missed as well"), "{}", told[0]);
        assert_eq!(told[99], "04T09:00 planned");
    }

    #[test]
    fn runs_that_are_all_made_up_for_wait_for_each_other_also_where_overlaps_are_skipped() {
        let told = told(&json!({ "missed": "all" }), "01T04:00:00", "04T09:00:00", &[(7, RunState::Running)]);
        assert_eq!(told, ["02T04:00 planned", "03T04:00 planned", PLANNED]);
    }
}
