//! What came in: the flow with its conservation laws, and the sources.

use std::collections::BTreeSet;

use super::{count, share, texts, trouble};
use kartei_schemas::org::Language;

use crate::RunReport;
use crate::model::{FreshnessState, Outcome, SourceReport};
use crate::page::{Cell, Part, Section, Table, Tone};
use crate::voice::Voice;

pub(super) fn flow(report: &RunReport, voice: Voice) -> Section {
    let flow = report.flow;
    let mut parts = Vec::new();
    if flow.read > 0 || flow.records > 0 {
        let stages = [
            (voice.say("Zeilen gelesen", "Rows read"), flow.read),
            (voice.say("davon unverändert", "of these unchanged"), flow.unchanged),
            (voice.say("davon in Quarantäne", "of these rejected"), flow.rejected),
            (voice.say("davon abgelegt", "of these staged"), flow.staged),
            (voice.say("Datensätze verglichen", "Records matched"), flow.records),
            (voice.say("Gruppen", "Clusters"), flow.clusters),
            (voice.say("Personen", "Persons"), flow.persons),
        ];
        let largest = stages.iter().map(|stage| stage.1).max().unwrap_or(0);
        parts.push(Part::Table(Table {
            caption: voice.say("Von den Zeilen zu den Personen", "From rows to persons").to_owned(),
            columns: texts([voice.say("Stufe", "Stage"), voice.say("Anzahl", "Count")]),
            rows: stages
                .iter()
                .map(|&(name, number)| vec![Cell::new(name), count(number, voice).with_share(number, largest)])
                .collect(),
            ..Table::default()
        }));
    }
    if flow.erased > 0 {
        let rows = voice.number(flow.erased);
        let note = voice.say("Zeilen gelöschter Personen nicht übernommen", "rows of erased persons were left out");
        parts.push(Part::Note(Cell::new(format!("{rows} {note}"))));
    }
    for law in flow.conservation() {
        // A run that stopped on the way has nothing to balance where it did not come to.
        let has_ended = matches!(report.outcome, Outcome::Published | Outcome::DryRun);
        if law.after == 0 && (law.before == 0 || !has_ended) {
            continue;
        }
        let (mark, tone) = if law.holds() { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
        let equation =
            format!("{} {} {}", voice.number(law.before), if law.holds() { "=" } else { "≠" }, voice.number(law.after));
        parts.push(Part::Note(Cell::toned(format!("{mark} {}: {equation}", voice.law(law.law)), tone)));
    }
    Section { id: "flow", title: voice.say("Fluss", "Flow"), parts }
}

pub(super) fn sources(report: &RunReport, voice: Voice) -> Section {
    let mut parts = Vec::new();
    if !report.sources.is_empty() {
        parts.push(Part::Table(rows(report, voice)));
        parts.push(Part::Table(freshness(report, voice)));
    }
    parts.extend(notes(report, voice));
    parts.extend(rejects(report, voice).map(Part::Table));
    parts.extend(drift(report, voice).map(Part::Table));
    parts.extend(problems(report, voice).map(Part::Table));
    parts.extend(completeness(report, voice).map(Part::Table));
    Section { id: "sources", title: voice.say("Quellen", "Sources"), parts }
}

/// What waits, what was passed over, and of which source nothing was held to be absent.
fn notes(report: &RunReport, voice: Voice) -> Vec<Part> {
    let mut notes = Vec::new();
    for one in &report.waiting {
        let (id, source) = (one.id, voice.source(report, &one.source));
        notes.push(match voice.language {
            Language::De => format!("Lieferung {id} von {source} wartet auf eine Entscheidung: {}", one.reason),
            Language::En => format!("delivery {id} of {source} waits for a decision: {}", one.reason),
        });
    }
    for one in &report.sources {
        let source = voice.source(report, &one.name);
        if one.keyless > 0 {
            let rows = voice.number(one.keyless);
            notes.push(match voice.language {
                Language::De => format!(
                    "{source}: {rows} Zeilen ohne lesbaren Schlüssel; wer fehlt, wurde daraus nicht geschlossen"
                ),
                Language::En => format!("{source}: {rows} rows without a legible key; nobody was held to be absent"),
            });
        }
        for id in &one.passed_over {
            notes.push(match voice.language {
                Language::De => format!("{source}: die Lieferung {id} kam wieder und wurde übergangen"),
                Language::En => format!("{source}: delivery {id} came again and was passed over"),
            });
        }
    }
    for (source, records) in &report.unconfigured {
        let records = voice.number(*records);
        notes.push(match voice.language {
            Language::De => format!("Die Quelle {source} ist nicht mehr eingerichtet und hat noch {records} Datensätze (`kartei sources retire {source}`)"),
            Language::En => format!("the source {source} is no longer configured and still has {records} records (`kartei sources retire {source}`)"),
        });
    }
    notes.into_iter().map(|note| Part::Note(Cell::toned(note, Tone::Warn))).collect()
}

fn rows(report: &RunReport, voice: Voice) -> Table {
    let columns = [
        voice.say("Quelle", "Source"),
        voice.say("Gelesen", "Read"),
        voice.say("Neu", "New"),
        voice.say("Geändert", "Changed"),
        voice.say("Gleich", "Unchanged"),
        voice.say("Quarantäne", "Rejected"),
        voice.say("Weg", "Gone"),
        voice.say("Bestand", "Records"),
    ];
    let row = |source: &SourceReport| {
        vec![
            Cell::new(voice.source(report, &source.name)),
            count(source.read, voice),
            count(source.new, voice),
            count(source.changed, voice),
            count(source.unchanged, voice),
            trouble(source.rejected, voice),
            count(source.gone, voice),
            count(source.records, voice),
        ]
    };
    Table {
        caption: voice.say("Zeilen je Quelle", "Rows per source").to_owned(),
        columns: texts(columns),
        rows: report.sources.iter().map(row).collect(),
        ..Table::default()
    }
}

fn freshness(report: &RunReport, voice: Voice) -> Table {
    let row = |source: &SourceReport| {
        let (mark, tone) = match source.freshness.state {
            FreshnessState::Green => ("●", Tone::Good),
            FreshnessState::Amber => ("▲", Tone::Warn),
            FreshnessState::Red => ("■", Tone::Bad),
        };
        let newest = source.freshness.newest_at;
        let span = |span: Option<kartei_schemas::duration::Span>| {
            span.map_or_else(|| Cell::toned("–", Tone::Quiet), |span| Cell::new(voice.span(span.seconds())))
        };
        vec![
            Cell::new(voice.source(report, &source.name)),
            Cell::toned(format!("{mark} {}", voice.freshness(source.freshness.state)), tone),
            newest.map_or_else(|| Cell::toned("–", Tone::Quiet), |at| Cell::new(voice.instant(at))),
            newest.map_or_else(|| Cell::toned("–", Tone::Quiet), |at| Cell::new(voice.age(at, report.run.started_at))),
            span(source.freshness.warn_after),
            span(source.freshness.error_after),
        ]
    };
    Table {
        caption: voice.say("Wie aktuell die Quellen sind", "How fresh the sources are").to_owned(),
        columns: texts([
            voice.say("Quelle", "Source"),
            voice.say("Stand", "State"),
            voice.say("Neuestes", "Newest"),
            voice.say("Alter", "Age"),
            voice.say("Warnt nach", "Warns after"),
            voice.say("Hält an nach", "Stops after"),
        ]),
        rows: report.sources.iter().map(row).collect(),
        wordy: true,
        ..Table::default()
    }
}

fn rejects(report: &RunReport, voice: Voice) -> Option<Table> {
    let rows: Vec<_> = report
        .sources
        .iter()
        .flat_map(|source| source.rejects.iter().map(move |reject| (source, reject)))
        .map(|(source, reject)| {
            vec![
                Cell::new(format!("{}: {}", voice.source(report, &source.name), voice.reason(&reject.reason))),
                count(reject.rows, voice),
                Cell::new(voice.percent(reject.rows, source.read)),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| Table {
        caption: voice.say("Zeilen in Quarantäne", "Rows in quarantine").to_owned(),
        columns: texts([
            voice.say("Grund", "Reason"),
            voice.say("Zeilen", "Rows"),
            voice.say("der Quelle", "of the source"),
        ]),
        rows,
        ..Table::default()
    })
}

fn drift(report: &RunReport, voice: Voice) -> Option<Table> {
    let rows: Vec<_> = report
        .sources
        .iter()
        .flat_map(|source| source.drift.iter().map(move |drift| (source, drift)))
        .map(|(source, drift)| {
            vec![
                Cell::new(voice.source(report, &source.name)),
                Cell::new(drift.column.clone()),
                Cell::toned(voice.drift(drift.kind), Tone::Warn),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| Table {
        caption: voice.say("Spalten, die nicht sind wie bisher", "Columns that are not as they were").to_owned(),
        columns: texts([voice.say("Quelle", "Source"), voice.say("Spalte", "Column"), voice.say("Was", "What")]),
        rows,
        wordy: true,
        ..Table::default()
    })
}

fn problems(report: &RunReport, voice: Voice) -> Option<Table> {
    let rows: Vec<_> = report
        .sources
        .iter()
        .flat_map(|source| source.problems.iter().map(move |problem| (source, problem)))
        .map(|(source, problem)| {
            vec![
                Cell::new(format!(
                    "{}: {}, {}",
                    voice.source(report, &source.name),
                    voice.field(report, &problem.field),
                    voice.reason(&problem.reason)
                )),
                count(problem.values, voice),
                Cell::new(voice.percent(problem.values, source.records)),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| Table {
        caption: voice.say("Einzelne Werte, die nicht lesbar waren", "Single values that could not be read").to_owned(),
        columns: texts([
            voice.say("Feld und Grund", "Field and reason"),
            voice.say("Werte", "Values"),
            voice.say("der Datensätze", "of the records"),
        ]),
        folded: rows.len() > 6,
        rows,
        ..Table::default()
    })
}

/// Field by source. A source that does not map a field has no figure for it.
fn completeness(report: &RunReport, voice: Voice) -> Option<Table> {
    let mut seen = BTreeSet::new();
    let fields: Vec<&str> = report
        .sources
        .iter()
        .flat_map(|source| source.completeness.iter().map(|entry| entry.field.as_str()))
        .filter(|field| seen.insert(*field))
        .collect();
    let cell = |source: &SourceReport, field: &str| {
        source
            .completeness
            .iter()
            .find(|entry| entry.field == field)
            .map_or_else(|| Cell::toned("–", Tone::Quiet), |entry| share(entry.filled, source.records, voice))
    };
    let rows: Vec<_> = fields
        .iter()
        .map(|field| {
            let mut row = vec![Cell::new(voice.field(report, field))];
            row.extend(report.sources.iter().map(|source| cell(source, field)));
            row
        })
        .collect();
    let mut columns = vec![voice.say("Feld", "Field").to_owned()];
    columns.extend(report.sources.iter().map(|source| voice.source(report, &source.name)));
    (!rows.is_empty()).then(|| Table {
        caption: voice.say("Gefüllte Felder, Anteil der Datensätze", "Filled fields, share of the records").to_owned(),
        columns,
        rows,
        folded: true,
        wordy: false,
    })
}
