//! The model that decided, and the clusters that it doubts most.

use kartei_schemas::org::Language;

use super::{count, share, texts};
use crate::RunReport;
use crate::model::{ComparisonReport, DoubtfulCluster, LevelReport};
use crate::page::{Cell, Drawing, Graph, GraphEdge, GraphNode, Part, Plot, Scales, ScalesRow, Section, Table, Tone};
use crate::voice::Voice;

/// Records that a graph can show; of larger clusters the first so many are drawn.
const MOST_NODES: usize = 24;

pub(super) fn model(report: &RunReport, voice: Voice) -> Section {
    let mut parts = Vec::new();
    if !report.model.comparisons.is_empty() {
        parts.push(Part::Note(Cell::new(priors(report, voice))));
        parts.push(Part::Plot(weights(report, voice)));
        parts.push(Part::Table(shares(report, voice)));
        parts.extend(unlinkable(report, voice).map(Part::Table));
        parts.extend(frequent(report, voice).map(Part::Table));
    }
    Section { id: "model", title: voice.say("Modell", "Model"), parts }
}

fn priors(report: &RunReport, voice: Voice) -> String {
    let model = &report.model;
    let one_in = |share: f64| if share > 0.0 { voice.decimal((1.0 / share).round(), 0) } else { "–".to_owned() };
    let (same, home) = (one_in(model.prior_same), one_in(model.prior_household));
    let [merge, review] =
        [report.scores.match_threshold, report.scores.review_threshold].map(|threshold| voice.decimal(threshold, 2));
    let coherence = voice.decimal(100.0 * model.coherence, 1);
    let fit = match (report.scores.converged, voice.language) {
        (None, Language::De) => {
            "Die Gewichte sind die mitgelieferten: Zum Lernen war es zu wenig, oder es war abgeschaltet."
        }
        (None, Language::En) => {
            "The weights are the shipped ones: there was too little to learn from, or training was off."
        }
        (Some(true), Language::De) => "Die Gewichte sind an diesen Daten gelernt.",
        (Some(true), Language::En) => "The weights were learnt from these data.",
        (Some(false), Language::De) => "Das Lernen kam nicht zur Ruhe; es gelten die mitgelieferten Gewichte.",
        (Some(false), Language::En) => "The training did not settle; the shipped weights stand in.",
    };
    match voice.language {
        Language::De => format!(
            "{fit} Vorab gilt: Von {same} Paaren ist eines dieselbe Person, von {home} eines ein Haushalt. Ab {merge} wird \
             zusammengeführt, ab {review} gefragt. {coherence} % der Paare innerhalb der Gruppen hält das Modell selbst für \
             dieselbe Person."
        ),
        Language::En => format!(
            "{fit} Beforehand, one in {same} pairs is one person and one in {home} a household. From {merge} on records are \
             merged, from {review} on a human is asked. Of the pairs inside clusters the model itself calls {coherence}% one \
             person."
        ),
    }
}

/// Per comparison a heading, then its levels, the one that speaks loudest first.
fn weights(report: &RunReport, voice: Voice) -> Plot {
    let mut rows = Vec::new();
    for comparison in &report.model.comparisons {
        let label = comparison_name(report, &comparison.name, voice);
        rows.push(ScalesRow { label, value: None, note: String::new() });
        for level in by_weight(comparison) {
            rows.push(ScalesRow {
                label: voice.level(&level.name),
                value: Some(level.weight()),
                note: signed(level.weight(), voice),
            });
        }
    }
    Plot {
        title: voice.say("Was jede Stufe wiegt", "What each level weighs"),
        alt: voice
            .say(
                "In Bit: Jedes verdoppelt die Chance, dass zwei Datensätze dieselbe Person sind und nicht Fremde. Seltene \
                 gleiche Werte zählen mehr, häufige weniger.",
                "In bits: each doubles the odds that two records are one person and not strangers. Rare values that agree \
                 count for more, common ones for less.",
            )
            .to_owned(),
        drawing: Drawing::Scales(Scales {
            rows,
            sides: [voice.say("spricht dagegen", "speaks against"), voice.say("spricht dafür", "speaks for")],
        }),
    }
}

fn by_weight(comparison: &ComparisonReport) -> Vec<&LevelReport> {
    let mut levels: Vec<&LevelReport> = comparison.levels.iter().collect();
    levels.sort_by(|one, other| other.weight().total_cmp(&one.weight()));
    levels
}

fn signed(weight: f64, voice: Voice) -> String {
    let text = voice.decimal(weight, 1);
    if weight >= 0.05 { format!("+{text}") } else { text }
}

fn comparison_name(report: &RunReport, name: &str, voice: Voice) -> String {
    match name {
        "address" => voice.say("Anschrift", "Address").to_owned(),
        "mail_name" => voice.say("Name in der E-Mail-Adresse", "Name in the e-mail address").to_owned(),
        _ if report.labels.contains_key(name) => voice.field(report, name),
        "given_name" => voice.say("Vorname", "Given name").to_owned(),
        "surname" => voice.say("Nachname", "Surname").to_owned(),
        "sex" => voice.say("Geschlecht", "Sex").to_owned(),
        "birth_date" => voice.say("Geburtsdatum", "Birth date").to_owned(),
        "email" => voice.say("E-Mail", "E-mail").to_owned(),
        "mobile" => voice.say("Mobilnummer", "Mobile number").to_owned(),
        "phone" => voice.say("Festnetz", "Landline").to_owned(),
        "membership_number" => voice.say("Mitgliedsnummer", "Membership number").to_owned(),
        _ => voice.field(report, name),
    }
}

/// How often each level is seen among pairs of one person (m), of one household, and of strangers (u).
fn shares(report: &RunReport, voice: Voice) -> Table {
    let mut rows = Vec::new();
    for comparison in &report.model.comparisons {
        let name = comparison_name(report, &comparison.name, voice);
        for level in by_weight(comparison) {
            rows.push(vec![
                Cell::new(format!("{name}: {}", voice.level(&level.name))),
                portion(level.same, voice),
                portion(level.household, voice),
                portion(level.stranger, voice),
                Cell::new(signed(level.weight(), voice)),
            ]);
        }
    }
    Table {
        caption: voice
            .say("Wie oft jede Stufe in jeder Klasse vorkommt", "How often each level is seen in each class")
            .to_owned(),
        columns: texts([
            voice.say("Stufe", "Level"),
            voice.say("dieselbe Person (m)", "one person (m)"),
            voice.say("ein Haushalt", "one household"),
            voice.say("Fremde (u)", "strangers (u)"),
            voice.say("Gewicht", "Weight"),
        ]),
        rows,
        folded: true,
        ..Table::default()
    }
}

/// A share as percent; the smaller it is, the more digits.
fn portion(share: f64, voice: Voice) -> Cell {
    let percent = 100.0 * share;
    let places = match percent {
        10.0.. => 0,
        1.0.. => 1,
        0.01.. => 2,
        _ => 5,
    };
    let mut cell = Cell::new(format!("{}{}", voice.decimal(percent, places), voice.say("\u{a0}%", "%")));
    cell.share = Some(share.clamp(0.0, 1.0));
    cell
}

fn unlinkable(report: &RunReport, voice: Voice) -> Option<Table> {
    let sources = &report.model.sources;
    let rows = sources.iter().map(|reach| {
        let name = if reach.source.is_empty() {
            voice.say("alle", "all").to_owned()
        } else {
            voice.source(report, &reach.source)
        };
        vec![
            Cell::new(name),
            count(reach.records, voice),
            count(reach.unlinkable, voice),
            share(reach.unlinkable, reach.records, voice),
        ]
    });
    (!sources.is_empty()).then(|| Table {
        caption: voice
            .say(
                "Zu dünn, um wiedergefunden zu werden: Datensätze, die selbst neben ihrer eigenen Kopie unter der Schwelle blieben",
                "Too thin to be found again: records that would stay below the threshold even beside a copy of themselves",
            )
            .to_owned(),
        columns: texts([
            voice.say("Quelle", "Source"),
            voice.say("Datensätze", "Records"),
            voice.say("zu dünn", "too thin"),
            voice.say("Anteil", "Share"),
        ]),
        rows: rows.collect(),
        ..Table::default()
    })
}

fn frequent(report: &RunReport, voice: Voice) -> Option<Table> {
    let found = &report.model.frequent;
    let rows = found.iter().map(|frequent| {
        vec![
            Cell::new(comparison_name(report, &frequent.comparison, voice)),
            count(frequent.values, voice),
            count(frequent.records, voice),
        ]
    });
    (!found.is_empty()).then(|| Table {
        caption: voice
            .say(
                "Werte, die mindestens achtmal so häufig sind wie andere ihres Feldes: Gleichheit sagt bei ihnen drei Bit weniger",
                "Values at least eight times as frequent as others of their field: agreeing on them tells three bits less",
            )
            .to_owned(),
        columns: texts([
            voice.say("Feld", "Field"),
            voice.say("Werte", "Values"),
            voice.say("Datensätze damit", "Records with one"),
        ]),
        rows: rows.collect(),
        folded: found.len() > 6,
        ..Table::default()
    })
}

pub(super) fn studio(report: &RunReport, voice: Voice) -> Section {
    let mut parts = Vec::new();
    let doubtful = &report.model.doubtful;
    if !doubtful.is_empty() {
        let text = voice.say(
            "Die Gruppen, die am schwächsten zusammenhängen. Jeder Punkt ist ein Datensatz mit seiner Quelle, jede Linie ein \
             Paar mit seiner Wahrscheinlichkeit; was unter der Schwelle liegt, ist gestrichelt.",
            "The clusters that hang together least. Each dot is a record with its source, each line a pair with its \
             probability; what lies below the threshold is dashed.",
        );
        parts.push(Part::Note(Cell::new(text)));
        let mut sources: Vec<&str> = doubtful.iter().flat_map(|it| it.sources.iter().map(String::as_str)).collect();
        sources.sort_unstable();
        sources.dedup();
        parts.push(Part::Graphs(doubtful.iter().map(|cluster| graph(report, cluster, &sources, voice)).collect()));
    }
    Section { id: "studio", title: voice.say("Zweifelhafte Gruppen", "Doubtful clusters"), parts }
}

fn graph(report: &RunReport, cluster: &DoubtfulCluster, sources: &[&str], voice: Voice) -> Graph {
    let weakest = voice.decimal(cluster.weakest, 2);
    let records = voice.number(cluster.sources.len() as u64);
    let mut alt = match voice.language {
        Language::De => format!("{records} Datensätze, schwächste Verbindung {weakest}."),
        Language::En => format!("{records} records, weakest link {weakest}."),
    };
    if cluster.sources.len() > MOST_NODES {
        let shown = voice.number(MOST_NODES as u64);
        let (before, behind) = match voice.language {
            Language::De => (" Gezeigt sind ", "."),
            Language::En => (" ", " are shown."),
        };
        alt = alt + before + &shown + behind;
    }
    let mut seen = vec![0_u32; sources.len()];
    let node = |source: &String| {
        let colour = sources.iter().position(|name| name == source).unwrap_or(0);
        seen[colour] += 1;
        let name = if source.is_empty() { String::new() } else { voice.source(report, source) + " " };
        GraphNode { label: format!("{name}{}", seen[colour]), colour }
    };
    let nodes: Vec<GraphNode> = cluster.sources.iter().take(MOST_NODES).map(node).collect();
    let edge = |&(left, right, probability): &(u32, u32, f64)| {
        let (left, right) = (usize::try_from(left).ok()?, usize::try_from(right).ok()?);
        let tone = if probability >= report.scores.match_threshold { Tone::Plain } else { Tone::Warn };
        let shown = voice.decimal(probability, 2);
        (left.max(right) < nodes.len()).then_some(GraphEdge { left, right, probability, note: shown, tone })
    };
    let edges = cluster.pairs.iter().filter_map(edge).collect();
    Graph { title: format!("{} {}", voice.say("Person", "Person"), cluster.person_id), alt, nodes, edges }
}
