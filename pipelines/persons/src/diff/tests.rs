//! Changes between two nights.

use proptest::prelude::*;

use super::*;
use crate::testing::{Night, Record, lines, record, run};

const COLUMNS: [&str; 6] = ["kind", "field", "old", "new", "org_unit_before", "org_unit_after"];

/// The changes from one night to the next, for the same clusters.
fn changes(before: &[Record], after: &[Record]) -> Vec<String> {
    lines(&two(before, after).diff.changes, &COLUMNS)
}

fn two(before: &[Record], after: &[Record]) -> Night {
    let labels = |records: &[Record]| (0..).take(records.len()).collect::<Vec<u32>>();
    let first = run(before, &labels(before), None, 1);
    run(after, &labels(after), Some(&first), 2)
}

fn lead(cells: &str) -> [Record; 1] {
    [record("leads", "1", cells)]
}

#[test]
fn on_the_first_night_everybody_is_new_and_nobody_is_told() {
    let first = run(&lead("surname=Berg is_member=true"), &[0], None, 1);
    assert!(first.diff.initial);
    assert_eq!((first.diff.upserts.height(), first.diff.changes.height()), (1, 0));
    assert_eq!((first.diff.counts.created, first.diff.counts.members, first.diff.counts.before), (1, 1, None));
}

#[test]
fn a_second_night_without_news_has_nothing_to_publish() {
    let second = two(&lead("surname=Berg"), &lead("surname=Berg"));
    assert_eq!((second.diff.upserts.height(), second.diff.changes.height(), second.diff.gone.height()), (0, 0, 0));
    assert_eq!(second.cell(0, "updated_at"), crate::testing::night(1).timestamp_millis().to_string());
}

#[test]
fn a_changed_field_is_a_change_of_the_kind_that_the_schema_names() {
    let night = two(&lead("surname=Berg phone=+4930"), &lead("surname=Sommer email=a@example.org"));
    assert_eq!(
        lines(&night.diff.changes, &COLUMNS),
        ["name surname Berg Sommer - -", "contact email - a@example.org - -", "contact phone +4930 - - -"]
    );
    assert_eq!(night.cell(0, "updated_at"), crate::testing::night(2).timestamp_millis().to_string());
    let counts: Vec<(u64, u64, u64)> = night
        .diff
        .counts
        .fields
        .iter()
        .filter(|field| ["surname", "email", "phone"].contains(&field.field.as_str()))
        .map(|field| (field.filled, field.replaced, field.emptied))
        .collect();
    assert_eq!(counts, [(0, 1, 0), (1, 0, 0), (0, 0, 1)]);
    assert_eq!(night.diff.counts.kinds, [(ChangeKind::Name, 1), (ChangeKind::Contact, 1)].into_iter().collect());
    assert_eq!((night.diff.counts.changed, night.diff.counts.persons), (1, 1));
}

#[test]
fn a_new_person_is_a_member_or_interested() {
    let more = |cells: &str| [lead("").as_slice(), &[record("leads", "2", cells)]].concat();
    assert_eq!(changes(&lead(""), &more("is_member=true postal_code=12345")), ["new_member - - - - nord"]);
    assert_eq!(changes(&lead(""), &more("")), ["new_interested - - - - -"]);
}

#[test]
fn a_person_who_was_gone_and_is_back_is_told_as_such_and_not_as_new() {
    let (lead_and_member, lead_alone) = (
        [record("leads", "1", "surname=Berg"), record("members", "7", "surname=Wald is_member=true postal_code=12345")],
        [record("leads", "1", "surname=Berg")],
    );
    let first = run(&lead_and_member, &[0, 1], None, 1);
    let second = run(&lead_alone, &[0], Some(&first), 2);
    assert_eq!(lines(&second.diff.changes, &COLUMNS), ["gone - - - nord -"]);
    let third = run(&lead_and_member, &[0, 1], Some(&second), 3);
    assert_eq!(lines(&third.diff.changes, &COLUMNS), ["returned - - - - nord"]);
}

#[test]
fn who_joins_and_who_leaves_is_told_with_the_units() {
    let member = lead("is_member=true org_unit=OV_Süd postal_code=12345");
    let interested = lead("is_member=false org_unit=OV_Süd postal_code=12345");
    assert_eq!(
        changes(&interested, &member),
        ["new_member is_member false true nord sued", "moved_in org_unit nord sued nord sued"]
    );
    assert_eq!(
        changes(&member, &interested),
        ["left is_member true false sued nord", "moved_in org_unit sued nord sued nord"]
    );
}

#[test]
fn a_move_is_one_row_with_both_units_beside_the_address() {
    assert_eq!(
        changes(&lead("postal_code=12345"), &lead("postal_code=34567")),
        ["moved_in org_unit nord sued nord sued", "address postal_code 12345 34567 nord sued"]
    );
    assert_eq!(changes(&lead("postal_code=12345"), &lead("postal_code=99999"))[0], "moved_out org_unit nord - nord -");
}

#[test]
fn a_person_without_records_is_gone_from_the_unit() {
    let both = [record("leads", "1", ""), record("leads", "2", "postal_code=12345")];
    let night = two(&both, &both[..1]);
    assert_eq!(lines(&night.diff.changes, &COLUMNS), ["gone - - - nord -"]);
    assert_eq!(lines(&night.diff.gone, &["merged_into"]), ["-"]);
    assert_eq!(night.diff.counts.gone, 1);
}

#[test]
fn a_gone_person_who_returns_has_the_same_id_and_is_told_as_such() {
    let both = [record("leads", "1", ""), record("leads", "2", "")];
    let first = run(&both, &[0, 1], None, 1);
    let second = run(&both[..1], &[0], Some(&first), 2);
    let third = run(&both, &[0, 1], Some(&second), 3);
    assert_eq!(lines(&third.diff.changes, &["person_id", "kind"]), [format!("{} returned", first.person(1))]);
}

#[test]
fn a_merge_with_a_member_makes_nobody_a_new_member_and_its_undoing_nobody_leave() {
    let records = [record("leads", "1", ""), record("leads", "2", ""), record("members", "1", "is_member=true")];
    let first = run(&records, &[0, 0, 1], None, 1);
    let (lead, member) = (first.person(0), first.person(2));
    let merged = run(&records, &[0, 0, 0], Some(&first), 2);
    assert_eq!(
        lines(&merged.diff.changes, &["person_id", "kind", "field", "old", "new"]),
        [format!("{lead} merged id {member} {lead}"), format!("{lead} merged is_member false true")]
    );
    assert_eq!(lines(&merged.diff.gone, &["person_id", "merged_into"]), [format!("{member} {lead}")]);
    assert_eq!(merged.diff.counts.merged, 1);
    let undone = run(&records, &[0, 0, 1], Some(&merged), 3);
    let mut expected = [format!("{lead} split is_member true false"), format!("{member} split id {lead} {member}")];
    expected.sort();
    assert_eq!(lines(&undone.diff.changes, &["person_id", "kind", "field", "old", "new"]), expected);
    assert_eq!(undone.diff.counts.split, 1);
}

#[test]
fn a_further_source_is_published_and_told_to_nobody() {
    let night = {
        let first = run(&lead("surname=Berg"), &[0], None, 1);
        let more = [lead("surname=Berg").as_slice(), &[record("members", "1", "surname=Berg")]].concat();
        run(&more, &[0, 0], Some(&first), 2)
    };
    assert_eq!((night.diff.upserts.height(), night.diff.changes.height()), (1, 0));
}

#[test]
fn a_field_that_nobody_is_told_of_is_recorded_as_other() {
    assert_eq!(
        changes(&lead("is_member=true"), &lead("is_member=true joined_on=2020-01-01")),
        ["other joined_on - 2020-01-01 - -"]
    );
}

fn drawn() -> impl Strategy<Value = Vec<(u8, u32, Option<u8>, Option<bool>)>> {
    prop::collection::vec((0_u8..8, 0_u32..4, prop::option::of(0_u8..3), prop::option::of(any::<bool>())), 1..10)
}

fn world(drawn: &[(u8, u32, Option<u8>, Option<bool>)]) -> (Vec<Record>, Vec<u32>) {
    let mut known = std::collections::BTreeMap::new();
    for (number, cluster, surname, member) in drawn {
        let mut one = record("leads", &number.to_string(), "");
        if let Some(surname) = surname {
            one = one.with("surname", &surname.to_string());
        }
        if let Some(member) = member {
            one = one.with("is_member", &member.to_string());
        }
        known.insert(*number, (one, *cluster));
    }
    known.into_values().unzip()
}

/// A persons table as the store keeps it: id → the row as text.
fn table(persons: &DataFrame) -> BTreeMap<String, String> {
    let names: Vec<&str> = persons.columns().iter().map(|column| column.name().as_str()).collect();
    lines(persons, &["id"]).into_iter().zip(lines(persons, &names)).collect()
}

proptest! {
    #[test]
    fn upserts_and_gone_turn_the_old_table_into_the_new_one(before in drawn(), after in drawn()) {
        let ((old, old_labels), (new, new_labels)) = (world(&before), world(&after));
        let first = run(&old, &old_labels, None, 1);
        let second = run(&new, &new_labels, Some(&first), 2);
        let mut stored = table(&first.diff.persons);
        for id in lines(&second.diff.gone, &["person_id"]) {
            prop_assert!(stored.remove(&id).is_some());
        }
        stored.extend(table(&second.diff.upserts));
        prop_assert_eq!(stored, table(&second.diff.persons));
        let counts = &second.diff.counts;
        prop_assert_eq!(counts.before.unwrap() + counts.created, counts.after + counts.gone + counts.merged);
    }

    #[test]
    fn every_changed_member_state_and_name_has_its_row(before in drawn(), after in drawn()) {
        let ((old, old_labels), (new, new_labels)) = (world(&before), world(&after));
        let first = run(&old, &old_labels, None, 1);
        let second = run(&new, &new_labels, Some(&first), 2);
        let told = lines(&second.diff.changes, &["person_id", "field", "old", "new"]);
        for id in lines(&second.diff.persons, &["id"]) {
            if !table(&first.diff.persons).contains_key(&id) {
                continue;
            }
            let both = |field| [&first, &second].map(|night| crate::testing::cell(&night.diff.persons, &id, field));
            let [was, is] = both("is_member");
            prop_assert_eq!(was != is, told.contains(&format!("{id} is_member {was} {is}")));
            let [was, is] = both("surname").map(|name| if name.is_empty() { "-".to_owned() } else { name });
            prop_assert_eq!(was != is, told.contains(&format!("{id} surname {was} {is}")));
        }
    }
}
