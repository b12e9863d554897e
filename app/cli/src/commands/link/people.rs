//! Files of people: read, their columns recognised, brought into canonical form, and stacked.

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

/// All records of all files.
pub(super) struct People {
    /// One row a record, normalised.
    pub(super) records: DataFrame,
    /// Source and record of each row, as they are written out.
    pub(super) names: Vec<(usize, String)>,
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
}

struct Received {
    file: PeopleFile,
    rows: DataFrame,
    names: Vec<String>,
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
        let mut people = Self { records: DataFrame::default(), names: Vec::new(), files: Vec::new() };
        for (index, one) in received.into_iter().enumerate() {
            let frame = canonical(&one, &fields, context.now)?;
            people.add(index, one, &frame)?;
        }
        people.records.rechunk_mut_par();
        Ok(people)
    }

    /// The parts of columns that their names do not say.
    pub(super) fn roles(&self) -> BTreeMap<String, Role> {
        self.files.iter().flat_map(|file| file.recognition.roles()).collect()
    }

    fn add(&mut self, index: usize, one: Received, frame: &DataFrame) -> Result<(), Failure> {
        if self.records.width() == 0 {
            self.records = frame.clone();
        } else {
            self.records.vstack_mut(frame).during("the files could not be laid over one another")?;
        }
        self.names.extend(one.names.into_iter().map(|name| (index, name)));
        self.files.push(one.file);
        Ok(())
    }
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
    let names = names(&read.rows, &recognition, &read.positions)?;
    let file = PeopleFile { source, recognition, rejected: read.rejects.len() as u64 };
    Ok(Received { file, rows: read.rows, names })
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

/// The records' names: the key column where it names each row, else the rows' numbers.
fn names(rows: &DataFrame, recognition: &Recognition, positions: &[u64]) -> Result<Vec<String>, Failure> {
    if let Some(key) = recognition.key() {
        let cells = rows.column(key).and_then(|column| column.str()).during("the key column could not be read")?;
        let names: Vec<&str> = cells.iter().flatten().filter(|name| !name.is_empty()).collect();
        let distinct: HashSet<&str> = names.iter().copied().collect();
        if distinct.len() == rows.height() {
            return Ok(names.into_iter().map(str::to_owned).collect());
        }
    }
    Ok((1..=positions.len()).map(|row| row.to_string()).collect())
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

fn canonical(one: &Received, fields: &BTreeMap<String, FieldKind>, now: DateTime<Utc>) -> Result<DataFrame, Failure> {
    let person = person_schema(one, fields);
    let source = source_schema(one);
    let width = one.names.len().to_string().len();
    let keys: Vec<String> = (0..one.names.len()).map(|row| format!("{row:0width$}")).collect();
    let mut rows = one.rows.clone();
    for reserved in ["key", "updated_at", "fingerprint"] {
        if rows.column(reserved).is_ok() {
            rows.rename(reserved, own_name(reserved).into()).during("a column could not be renamed")?;
        }
    }
    rows.with_column(Column::new("key".into(), keys)).during("the rows could not be numbered")?;
    let circumstances = Circumstances { default_country: "DE".to_owned(), received_at: now, today: now.date_naive() };
    let normalised = normalise(&rows, &source, &person, &circumstances)
        .map_err(|error| Failure::from_error(&error).with_hint_if(error.hint()))?;
    Ok(normalised.frame)
}

/// The name under which a column goes whose own name means something else in a frame.
fn own_name(header: &str) -> String {
    match header {
        "key" | "updated_at" | "fingerprint" => format!("received {header}"),
        other => other.to_owned(),
    }
}

fn person_schema(one: &Received, fields: &BTreeMap<String, FieldKind>) -> PersonSchema {
    let shipped = PersonSchema::default();
    let own = |name: &str| {
        one.file.recognition.columns.iter().find(|column| is_used(column) && column.field == name).map(|it| it.kind)
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

fn source_schema(one: &Received) -> SourceSchema {
    let mut columns: BTreeMap<String, Vec<&RecognisedColumn>> = BTreeMap::new();
    for column in one.file.recognition.columns.iter().filter(|column| is_used(column)) {
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
        name: one.file.source.clone(),
        label_de: None,
        label_en: None,
        family: Family::Leads,
        connector: ConnectorSettings::Files(nowhere()),
        key: vec!["key".to_owned()],
        updated_at: None,
        trust: 50,
        field_trust: BTreeMap::new(),
        missing_row: MissingRow::default(),
        on_drift: OnDrift::default(),
        freshness: Freshness::default(),
        volume: Volume::default(),
        max_reject_percent: 100.0,
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
