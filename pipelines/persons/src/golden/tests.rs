//! Survivorship and its provenance.

use proptest::prelude::*;

use super::*;
use crate::testing::{Night, Record, Setting, cell, lines, record, run, run_with};

/// One person out of these records.
fn one(records: &[Record]) -> Night {
    run(records, &vec![0; records.len()], None, 1)
}

fn with_rule(field: &str, rule: kartei_schemas::person::Survival) -> Setting<'static> {
    let mut setting = Setting::default();
    for one in setting.schema.fields.iter_mut().filter(|one| one.name == field) {
        one.survive = rule;
    }
    setting
}

fn survivor(field: &str, rule: kartei_schemas::person::Survival, records: &[Record]) -> String {
    run_with(records, &vec![0; records.len()], None, 1, &with_rule(field, rule)).cell(0, field)
}

use kartei_schemas::person::Survival;

#[test]
fn the_most_trusted_source_wins_and_of_equals_the_newer_record() {
    let records = [
        record("leads", "1", "surname=Berger updated_at=9"),
        record("members", "1", "surname=Berg updated_at=1"),
        record("members", "2", "surname=Bergmann updated_at=2"),
    ];
    assert_eq!(survivor("surname", Survival::SourceTrust, &records), "Bergmann");
    assert_eq!(survivor("surname", Survival::SourceTrust, &records[..2]), "Berg");
}

#[test]
fn trust_in_one_field_goes_before_trust_in_the_source() {
    let records = [record("members", "1", "email=old@example.org"), record("newsletter", "1", "email=new@example.org")];
    assert_eq!(survivor("email", Survival::SourceTrust, &records), "new@example.org");
}

#[test]
fn the_most_recent_record_wins_whatever_its_source() {
    let records = [
        record("leads", "1", "email=new@example.org updated_at=9"),
        record("members", "1", "email=old@example.org updated_at=1"),
        record("members", "2", "email=never@example.org"),
    ];
    assert_eq!(survivor("email", Survival::MostRecent, &records), "new@example.org");
}

#[test]
fn the_majority_wins_against_trust_and_a_tie_goes_to_trust() {
    let records = [
        record("leads", "1", "salutation=Frau"),
        record("leads", "2", "salutation=Frau"),
        record("members", "1", "salutation=Herr"),
    ];
    assert_eq!(survivor("salutation", Survival::Majority, &records), "Frau");
    assert_eq!(survivor("salutation", Survival::Majority, &records[1..]), "Herr");
}

#[test]
fn the_most_complete_name_and_date_win() {
    let names = [
        record("leads", "1", "given_name=Anna_Maria birth_date=1984-03-05"),
        record("members", "1", "given_name=Anna_M. birth_date=1984"),
        record("newsletter", "1", "given_name=Annabella"),
    ];
    assert_eq!(survivor("given_name", Survival::MostComplete, &names), "Anna Maria");
    assert_eq!(survivor("birth_date", Survival::MostComplete, &names), "1984-03-05");
    assert_eq!(survivor("given_name", Survival::MostComplete, &names[1..]), "Anna M.");
}

#[test]
fn a_name_that_is_written_out_says_more_than_any_number_of_initials() {
    let names = [
        record("newsletter", "1", "given_name=K._H._M."),
        record("leads", "1", "given_name=K.H.M."),
        record("members", "1", "given_name=Karl"),
    ];
    assert_eq!(survivor("given_name", Survival::MostComplete, &names), "Karl");
}

#[test]
fn the_longest_text_wins_counted_in_letters() {
    let records = [record("leads", "1", "title=abcd"), record("members", "1", "title=äöü")];
    assert_eq!(survivor("title", Survival::Longest, &records), "abcd");
}

#[test]
fn a_missing_value_never_beats_one_that_is_there() {
    let night = one(&[record("leads", "1", "mobile=+491701234567"), record("members", "1", "surname=Berg")]);
    assert_eq!(night.cell(0, "mobile"), "+491701234567");
    assert_eq!(night.cell(0, "surname"), "Berg");
    assert_eq!(night.cell(0, "phone"), "");
}

#[test]
fn an_address_is_never_mixed_from_two() {
    let night = one(&[
        record("leads", "1", "street=Neue_Gasse house_number=7 postal_code=34567 city=Südstadt"),
        record("members", "1", "street=Alter_Weg postal_code=12345 city=Nordstadt"),
    ]);
    let address = ["street", "house_number", "postal_code", "city"].map(|field| night.cell(0, field));
    assert_eq!(address, ["Alter Weg", "", "12345", "Nordstadt"]);
}

#[test]
fn an_address_that_agrees_and_has_more_is_taken() {
    let night = one(&[
        record("leads", "1", "street=Alter_Weg house_number=7 postal_code=12345 city=NORDSTADT"),
        record("members", "1", "postal_code=12345 city=Nordstadt"),
    ]);
    assert_eq!(night.cell(0, "house_number"), "7");
    assert_eq!(night.cell(0, "city"), "NORDSTADT");
}

#[test]
fn an_address_without_any_plz_comes_from_the_record_that_has_most_of_it() {
    let night =
        one(&[record("leads", "1", "street=Alter_Weg house_number=7"), record("members", "1", "city=Nordstadt")]);
    assert_eq!([night.cell(0, "street"), night.cell(0, "city")], ["Alter Weg", ""]);
}

#[test]
fn a_current_membership_goes_before_an_ended_one_as_a_whole() {
    let night = one(&[
        record(
            "members",
            "1",
            "is_member=false membership_number=100 joined_on=1990-01-01 left_on=2001-01-01 updated_at=9",
        ),
        record("members", "2", "is_member=true membership_number=200 joined_on=2020-01-01 updated_at=1"),
    ]);
    let membership = ["membership_number", "joined_on", "left_on", "is_member"].map(|field| night.cell(0, field));
    assert_eq!(membership, ["200", "2020-01-01", "", "true"]);
}

#[test]
fn a_membership_ends_on_its_last_day_and_not_before() {
    let records = [record("members", "1", "is_member=true left_on=2026-11-05")];
    let first = run(&records, &[0], None, 4);
    assert_eq!(first.cell(0, "is_member"), "true");
    let setting = Setting { touched: Touched::Only { rows: &[false], persons: &[] }, ..Setting::default() };
    let second = run_with(&records, &[0], Some(&first), 5, &setting);
    assert_eq!(second.cell(0, "is_member"), "false", "although no record changed");
}

#[test]
fn lists_and_answers_are_united() {
    let answer = |text: &str| format!(r#"[{{"survey":"s","date":null,"question":"q","answer":"{text}"}}]"#);
    let night = one(&[
        record("leads", "1", r#"interests=["Verkehr","Bildung"]"#).with("answers", &answer("ja")),
        record("members", "1", r#"interests=["Bildung","Wohnen"]"#).with("answers", &answer("nein")),
    ]);
    assert_eq!(night.cell(0, "interests"), r#"["Bildung","Verkehr","Wohnen"]"#);
    let answers: Vec<kartei_schemas::answer::Answer> = serde_json::from_str(&night.cell(0, "answers")).unwrap();
    assert_eq!(answers.iter().map(|one| one.answer.as_str()).collect::<Vec<_>>(), ["ja", "nein"]);
}

#[test]
fn each_value_says_where_it_stands_and_why_it_won_or_lost() {
    let night = one(&[
        record("leads", "1", "given_name=Anna surname=Berger city=Nordstadt postal_code=12345"),
        record("members", "1", "given_name=Anna surname=Berg phone=+49301234"),
    ]);
    assert_eq!(
        lines(&night.golden.values, &["field", "value", "source", "key", "survives", "reason"]),
        [
            "given_name Anna members 1 true agreed",
            "surname Berg members 1 true source_trust",
            "surname Berger leads 1 false source_trust",
            "phone +49301234 members 1 true only_value",
            "postal_code 12345 leads 1 true only_value",
            "city Nordstadt leads 1 true only_value",
        ]
    );
    let surname = night.golden.statistics.survival.iter().find(|field| field.field == "surname").unwrap();
    assert_eq!((surname.conflicts, surname.wins.get("members"), surname.wins.get("leads")), (1, Some(&1), None));
}

#[test]
fn a_person_with_one_record_needs_no_provenance() {
    assert_eq!(one(&[record("leads", "1", "surname=Berg")]).golden.values.height(), 0);
}

#[test]
fn an_override_wins_until_it_is_lifted() {
    let records = [record("leads", "1", "surname=Berger"), record("members", "1", "surname=Berg")];
    let first = one(&records);
    let person = first.identity.persons[0];
    let typed = Override { person, field: "surname".to_owned(), value: Some("von Berg".to_owned()) };
    let setting = Setting { overrides: vec![typed], ..Setting::default() };
    let second = run_with(&records, &[0, 0], Some(&first), 2, &setting);
    assert_eq!(second.cell(0, "surname"), "von Berg");
    let reasons = lines(&second.golden.values, &["value", "survives", "reason"]);
    assert_eq!(reasons, ["Berger false override", "Berg false override"]);
    let lifted = Setting { touched: Touched::Only { rows: &[false, false], persons: &[person] }, ..Setting::default() };
    assert_eq!(run_with(&records, &[0, 0], Some(&second), 3, &lifted).cell(0, "surname"), "Berg");
}

#[test]
fn an_override_follows_its_person_into_a_merge_and_out_of_it() {
    let records =
        [record("leads", "1", "surname=Berger"), record("members", "1", "surname=Berg"), record("members", "2", "")];
    let first = run(&records, &[0, 1, 1], None, 1);
    let typed =
        Override { person: first.identity.persons[0], field: "surname".to_owned(), value: Some("Bergmann".to_owned()) };
    let setting = Setting { overrides: vec![typed], ..Setting::default() };
    let apart = run_with(&records, &[0, 1, 1], None, 1, &setting);
    let merged = run_with(&records, &[0, 0, 0], Some(&apart), 2, &setting);
    assert_eq!(merged.person(0), apart.person(1));
    assert_eq!(merged.cell(0, "surname"), "Bergmann");
    let undone = run_with(&records, &[0, 1, 1], Some(&merged), 3, &setting);
    assert_eq!([undone.cell(0, "surname"), undone.cell(1, "surname")], ["Bergmann", "Berg"]);
}

#[test]
fn an_override_can_empty_a_field_and_place_a_person() {
    let records = [record("leads", "1", "postal_code=12345 phone=+4930")];
    let first = one(&records);
    assert_eq!(first.cell(0, "org_unit"), "nord");
    let person = first.identity.persons[0];
    let set = |field: &str, value: Option<&str>| Override {
        person,
        field: field.to_owned(),
        value: value.map(str::to_owned),
    };
    let setting = Setting { overrides: vec![set("phone", None), set("org_unit", Some("sued"))], ..Setting::default() };
    let second = run_with(&records, &[0], Some(&first), 2, &setting);
    assert_eq!([second.cell(0, "phone"), second.cell(0, "org_unit")], ["", "sued"]);
}

#[test]
fn members_belong_where_their_membership_says_and_others_where_their_plz_lies() {
    let records = [
        record("members", "1", "is_member=true org_unit=OV_Süd postal_code=12345"),
        record("members", "2", "is_member=true org_unit=OV_Mond postal_code=12345"),
        record("members", "3", "is_member=true postal_code=12345"),
        record("leads", "1", "org_unit=OV_Süd postal_code=12345"),
        record("leads", "2", "postal_code=99999"),
        record("leads", "3", ""),
    ];
    let night = run(&records, &[0, 1, 2, 3, 4, 5], None, 1);
    let units: Vec<String> = (0..6).map(|row| night.cell(row, "org_unit")).collect();
    assert_eq!(units, ["sued", "", "nord", "nord", "", ""]);
    let org = &night.golden.statistics.org;
    assert_eq!(org.unknown_units, [("OV Mond".to_owned(), 1)]);
    let counts = [org.members_by_membership, org.members_with_unknown_unit, org.members_by_postal_code];
    assert_eq!(counts, [1, 1, 1]);
    let counts = [org.others_by_postal_code, org.others_with_unowned_postal_code, org.others_without_postal_code];
    assert_eq!(counts, [1, 1, 1]);
}

#[test]
fn a_household_has_an_id_that_outlives_the_night() {
    let records = [record("leads", "1", ""), record("leads", "2", ""), record("leads", "3", "")];
    let setting = Setting { households: vec![0, 0, 2], ..Setting::default() };
    let first = run_with(&records, &[0, 1, 2], None, 1, &setting);
    let home = first.cell(0, "household_id");
    assert_eq!(home.len(), 12);
    assert_eq!([first.cell(1, "household_id"), first.cell(2, "household_id")], [home.clone(), String::new()]);
    assert_eq!(first.golden.statistics.households, 1);
    let setting = Setting { households: vec![5, 5, 5], ..Setting::default() };
    let second = run_with(&records, &[0, 1, 2], Some(&first), 2, &setting);
    assert_eq!(second.cell(2, "household_id"), home);
}

#[test]
fn the_figures_count_clusters_sources_and_completeness() {
    let records = [
        record("leads", "1", "email=a@example.org"),
        record("leads", "2", "surname=Berg"),
        record("members", "1", "email=a@example.org"),
    ];
    let statistics = run(&records, &[0, 1, 0], None, 1).golden.statistics;
    assert_eq!(statistics.cluster_sizes, [(1, 1), (2, 1)].into_iter().collect());
    assert_eq!((statistics.records, statistics.persons, statistics.unlinkable), (3, 2, 1));
    let overlap: Vec<String> =
        statistics.overlap.iter().map(|one| format!("{} {}", one.sources.join("+"), one.persons)).collect();
    assert_eq!(overlap, ["leads 1", "leads+members 1"]);
    assert_eq!(statistics.completeness["leads"].filled, [("surname".to_owned(), 1), ("email".to_owned(), 1)]);
    assert_eq!((statistics.largest.len(), statistics.largest[0].records, statistics.largest[0].sources), (1, 2, 2));
}

#[test]
fn a_person_has_the_columns_of_the_contract_and_the_schemas_own_after_them() {
    let night = one(&[record("leads", "1", "")]);
    let names: Vec<&str> = night.golden.persons.columns().iter().map(|column| column.name().as_str()).collect();
    assert_eq!(names[..COLUMNS.len()], COLUMNS);
    assert_eq!(night.cell(0, "sources"), r#"["leads"]"#);
    assert_eq!(night.cell(0, "first_seen"), crate::testing::night(1).timestamp_millis().to_string());
}

#[test]
fn a_merge_undone_restores_both_persons_byte_for_byte() {
    let consent = |state: &str, day: u8| {
        format!(r#"[{{"purpose":"newsletter","state":"{state}","at":"2026-10-0{day}T00:00:00Z","source":"x"}}]"#)
    };
    let answers = r#"[{"survey":"s","date":"2026-05-01","question":"q","answer":"ja"}]"#;
    let records = [
        record("leads", "1", r#"given_name=Anna surname=Berg email=a@example.org interests=["Bildung"]"#)
            .with("answers", answers)
            .with("consents", &consent("granted", 5)),
        record("members", "1", "given_name=Anne surname=Berger email=b@example.org postal_code=12345 is_member=true")
            .with("consents", &consent("withdrawn", 3)),
        record("members", "2", r#"surname=Berger interests=["Wohnen"]"#),
    ];
    let apart = run(&records[..1], &[0], None, 1);
    let apart = run(&records, &[0, 1, 1], Some(&apart), 2);
    let merged = run(&records, &[0, 0, 0], Some(&apart), 3);
    assert_ne!(merged.cell(0, "consents"), apart.cell(0, "consents"));
    let undone = run(&records, &[0, 1, 1], Some(&merged), 4);
    let still = |night: &Night| night.diff.persons.drop("updated_at").unwrap();
    assert!(still(&undone).equals_missing(&still(&apart)), "all but the time of the change is as it was");
    assert!(undone.golden.values.equals_missing(&apart.golden.values));
    assert!(undone.ledger.frame().equals_missing(apart.ledger.frame()));
    assert!(undone.identity.record_map.equals_missing(&apart.identity.record_map));
}

fn any_record() -> impl Strategy<Value = (u8, u32, [Option<u8>; 4])> {
    (0_u8..12, 0_u32..5, prop::array::uniform4(prop::option::of(0_u8..3)))
}

fn small_world(drawn: &[(u8, u32, [Option<u8>; 4])]) -> (Vec<Record>, Vec<u32>) {
    let mut known = std::collections::BTreeMap::new();
    for (number, cluster, cells) in drawn {
        let source = ["leads", "members", "newsletter"][usize::from(number % 3)];
        let mut one = record(source, &number.to_string(), "");
        for (field, cell) in ["surname", "email", "postal_code", "updated_at"].into_iter().zip(cells) {
            if let Some(cell) = cell {
                one = one.with(field, &if field == "postal_code" { format!("1234{cell}") } else { cell.to_string() });
            }
        }
        known.insert((one.source.clone(), one.key.clone()), (one, *cluster));
    }
    known.into_values().unzip()
}

proptest! {
    #[test]
    fn renewing_only_the_touched_gives_the_same_as_renewing_all(
        before in prop::collection::vec(any_record(), 1..12),
        after in prop::collection::vec(any_record(), 1..12),
    ) {
        let (records, clusters) = small_world(&before);
        let first = run(&records, &clusters, None, 1);
        let (next, next_clusters) = small_world(&after);
        let rows: Vec<bool> = next.iter().map(|one| !records.contains(one)).collect();
        let full = run(&next, &next_clusters, Some(&first), 2);
        let setting = Setting { touched: Touched::Only { rows: &rows, persons: &[] }, ..Setting::default() };
        let part = run_with(&next, &next_clusters, Some(&first), 2, &setting);
        prop_assert!(part.diff.persons.equals_missing(&full.diff.persons));
        prop_assert!(part.diff.changes.equals_missing(&full.diff.changes));
    }

    #[test]
    fn the_order_of_records_does_not_matter(drawn in prop::collection::vec(any_record(), 1..12)) {
        let (records, clusters) = small_world(&drawn);
        let straight = run(&records, &clusters, None, 1);
        let turned: Vec<Record> = records.iter().rev().cloned().collect();
        let labels: Vec<u32> = clusters.iter().rev().map(|label| 50 - label).collect();
        let backwards = run(&turned, &labels, None, 1);
        prop_assert!(backwards.diff.persons.equals_missing(&straight.diff.persons));
        prop_assert!(backwards.golden.values.equals_missing(&straight.golden.values));
        prop_assert_eq!(backwards.golden.statistics, straight.golden.statistics);
    }

    #[test]
    fn every_surviving_value_is_one_that_a_record_of_the_person_holds(drawn in prop::collection::vec(any_record(), 1..12)) {
        let (records, clusters) = small_world(&drawn);
        let made = run(&records, &clusters, None, 1);
        for (row, _) in records.iter().enumerate() {
            for field in ["surname", "email", "postal_code"] {
                let value = cell(&made.golden.persons, &made.person(row), field);
                let mut own = records.iter().enumerate().filter(|(other, _)| made.person(*other) == made.person(row));
                let values: Vec<Option<&String>> = own.by_ref().map(|(_, one)| one.cells.get(field)).collect();
                let held = values.contains(&Some(&value)) || value.is_empty() && values.iter().all(Option::is_none);
                prop_assert!(held, "{} = {}", field, value);
            }
        }
    }
}
