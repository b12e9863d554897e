//! What officers are told.

use super::*;
use crate::testing::{Record, record, run, tree};

/// What each officer is told: "unit: kind=persons ...".
fn told(before: &[Record], after: &[Record]) -> Vec<String> {
    let labels = |records: &[Record]| (0..).take(records.len()).collect::<Vec<u32>>();
    let first = run(before, &labels(before), None, 1);
    let second = run(after, &labels(after), Some(&first), 2);
    let notices = notices(&second.diff, &tree(), &PersonSchema::default()).unwrap();
    let line = |notice: &Notice, unit: &UnitChanges| {
        let kinds: Vec<String> = unit.kinds.iter().map(|(kind, persons)| format!("{kind:?}={persons}")).collect();
        format!("{} {}: {}", notice.officer.unit, unit.unit.as_deref().unwrap_or("-"), kinds.join(" "))
    };
    notices.iter().flat_map(|notice| notice.units.iter().map(|unit| line(notice, unit)).collect::<Vec<_>>()).collect()
}

fn lead(key: &str, cells: &str) -> Record {
    record("leads", key, cells)
}

#[test]
fn an_officer_is_told_of_the_own_unit_and_those_below() {
    let before = [lead("1", "postal_code=12345"), lead("2", "postal_code=34567")];
    let after = [lead("1", "postal_code=12345 phone=1 email=a mobile=2"), lead("2", "postal_code=34567 phone=1")];
    assert_eq!(
        told(&before, &after),
        ["kreis nord: Contact=1", "kreis sued: Contact=1", "nord nord: Contact=1", "sued sued: Contact=1"]
    );
}

#[test]
fn a_move_is_told_to_both_units() {
    let told = told(&[lead("1", "postal_code=12345")], &[lead("1", "postal_code=34567")]);
    assert_eq!(told[2..], ["nord nord: MovedOut=1", "sued sued: MovedIn=1 Address=1"]);
}

#[test]
fn a_leaving_member_is_told_to_the_unit_that_lost_one() {
    let before = [record("members", "1", "is_member=true org_unit=OV_Süd postal_code=12345")];
    let after = [record("members", "1", "is_member=false org_unit=OV_Süd postal_code=12345")];
    assert!(told(&before, &after).contains(&"sued sued: Left=1 MovedOut=1".to_owned()));
}

#[test]
fn persons_who_belong_nowhere_are_told_at_the_top() {
    assert_eq!(told(&[lead("1", "")], &[lead("1", "phone=1")]), ["kreis -: Contact=1"]);
}

#[test]
fn a_field_that_nobody_asked_for_is_told_to_nobody() {
    let before = [lead("1", "is_member=true postal_code=12345")];
    assert_eq!(told(&before, &[lead("1", "is_member=true postal_code=12345 joined_on=2020-01-01")]), [""; 0]);
}

#[test]
fn a_first_night_is_told_to_nobody() {
    let first = run(&[lead("1", "postal_code=12345")], &[0], None, 1);
    assert_eq!(notices(&first.diff, &tree(), &PersonSchema::default()).unwrap(), []);
}

#[test]
fn an_officer_is_told_only_of_the_kinds_asked_for() {
    let first = run(&[lead("1", "")], &[0], None, 1);
    let second = run(&[lead("1", "phone=1 surname=Berg")], &[0], Some(&first), 2);
    let mut officer = tree().officers()[0].clone();
    officer.kinds = Some(vec![ChangeKind::Name]);
    let units = tree().units().to_vec();
    let schema = kartei_schemas::org::OrgSchema { units, officers: vec![officer] };
    let tree = OrgTree::build(&schema).unwrap();
    let notices = notices(&second.diff, &tree, &PersonSchema::default()).unwrap();
    assert_eq!(notices[0].units[0].kinds, [(ChangeKind::Name, 1)].into_iter().collect());
}
