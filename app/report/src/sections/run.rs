//! The run itself: its guards, and where the time went.

use super::texts;
use crate::RunReport;
use crate::model::{Guard, GuardVerdict, Step, StepStatus};
use crate::page::{Bar, Bars, Cell, Drawing, Part, Plot, Section, Table, Tone};
use crate::voice::Voice;

pub(super) fn guards(report: &RunReport, voice: Voice) -> Section {
    let row = |guard: &Guard| {
        let (mark, tone) = match guard.verdict {
            GuardVerdict::Passed => ("✓", Tone::Good),
            GuardVerdict::Accepted => ("!", Tone::Warn),
            GuardVerdict::Stopped => ("✗", Tone::Bad),
        };
        let source = guard.source.as_ref().map(|name| format!("{}: ", voice.source(report, name)));
        vec![
            Cell::new(format!("{}{}", source.unwrap_or_default(), voice.guard(&guard.name))),
            Cell::new(voice.decimal(guard.actual, 2)),
            Cell::new(voice.decimal(guard.limit, 2)),
            Cell::toned(format!("{mark} {}", voice.verdict(guard.verdict)), tone),
        ]
    };
    let mut parts = Vec::new();
    if !report.guards.is_empty() {
        parts.push(Part::Table(Table {
            caption: voice
                .say("Grenzen, die ein Lauf nicht überschreiten darf", "Limits that a run must not exceed")
                .to_owned(),
            columns: texts([
                voice.say("Wächter", "Guard"),
                voice.say("Wert", "Value"),
                voice.say("Grenze", "Limit"),
                voice.say("Ergebnis", "Verdict"),
            ]),
            rows: report.guards.iter().map(row).collect(),
            ..Table::default()
        }));
    }
    Section { id: "guards", title: voice.say("Wächter", "Guards"), parts }
}

pub(super) fn steps(report: &RunReport, voice: Voice) -> Section {
    let all: u64 = report.steps.iter().map(|step| step.duration_milliseconds).sum();
    let bar = |step: &Step| {
        let share = voice.percent(step.duration_milliseconds, all);
        let status = if step.status == StepStatus::Done {
            String::new()
        } else {
            format!(" ({})", voice.step_status(step.status))
        };
        Bar {
            label: format!("{}{status}", voice.step(&step.name)),
            value: step.duration_milliseconds as f64,
            note: format!("{}, {share}", voice.duration(step.duration_milliseconds)),
        }
    };
    let mut parts = Vec::new();
    if !report.steps.is_empty() {
        let total = voice.duration(all);
        parts.push(Part::Plot(Plot {
            title: voice.say("Dauer der Schritte", "Duration of the steps"),
            alt: format!("{} {total}.", voice.say("Alle Schritte zusammen:", "All steps together:")),
            drawing: Drawing::Bars(Bars { bars: report.steps.iter().map(bar).collect(), is_logarithmic: false }),
        }));
    }
    Section { id: "steps", title: voice.say("Wo die Zeit blieb", "Where the time went"), parts }
}
