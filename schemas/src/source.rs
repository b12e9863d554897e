//! `sources/<source>.toml`: how one source is reached, and how its columns become a person's fields.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One source.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSchema {
    /// The source's name; left out: the file's name. Lower case letters, digits, `-` and `_`.
    #[serde(default)]
    pub name: String,
    /// The source's name on a German page.
    #[serde(default)]
    pub label_de: Option<String>,
    /// The source's name on an English page.
    #[serde(default)]
    pub label_en: Option<String>,
    /// Which family of connectors pulls it.
    pub family: Family,
    /// Where it is and how it is read.
    pub connector: ConnectorSettings,
    /// The columns that together name a row for ever.
    pub key: Vec<String>,
    /// The column that says when a row last changed.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// The IANA zone of times that name none, such as `Europe/Vienna`; left out: `locale.time_zone` of `kartei.toml`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Trust, from 0 to 100: where values disagree, the higher wins.
    #[serde(default = "fifty")]
    pub trust: u8,
    /// Trust for single fields that differs from the source's.
    #[serde(default)]
    pub field_trust: BTreeMap<String, u8>,
    /// What it means that a row of the last complete listing is missing from this one.
    #[serde(default)]
    pub missing_row: MissingRow,
    /// What to do when columns appear, vanish or change their type.
    #[serde(default)]
    pub on_drift: OnDrift,
    /// When the source counts as stale.
    #[serde(default)]
    pub freshness: Freshness,
    /// What a plausible delivery looks like.
    #[serde(default)]
    pub volume: Volume,
    /// More rejected rows than this stop the run, in percent of the rows read.
    #[serde(default = "five")]
    pub max_reject_percent: f64,
    /// More unreadable values than this in any field stop the run, in percent of the values received.
    #[serde(default = "five")]
    pub max_unreadable_percent: f64,
    /// Person field ← column or columns.
    pub fields: BTreeMap<String, Mapping>,
    /// Consents that the source tells of.
    #[serde(default, rename = "consent")]
    pub consents: Vec<ConsentMapping>,
    /// The survey's name and its question columns.
    #[serde(default)]
    pub survey: Option<SurveyMapping>,
    /// Columns that are neither mapped nor kept.
    #[serde(default)]
    pub ignore: Vec<String>,
}

/// What the rows of a source mean: all that decides what becomes of a row that is received. Whatever else stands in the
/// schema (where the source is, how it is called, how far it is trusted, what it may look like) can change without any
/// row being another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reading<'a> {
    key: &'a [String],
    updated_at: &'a Option<String>,
    time_zone: &'a Option<String>,
    fields: &'a BTreeMap<String, Mapping>,
    consents: &'a [ConsentMapping],
    survey: &'a Option<SurveyMapping>,
    ignore: &'a [String],
}

impl<'a> Reading<'a> {
    /// The reading of a source. Every entry of the schema is named here, so that none is added without deciding what it is.
    pub fn of(source: &'a SourceSchema) -> Self {
        let SourceSchema {
            name: _,
            label_de: _,
            label_en: _,
            family: _,
            connector: _,
            key,
            updated_at,
            time_zone,
            trust: _,
            field_trust: _,
            missing_row: _,
            on_drift: _,
            freshness: _,
            volume: _,
            max_reject_percent: _,
            max_unreadable_percent: _,
            fields,
            consents,
            survey,
            ignore,
        } = source;
        Self { key, updated_at, time_zone, fields, consents, survey, ignore }
    }
}

/// The families of sources; each is a crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Members, with numbers, units and dates.
    Membership,
    /// Newsletter receivers, with consents and interests.
    Newsletter,
    /// Answers to surveys.
    Survey,
    /// People who left their contact.
    Leads,
}

/// Where a source is and how it is read; the product decides the form.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "product", rename_all = "snake_case", deny_unknown_fields)]
pub enum ConnectorSettings {
    /// Files in a folder.
    Files(FilesSettings),
}

/// Files that a system leaves in a folder.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesSettings {
    /// A glob, relative to the configuration's folder, e.g. `inbox/members-*.csv`.
    pub path: String,
    /// The files' format; left out: by the file name's ending and content.
    #[serde(default)]
    pub format: Option<FileFormat>,
    /// The CSV delimiter; left out: found in the first lines.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// The CSV quote character.
    #[serde(default)]
    pub quote: Option<char>,
    /// `utf-8`, `windows-1252`, ...; left out: found by the byte order mark and content.
    #[serde(default)]
    pub encoding: Option<String>,
    /// The XLSX sheet; left out: the first.
    #[serde(default)]
    pub sheet: Option<String>,
    /// Whether each file lists every row, or only what changed.
    #[serde(default)]
    pub listing: Listing,
    /// Files whose names match this glob are deltas although `listing = "complete"`.
    #[serde(default)]
    pub delta_path: Option<String>,
    /// A file younger than this many seconds is looked at again when it is so old, and left alone if it has changed
    /// meanwhile. What ends in `.part`, `.tmp` or the like is being sent, and left alone.
    #[serde(default = "ten")]
    pub settle_seconds: u64,
    /// Rows a page.
    #[serde(default = "page_rows")]
    pub page_rows: usize,
    /// The folder against which `path` is read. Set by the program, not by the file.
    #[serde(skip)]
    pub base: PathBuf,
}

/// File formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Delimited text.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// One JSON array of objects.
    Json,
    /// Excel workbook.
    Xlsx,
    /// Apache Parquet.
    Parquet,
}

/// What a file lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// Every row that the source has: what is not listed is gone. Of several files the newest counts: by the day and time
    /// in their names, else by when they were written.
    #[default]
    Complete,
    /// Only rows that are new or changed. Files are read in the order in which they were made, each once: by the day and
    /// time in their names, else by their names.
    Delta,
}

/// What it means that a row is missing from a complete listing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingRow {
    /// The record is gone.
    #[default]
    Gone,
    /// The record is kept as it was.
    Keep,
}

/// What to do when the columns of a source change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDrift {
    /// Report it; new columns become attributes, missing ones are empty.
    #[default]
    Report,
    /// Report it, and leave new columns out.
    Freeze,
    /// Stop before anything of the source is staged.
    Stop,
}

/// When a source counts as stale; durations such as `36h` or `7d`. A source is as old as its newest file, or, where
/// `updated_at` is named, as its newest row, whichever is older.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// Older than this: a warning.
    #[serde(default)]
    pub warn_after: Option<crate::duration::Span>,
    /// Older than this: the run stops before publishing.
    #[serde(default)]
    pub error_after: Option<crate::duration::Span>,
}

/// What a plausible delivery looks like.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Fewer rows in a complete listing than this stop the run.
    #[serde(default)]
    pub min_rows: Option<u64>,
    /// A complete listing that is smaller than the last by more than this percentage stops the run.
    #[serde(default)]
    pub max_drop_percent: Option<f64>,
}

/// How one person field comes out of a source's columns.
///
/// A plain string is a column's name; a table says more.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Mapping {
    /// The column as it is.
    Column(String),
    /// A column, several, or a constant, with options.
    Rule(MappingRule),
}

/// A mapping with options. Exactly one of `column`, `columns` and `constant` is given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingRule {
    /// The column.
    #[serde(default)]
    pub column: Option<String>,
    /// Columns joined by `join`, empty ones left out.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// What stands between joined columns; a space if left out.
    #[serde(default)]
    pub join: Option<String>,
    /// The same text for every row.
    #[serde(default)]
    pub constant: Option<String>,
    /// Splits the text; `part` says which part is taken (1 is the first, -1 the last).
    #[serde(default)]
    pub split: Option<String>,
    /// Which part of the split text.
    #[serde(default)]
    pub part: Option<i32>,
    /// Splits the text into the values of a list field.
    #[serde(default)]
    pub list: Option<String>,
    /// Date formats (chrono's `strftime` signs) tried in order, before the built-in ones.
    #[serde(default)]
    pub formats: Vec<String>,
    /// Received text → value. `"*"` stands for anything else; without it, unnamed texts stay as they are.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

/// How a consent comes out of a source's columns.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentMapping {
    /// The purpose, e.g. `newsletter`.
    pub purpose: String,
    /// The column that holds the state.
    pub column: String,
    /// Received text → state. A text that is not named is a problem of the field, and makes the consent unclear: nobody is
    /// written to. So does an empty cell, where the record has said something before.
    pub states: BTreeMap<String, crate::consent::ConsentState>,
    /// The column that says when. A text without a zone is read in the source's `time_zone`.
    #[serde(default)]
    pub at: Option<String>,
    /// The column that says what proves it, such as a form's number or a confirmation's link.
    #[serde(default)]
    pub proof: Option<String>,
}

/// A survey's questions.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyMapping {
    /// The survey's name.
    pub name: String,
    /// The column with the day of the answers.
    #[serde(default)]
    pub date: Option<String>,
    /// Column → question; left out: every unmapped column is a question, worded as its name.
    #[serde(default)]
    pub questions: BTreeMap<String, String>,
}

fn ten() -> u64 {
    10
}
fn five() -> f64 {
    5.0
}
fn fifty() -> u8 {
    50
}
fn page_rows() -> usize {
    50_000
}
