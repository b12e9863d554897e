//! The demo organisation as its readers see it: files that can be read, a truth that covers them, nights that differ a little.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};
use chrono::NaiveDate;
use kartei_demo::{DemoOptions, DemoSummary, advance, generate, write_flat_table};
use kartei_schemas::load::Schemas;
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;

type Table = Vec<BTreeMap<String, String>>;

struct Organisation {
    folder: tempfile::TempDir,
    options: DemoOptions,
    summary: DemoSummary,
}

impl Organisation {
    fn of(people: u64, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let first_night = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let options = DemoOptions { folder: folder.path().to_owned(), people, seed, first_night };
        let summary = generate(&options).unwrap();
        Self { folder, options, summary }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    fn members(&self, day: &str) -> Table {
        let bytes = self.read(&format!("inbox/mitglieder-{day}.csv"));
        let (text, _, had_errors) = encoding_rs::WINDOWS_1252.decode(&bytes);
        assert!(!had_errors);
        rows_of(csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes()))
    }

    fn newsletter(&self, day: &str) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.read(&format!("inbox/newsletter-{day}.ndjson"))).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn survey(&self, day: &str) -> Vec<Vec<Data>> {
        let mut book: Xlsx<_> = open_workbook(self.path().join(format!("inbox/umfrage-{day}.xlsx"))).unwrap();
        book.worksheet_range("Antworten").unwrap().rows().map(<[Data]>::to_vec).collect()
    }

    fn leads(&self, day: &str) -> polars_core::prelude::DataFrame {
        let file = std::fs::File::open(self.path().join(format!("inbox/leads-{day}.parquet"))).unwrap();
        ParquetReader::new(file).finish().unwrap()
    }

    fn truth(&self) -> Table {
        rows_of(csv::Reader::from_path(self.path().join("truth.csv")).unwrap())
    }

    fn flat(&self) -> Table {
        let path = self.path().join("flat.csv");
        write_flat_table(&self.options, 1, &path).unwrap();
        rows_of(csv::Reader::from_path(path).unwrap())
    }
}

fn rows_of(mut reader: csv::Reader<impl std::io::Read>) -> Table {
    reader.deserialize().map(|row| row.unwrap()).collect()
}

fn column(frame: &polars_core::prelude::DataFrame, name: &str) -> Vec<String> {
    let values = frame.column(name).unwrap().str().unwrap();
    values.iter().map(|value| value.unwrap_or("").to_owned()).collect()
}

/// The keys that the truth holds for a source.
fn true_keys(truth: &Table, source: &str) -> BTreeSet<String> {
    truth.iter().filter(|row| row["source"] == source).map(|row| row["key"].clone()).collect()
}

#[test]
fn one_seed_makes_the_same_bytes_and_another_seed_others() {
    let (one, again, other) = (Organisation::of(1_300, 5), Organisation::of(1_300, 5), Organisation::of(1_300, 6));
    let files =
        ["inbox/mitglieder-2026-03-02.csv", "inbox/newsletter-2026-03-02.ndjson", "inbox/umfrage-2026-03-02.xlsx"];
    for name in files.into_iter().chain(["inbox/leads-2026-03-02.parquet", "truth.csv"]) {
        assert!(one.read(name) == again.read(name), "{name} differs under one seed");
        assert!(one.read(name) != other.read(name), "{name} is the same under two seeds");
    }
    assert_eq!(one.read("schemas/org.toml"), again.read("schemas/org.toml"));
}

#[test]
fn the_truth_names_each_record_of_each_source_once() {
    let organisation = Organisation::of(3_000, 1);
    let truth = organisation.truth();
    let distinct: BTreeSet<(&str, &str)> =
        truth.iter().map(|row| (row["source"].as_str(), row["key"].as_str())).collect();
    assert_eq!(distinct.len(), truth.len());
    assert_eq!(truth.len() as u64, organisation.summary.record_count());

    let day = "2026-03-02";
    let members = organisation.members(day).iter().map(|row| row["Mitgliedsnummer"].clone()).collect();
    assert_eq!(true_keys(&truth, "membership"), members);
    let newsletter = organisation.newsletter(day).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(true_keys(&truth, "newsletter"), newsletter);
    let survey = organisation.survey(day).iter().skip(1).map(|row| row[0].to_string()).collect();
    assert_eq!(true_keys(&truth, "survey"), survey);
    let leads = column(&organisation.leads(day), "lead_id").into_iter().collect();
    assert_eq!(true_keys(&truth, "leads"), leads);
}

#[test]
fn the_truth_tells_households_of_several_people_and_no_person_is_in_two() {
    let truth = Organisation::of(3_000, 1).truth();
    let mut household_of: BTreeMap<&str, &str> = BTreeMap::new();
    let mut people_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &truth {
        let (person, household) = (row["person"].as_str(), row["household"].as_str());
        assert_eq!(*household_of.entry(person).or_insert(household), household, "{person} has two households");
        people_of.entry(household).or_default().insert(person);
    }
    let together: usize = people_of.values().filter(|people| people.len() > 1).map(BTreeSet::len).sum();
    assert!((500..1_500).contains(&together), "{together} people share a household with another in the sources");
}

#[test]
fn the_configuration_passes_its_check_and_maps_columns_that_the_files_have() {
    let organisation = Organisation::of(2_000, 2);
    let schemas = Schemas::load(organisation.path()).unwrap();
    assert_eq!(schemas.warnings, []);
    let names: Vec<&str> = schemas.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["leads", "membership", "newsletter", "survey"]);

    let day = "2026-03-02";
    let mut columns: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    columns.insert("membership", organisation.members(day)[0].keys().cloned().collect());
    let objects = organisation.newsletter(day);
    columns.insert("newsletter", objects.iter().flat_map(|row| row.as_object().unwrap().keys().cloned()).collect());
    columns.insert("survey", organisation.survey(day)[0].iter().map(ToString::to_string).collect());
    let names = organisation.leads(day).get_column_names_owned();
    columns.insert("leads", names.iter().map(ToString::to_string).collect());
    for source in &schemas.sources {
        let mapped = serde_json::to_value(&source.fields).unwrap();
        for (field, mapping) in mapped.as_object().unwrap() {
            let name = mapping.as_str().or_else(|| mapping["column"].as_str()).unwrap();
            assert!(columns[source.name.as_str()].contains(name), "{}: {field} is mapped to {name}", source.name);
        }
    }
}

#[test]
fn every_membership_belongs_to_a_branch_of_the_tree_and_every_plz_has_an_owner() {
    let organisation = Organisation::of(6_000, 3);
    let schemas = Schemas::load(organisation.path()).unwrap();
    let members = organisation.members("2026-03-02");
    let unknown = members.iter().filter(|row| schemas.org.resolve(&row["Ortsverein"]).is_none()).count();
    assert_eq!(unknown, 0);
    let unowned = members.iter().filter(|row| schemas.org.owner_of(&row["PLZ"]).is_none()).count();
    assert!(
        unowned * 100 < members.len(),
        "{unowned} of {} PLZ have no owner, more than mistyping explains",
        members.len()
    );
    let own = |row: &&BTreeMap<String, String>| {
        let owner = schemas.org.owner_of(&row["PLZ"]).map(|unit| &unit.id);
        owner == schemas.org.resolve(&row["Ortsverein"]).map(|unit| &unit.id)
    };
    let at_home = members.iter().filter(own).count() as f64 / members.len() as f64;
    assert!((0.92..0.98).contains(&at_home), "{at_home} of the members belong where they live");
}

#[test]
fn shares_of_records_and_households_lie_where_the_documentation_says() {
    let organisation = Organisation::of(20_000, 4);
    let rows = organisation.flat();
    let records = rows.len() as f64 / 20_000.0;
    assert!((1.27..1.37).contains(&records), "{records} records a person");
    for (source, low, high) in
        [("membership", 0.48, 0.54), ("newsletter", 0.33, 0.38), ("survey", 0.13, 0.16), ("leads", 0.28, 0.33)]
    {
        let share = rows.iter().filter(|row| row["source"] == source).count() as f64 / 20_000.0;
        assert!((low..high).contains(&share), "{source}: {share} records a person");
    }
    let mut residents: BTreeMap<[&str; 3], BTreeSet<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row["street"].is_empty() && row["source"] == "membership") {
        let address = ["street", "house_number", "postal_code"].map(|name| row[name].as_str());
        residents.entry(address).or_default().insert(&row["person"]);
    }
    let everyone: usize = residents.values().map(BTreeSet::len).sum();
    let together: usize = residents.values().map(BTreeSet::len).filter(|count| *count > 1).sum();
    let share = together as f64 / everyone as f64;
    assert!((0.10..0.20).contains(&share), "{share} of the members share an address with another member");
}

#[test]
fn every_mail_address_and_number_reaches_nobody() {
    let organisation = Organisation::of(5_000, 8);
    for row in organisation.flat() {
        let email = &row["email"];
        assert!(email.is_empty() || email.ends_with(".example") || email.ends_with("@example.org"), "{email}");
        let mobile = &row["mobile"];
        assert!(mobile.is_empty() || mobile.starts_with("+49150"), "{mobile}");
    }
    let schemas = Schemas::load(organisation.path()).unwrap();
    assert!(schemas.org.officers().iter().all(|officer| officer.email.ends_with("@partei.example")));
}

#[test]
fn a_second_night_changes_about_one_record_in_a_hundred() {
    let organisation = Organisation::of(20_000, 9);
    let before: BTreeMap<String, BTreeMap<String, String>> =
        organisation.members("2026-03-02").into_iter().map(|row| (row["Mitgliedsnummer"].clone(), row)).collect();
    let summary = advance(&organisation.options, 2).unwrap();
    let share = summary.changed.iter().sum::<u64>() as f64 / summary.record_count() as f64;
    assert!((0.006..0.014).contains(&share), "{share} of the records changed");

    let after = organisation.members("2026-03-03");
    let changed = after.iter().filter(|row| before.get(&row["Mitgliedsnummer"]) != Some(row)).count() as u64;
    assert_eq!(changed, summary.changed[0], "what the summary counts is what differs");
    let kept: BTreeSet<&str> = after.iter().map(|row| row["Mitgliedsnummer"].as_str()).collect();
    assert!(before.keys().any(|key| !kept.contains(key.as_str())), "someone is erased");
    assert!(after.iter().any(|row| !before.contains_key(&row["Mitgliedsnummer"])), "someone is new");
    assert_eq!(organisation.newsletter("2026-03-03").len() as u64, summary.changed[1]);
    assert_eq!(organisation.leads("2026-03-03").height() as u64, summary.changed[3]);
    assert_eq!(organisation.truth().len() as u64, summary.record_count());
}

#[test]
fn a_night_lived_through_is_the_same_whoever_asks() {
    let one = Organisation::of(4_000, 10);
    advance(&one.options, 2).unwrap();
    advance(&one.options, 3).unwrap();
    let other = Organisation::of(4_000, 10);
    advance(&other.options, 3).unwrap();
    for name in ["inbox/mitglieder-2026-03-04.csv", "inbox/newsletter-2026-03-04.ndjson", "truth.csv"] {
        assert!(one.read(name) == other.read(name), "{name} differs");
    }
}
