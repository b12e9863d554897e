//! A night's delivery: the chunks of the world, made in parallel and written in order.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::{Datelike, Days, NaiveDate};
use rayon::prelude::*;

use crate::events;
use crate::flat;
use crate::leads::{self, Columns};
use crate::membership;
use crate::newsletter;
use crate::record::{Record, Source};
use crate::shares;
use crate::survey::Sheet;
use crate::world::World;
use crate::{DemoError, DemoSummary, at};

/// Chunks made before they are written: bounds the memory.
const WAVE: u64 = 64;

/// What one chunk gives to the files.
#[derive(Default)]
struct Part {
    membership: Vec<u8>,
    newsletter: Vec<u8>,
    survey: Vec<Record>,
    leads: Columns,
    truth: Vec<u8>,
    summary: DemoSummary,
}

/// The names of the night's files, in the order of [`Source::ALL`].
pub(crate) fn file_names(day: NaiveDate) -> [String; 4] {
    [
        format!("mitglieder-{day}.csv"),
        format!("newsletter-{day}.ndjson"),
        format!("umfrage-{day}.xlsx"),
        format!("leads-{day}.parquet"),
    ]
}

/// The day of a night's delivery.
pub(crate) fn day_of(world: &World, night: u32) -> NaiveDate {
    world.first_night + Days::new(u64::from(night.max(1)) - 1)
}

/// Writes the night's files into the inbox, and `truth.csv` beside it.
pub(crate) fn write(world: &World, folder: &Path, night: u32) -> Result<DemoSummary, DemoError> {
    let mut files = Files::create(world, folder, night)?;
    let mut summary = DemoSummary { people: world.people, ..DemoSummary::default() };
    let mut start = 0;
    while start < world.chunks() {
        let wave: Vec<u64> = (start..(start + WAVE).min(world.chunks())).collect();
        let parts: Vec<Result<Part, DemoError>> = wave.into_par_iter().map(|chunk| part(world, chunk, night)).collect();
        for part in parts {
            let part = part?;
            summary.add(&part.summary);
            files.write(part)?;
        }
        start += WAVE;
    }
    summary.units = world.organisation.schema.units.len() as u64;
    summary.officers = world.organisation.schema.officers.len() as u64;
    summary.files = files.finish()?;
    Ok(summary)
}

/// The live records of a chunk at a night.
pub(crate) fn records_at(world: &World, chunk: u64, night: u32) -> Vec<Record> {
    let (mut people, mut records) = world.first_records(chunk);
    events::live_through(world, chunk, night, &mut people, &mut records);
    records.retain(|record| !record.is_deleted && is_delivered(world, chunk, record));
    records
}

/// A workbook's sheet is full at some point: from then on, surveys of later chunks are left out.
fn is_delivered(world: &World, chunk: u64, record: &Record) -> bool {
    let expected = (shares::SURVEY_ROWS as f64 / (world.chunks() as f64 * 90.0)).min(1.0);
    record.source != Source::Survey || chunk as f64 <= world.chunks() as f64 * expected
}

fn part(world: &World, chunk: u64, night: u32) -> Result<Part, DemoError> {
    let mut part = Part::default();
    for record in records_at(world, chunk, night) {
        let [source, key] = [record.source.name(), &record.key];
        let _infallible = writeln!(part.truth, "{source},{key},{},{}", record.truth, record.household);
        let is_new = record.night == night;
        part.summary.records[record.source as usize] += 1;
        part.summary.changed[record.source as usize] += u64::from(is_new);
        match record.source {
            Source::Membership => membership::write(world, &record, &mut part.membership),
            Source::Newsletter if is_new => {
                newsletter::write(&record, &mut part.newsletter).map_err(|source| DemoError::Json { source })?;
            }
            Source::Survey => part.survey.push(record),
            Source::Leads if is_new => part.leads.push(&record),
            Source::Newsletter | Source::Leads => {}
        }
    }
    Ok(part)
}

/// The open files of a night.
struct Files {
    paths: [PathBuf; 4],
    truth_path: PathBuf,
    membership: BufWriter<File>,
    newsletter: BufWriter<File>,
    survey: Sheet,
    leads: Columns,
    truth: BufWriter<File>,
}

impl Files {
    fn create(world: &World, folder: &Path, night: u32) -> Result<Self, DemoError> {
        let day = day_of(world, night);
        let inbox = folder.join("inbox");
        std::fs::create_dir_all(&inbox).map_err(at(&inbox))?;
        let paths = file_names(day).map(|name| inbox.join(name));
        let truth_path = folder.join("truth.csv");
        let create = |path: &Path| File::create(path).map(BufWriter::new).map_err(at(path));
        let mut membership = create(&paths[0])?;
        let newsletter = create(&paths[1])?;
        let mut truth = create(&truth_path)?;
        let header = encoding_rs::WINDOWS_1252.encode(membership::HEADER).0;
        membership.write_all(&header).map_err(at(&paths[0]))?;
        truth.write_all(b"source,key,person,household\n").map_err(at(&truth_path))?;
        let year = u16::try_from(day.year()).unwrap_or(2_000);
        let survey = Sheet::new(year).map_err(|source| DemoError::Workbook { source })?;
        Ok(Self { paths, truth_path, membership, newsletter, survey, leads: leads::Columns::default(), truth })
    }

    fn write(&mut self, mut part: Part) -> Result<(), DemoError> {
        self.membership.write_all(&part.membership).map_err(at(&self.paths[0]))?;
        self.newsletter.write_all(&part.newsletter).map_err(at(&self.paths[1]))?;
        for record in &part.survey {
            self.survey.write(record).map_err(|source| DemoError::Workbook { source })?;
        }
        self.leads.append(&mut part.leads);
        self.truth.write_all(&part.truth).map_err(at(&self.truth_path))
    }

    fn finish(mut self) -> Result<Vec<PathBuf>, DemoError> {
        self.membership.flush().map_err(at(&self.paths[0]))?;
        self.newsletter.flush().map_err(at(&self.paths[1]))?;
        self.truth.flush().map_err(at(&self.truth_path))?;
        self.survey.save(&self.paths[2]).map_err(|source| DemoError::Workbook { source })?;
        self.leads.save(&self.paths[3]).map_err(|source| DemoError::Parquet { source: Box::new(source) })?;
        Ok(self.paths.into())
    }
}

/// Writes all records of a night as one flat CSV.
pub(crate) fn write_flat(world: &World, night: u32, path: &Path) -> Result<u64, DemoError> {
    let table = |source| DemoError::Table { path: path.to_owned(), source };
    let mut out = csv::Writer::from_path(path).map_err(table)?;
    out.write_record(flat::HEADER).map_err(table)?;
    let mut rows = 0;
    for chunk in 0..world.chunks() {
        for record in records_at(world, chunk, night) {
            out.write_record(flat::row(&record)).map_err(table)?;
            rows += 1;
        }
    }
    out.flush().map_err(at(path))?;
    Ok(rows)
}
