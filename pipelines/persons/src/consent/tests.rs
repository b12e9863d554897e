//! Consent over imports, merges and splits.

use chrono::{DateTime, Duration, Utc};
use kartei_schemas::consent::SaidPrecision;
use proptest::prelude::*;

use super::*;
use crate::testing::{Night, Record, frame, night, nothing_heard, record, run};

/// `newsletter` in a state, said on a day of November, if it is known.
fn said(state: ConsentState, day: Option<i64>) -> Consent {
    Consent { at: day.map(night), ..Consent::new("newsletter", state, "s") }
}

fn person(source: &str, key: &str, consents: &[Consent]) -> Record {
    record(source, key, "given_name=Anna").with("consents", &serde_json::to_string(consents).unwrap())
}

/// What is published for the person of a row: `newsletter` alone.
fn state(night: &Night, row: usize) -> Option<ConsentState> {
    let text = night.cell(row, "consents");
    let consents: Vec<Consent> = if text.is_empty() { Vec::new() } else { serde_json::from_str(&text).unwrap() };
    assert!(consents.len() <= 1, "one entry a purpose");
    consents.first().map(|consent| consent.state)
}

/// One record, told anew each night.
fn nights(told: &[(ConsentState, Option<i64>)]) -> Vec<Option<ConsentState>> {
    let mut last: Option<Night> = None;
    let mut states = Vec::new();
    for (number, (what, day)) in (10..).zip(told) {
        let next = run(&[person("s", "1", &[said(*what, *day)])], &[0], last.as_ref(), number);
        states.push(state(&next, 0));
        last = Some(next);
    }
    states
}

use ConsentState::{Granted, Pending, Unclear, Withdrawn};

#[test]
fn a_re_import_of_an_old_list_does_not_undo_a_withdrawal() {
    let states = nights(&[(Granted, Some(1)), (Withdrawn, Some(5)), (Granted, Some(1)), (Granted, None)]);
    assert_eq!(states, [Some(Granted), Some(Withdrawn), Some(Withdrawn), Some(Withdrawn)]);
}

#[test]
fn a_later_grant_lifts_a_withdrawal_and_an_equally_old_one_does_not() {
    assert_eq!(nights(&[(Withdrawn, Some(5)), (Granted, Some(6))])[1], Some(Granted));
    assert_eq!(nights(&[(Withdrawn, Some(5)), (Granted, Some(5))])[1], Some(Withdrawn));
}

#[test]
fn a_withdrawal_without_time_binds_until_a_grant_later_than_it_was_first_heard() {
    // Heard on the night of the 10th.
    assert_eq!(nights(&[(Withdrawn, None), (Granted, Some(9))])[1], Some(Withdrawn));
    assert_eq!(nights(&[(Withdrawn, None), (Granted, Some(10))])[1], Some(Withdrawn));
    assert_eq!(nights(&[(Withdrawn, None), (Granted, Some(11))])[1], Some(Granted));
}

#[test]
fn a_withdrawal_without_time_that_is_told_again_after_a_grant_is_a_new_one() {
    let states = nights(&[(Withdrawn, None), (Granted, Some(11)), (Withdrawn, None)]);
    assert_eq!(states[1..], [Some(Granted), Some(Withdrawn)]);
}

#[test]
fn a_grant_from_the_future_never_counts_even_when_its_day_has_come() {
    let states = nights(&[(Withdrawn, Some(5)), (Granted, Some(12)), (Withdrawn, Some(5)), (Granted, Some(12))]);
    assert_eq!(states, [Some(Withdrawn); 4]);
}

#[test]
fn a_grant_without_any_withdrawal_needs_no_time() {
    assert_eq!(nights(&[(Granted, None)]), [Some(Granted)]);
}

#[test]
fn a_pending_request_lifts_nothing_and_a_later_grant_confirms_it() {
    let states = nights(&[(Withdrawn, Some(1)), (Pending, Some(5)), (Granted, Some(6))]);
    assert_eq!(states, [Some(Withdrawn), Some(Withdrawn), Some(Granted)]);
    assert_eq!(nights(&[(Granted, Some(1)), (Pending, Some(5))])[1], Some(Pending));
}

#[test]
fn a_withdrawal_binds_although_its_record_was_deleted_and_added_again() {
    let lead = person("t", "9", &[]);
    let first = run(&[person("s", "1", &[said(Withdrawn, Some(5))]), lead.clone()], &[0, 0], None, 10);
    let second = run(std::slice::from_ref(&lead), &[0], Some(&first), 11);
    assert_eq!(state(&second, 0), Some(Withdrawn), "the person is still there");
    let third = run(&[person("s", "1", &[said(Granted, Some(1))]), lead], &[0, 0], Some(&second), 12);
    assert_eq!(state(&third, 0), Some(Withdrawn));
}

#[test]
fn a_grant_of_a_deleted_record_proves_nothing() {
    let lead = person("t", "9", &[]);
    let first = run(&[person("s", "1", &[said(Granted, Some(5))]), lead.clone()], &[0, 0], None, 10);
    assert_eq!(state(&first, 0), Some(Granted));
    assert_eq!(state(&run(&[lead], &[0], Some(&first), 11), 0), None);
}

#[test]
fn within_one_person_the_newest_word_of_any_source_counts() {
    let records = [person("s", "1", &[said(Withdrawn, Some(3))]), person("t", "1", &[said(Granted, Some(5))])];
    assert_eq!(state(&run(&records, &[0, 0], None, 10), 0), Some(Granted));
}

#[test]
fn a_merge_takes_the_stricter_until_a_grant_later_than_the_merge() {
    let withdrawn = person("s", "1", &[said(Withdrawn, Some(3))]);
    let granted = |day| person("t", "1", &[said(Granted, Some(day))]);
    let first = run(&[withdrawn.clone(), granted(5)], &[0, 1], None, 10);
    assert_eq!((state(&first, 0), state(&first, 1)), (Some(Withdrawn), Some(Granted)));
    let merged = run(&[withdrawn.clone(), granted(5)], &[0, 0], Some(&first), 11);
    assert_eq!(state(&merged, 0), Some(Withdrawn));
    let later = run(&[withdrawn.clone(), granted(12)], &[0, 0], Some(&merged), 13);
    assert_eq!(state(&later, 0), Some(Granted));
    let undone = run(&[withdrawn, granted(5)], &[0, 1], Some(&merged), 12);
    assert_eq!((state(&undone, 0), state(&undone, 1)), (Some(Withdrawn), Some(Granted)));
}

#[test]
fn purposes_do_not_touch_each_other() {
    let other = Consent { purpose: "post".to_owned(), ..said(Withdrawn, Some(9)) };
    let first = run(&[person("s", "1", &[said(Granted, Some(1)), other])], &[0], None, 10);
    let consents: Vec<Consent> = serde_json::from_str(&first.cell(0, "consents")).unwrap();
    let states: Vec<_> = consents.iter().map(|consent| (consent.purpose.as_str(), consent.state)).collect();
    assert_eq!(states, [("newsletter", Granted), ("post", Withdrawn)]);
    assert!(is_granted(&consents, "newsletter", "a@b.example") && !is_granted(&consents, "post", "a@b.example"));
}

#[test]
fn hearing_the_same_twice_changes_nothing() {
    let records = frame(&[person("s", "1", &[said(Withdrawn, None), said(Granted, None)]), person("s", "2", &[])]);
    let hear = |ledger: &Ledger, number| {
        ledger.clone().hear(&records, Hearing { changed: None, now: night(number), run: number }).unwrap()
    };
    let (once, heard) = hear(&nothing_heard(), 1);
    assert_eq!((once.frame().height(), heard.height()), (2, 2), "who says nothing needs no line");
    let (twice, heard) = hear(&once, 2);
    assert!(twice.frame().equals_missing(once.frame()) && heard.height() == 0);
    let read = Ledger::from_frame(once.frame(), once.keyed.clone()).unwrap();
    assert!(hear(&read, 3).0.frame().equals_missing(once.frame()));
}

#[test]
fn consents_that_are_no_list_are_an_error_without_their_text() {
    let records = frame(&[record("s", "1", "consents={secret}")]);
    let hearing = Hearing { changed: None, now: night(1), run: 1 };
    let error = nothing_heard().hear(&records, hearing).unwrap_err();
    assert_eq!(error.to_string(), "the consents in row 0 are not a list of consents");
}

fn any_state() -> impl Strategy<Value = ConsentState> {
    prop_oneof![Just(Granted), Just(Pending), Just(Unclear), Just(Withdrawn)]
}

/// What some records say on some nights: (record, state, day).
fn imports() -> impl Strategy<Value = Vec<Vec<(usize, ConsentState, Option<i64>)>>> {
    let word = (0_usize..3, any_state(), prop::option::of(1_i64..24));
    prop::collection::vec(prop::collection::vec(word, 0..4), 1..8)
}

/// The records of one night; a record that says nothing is absent, but for the first.
fn records(import: &[(usize, ConsentState, Option<i64>)]) -> Vec<Record> {
    (0..3)
        .filter_map(|number| {
            let own: Vec<Consent> =
                import.iter().filter(|(of, _, _)| *of == number).map(|(_, state, day)| said(*state, *day)).collect();
            (number == 0 || !own.is_empty()).then(|| person("s", &number.to_string(), &own))
        })
        .collect()
}

fn heard_grant_after(records: &[Record], withdrawn: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    records.iter().any(|record| {
        let told: Vec<Consent> = serde_json::from_str(&record.cells["consents"]).unwrap();
        told.iter().any(|one| one.state == Granted && one.at.is_some_and(|at| at > withdrawn && at <= now))
    })
}

proptest! {
    #[test]
    fn no_order_or_repetition_of_imports_turns_withdrawn_into_granted_without_a_newer_grant(
        imports in imports(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
    ) {
        let mut last: Option<Night> = None;
        let mut heard: Vec<Record> = Vec::new();
        let mut before: Option<Consent> = None;
        for (number, pick) in (10..).zip(&order) {
            let records = records(&imports[pick.index(imports.len())]);
            heard.extend(records.iter().cloned());
            let labels = vec![0; records.len()];
            let next = run(&records, &labels, last.as_ref(), number);
            let text = next.cell(0, "consents");
            let consents: Vec<Consent> = if text.is_empty() { Vec::new() } else { serde_json::from_str(&text).unwrap() };
            let now = consents.into_iter().next();
            if let Some(Consent { state: Withdrawn, at, .. }) = before
                && now.as_ref().is_some_and(|now| now.state == Granted)
            {
                // Without a time, or with one to come, it counts from its hearing, on the tenth at the earliest.
                let since = at.map_or(night(10), |at| at.min(night(10)));
                prop_assert!(heard_grant_after(&heard, since, night(number)), "night {number}");
            }
            if let Some(Consent { state: Withdrawn, .. }) = before {
                prop_assert!(now.is_some(), "a withdrawal does not vanish");
            }
            before = now;
            last = Some(next);
        }
    }

    #[test]
    fn the_order_of_words_does_not_matter(words in words(), merged in prop::option::of(1_i64..9)) {
        let statements: Vec<Statement<'_>> = words.iter().map(statement).collect();
        let backwards: Vec<Statement<'_>> = statements.iter().rev().copied().chain(statements.iter().copied()).collect();
        for address in [None, Some(1), Some(2)] {
            let target = Target { address, merged_at: merged.map(|day| night(day).timestamp_millis()) };
            let state = |words: &[Statement<'_>]| verdict(words, target).map(|word| word.event.state);
            prop_assert_eq!(state(&statements), state(&backwards));
        }
    }

    #[test]
    fn a_merge_is_never_looser_than_either_side(words in words()) {
        let merged: Vec<Statement<'_>> =
            words.iter().map(statement).map(|word| Statement { own: true, present: true, last: true, ..word }).collect();
        let merged_at = Some((night(9) + Duration::hours(1)).timestamp_millis());
        for address in [None, Some(1), Some(2)] {
            let both = verdict(&merged, Target { address, merged_at });
            for side in 0..2 {
                let own: Vec<Statement<'_>> = merged.iter().filter(|word| word.home == side).copied().collect();
                if let Some(alone) = verdict(&own, Target { address, merged_at: None }) {
                    prop_assert!(both.is_some_and(|both| both.event.state >= alone.event.state));
                }
            }
        }
    }

    #[test]
    fn only_a_later_grant_for_the_address_lifts_a_withdrawal_from_it(words in words(), address in 1_u128..3) {
        let statements: Vec<Statement<'_>> = words.iter().map(statement).collect();
        let noes = statements.iter().filter(|word| {
            word.event.state == Withdrawn && word.event.address == Some(address)
        });
        let found = verdict(&statements, Target { address: Some(address), merged_at: None });
        for no in noes {
            let lifted = statements.iter().any(|word| {
                word.event.state == Granted && word.event.address == Some(address) && word.event.time() > no.event.time()
            });
            if !lifted {
                prop_assert_eq!(found.map(|word| word.event.state), Some(Withdrawn));
            }
        }
    }
}

/// A word of a record: (record, state, day said, night heard, address).
type Drawn = (u64, ConsentState, Option<i64>, i64, Option<u128>, bool);

fn words() -> impl Strategy<Value = Vec<Drawn>> {
    let address = prop::option::of(1_u128..3);
    let word = (0_u64..4, any_state(), prop::option::of(1_i64..9), 1_i64..9, address, any::<bool>());
    prop::collection::vec(word, 0..7)
}

fn statement(drawn: &Drawn) -> Statement<'static> {
    let (record, state, day, heard, address, present) = *drawn;
    let precision = if day.is_some() { SaidPrecision::Instant } else { SaidPrecision::Unknown };
    let said_at = day.map(|day| night(day).timestamp_millis());
    let heard_at = night(heard).timestamp_millis();
    let event = Event { purpose: 0, state, said_at, precision, heard_at, address, run: Some(heard) };
    Statement {
        event,
        record,
        home: record % 2,
        own: record < 3,
        present,
        last: true,
        names: None,
        sex: None,
        source: "s",
    }
}
