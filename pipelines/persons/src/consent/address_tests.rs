//! Consent by address: households, several mail addresses of one person, keys that change, and what is unclear.

use chrono::{Duration, TimeZone, Utc};
use kartei_schemas::consent::{Consent, ConsentState, SaidPrecision};
use proptest::prelude::*;

use crate::consent::is_granted;
use crate::testing::{Night, Record, night, record, run};
use ConsentState::{Granted, Unclear, Withdrawn};

fn said(state: ConsentState, day: i64) -> Consent {
    Consent { at: Some(night(day)), ..Consent::new("newsletter", state, "s") }
}

/// A record of somebody with a mail address, and what it says.
fn mailbox(key: &str, name: &str, mail: &str, consents: &[Consent]) -> Record {
    let consents: Vec<Consent> =
        consents.iter().map(|consent| Consent { address: Some(mail.to_owned()), ..consent.clone() }).collect();
    let one = record("s", key, "").with("given_name", name).with("email", mail).with("email_key", mail);
    one.with("consents", &serde_json::to_string(&consents).unwrap())
}

fn consents(night: &Night, row: usize) -> Vec<Consent> {
    let text = night.cell(row, "consents");
    if text.is_empty() { Vec::new() } else { serde_json::from_str(&text).unwrap() }
}

fn state(night: &Night, row: usize) -> Option<ConsentState> {
    consents(night, row).first().map(|consent| consent.state)
}

const HOME: &str = "berg@web.example";
const WORK: &str = "berg@work.example";

#[test]
fn in_a_households_mailbox_nobody_lifts_anothers_withdrawal() {
    let andrea = mailbox("1", "Andrea", HOME, &[said(Withdrawn, 5)]);
    let andreas = mailbox("2", "Andreas", HOME, &[said(Granted, 8)]);
    let first = run(std::slice::from_ref(&andrea), &[0], None, 10);
    let joined = run(&[andrea.clone(), andreas.clone()], &[0, 0], Some(&first), 11);
    assert_eq!(state(&joined, 0), Some(Withdrawn));
    let apart = run(&[andrea, andreas], &[0, 1], Some(&first), 11);
    assert_eq!([state(&apart, 0), state(&apart, 1)], [Some(Withdrawn); 2], "the mailbox is the same");
}

#[test]
fn another_sex_is_another_person_in_one_mailbox() {
    let with_sex = |one: Record, sex: &str| one.with("sex", sex);
    let records = [
        with_sex(mailbox("1", "Kim", HOME, &[said(Withdrawn, 5)]), "f"),
        with_sex(mailbox("2", "Kim", HOME, &[said(Granted, 8)]), "m"),
    ];
    assert_eq!(state(&run(&records, &[0, 0], None, 10), 0), Some(Withdrawn));
}

#[test]
fn the_same_name_lifts_ones_own_withdrawal_by_a_new_record() {
    let records =
        [mailbox("1", "Anna Maria", HOME, &[said(Withdrawn, 5)]), mailbox("2", "Anna", HOME, &[said(Granted, 8)])];
    assert_eq!(state(&run(&records, &[0, 0], None, 10), 0), Some(Granted));
}

#[test]
fn an_address_that_opted_out_is_never_published_as_granted() {
    // The membership was updated last, so that its address is the person's.
    let records = [
        mailbox("1", "Leokadia", HOME, &[said(Withdrawn, 5)]),
        mailbox("2", "Leokadia", WORK, &[said(Granted, 8)]),
        record("members", "3", "given_name=Leokadia updated_at=9").with("email", HOME).with("email_key", HOME),
    ];
    let night = run(&records, &[0, 0, 0], None, 10);
    assert_eq!(night.cell(0, "email"), HOME);
    let found = consents(&night, 0);
    assert_eq!((found.len(), found[0].state, found[0].address.as_deref()), (1, Withdrawn, Some(HOME)));
    let others: Vec<_> = found[0].others.iter().map(|other| (other.state, other.address.as_deref())).collect();
    assert_eq!(others, [(Granted, Some(WORK))]);
    assert!(is_granted(&found, "newsletter", WORK) && !is_granted(&found, "newsletter", HOME));
}

#[test]
fn a_no_to_one_address_holds_for_an_older_yes_to_another() {
    let records = [mailbox("1", "Leo", HOME, &[said(Withdrawn, 8)]), mailbox("2", "Leo", WORK, &[said(Granted, 5)])];
    let found = consents(&run(&records, &[0, 0], None, 10), 0);
    assert!(!is_granted(&found, "newsletter", HOME) && !is_granted(&found, "newsletter", WORK));
}

#[test]
fn a_withdrawal_outlives_its_record_its_key_and_its_person() {
    let before = [mailbox("1", "Lotte", HOME, &[said(Withdrawn, 5)]), record("t", "9", "given_name=Otto")];
    let first = run(&before, &[0, 1], None, 10);
    let gone = run(&before[1..], &[1], Some(&first), 11);
    for granted in [said(Granted, 3), Consent::new("newsletter", Granted, "s")] {
        let back = [mailbox("7", "Lotte", HOME, &[granted]), before[1].clone()];
        assert_eq!(state(&run(&back, &[0, 1], Some(&gone), 12), 0), Some(Withdrawn));
        assert_eq!(state(&run(&back, &[0, 1], Some(&first), 12), 0), Some(Withdrawn), "at once");
    }
    let anew = [mailbox("7", "Lotte", HOME, &[said(Granted, 11)]), before[1].clone()];
    assert_eq!(state(&run(&anew, &[0, 1], Some(&gone), 12), 0), Some(Granted), "a newer word of the person");
}

#[test]
fn a_grant_that_moves_to_another_address_with_its_record_lifts_nothing_there() {
    let elsewhere = mailbox("2", "Lotte", WORK, &[said(Withdrawn, 5)]);
    let before = [mailbox("1", "Lotte", HOME, &[said(Granted, 8)]), elsewhere.clone()];
    let first = run(&before, &[0, 1], None, 10);
    assert_eq!(state(&first, 0), Some(Granted));
    let moved = [mailbox("1", "Lotte", WORK, &[said(Granted, 8)]), elsewhere];
    let second = run(&moved, &[0, 1], Some(&first), 11);
    assert_eq!(state(&second, 0), Some(Withdrawn));
    assert_eq!(state(&run(&moved, &[0, 1], Some(&second), 12), 0), Some(Withdrawn), "and the night after");
}

#[test]
fn a_withdrawal_of_a_day_counts_from_its_end_and_a_grant_from_its_beginning() {
    let day = |state, hour: u32| Consent {
        at: Utc.with_ymd_and_hms(2026, 11, 5, hour, 59, 59).single(),
        precision: SaidPrecision::Day,
        ..Consent::new("newsletter", state, "s")
    };
    let at_noon = |state| Consent { at: Some(night(5) + Duration::hours(8)), ..Consent::new("newsletter", state, "s") };
    let both = |no: Consent, yes: Consent| {
        let records = [mailbox("1", "Lotte", HOME, &[no]), mailbox("2", "Lotte", HOME, &[yes])];
        state(&run(&records, &[0, 0], None, 10), 0)
    };
    assert_eq!(both(day(Withdrawn, 23), at_noon(Granted)), Some(Withdrawn));
    assert_eq!(both(at_noon(Withdrawn), day(Granted, 0)), Some(Withdrawn));
    assert_eq!(both(day(Withdrawn, 23), said(Granted, 6)), Some(Granted));
}

#[test]
fn what_is_unclear_never_leaves_a_grant_standing_until_the_record_says_something_known() {
    let unclear = Consent { at: None, ..said(Unclear, 1) };
    let empty = Consent { empty: true, ..unclear.clone() };
    for word in [unclear, empty] {
        let first = run(&[mailbox("1", "Lotte", HOME, &[said(Granted, 5)])], &[0], None, 10);
        let second = run(&[mailbox("1", "Lotte", HOME, std::slice::from_ref(&word))], &[0], Some(&first), 11);
        assert_eq!(state(&second, 0), Some(Unclear));
        let again = run(&[mailbox("1", "Lotte", HOME, &[word])], &[0], Some(&second), 12);
        assert_eq!(state(&again, 0), Some(Unclear));
        let other = [mailbox("1", "Lotte", "", &[]), mailbox("7", "Lotte", HOME, &[said(Granted, 5)])];
        assert_eq!(state(&run(&other[1..], &[0], Some(&again), 13), 0), Some(Unclear), "under another key");
        let known = run(&[mailbox("1", "Lotte", HOME, &[said(Granted, 5)])], &[0], Some(&again), 13);
        assert_eq!(state(&known, 0), Some(Granted));
    }
}

#[test]
fn an_empty_cell_of_somebody_who_never_said_anything_says_nothing() {
    let empty = Consent { empty: true, ..Consent::new("newsletter", Unclear, "s") };
    assert_eq!(state(&run(&[mailbox("1", "Lotte", HOME, &[empty])], &[0], None, 10), 0), None);
}

#[test]
fn a_column_that_is_gone_is_no_empty_cell() {
    let first = run(&[mailbox("1", "Lotte", HOME, &[said(Granted, 5)])], &[0], None, 10);
    let bare = record("s", "1", "given_name=Lotte").with("email", HOME).with("email_key", HOME);
    assert_eq!(state(&run(&[bare], &[0], Some(&first), 11), 0), Some(Granted));
}

/// A row of a list: key, address, name, state, day.
type Row = (u8, u8, u8, u8, Option<i64>);

/// What becomes of the rows of a list from night to night.
fn history() -> impl Strategy<Value = Vec<Vec<Row>>> {
    let row = (0_u8..4, 0_u8..2, 0_u8..2, 0_u8..4, prop::option::of(1_i64..20));
    prop::collection::vec(prop::collection::vec(row, 1..4), 1..7)
}

fn records(rows: &[Row]) -> Vec<Record> {
    let mut records: std::collections::BTreeMap<u8, Record> = std::collections::BTreeMap::new();
    for (key, mail, name, state, day) in rows {
        let state = [Granted, ConsentState::Pending, Unclear, Withdrawn][usize::from(*state)];
        let word = Consent { at: day.map(night), ..Consent::new("newsletter", state, "s") };
        let (mail, name) = ([HOME, WORK][usize::from(*mail)], ["Andrea", "Andreas"][usize::from(*name)]);
        records.insert(*key, mailbox(&key.to_string(), name, mail, &[word]));
    }
    records.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_history_of_keys_names_addresses_and_clusters_mails_an_address_after_its_no(
        nights in history(),
        clusters in prop::collection::vec(0_u32..3, 4),
    ) {
        let mut last: Option<Night> = None;
        // Address → when its newest withdrawal was said, at the latest; and all grants that came with a time.
        let mut noes: Vec<(String, chrono::DateTime<Utc>)> = Vec::new();
        let mut grants: Vec<(String, chrono::DateTime<Utc>)> = Vec::new();
        for (number, rows) in (20..).zip(&nights) {
            let records = records(rows);
            for one in &records {
                let told: Vec<Consent> = serde_json::from_str(&one.cells["consents"]).unwrap();
                let mail = one.cells["email"].clone();
                match told[0].state {
                    Withdrawn => noes.push((mail, told[0].at.map_or(night(20), |at| at.min(night(number))))),
                    Granted => grants.extend(told[0].at.map(|at| (mail, at))),
                    _ => {}
                }
            }
            let labels: Vec<u32> = (0..records.len()).map(|row| clusters[row]).collect();
            let next = run(&records, &labels, last.as_ref(), number);
            for row in 0..records.len() {
                for mail in [HOME, WORK] {
                    let granted = consents(&next, row).iter().any(|consent| {
                        let mut all = std::iter::once(consent).chain(&consent.others);
                        all.any(|one| one.state == Granted && one.address.as_deref() == Some(mail))
                    });
                    let no = noes.iter().filter(|(of, _)| of == mail).map(|(_, at)| *at).min();
                    if let Some(no) = no.filter(|_| granted) {
                        prop_assert!(grants.iter().any(|(of, at)| of == mail && *at > no), "night {number}, {mail}");
                    }
                }
            }
            last = Some(next);
        }
    }
}
