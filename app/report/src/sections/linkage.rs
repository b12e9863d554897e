//! What was joined: pairs, scores, clusters, and how the sources overlap.

use kartei_schemas::org::Language;

use super::{count, texts, trouble};
use crate::RunReport;
use crate::model::{BlockingKey, PairReport, ScoreScale};
use crate::page::{Bar, Bars, Cell, Drawing, Histogram, Part, Plot, Section, Table, Tone, UpSet, UpSetRow};
use crate::voice::Voice;
use crate::words::{CLUSTER, PAIR_OF, PERSON};

/// More intersections than this are summed up in the last row.
const MOST_INTERSECTIONS: usize = 15;

/// A night after the first compares only what changed, and takes over what it found possible before.
fn what_was_compared(pairs: &PairReport, voice: Voice) -> String {
    let [compared, kept, matched, doubtful, separate] =
        [pairs.compared, pairs.kept, pairs.matched, pairs.doubtful, pairs.separate].map(|number| voice.number(number));
    match (voice.language, pairs.kept) {
        (Language::De, 0) => {
            format!(
                "{compared} Paare verglichen: {matched} dieselbe Person, {doubtful} zweifelhaft, {separate} getrennt."
            )
        }
        (Language::En, 0) => {
            format!("{compared} pairs compared: {matched} the same person, {doubtful} doubtful, {separate} separate.")
        }
        (Language::De, _) => format!(
            "{compared} Paare mit neuen oder geänderten Datensätzen verglichen, {kept} mögliche Treffer unveränderter Datensätze \
             übernommen: {matched} dieselbe Person, {doubtful} zweifelhaft."
        ),
        (Language::En, _) => format!(
            "{compared} pairs with new or changed records compared, {kept} possible matches of unchanged records taken over: \
             {matched} the same person, {doubtful} doubtful."
        ),
    }
}

pub(super) fn pairs(report: &RunReport, voice: Voice) -> Section {
    let pairs = &report.pairs;
    let mut parts = Vec::new();
    if pairs.compared + pairs.kept > 0 {
        parts.push(Part::Note(Cell::new(what_was_compared(pairs, voice))));
    }
    if !pairs.keys.is_empty() {
        let most = pairs.keys.iter().map(|key| key.pairs).max().unwrap_or(0);
        let row = |key: &BlockingKey| {
            let left_out = if key.dropped { voice.say(" (ausgelassen)", " (left out)") } else { "" };
            vec![
                Cell::new(format!("{}{left_out}", key.name)),
                count(key.pairs, voice).with_share(key.pairs, most),
                count(key.added, voice),
                count(key.largest_block, voice),
                count(key.split_blocks, voice),
                trouble(key.capped_blocks, voice),
            ]
        };
        parts.push(Part::Table(Table {
            caption: voice.say("Paare je Suchschlüssel", "Pairs per blocking key").to_owned(),
            columns: texts([
                voice.say("Schlüssel", "Key"),
                voice.say("Paare", "Pairs"),
                voice.say("nur neue", "Added"),
                voice.say("Größter Block", "Largest block"),
                voice.say("Geteilt", "Split"),
                voice.say("Gekappt", "Capped"),
            ]),
            rows: pairs.keys.iter().map(row).collect(),
            folded: pairs.keys.len() > 12,
            ..Table::default()
        }));
        parts.push(Part::Table(what_keys_find(&pairs.keys, voice)));
    }
    Section { id: "pairs", title: voice.say("Paare", "Pairs"), parts }
}

/// What would be missed without each key.
fn what_keys_find(keys: &[BlockingKey], voice: Voice) -> Table {
    let most = keys.iter().map(|key| key.matched).max().unwrap_or(0);
    let row = |key: &BlockingKey| {
        vec![
            Cell::new(key.name.clone()),
            count(key.only, voice),
            count(key.matched, voice).with_share(key.matched, most),
            count(key.only_matched, voice),
        ]
    };
    let used: Vec<&BlockingKey> = keys.iter().filter(|key| !key.dropped).collect();
    Table {
        caption: voice.say("Was jeder Suchschlüssel findet", "What each blocking key finds").to_owned(),
        columns: texts([
            voice.say("Schlüssel", "Key"),
            voice.say("nur seine Paare", "Pairs of it alone"),
            voice.say("Eine Person", "One person"),
            voice.say("davon nur seine", "of it alone"),
        ]),
        folded: used.len() > 12,
        rows: used.into_iter().map(row).collect(),
        ..Table::default()
    }
}

pub(super) fn scores(report: &RunReport, voice: Voice) -> Section {
    let scores = &report.scores;
    let mut parts = Vec::new();
    if scores.histogram.iter().any(|bin| bin.pairs > 0) {
        let places = match scores.scale {
            ScoreScale::Probability => 2,
            ScoreScale::Weight => 1,
        };
        let review = voice.decimal(scores.review_threshold, places);
        let accept = voice.decimal(scores.match_threshold, places);
        let expected = expected(report, voice);
        parts.push(Part::Note(Cell::new(expected)));
        let alt = match voice.language {
            Language::De => {
                format!(
                    "Wie viele Paare welchen Wert haben. Ab {review} entscheidet ein Mensch, ab {accept} gilt: dieselbe Person."
                )
            }
            Language::En => {
                format!(
                    "How many pairs have which score. From {review} a human decides, from {accept} it is one person."
                )
            }
        };
        parts.push(Part::Plot(Plot {
            title: voice
                .say("Bewertung der Paare (Höhen logarithmisch)", "Scores of the pairs (heights are logarithmic)"),
            alt,
            drawing: Drawing::Histogram(Histogram {
                bins: scores.histogram.iter().map(|bin| (bin.from, bin.to, bin.pairs)).collect(),
                review: scores.review_threshold,
                accept: scores.match_threshold,
                zones: [
                    voice.say("getrennt", "separate"),
                    voice.say("zweifelhaft", "doubtful"),
                    voice.say("dieselbe Person", "same person"),
                ],
                axis: match scores.scale {
                    ScoreScale::Probability => voice.say("Wahrscheinlichkeit", "probability"),
                    ScoreScale::Weight => voice.say("Gewicht (Bit)", "match weight (bits)"),
                },
            }),
        }));
    }
    Section { id: "scores", title: voice.say("Bewertung", "Scores"), parts }
}

fn expected(report: &RunReport, voice: Voice) -> String {
    let about = |number: f64| voice.decimal(number, usize::from(number < 10.0));
    let wrong = about(report.scores.expected_false_merges);
    let missed = report.scores.expected_missed_merges.map(about);
    let matched = voice.counted(report.pairs.matched, PAIR_OF);
    match voice.language {
        Language::De => {
            let missed = missed.map(|missed| format!(" Übersehen werden etwa {missed}.")).unwrap_or_default();
            format!("Von {matched} über der Schwelle sind nach dem Modell etwa {wrong} falsch.{missed}")
        }
        Language::En => {
            let missed = missed.map(|missed| format!(" About {missed} are missed.")).unwrap_or_default();
            format!("Of {matched} above the threshold, about {wrong} are wrong by the model’s own estimate.{missed}")
        }
    }
}

pub(super) fn clusters(report: &RunReport, voice: Voice) -> Section {
    let clusters = &report.clusters;
    let mut parts = Vec::new();
    if !clusters.sizes.is_empty() {
        let largest = clusters.sizes.iter().map(|size| size.records).max().unwrap_or(0);
        let all = clusters.sizes.iter().map(|size| size.clusters).sum();
        let alone = clusters.sizes.iter().filter(|size| size.records == 1).map(|size| size.clusters).sum();
        let alt = match voice.language {
            Language::De => format!(
                "{}, davon {} mit nur einem Datensatz; die größte hat {largest}.",
                voice.counted(all, CLUSTER),
                voice.percent(alone, all)
            ),
            Language::En => format!(
                "{}, {} of them with one record only; the largest has {largest}.",
                voice.counted(all, CLUSTER),
                voice.percent(alone, all)
            ),
        };
        parts.push(Part::Plot(Plot {
            title: voice
                .say("Datensätze je Person (Balken logarithmisch)", "Records per person (bars are logarithmic)"),
            alt,
            drawing: Drawing::Bars(Bars { bars: size_bars(report, voice), is_logarithmic: true }),
        }));
    }
    if !clusters.largest.is_empty() {
        parts.push(Part::Table(Table {
            caption: voice.say("Die größten Gruppen", "The largest clusters").to_owned(),
            columns: texts([
                voice.say("Person", "Person"),
                voice.say("Datensätze", "Records"),
                voice.say("Quellen", "Sources"),
            ]),
            rows: clusters
                .largest
                .iter()
                .map(|cluster| {
                    vec![
                        Cell::new(cluster.person_id.clone()),
                        count(u64::from(cluster.records), voice),
                        count(u64::from(cluster.sources), voice),
                    ]
                })
                .collect(),
            folded: true,
            ..Table::default()
        }));
    }
    let facts = [
        (voice.say("Haushalte mit mehreren Personen", "Households of several persons"), clusters.households, false),
        (
            voice.say("Zu schwache Verbindungen, wieder gelöst", "Weak links that were cut again"),
            clusters.links_cut,
            false,
        ),
        (voice.say("Widersprüchliche Schlüssel", "Contradicting keys"), clusters.conflicts, true),
    ];
    if !parts.is_empty() {
        for (name, number, is_trouble) in facts.into_iter().filter(|fact| fact.1 > 0) {
            let tone = if is_trouble { Tone::Warn } else { Tone::Plain };
            parts.push(Part::Note(Cell::toned(format!("{name}: {}", voice.number(number)), tone)));
        }
    }
    Section { id: "clusters", title: voice.say("Gruppen", "Clusters"), parts }
}

/// One bar a size up to ten, then in wider and wider steps.
fn size_bars(report: &RunReport, voice: Voice) -> Vec<Bar> {
    let sizes = &report.clusters.sizes;
    let largest = sizes.iter().map(|size| size.records).max().unwrap_or(0);
    let bar = |label: String, from: u32, to: u32| {
        let number = sizes.iter().filter(|size| (from..=to).contains(&size.records)).map(|size| size.clusters).sum();
        Bar { label, value: number as f64, note: voice.number(number) }
    };
    let mut bars: Vec<_> = (1..=largest.min(10)).map(|size| bar(size.to_string(), size, size)).collect();
    let wider = [(11, 15), (16, 20), (21, 50), (51, 100), (101, u32::MAX)];
    for (from, to) in wider.into_iter().filter(|(from, _)| *from <= largest) {
        let label = if to == u32::MAX { format!("{from}+") } else { format!("{from}–{to}") };
        bars.push(bar(label, from, to));
    }
    bars
}

pub(super) fn overlap(report: &RunReport, voice: Voice) -> Section {
    let mut parts = Vec::new();
    if report.overlap.len() > 1 {
        let mut sets: Vec<&str> =
            report.overlap.iter().flat_map(|entry| entry.sources.iter().map(String::as_str)).collect();
        sets.sort_unstable();
        sets.dedup();
        let mut entries: Vec<_> = report.overlap.iter().collect();
        entries.sort_by(|left, right| right.persons.cmp(&left.persons).then_with(|| left.sources.cmp(&right.sources)));
        let all: u64 = entries.iter().map(|entry| entry.persons).sum();
        let several = entries.iter().filter(|entry| entry.sources.len() > 1).map(|entry| entry.persons).sum();
        let rows = entries
            .iter()
            .take(MOST_INTERSECTIONS)
            .map(|entry| UpSetRow {
                inside: sets.iter().map(|set| entry.sources.iter().any(|source| source == set)).collect(),
                value: entry.persons,
                note: voice.number(entry.persons),
            })
            .collect();
        let alt = match voice.language {
            Language::De => {
                format!(
                    "{} von {} sind in mehr als einer Quelle.",
                    voice.percent(several, all),
                    voice.counted(all, PERSON)
                )
            }
            Language::En => {
                format!(
                    "{} of {} are in more than one source.",
                    voice.percent(several, all),
                    voice.counted(all, PERSON)
                )
            }
        };
        parts.push(Part::Plot(Plot {
            title: voice.say("Wer in welchen Quellen steht", "Who is in which sources"),
            alt,
            drawing: Drawing::UpSet(UpSet { sets: sets.iter().map(|set| voice.source(report, set)).collect(), rows }),
        }));
        if entries.len() > MOST_INTERSECTIONS {
            let rest = entries[MOST_INTERSECTIONS..].iter().map(|entry| entry.persons).sum();
            let text = voice.say("Weitere, seltenere Kombinationen", "Further, rarer combinations");
            parts.push(Part::Note(Cell::toned(format!("{text}: {}", voice.counted(rest, PERSON)), Tone::Quiet)));
        }
    }
    Section { id: "overlap", title: voice.say("Überschneidung der Quellen", "Overlap of the sources"), parts }
}
