//! Files of people: read, their columns recognised, brought into canonical form, and stacked.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use kartei_matching::recognise::{ColumnSample, Part, RecognisedColumn, Recognition, recognise};
use kartei_normalise::{Context as Circumstances, normalise};
use kartei_schemas::matching::Role;
use kartei_schemas::person::{FieldKind, PersonField, PersonSchema, Survival};
use kartei_schemas::source::{
    ConnectorSettings, Family, FilesSettings, Freshness, Mapping, MappingRule, MissingRow, OnDrift, SourceSchema,
    Volume,
};
use kartei_transport::{ReadOptions, read_table};
use polars_core::prelude::*;

use crate::context::Context;
use crate::failure::{During, Failure};

/// Values looked at to recognise a column.
const SAMPLES: usize = 1_000;
/// Neighbours looked at together.
const RUN: usize = 50;
/// So many rows are brought into canonical form together. What is received, what becomes of it, and what is needed in between
/// would otherwise stand in memory three times over.
const ROWS_OF_A_PART: usize = 1_000_000;

/// All records of all files.
pub(super) struct People {
    /// One row a record, normalised: the files one after the other.
    pub(super) records: DataFrame,
    /// The files.
    pub(super) files: Vec<PeopleFile>,
}

/// One file.
pub(super) struct PeopleFile {
    /// The file's name without its ending.
    pub(super) source: String,
    /// What its columns were taken for.
    pub(super) recognition: Recognition,
    /// Rows that could not be read.
    pub(super) rejected: u64,
    /// The file's first row among those of all files, and how many it has.
    first: usize,
    rows: usize,
    /// What names its records; none: their numbers, from 1 on.
    keys: Option<StringChunked>,
}

impl PeopleFile {
    fn name(&self, row: usize) -> Cow<'_, str> {
        match &self.keys {
            Some(keys) => Cow::Borrowed(keys.get(row).unwrap_or_default()),
            None => Cow::Owned((row + 1).to_string()),
        }
    }
}

struct Received {
    file: PeopleFile,
    rows: DataFrame,
}

impl People {
    /// Reads the files.
    pub(super) fn read(paths: &[PathBuf], context: &Context) -> Result<Self, Failure> {
        let mut received = Vec::new();
        let mut sources = HashSet::new();
        for path in paths {
            let file = receive(path, context)?;
            if !sources.insert(file.file.source.clone()) {
                let failure = Failure::wrong_use(format!("two files are called `{}`", file.file.source));
                return Err(failure.with_hint("rename one of them: the name says which source a record is from"));
            }
            received.push(file);
        }
        let fields = all_fields(&received);
        let mut people = Self { records: DataFrame::default(), files: Vec::new() };
        let mut parts = Vec::new();
        for Received { mut file, rows } in received {
            file.first = people.count();
            parts.extend(canonical(&file, rows, &fields, context.now)?);
            people.files.push(file);
        }
        people.records = stacked(parts).during("the files could not be laid over one another")?;
        Ok(people)
    }

    /// How many records there are.
    pub(super) fn count(&self) -> usize {
        self.files.last().map_or(0, |file| file.first + file.rows)
    }

    /// Source and record of a row, as they are written out.
    pub(super) fn name(&self, row: usize) -> (&str, Cow<'_, str>) {
        let place = self.files.partition_point(|file| file.first <= row).saturating_sub(1);
        let file = &self.files[place];
        (&file.source, file.name(row - file.first))
    }

    /// The parts of columns that their names do not say.
    pub(super) fn roles(&self) -> BTreeMap<String, Role> {
        self.files.iter().flat_map(|file| file.recognition.roles()).collect()
    }
}

/// Lays frames over one another; a column that one of them lacks is empty there.
fn stacked(parts: Vec<DataFrame>) -> PolarsResult<DataFrame> {
    let mut names: Vec<(PlSmallStr, DataType)> = Vec::new();
    for column in parts.iter().flat_map(DataFrame::columns) {
        if names.iter().all(|(name, _)| name != column.name()) {
            names.push((column.name().clone(), column.dtype().clone()));
        }
    }
    let mut whole: Option<DataFrame> = None;
    for part in parts {
        let filled = |(name, kind): &(PlSmallStr, DataType)| {
            let empty = || Column::full_null(name.clone(), part.height(), kind);
            part.column(name).map_or_else(|_| empty(), Clone::clone)
        };
        let part = DataFrame::new(part.height(), names.iter().map(filled).collect())?;
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => {
                whole.vstack_mut_owned(part)?;
            }
        }
    }
    Ok(whole.unwrap_or_default())
}

fn receive(path: &Path, context: &Context) -> Result<Received, Failure> {
    let read = read_table(path, &ReadOptions::default())
        .map_err(|error| Failure::from_error(&error).with_hint_if(error.hint()))?;
    let source = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    for reject in read.rejects.iter().take(5) {
        let line = reject.line.map(|line| format!(" line {line}")).unwrap_or_default();
        context.console.remark(format_args!("{source}{line} is left out: {} ({})", reject.detail, reject.reason));
    }
    if read.rejects.len() > 5 {
        context.console.remark(format_args!("{source}: {} further rows are left out", read.rejects.len() - 5));
    }
    let recognition = recognised(&read.rows).during("the columns could not be looked at")?;
    let keys = keys(&read.rows, &recognition)?;
    let (rejected, rows) = (read.rejects.len() as u64, read.rows.height());
    Ok(Received { file: PeopleFile { source, recognition, rejected, first: 0, rows, keys }, rows: read.rows })
}

fn recognised(rows: &DataFrame) -> PolarsResult<Recognition> {
    let sample = sample(rows.height());
    let mut columns = Vec::with_capacity(rows.width());
    for column in rows.columns() {
        let cells = column.str()?;
        let values: Vec<String> = sample.iter().map(|&row| cells.get(row).unwrap_or_default().to_owned()).collect();
        columns.push((column.name().to_string(), values));
    }
    let borrowed: Vec<Vec<&str>> =
        columns.iter().map(|(_, values)| values.iter().map(String::as_str).collect()).collect();
    let samples: Vec<ColumnSample<'_>> = columns
        .iter()
        .zip(&borrowed)
        .map(|((header, _), values)| ColumnSample { header, values: values.as_slice() })
        .collect();
    Ok(recognise(&samples))
}

/// Rows to look at: runs of neighbours from all over the file, since duplicates often stand side by side.
fn sample(rows: usize) -> Vec<usize> {
    let step = (rows * RUN / SAMPLES).max(RUN);
    (0..rows).step_by(step).flat_map(|start| start..(start + RUN).min(rows)).collect()
}

/// The key column, where it names each row.
fn keys(rows: &DataFrame, recognition: &Recognition) -> Result<Option<StringChunked>, Failure> {
    let Some(key) = recognition.key() else { return Ok(None) };
    let cells = rows.column(key).and_then(|column| column.str()).during("the key column could not be read")?;
    let mut distinct = HashSet::new();
    let names_each = cells.iter().all(|name| name.is_some_and(|name| !name.is_empty() && distinct.insert(name)));
    Ok(names_each.then(|| cells.rechunk().into_owned()))
}

/// All fields that any of the files fills, with the first file's reading of each.
fn all_fields(received: &[Received]) -> BTreeMap<String, FieldKind> {
    let mut fields = BTreeMap::new();
    for column in received.iter().flat_map(|one| &one.file.recognition.columns).filter(|column| is_used(column)) {
        fields.entry(column.field.clone()).or_insert(column.kind);
    }
    fields
}

fn is_used(column: &RecognisedColumn) -> bool {
    matches!(column.part, Part::Field | Part::Extra)
}

/// The rows in canonical form, part by part, without the columns that hold nothing there.
fn canonical(
    file: &PeopleFile,
    mut rows: DataFrame,
    fields: &BTreeMap<String, FieldKind>,
    now: DateTime<Utc>,
) -> Result<Vec<DataFrame>, Failure> {
    let person = person_schema(file, fields);
    let source = source_schema(file);
    for reserved in ["key", "updated_at", "fingerprint"] {
        if rows.column(reserved).is_ok() {
            rows.rename(reserved, own_name(reserved).into()).during("a column could not be renamed")?;
        }
    }
    let circumstances = Circumstances {
        default_country: "DE".to_owned(),
        time_zone: kartei_normalise::Tz::Europe__Berlin,
        received_at: now,
        today: now.date_naive(),
    };
    let width = file.rows.to_string().len();
    let mut parts = Vec::new();
    for start in (0..file.rows.max(1)).step_by(ROWS_OF_A_PART) {
        let mut part = rows.slice(i64::try_from(start).unwrap_or(i64::MAX), ROWS_OF_A_PART);
        let keys: Vec<String> = (start..start + part.height()).map(|row| format!("{row:0width$}")).collect();
        part.with_column(Column::new("key".into(), keys)).during("the rows could not be numbered")?;
        let normalised = normalise(&part, &source, &person, &circumstances)
            .map_err(|error| Failure::from_error(&error).with_hint_if(error.hint()))?;
        let columns = normalised.frame.into_columns().into_iter().filter(is_telling).collect();
        parts.push(DataFrame::new(part.height(), columns).during("the rows could not be put together")?);
    }
    Ok(parts)
}

/// Whether the matching may look at a column at all.
fn is_telling(column: &Column) -> bool {
    !["updated_at", "fingerprint"].contains(&column.name().as_str()) && column.null_count() < column.len()
}

/// The name under which a column goes whose own name means something else in a frame.
fn own_name(header: &str) -> String {
    match header {
        "key" | "updated_at" | "fingerprint" => format!("received {header}"),
        other => other.to_owned(),
    }
}

fn person_schema(file: &PeopleFile, fields: &BTreeMap<String, FieldKind>) -> PersonSchema {
    let shipped = PersonSchema::default();
    let own = |name: &str| {
        file.recognition.columns.iter().find(|column| is_used(column) && column.field == name).map(|it| it.kind)
    };
    let mut all: Vec<PersonField> =
        shipped.fields.into_iter().filter(|field| !fields.contains_key(&field.name)).collect();
    all.extend(fields.iter().map(|(name, &kind)| PersonField {
        name: name.clone(),
        kind: own(name).unwrap_or(kind),
        survive: Survival::default(),
        change: None,
        label_de: name.clone(),
        label_en: name.clone(),
    }));
    PersonSchema { fields: all }
}

fn source_schema(file: &PeopleFile) -> SourceSchema {
    let mut columns: BTreeMap<String, Vec<&RecognisedColumn>> = BTreeMap::new();
    for column in file.recognition.columns.iter().filter(|column| is_used(column)) {
        columns.entry(column.field.clone()).or_default().push(column);
    }
    let mapping = |filled: Vec<&RecognisedColumn>| {
        let formats = filled.iter().flat_map(|column| column.formats.clone()).collect();
        let headers: Vec<String> = filled.iter().map(|column| own_name(&column.header)).collect();
        match <[String; 1]>::try_from(headers) {
            Ok([column]) => MappingRule { column: Some(column), formats, ..MappingRule::default() },
            Err(columns) => MappingRule { columns: Some(columns), formats, ..MappingRule::default() },
        }
    };
    SourceSchema {
        name: file.source.clone(),
        label_de: None,
        label_en: None,
        family: Family::Leads,
        connector: ConnectorSettings::Files(nowhere()),
        key: vec!["key".to_owned()],
        updated_at: None,
        time_zone: None,
        trust: 50,
        field_trust: BTreeMap::new(),
        missing_row: MissingRow::default(),
        on_drift: OnDrift::default(),
        freshness: Freshness::default(),
        volume: Volume::default(),
        max_reject_percent: 100.0,
        max_unreadable_percent: 100.0,
        fields: columns.into_iter().map(|(field, filled)| (field, Mapping::Rule(mapping(filled)))).collect(),
        consents: Vec::new(),
        survey: None,
        ignore: Vec::new(),
    }
}

/// The rows are here already; the schema wants to know where they come from.
fn nowhere() -> FilesSettings {
    FilesSettings {
        path: String::new(),
        format: None,
        delimiter: None,
        quote: None,
        encoding: None,
        sheet: None,
        listing: kartei_schemas::source::Listing::Complete,
        delta_path: None,
        settle_seconds: 0,
        page_rows: usize::MAX,
        base: PathBuf::new(),
    }
}
