//! What the tests share: records written in a line, and whole nights.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, TimeZone, Utc};
use kartei_schemas::keyed::Keyed;
use kartei_schemas::org::{Officer, OrgSchema, OrgUnit};
use kartei_schemas::org_tree::OrgTree;
use kartei_schemas::person::PersonSchema;
use kartei_schemas::source::SourceSchema;
use polars_core::prelude::*;

use crate::consent::Hearing;
use crate::{
    Diff, Golden, GoldenInput, History, IdIssuer, Identity, IdentityRules, Ledger, Override, Provenance, Touched,
    assign, diff, golden,
};

/// A record: source, key, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) source: String,
    pub(crate) key: String,
    pub(crate) cells: BTreeMap<String, String>,
}

/// `record("members", "1", "given_name=Anna surname=Berg")`; `_` stands for a space.
pub(crate) fn record(source: &str, key: &str, cells: &str) -> Record {
    let cells = cells.split_whitespace().filter_map(|cell| cell.split_once('='));
    let cells = cells.map(|(field, value)| (field.to_owned(), value.replace('_', " "))).collect();
    Record { source: source.to_owned(), key: key.to_owned(), cells }
}

impl Record {
    pub(crate) fn with(mut self, field: &str, value: &str) -> Self {
        self.cells.insert(field.to_owned(), value.to_owned());
        self
    }
}

/// The normalised frame of these records, in their order.
pub(crate) fn frame(records: &[Record]) -> DataFrame {
    let column = |name: &str| -> Vec<Option<&str>> {
        records.iter().map(|record| record.cells.get(name).map(String::as_str)).collect()
    };
    let mut columns = vec![
        Column::new("source".into(), records.iter().map(|record| record.source.as_str()).collect::<Vec<_>>()),
        Column::new("key".into(), records.iter().map(|record| record.key.as_str()).collect::<Vec<_>>()),
    ];
    for name in [
        "salutation",
        "title",
        "given_name",
        "surname",
        "sex",
        "birth_date",
        "email",
        "email_key",
        "mobile",
        "phone",
        "street",
        "house_number",
        "postal_code",
        "city",
        "country",
        "membership_number",
        "joined_on",
        "left_on",
        "org_unit",
        "interests",
        "consents",
        "answers",
    ] {
        columns.push(Column::new(name.into(), column(name)));
    }
    let members: Vec<Option<bool>> = column("is_member").iter().map(|cell| cell.map(|cell| cell == "true")).collect();
    columns.push(Column::new("is_member".into(), members));
    let times: Vec<Option<i64>> =
        column("updated_at").iter().map(|cell| cell.map(|cell| cell.parse().unwrap())).collect();
    columns.push(Column::new("updated_at".into(), times));
    DataFrame::new(records.len(), columns).unwrap()
}

/// Four in the morning of a day of November 2026.
pub(crate) fn night(number: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 1, 4, 0, 0).unwrap() + Duration::days(number - 1)
}

pub(crate) fn issuer() -> IdIssuer {
    IdIssuer::new(b"a secret for tests")
}

/// Two branches of one district; `nord` owns 12*, `sued` owns 34*.
pub(crate) fn tree() -> OrgTree {
    let unit = |id: &str, parent: Option<&str>, codes: &[&str], alias: &str| OrgUnit {
        id: id.to_owned(),
        name: id.to_uppercase(),
        parent: parent.map(str::to_owned),
        level: None,
        postal_codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        aliases: vec![alias.to_owned()],
    };
    let officer = |unit: &str| Officer {
        unit: unit.to_owned(),
        email: format!("{unit}@example.org"),
        language: kartei_schemas::org::Language::De,
        kinds: None,
    };
    let units = vec![
        unit("kreis", None, &[], "KV 1"),
        unit("nord", Some("kreis"), &["12*"], "OV Nord"),
        unit("sued", Some("kreis"), &["34*"], "OV Süd"),
    ];
    OrgTree::build(&OrgSchema { units, officers: vec![officer("kreis"), officer("nord"), officer("sued")] }).unwrap()
}

/// Members (trust 90) before newsletter (50) before leads (20).
pub(crate) fn sources() -> Vec<SourceSchema> {
    let source = |name: &str, trust: u8, more: &str| {
        let text = format!(
            "name = \"{name}\"\nfamily = \"leads\"\nkey = [\"id\"]\ntrust = {trust}\n{more}\n[connector]\nproduct = \"files\"\npath = \"*.csv\"\n[fields]\n"
        );
        toml::from_str(&text).unwrap()
    };
    vec![source("members", 90, ""), source("newsletter", 50, "field_trust = { email = 99 }"), source("leads", 20, "")]
}

/// Nothing was ever heard.
pub(crate) fn nothing_heard() -> Ledger {
    Ledger::none(Keyed::new("a secret for tests")).unwrap()
}

/// Everything that one night made.
#[derive(Clone)]
pub(crate) struct Night {
    pub(crate) identity: Identity,
    pub(crate) golden: Golden,
    pub(crate) diff: Diff,
    pub(crate) ledger: Ledger,
}

/// What a night starts from.
#[derive(Clone, Default)]
pub(crate) struct Setting<'a> {
    pub(crate) households: Vec<u32>,
    pub(crate) overrides: Vec<Override>,
    pub(crate) touched: Touched<'a>,
    pub(crate) schema: PersonSchema,
}

/// A night in which the records fall into clusters by these labels.
pub(crate) fn run(records: &[Record], clusters: &[u32], last: Option<&Night>, number: i64) -> Night {
    run_with(records, clusters, last, number, &Setting::default())
}

pub(crate) fn run_with(
    records: &[Record],
    clusters: &[u32],
    last: Option<&Night>,
    number: i64,
    setting: &Setting<'_>,
) -> Night {
    let now = night(number);
    let records = frame(records);
    let history = last.map_or_else(History::none, |last| History::from_record_map(&last.identity.record_map).unwrap());
    let identity = assign(&records, clusters, &history, &issuer(), &IdentityRules::default(), now).unwrap();
    let ledger = last.map_or_else(nothing_heard, |last| last.ledger.clone());
    let (ledger, _) = ledger.hear(&records, Hearing { changed: None, now, run: number }).unwrap();
    let input = GoldenInput {
        records: &records,
        identity: &identity,
        households: &setting.households,
        previous: last.map(|last| &last.diff.persons),
        ledger: &ledger,
        overrides: &setting.overrides,
        schema: &setting.schema,
        sources: &sources(),
        tree: &tree(),
        issuer: &issuer(),
        touched: setting.touched,
        provenance: Provenance::All,
        now,
    };
    let golden = golden::build(&input).unwrap();
    let diff = diff(input.previous, &golden.persons, &identity, &setting.schema, now).unwrap();
    Night { identity, golden, diff, ledger }
}

impl Night {
    /// The id of the person to whom a row of the records belongs.
    pub(crate) fn person(&self, row: usize) -> String {
        self.identity.persons[row].to_string()
    }

    /// A cell of the person to whom a row of the records belongs; empty if null.
    pub(crate) fn cell(&self, row: usize, field: &str) -> String {
        cell(&self.diff.persons, &self.person(row), field)
    }
}

/// A cell of a persons frame by id; empty if null.
pub(crate) fn cell(persons: &DataFrame, id: &str, field: &str) -> String {
    let place = persons.column("id").unwrap().str().unwrap().iter().position(|found| found == Some(id)).unwrap();
    let column = persons.column(field).unwrap().cast(&DataType::String).unwrap();
    column.str().unwrap().get(place).unwrap_or_default().to_owned()
}

/// The rows of a frame as lines of text, null being `-`.
pub(crate) fn lines(frame: &DataFrame, columns: &[&str]) -> Vec<String> {
    let cells: Vec<Vec<String>> = columns
        .iter()
        .map(|name| {
            let column = frame.column(name).unwrap().cast(&DataType::String).unwrap();
            column.str().unwrap().iter().map(|cell| cell.unwrap_or("-").to_owned()).collect()
        })
        .collect();
    (0..frame.height())
        .map(|row| cells.iter().map(|column| column[row].as_str()).collect::<Vec<_>>().join(" "))
        .collect()
}
