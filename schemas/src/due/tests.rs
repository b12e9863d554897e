//! Schedules as people write them, in Berlin.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::json;

use super::*;

fn due(line: &str) -> Due {
    Due::parse(&[line.to_owned()], "Europe/Berlin").unwrap()
}

fn of_job(job: serde_json::Value) -> Due {
    Due::of_job(&serde_json::from_value(job).unwrap(), "Europe/Berlin").unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

#[test]
fn four_in_the_morning_stays_four_after_the_clock_change() {
    let due = due("0 4 * * *");
    assert_eq!(due.next_after(at("2026-03-28T12:00:00+01:00")), Some(at("2026-03-29T04:00:00+02:00")));
    assert_eq!(due.next_after(at("2026-10-24T12:00:00+02:00")), Some(at("2026-10-25T04:00:00+01:00")));
}

#[test]
fn several_times_in_the_spring_gap_are_due_once_right_after_it() {
    let times = due("0,20,40 2 * * *").upcoming(at("2026-03-29T00:00:00+01:00"), 2);
    assert_eq!(times, [at("2026-03-29T03:00:00+02:00"), at("2026-03-30T02:00:00+02:00")]);
}

#[test]
fn several_times_in_the_autumn_fold_are_due_once_each_in_its_first_pass() {
    let times = due("0,30 2 * * *").upcoming(at("2026-10-25T00:00:00+02:00"), 3);
    let expected = [at("2026-10-25T02:00:00+02:00"), at("2026-10-25T02:30:00+02:00"), at("2026-10-26T02:00:00+01:00")];
    assert_eq!(times, expected);
}

#[test]
fn each_half_hour_of_the_autumn_night_has_its_due_time() {
    let times = due("*/30 * * * *").upcoming(at("2026-10-24T23:50:00Z"), 6);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::minutes(30)), "{times:?}");
}

#[test]
fn several_lines_are_due_whenever_one_of_them_is() {
    let due = Due::parse(&["0 4 * * *".to_owned(), "0 12 * * MON".to_owned()], "Europe/Berlin").unwrap();
    let times = due.upcoming(at("2026-11-23T03:00:00+01:00"), 3);
    assert_eq!(
        times,
        [at("2026-11-23T04:00:00+01:00"), at("2026-11-23T12:00:00+01:00"), at("2026-11-24T04:00:00+01:00")]
    );
}

#[test]
fn what_was_not_planned_is_found_from_the_newest_on_and_says_whether_there_is_more() {
    let due = due("0 4 * * *");
    let now = at("2026-11-23T09:00:00+01:00");
    let found = due.unplanned(at("2026-11-20T04:00:00+01:00"), now, 2);
    assert_eq!(found.times, [at("2026-11-22T04:00:00+01:00"), at("2026-11-23T04:00:00+01:00")]);
    assert!(found.more);
    assert_eq!(due.unplanned(at("2026-11-23T04:00:00+01:00"), now, 2), Unplanned::default());
    assert_eq!(due.unplanned(at("2026-11-24T04:00:00+01:00"), now, 2), Unplanned::default(), "the clock went back");
}

#[test]
fn a_second_schedule_that_slept_for_a_year_is_made_up_for_without_counting_each_second() {
    let now = at("2026-11-23T09:00:00+01:00");
    let found = due("* * * * * *").unplanned(now - TimeDelta::days(365), now, 3);
    assert_eq!((found.times.len(), found.more, found.times[2]), (3, true, now));
}

#[test]
fn nothing_is_due_before_a_job_is_enabled_after_it_ended_or_in_a_blackout() {
    let due = of_job(json!({
        "steps": ["report"], "schedule": "0 4 * * *", "enabled_from": "2026-12-23", "enabled_until": "2026-12-29T04:00",
        "blackout": ["2026-12-24..2026-12-26", "Sun"],
    }));
    // The 27th is a Sunday.
    let times = due.upcoming(at("2026-11-01T00:00:00+01:00"), 5);
    assert_eq!(times, [at("2026-12-23T04:00:00+01:00"), at("2026-12-28T04:00:00+01:00")]);
}

#[test]
fn a_blackout_of_each_night_is_passed_in_one_step_also_by_a_schedule_of_seconds() {
    let due = of_job(json!({ "steps": ["report"], "schedule": "* * * * * *", "blackout": ["22:00-06:00"] }));
    assert_eq!(due.next_after(at("2026-11-23T21:59:59+01:00")), Some(at("2026-11-24T06:00:00+01:00")));
    let never = of_job(json!({ "steps": ["report"], "schedule": "0 4 * * *", "blackout": ["22:00-06:00"] }));
    assert_eq!(never.next_after(at("2026-11-23T21:59:59+01:00")), None);
}

#[test]
fn a_day_that_never_comes_and_an_unknown_zone_are_refused() {
    let error = Due::parse(&["0 0 31 2 *".to_owned()], "Europe/Berlin").unwrap_err();
    assert_eq!(error.to_string(), "the schedule `0 0 31 2 *` cannot be: it is never due");
    let error = Due::parse(&[], "Europe/Berln").unwrap_err();
    assert_eq!(error.to_string(), "there is no time zone `Europe/Berln`");
}

proptest! {
    #![proptest_config(Config { rng_seed: RngSeed::Fixed(7), ..Config::default() })]

    #[test]
    fn the_next_due_time_lies_ahead_and_nothing_lies_between(
        minute in 0..60u32, hour in 0..24u32, start in 946_684_800i64..2_145_916_800,
    ) {
        let due = due(&format!("{minute} {hour} * * *"));
        let start = DateTime::from_timestamp(start, 0).unwrap();
        let next = due.next_after(start).unwrap();
        prop_assert!(next > start && next - start <= TimeDelta::hours(26));
        prop_assert_eq!(due.next_after(next - TimeDelta::seconds(1)), Some(next));
    }

    #[test]
    fn made_up_times_are_those_that_would_have_come(
        start in 946_684_800i64..2_145_916_800, hours in 1..400i64, count in 1..6usize,
    ) {
        let due = due("*/20 1-3 * * *");
        let start = DateTime::from_timestamp(start, 0).unwrap();
        let now = start + TimeDelta::hours(hours);
        let mut all: Vec<_> = due.upcoming(start, 4_000).into_iter().take_while(|&time| time <= now).collect();
        let more = all.len() > count;
        let newest = all.split_off(all.len().saturating_sub(count));
        prop_assert_eq!(due.unplanned(start, now, count), Unplanned { times: newest, more });
    }
}
