//! The guards of one source: its columns, its volume, its age, and its rows in quarantine.

use chrono::{DateTime, Utc};
use kartei_connector::{FreshnessState, freshness, mapped_columns};
use kartei_schemas::frame::KEY;
use kartei_schemas::source::OnDrift;

use super::Place;
use super::delivery::Delivery;
use crate::error::FlowError;
use crate::verdicts::Figures;

impl Delivery<'_> {
    pub(super) fn heed_drift(&mut self, place: &Place) -> Result<(), FlowError> {
        let found = &self.pulled.drift;
        let columns = found.new.len() + found.missing.len() + found.retyped.len();
        if columns > 0 {
            tracing::warn!(source = self.source.name, drift = ?found, "the source's columns are not as they were");
        }
        match self.source.on_drift {
            OnDrift::Report => Ok(()),
            OnDrift::Freeze => {
                if columns > 0 {
                    let known = place.columns.iter().map(|column| column.name.clone());
                    let always = [KEY.to_owned(), "updated_at".to_owned()];
                    self.keep_columns = Some(known.chain(mapped_columns(self.source)).chain(always).collect());
                }
                Ok(())
            }
            OnDrift::Stop => {
                let names: Vec<&str> = found.new.iter().map(String::as_str).collect();
                let missing: Vec<&str> = found.missing.iter().map(|column| column.name.as_str()).collect();
                let message = format!(
                    "the columns of source `{}` changed (new: {}; missing: {}; retyped: {})",
                    self.source.name,
                    listed(&names),
                    listed(&missing),
                    found.retyped.len()
                );
                let figures = Figures { actual: columns as f64, limit: 0.0, is_exceeded: columns > 0 };
                self.guard("drift", figures, message)
            }
        }
    }

    /// Weighs a complete listing once its last page has come.
    pub(super) fn heed_volume(&self) -> Result<(), FlowError> {
        let (rows, rules, name) = (self.listing_rows, &self.source.volume, &self.source.name);
        if let Some(minimum) = rules.min_rows {
            let figures = Figures { actual: rows as f64, limit: minimum as f64, is_exceeded: rows < minimum };
            self.guard("min_rows", figures, format!("source `{name}` lists {rows} rows, fewer than {minimum}"))?;
        }
        // A run that was stopped has no say in what is usual.
        let before = self.usual_rows.filter(|&before| before > 0);
        if let (Some(before), Some(limit)) = (before, rules.max_drop_percent) {
            let figures = Figures::percent(before.saturating_sub(rows), before, limit);
            let drop = figures.actual;
            let message =
                format!("source `{name}` shrank from {before} to {rows} rows ({drop:.1} %; {limit} % are allowed)");
            self.guard("max_drop_percent", figures, message)?;
        }
        Ok(())
    }

    pub(super) fn heed_freshness(&mut self, modified: Option<DateTime<Utc>>) -> Result<(), FlowError> {
        let found = freshness(modified, self.step.now(), &self.source.freshness);
        self.pulled.newest_at = modified;
        let word = match found.state {
            FreshnessState::Fresh => "fresh",
            FreshnessState::Stale => "stale",
            FreshnessState::TooOld => "too_old",
        };
        word.clone_into(&mut self.pulled.freshness);
        let (Some(limit), Some(age)) = (self.source.freshness.error_after, found.age) else { return Ok(()) };
        let message = format!("source `{}` was last renewed {} hours ago", self.source.name, age.num_hours());
        let figures = Figures {
            actual: age.num_minutes() as f64 / 60.0,
            limit: limit.seconds() as f64 / 3_600.0,
            is_exceeded: found.state == FreshnessState::TooOld,
        };
        self.guard("freshness", figures, message)
    }

    /// Whether the rows in quarantine hold the run back, as far as it has come.
    pub(super) fn has_too_many_rejects(&self) -> bool {
        let limit = self.source.max_reject_percent;
        let is_exceeded = Figures::percent(self.pulled.rejected(), self.pulled.read, limit).is_exceeded;
        is_exceeded && !self.step.options.accepts("max_reject_percent")
    }

    pub(super) fn heed_rejects(&self) -> Result<(), FlowError> {
        let (rejected, read, limit) = (self.pulled.rejected(), self.pulled.read, self.source.max_reject_percent);
        let figures = Figures::percent(rejected, read, limit);
        if self.step.holds_back("max_reject_percent", Some(&self.source.name), figures) {
            let message = format!(
                "source `{}`: {rejected} of {read} rows went to quarantine ({:.1} %; {limit} % are allowed)",
                self.source.name, figures.actual
            );
            return Err(FlowError::TooManyRejects { message });
        }
        Ok(())
    }

    fn guard(&self, name: &str, figures: Figures, message: String) -> Result<(), FlowError> {
        if self.step.holds_back(name, Some(&self.source.name), figures) {
            return Err(FlowError::Guard { guard: name.to_owned(), message });
        }
        Ok(())
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
