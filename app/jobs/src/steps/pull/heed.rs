//! The guards of one source: its columns, its volume, its age, and its rows in quarantine.

use chrono::{DateTime, Utc};
use kartei_connector::{Cursor, FreshnessState, freshness, mapped_columns};
use kartei_schemas::frame::KEY;
use kartei_schemas::source::OnDrift;

use super::decide::Saw;
use super::delivery::Puller;
use crate::verdicts::Figures;

impl Puller<'_> {
    /// Where the pull begins: where this run left the source before it was interrupted, else where it was left by what was
    /// accepted; at the beginning where a delivery was forgotten, or somebody accepted columns that were left out.
    pub(super) fn begins_at(&self) -> Option<Cursor> {
        if let Some(resumed) = &self.start.resumed {
            return resumed.at.clone();
        }
        let is_thawed = self.source.on_drift == OnDrift::Freeze && self.drifted() > 0 && self.start.accepts_drift;
        if self.start.anew || is_thawed { None } else { self.start.place.at.clone() }
    }

    fn drifted(&self) -> usize {
        let found = &self.pulled.drift;
        found.new.len() + found.missing.len() + found.retyped.len()
    }

    pub(super) fn heed_drift(&mut self) {
        let columns = self.drifted();
        if columns > 0 {
            let drift = &self.pulled.drift;
            tracing::warn!(source = self.source.name, ?drift, "the source's columns are not as they were");
        }
        let figures = Figures { actual: columns as f64, limit: 0.0, is_exceeded: columns > 0 };
        match self.source.on_drift {
            OnDrift::Freeze if columns > 0 && !self.start.accepts_drift => {
                let known = self.start.place.columns.iter().map(|column| column.name.clone());
                let always = [KEY.to_owned(), "updated_at".to_owned()];
                self.keep_columns = Some(known.chain(mapped_columns(self.source)).chain(always).collect());
                // They stay what the next pull is compared with, until somebody accepts the new ones.
                self.columns.clone_from(&self.start.place.columns);
                let message = format!("{}; the new ones are left out", self.drift_told());
                self.looks.push(Saw { freezes: true, ..Saw::of("drift", figures, message) });
            }
            OnDrift::Freeze if columns > 0 => {
                self.looks.push(Saw { thaws: true, ..Saw::of("drift", figures, self.drift_told()) });
            }
            OnDrift::Freeze | OnDrift::Report => {}
            OnDrift::Stop => self.looks.push(Saw::of("drift", figures, self.drift_told())),
        }
    }

    fn drift_told(&self) -> String {
        let found = &self.pulled.drift;
        let names: Vec<&str> = found.new.iter().map(String::as_str).collect();
        let missing: Vec<&str> = found.missing.iter().map(|column| column.name.as_str()).collect();
        format!(
            "the columns of source `{}` changed (new: {}; missing: {}; retyped: {})",
            self.source.name,
            listed(&names),
            listed(&missing),
            found.retyped.len()
        )
    }

    /// Weighs a complete listing once its last page has come. All its guards look.
    pub(super) fn heed_volume(&mut self) {
        let (rows, rules, name) = (self.listing_rows(), &self.source.volume, &self.source.name);
        let mut looks = Vec::new();
        if let Some(minimum) = rules.min_rows {
            let figures = Figures { actual: rows as f64, limit: minimum as f64, is_exceeded: rows < minimum };
            let message = format!("source `{name}` lists {rows} rows, fewer than {minimum}");
            looks.push(Saw::of("min_rows", figures, message));
        }
        // What was not accepted has no say in what is usual.
        let before = self.usual_rows().filter(|&before| before > 0);
        if let (Some(before), Some(limit)) = (before, rules.max_drop_percent) {
            let figures = Figures::percent(before.saturating_sub(rows), before, limit);
            let drop = figures.actual;
            let message =
                format!("source `{name}` shrank from {before} to {rows} rows ({drop:.1} %; {limit} % are allowed)");
            looks.push(Saw::of("max_drop_percent", figures, message));
        }
        if let Some(open) = &mut self.open {
            open.looks = looks;
        }
    }

    pub(super) fn heed_freshness(&mut self, modified: Option<DateTime<Utc>>) {
        let found = freshness(modified, self.step.now(), &self.source.freshness);
        self.pulled.newest_at = modified;
        let word = match found.state {
            FreshnessState::Fresh => "fresh",
            FreshnessState::Stale => "stale",
            FreshnessState::TooOld => "too_old",
        };
        word.clone_into(&mut self.pulled.freshness);
        let (Some(limit), Some(age)) = (self.source.freshness.error_after, found.age) else { return };
        let message = format!("source `{}` was last renewed {} hours ago", self.source.name, age.num_hours());
        let figures = Figures {
            actual: age.num_minutes() as f64 / 60.0,
            limit: limit.seconds() as f64 / 3_600.0,
            is_exceeded: found.state == FreshnessState::TooOld,
        };
        self.looks.push(Saw::of("freshness", figures, message));
    }

    /// Weighs the rows in quarantine of all that the source handed over.
    pub(super) fn heed_rejects(&mut self) {
        let (rejected, read, limit) = (self.pulled.rejected(), self.pulled.read, self.source.max_reject_percent);
        let figures = Figures::percent(rejected, read, limit);
        let message = format!(
            "source `{}`: {rejected} of {read} rows went to quarantine ({:.1} %; {limit} % are allowed)",
            self.source.name, figures.actual
        );
        self.looks.push(Saw { of_rejects: true, ..Saw::of("max_reject_percent", figures, message) });
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
