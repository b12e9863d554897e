//! What ran when in the last days, and what is not as usual in this run.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::org::Language;

use super::texts;
use crate::RunReport;
use crate::model::{OddFigure, PastRun, PastState};
use crate::page::{Cell, Drawing, Part, Plot, Section, Span, Table, Timeline, Tone};
use crate::voice::Voice;

/// So many marks stand on the axis.
const MARKS: i32 = 4;

pub(super) fn oddities(report: &RunReport, voice: Voice) -> Section {
    let row = |odd: &OddFigure| {
        let (what, show): (String, &dyn Fn(f64) -> String) = match &odd.step {
            None => {
                (voice.say("Dauer des Laufs", "Duration of the run").to_owned(), &|value| voice.duration(whole(value)))
            }
            Some(step) => {
                let words = voice.say("Zeilen aus dem Schritt", "Rows out of the step");
                (format!("{words} {}", voice.step(step)), &|value| voice.number(whole(value)))
            }
        };
        let usual = format!("{} – {}", show(odd.band.low), show(odd.band.high));
        vec![Cell::new(what), Cell::toned(format!("! {}", show(odd.value)), Tone::Warn), Cell::new(usual)]
    };
    let mut parts = Vec::new();
    if !report.oddities.is_empty() {
        parts.push(Part::Table(Table {
            caption: voice.say("Anders als in den letzten Läufen", "Unlike the last runs").to_owned(),
            columns: texts([voice.say("Was", "What"), voice.say("Wert", "Value"), voice.say("Üblich", "Usual")]),
            rows: report.oddities.iter().map(row).collect(),
            ..Table::default()
        }));
    }
    Section { id: "oddities", title: voice.say("Ungewöhnliches", "Not as usual"), parts }
}

pub(super) fn timeline(report: &RunReport, voice: Voice) -> Section {
    let mut parts = Vec::new();
    if let Some(chart) = chart(&report.history, voice) {
        let runs = report.history.len();
        let alt = match voice.language {
            Language::De => format!("Die letzten {runs} Läufe, eine Zeile je Auftrag."),
            Language::En => format!("The last {runs} runs, one row for each job."),
        };
        let title = voice.say("Die letzten Läufe", "The last runs");
        parts.push(Part::Plot(Plot { title, alt, drawing: Drawing::Timeline(chart) }));
    }
    Section { id: "history", title: voice.say("Zeitleiste", "Timeline"), parts }
}

fn chart(history: &[PastRun], voice: Voice) -> Option<Timeline> {
    let from = history.iter().map(|run| run.started_at).min()?;
    let to = history.iter().map(|run| run.finished_at.unwrap_or(run.started_at)).max()?;
    let whole = (to - from).max(TimeDelta::minutes(1));
    let share = |at: DateTime<Utc>| (at - from).num_milliseconds() as f64 / whole.num_milliseconds() as f64;
    let rows: Vec<String> = history.iter().map(|run| run.job.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let spans = history.iter().filter_map(|run| {
        let row = rows.iter().position(|job| *job == run.job)?;
        let end = run.finished_at.unwrap_or(to);
        let took = u64::try_from((end - run.started_at).num_milliseconds()).unwrap_or(0);
        let (state, tone) = state(run.state, voice);
        let begun = voice.instant(run.started_at);
        let words = format!("{} {}: {begun}, {}, {state}", run.job, run.id, voice.duration(took));
        Some(Span { row, from: share(run.started_at), to: share(end), tone, words })
    });
    let spans = spans.collect();
    let mark = |index: i32| {
        let share = f64::from(index) / f64::from(MARKS);
        (share, voice.instant(from + whole * index / MARKS))
    };
    Some(Timeline { marks: (0..=MARKS).step_by(2).map(mark).collect(), rows, spans })
}

const fn state(state: PastState, voice: Voice) -> (&'static str, Tone) {
    match state {
        PastState::Succeeded => (voice.say("erfolgreich", "succeeded"), Tone::Good),
        PastState::Stopped => (voice.say("von einem Wächter angehalten", "stopped by a guard"), Tone::Warn),
        PastState::Failed => (voice.say("fehlgeschlagen", "failed"), Tone::Bad),
        PastState::Cancelled => (voice.say("abgebrochen", "cancelled"), Tone::Quiet),
        PastState::Running => (voice.say("läuft", "running"), Tone::Plain),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count or a duration, never negative")]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}
