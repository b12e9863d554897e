//! Due times against an oracle that knows neither cron nor clock changes: it looks at the wall clock of every zone of the
//! tz database, minute by minute, around each of its changes from 2000 to 2037.

use std::collections::BTreeSet;
use std::thread;

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::Due;

const AROUND: TimeDelta = TimeDelta::hours(5);

fn year(year: i32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap()
}

fn wall(instant: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    instant.with_timezone(&zone).naive_local()
}

/// The minutes at whose beginning the wall clock of a zone stands elsewhere than a minute after the last one.
fn changes(zone: Tz) -> Vec<DateTime<Utc>> {
    let ahead = |instant| wall(instant, zone) - instant.naive_utc();
    let (half_day, minute) = (TimeDelta::hours(12), TimeDelta::minutes(1));
    let mut found = Vec::new();
    let mut instant = year(2000);
    while instant < year(2038) {
        if ahead(instant) != ahead(instant + half_day) {
            let mut changed = instant + minute;
            while ahead(changed) == ahead(instant) {
                changed += minute;
            }
            found.push(changed);
        }
        instant += half_day;
    }
    found
}

/// The minutes around an instant with what the wall clock shows.
fn minutes(around: DateTime<Utc>, zone: Tz) -> Vec<(DateTime<Utc>, NaiveDateTime)> {
    let count = 2 * AROUND.num_minutes();
    (0..=count).map(|minute| around - AROUND + TimeDelta::minutes(minute)).map(|one| (one, wall(one, zone))).collect()
}

/// When a time of the day is due: the first time that the clock shows it, or when the clock has jumped over it.
fn expected_of_day(minutes: &[(DateTime<Utc>, NaiveDateTime)], time: NaiveTime) -> Vec<DateTime<Utc>> {
    let mut shown = BTreeSet::new();
    let mut due = Vec::new();
    for pair in minutes.windows(2) {
        let ((_, before), (instant, now)) = (pair[0], pair[1]);
        let is_shown = now.time() == time && shown.insert(now);
        let mut jumped = false;
        let mut day = before.date();
        while day <= now.date() {
            let wanted = day.and_time(time);
            jumped |= before < wanted && wanted < now && shown.insert(wanted);
            day = day.succ_opt().unwrap();
        }
        if is_shown || jumped {
            due.push(instant);
        }
    }
    due
}

/// When an interval is due: whenever the clock shows such a time, in both passes of a fold.
fn expected_of_interval(
    minutes: &[(DateTime<Utc>, NaiveDateTime)],
    matches: impl Fn(NaiveTime) -> bool,
) -> Vec<DateTime<Utc>> {
    minutes[1..].iter().filter(|(_, local)| matches(local.time())).map(|(instant, _)| *instant).collect()
}

fn found(lines: &[String], zone: Tz, minutes: &[(DateTime<Utc>, NaiveDateTime)]) -> Vec<DateTime<Utc>> {
    let due = Due::parse(lines, zone.name()).unwrap();
    let (first, last) = (minutes[0].0, minutes[minutes.len() - 1].0);
    let times = std::iter::successors(due.next_after(first), |&time| due.next_after(time));
    times.take_while(|&time| time <= last).collect()
}

/// Compares all patterns around one change.
fn compare(zone: Tz, change: DateTime<Utc>, faults: &mut Vec<String>) {
    let minutes = minutes(change, zone);
    let mut check = |lines: &[String], expected: &[DateTime<Utc>]| {
        let found = found(lines, zone, &minutes);
        if found != expected {
            faults.push(format!("{} {change} {lines:?}: expected {expected:?}, found {found:?}", zone.name()));
        }
    };
    // Times of the day on both sides of the change, by the clock before it and by the clock after it.
    let before = wall(change - TimeDelta::minutes(1), zone) + TimeDelta::minutes(1);
    let after = wall(change, zone);
    let offsets = [-30, 0, 30].map(TimeDelta::minutes);
    for time in offsets.iter().flat_map(|&offset| [before + offset, after + offset]) {
        let line = format!("{} {} * * *", time.minute(), time.hour());
        check(&[line], &expected_of_day(&minutes, time.time()));
    }
    let two = [before.time(), (before + TimeDelta::minutes(20)).time()];
    if two[0].hour() == two[1].hour() {
        let line = format!("{},{} {} * * *", two[0].minute(), two[1].minute(), two[0].hour());
        let mut expected: Vec<_> = two.iter().flat_map(|&time| expected_of_day(&minutes, time)).collect();
        expected.sort_unstable();
        expected.dedup();
        check(&[line], &expected);
    }
    check(&["*/30 * * * *".to_owned()], &expected_of_interval(&minutes, |time| time.minute().is_multiple_of(30)));
    check(&["@hourly".to_owned()], &expected_of_interval(&minutes, |time| time.minute() == 0));
    let every_other = |time: NaiveTime| time.minute() == 15 && time.hour().is_multiple_of(2);
    check(&["15 */2 * * *".to_owned()], &expected_of_interval(&minutes, every_other));
    let early = |time: NaiveTime| time.minute() == 45 && time.hour() <= 4;
    check(&["45 0-4 * * *".to_owned()], &expected_of_interval(&minutes, early));
}

#[test]
fn every_zone_from_2000_to_2037_is_due_as_its_wall_clock_says() {
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let (mut faults, mut seen) = (Vec::new(), 0);
    thread::scope(|scope| {
        let look = |part: usize| {
            let (mut faults, mut seen) = (Vec::new(), 0);
            for &zone in TZ_VARIANTS.iter().skip(part).step_by(workers) {
                for change in changes(zone) {
                    compare(zone, change, &mut faults);
                    seen += 1;
                }
            }
            (faults, seen)
        };
        let parts: Vec<_> = (0..workers).map(|part| scope.spawn(move || look(part))).collect();
        for part in parts {
            let (found, changes) = part.join().unwrap();
            faults.extend(found);
            seen += changes;
        }
    });
    assert!(faults.is_empty(), "{} faults, such as\n{}", faults.len(), faults[..faults.len().min(10)].join("\n"));
    assert!(seen > 10_000, "only {seen} clock changes were looked at");
}

#[test]
fn the_oracle_itself_knows_the_rule() {
    let zone = chrono_tz::Europe::Berlin;
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    let spring = minutes(at("2026-03-29T03:00:00+02:00"), zone);
    let autumn = minutes(at("2026-10-25T02:00:00+01:00"), zone);
    let half_past_two = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
    assert_eq!(expected_of_day(&spring, half_past_two), [at("2026-03-29T03:00:00+02:00")]);
    assert_eq!(expected_of_day(&autumn, half_past_two), [at("2026-10-25T02:30:00+02:00")]);
    let hourly = expected_of_interval(&autumn, |time| time.minute() == 0);
    assert!(hourly.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::hours(1)), "{hourly:?}");
}
