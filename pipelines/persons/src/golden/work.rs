//! What all fields need: groups, times, sources and their trust, overrides by field.

use kartei_schemas::person::{FieldKind, PersonField, Survival};
use polars_core::prelude::StringChunked;
use rustc_hash::FxHashMap;

use super::GoldenInput;
use super::groups::Groups;
use super::renewal;
use crate::PersonsError;
use crate::column::{cells, flags, integers, optional_text, text};

/// Everything that is the same for all fields.
pub(super) struct Work<'a> {
    pub(super) input: GoldenInput<'a>,
    pub(super) groups: Groups,
    /// The groups that are made anew, ascending.
    pub(super) chosen: Vec<u32>,
    /// When each record was updated, milliseconds; unknown is before everything.
    pub(super) updated: Vec<i64>,
    /// The number of each record's source in `sources`.
    pub(super) codes: Vec<u16>,
    /// The sources' names, sorted.
    pub(super) sources: Vec<&'a str>,
    /// Field → group → what a human set.
    pub(super) overrides: FxHashMap<&'a str, FxHashMap<u32, Option<&'a str>>>,
    /// Whether each record is a membership that is current today.
    pub(super) current: Vec<bool>,
}

impl<'a> Work<'a> {
    pub(super) fn prepare(input: &GoldenInput<'a>) -> Result<Self, PersonsError> {
        let records = input.records;
        let entries = &input.identity.entries;
        let groups = Groups::new(entries, records.height());
        let updated = integers(records, "records", "updated_at")?;
        let updated = updated.into_iter().map(|time| time.unwrap_or(i64::MIN)).collect();
        let (sources, codes) = source_codes(text(records, "records", "source")?);
        let overrides = crate::overrides::by_field(input.overrides, entries, |person| groups.find(person));
        let current = current(input)?;
        let chosen = renewal::choose(input, &groups, &overrides)?;
        Ok(Self { input: *input, groups, chosen, updated, codes, sources, overrides, current })
    }

    /// The text column of a field, if the records have one.
    pub(super) fn column(&self, field: &str) -> Result<Option<&'a StringChunked>, PersonsError> {
        optional_text(self.input.records, "records", field)
    }

    /// The cells of a field.
    pub(super) fn cells(&self, field: &str) -> Result<Vec<Option<&'a str>>, PersonsError> {
        Ok(cells(self.column(field)?, self.input.records.height()))
    }

    /// The trust in each source for a field.
    pub(super) fn trust(&self, field: &str) -> Vec<i64> {
        let trust = |name: &&str| {
            let source = self.input.sources.iter().find(|source| source.name == *name);
            source.map_or(50, |source| i64::from(source.field_trust.get(field).copied().unwrap_or(source.trust)))
        };
        self.sources.iter().map(trust).collect()
    }

    /// How a field survives, and how it is read.
    pub(super) fn rule(&self, field: &str) -> (Survival, FieldKind) {
        match self.input.schema.field(field) {
            Some(PersonField { survive, kind, .. }) => (*survive, *kind),
            None => (Survival::default(), FieldKind::Text),
        }
    }
}

fn source_codes(column: &StringChunked) -> (Vec<&str>, Vec<u16>) {
    let mut names: Vec<&str> = Vec::new();
    let mut last = None;
    for name in column.iter().flatten() {
        // Records are sorted by source, so that names seldom change from row to row.
        if last != Some(name) {
            names.push(name);
            last = Some(name);
        }
    }
    names.sort_unstable();
    names.dedup();
    let numbers: FxHashMap<&str, u16> = names.iter().copied().zip(0..).collect();
    let codes = column.iter().map(|name| numbers.get(name.unwrap_or_default()).copied().unwrap_or(0)).collect();
    (names, codes)
}

/// A membership is current if its source does not deny it, and it has not ended by the day of the run.
fn current(input: &GoldenInput<'_>) -> Result<Vec<bool>, PersonsError> {
    let records = input.records;
    let today = input.now.date_naive().format("%Y-%m-%d").to_string();
    let member = flags(records, "records", "is_member")?;
    let numbers = cells(optional_text(records, "records", "membership_number")?, records.height());
    let left = cells(optional_text(records, "records", "left_on")?, records.height());
    let holds = |row: usize| {
        let ended = left[row].is_some_and(|day| day <= today.as_str());
        !ended && member[row].unwrap_or(numbers[row].is_some())
    };
    Ok((0..records.height()).map(holds).collect())
}
