//! What changed: persons against the last run, survivorship, the stewards' queue, the notices.

use kartei_schemas::org::Language;

use super::{count, texts, trouble};
use crate::RunReport;
use crate::model::{AgeBand, ConsentReport, FieldChange, FieldSurvival, KindCount};
use crate::page::{Bar, Bars, Cell, Drawing, Part, Plot, Section, Table, Tone};
use crate::voice::{Noun, Voice};
use crate::words::PERSON;

pub(super) fn persons(report: &RunReport, voice: Voice) -> Section {
    let persons = report.persons;
    let mut parts = Vec::new();
    if persons.after > 0 || persons.before.is_some() {
        let mut rows = Vec::new();
        if let Some(before) = persons.before {
            rows.push(vec![Cell::new(voice.say("Personen bisher", "Persons before")), count(before, voice)]);
        }
        for (name, number) in [
            (voice.say("neu", "created"), persons.created),
            (voice.say("zusammengeführt", "merged"), persons.merged),
            (voice.say("getrennt", "split"), persons.split),
            (voice.say("nicht mehr vorhanden", "gone"), persons.gone),
            (voice.say("Personen jetzt", "Persons now"), persons.after),
            (voice.say("davon Mitglieder", "of these members"), persons.members),
        ] {
            rows.push(vec![Cell::new(name), count(number, voice)]);
        }
        parts.push(Part::Table(Table {
            caption: voice.say("Personen gegenüber dem letzten Lauf", "Persons against the last run").to_owned(),
            columns: texts([voice.say("Was", "What"), voice.say("Personen", "Persons")]),
            rows,
            ..Table::default()
        }));
    }
    if let Some(before) = persons.before.filter(|&before| before > 0) {
        let stable = voice.percent(persons.stable, before);
        parts.push(Part::Note(Cell::new(match voice.language {
            Language::De => {
                format!(
                    "Stabilität: {stable} der bisherigen Personen bestehen aus genau denselben Datensätzen wie zuvor."
                )
            }
            Language::En => format!("Stability: {stable} of the former persons consist of the very same records."),
        })));
    } else if persons.after > 0 {
        parts.push(Part::Note(Cell::toned(
            voice.say("Erster Lauf: nichts zum Vergleichen.", "First run: nothing to compare with."),
            Tone::Quiet,
        )));
    }
    Section { id: "persons", title: voice.say("Personen", "Persons"), parts }
}

pub(super) fn consents(report: &RunReport, voice: Voice) -> Section {
    let row = |consent: &ConsentReport| {
        let persons = consent.persons;
        vec![
            Cell::new(&consent.purpose),
            count(persons.granted, voice),
            count(persons.pending, voice),
            trouble(persons.unclear, voice),
            count(persons.withdrawn, voice),
        ]
    };
    let mut parts = Vec::new();
    if !report.consents.is_empty() {
        let caption = voice.say(
            "Wer angeschrieben werden darf, an der Adresse, die veröffentlicht ist",
            "Who may be written to, at the address that is published",
        );
        parts.push(Part::Table(Table {
            caption: caption.to_owned(),
            columns: texts([
                voice.say("Zweck", "Purpose"),
                voice.say("erteilt", "granted"),
                voice.say("unbestätigt", "pending"),
                voice.say("unklar", "unclear"),
                voice.say("widerrufen", "withdrawn"),
            ]),
            rows: report.consents.iter().map(row).collect(),
            ..Table::default()
        }));
    }
    Section { id: "consents", title: voice.say("Einwilligungen", "Consents"), parts }
}

pub(super) fn changes(report: &RunReport, voice: Voice) -> Section {
    let mut parts = Vec::new();
    let kinds: Vec<_> = report.changes.kinds.iter().filter(|entry| entry.persons > 0).collect();
    if !kinds.is_empty() {
        let persons = voice.counted(report.changes.persons, PERSON);
        parts.push(Part::Plot(Plot {
            title: voice.say("Geänderte Personen nach Art", "Persons changed, by kind"),
            alt: match voice.language {
                Language::De => format!("{persons} mit Änderungen; eine Person kann mehrere Arten haben."),
                Language::En => format!("{persons} with changes; one person may have several kinds."),
            },
            drawing: Drawing::Bars(Bars {
                bars: kinds.iter().map(|entry| kind_bar(**entry, voice)).collect(),
                is_logarithmic: false,
            }),
        }));
    }
    let fields: Vec<_> =
        report.changes.fields.iter().filter(|field| field.filled + field.replaced + field.emptied > 0).collect();
    if !fields.is_empty() {
        let most = fields.iter().flat_map(|field| [field.filled, field.replaced, field.emptied]).max().unwrap_or(0);
        let row = |field: &&FieldChange| {
            let cell = |number| count(number, voice).with_share(number, most);
            vec![
                Cell::new(voice.field(report, &field.field)),
                cell(field.filled),
                cell(field.replaced),
                cell(field.emptied),
            ]
        };
        parts.push(Part::Table(Table {
            caption: voice.say("Welche Felder sich wie geändert haben", "Which fields changed how").to_owned(),
            columns: texts([
                voice.say("Feld", "Field"),
                voice.say("Gefüllt", "Filled"),
                voice.say("Ersetzt", "Replaced"),
                voice.say("Geleert", "Emptied"),
            ]),
            rows: fields.iter().map(row).collect(),
            folded: fields.len() > 12,
            ..Table::default()
        }));
    }
    Section { id: "changes", title: voice.say("Änderungen", "Changes"), parts }
}

fn kind_bar(entry: KindCount, voice: Voice) -> Bar {
    Bar {
        label: voice.change_kind(entry.kind).to_owned(),
        value: entry.persons as f64,
        note: voice.number(entry.persons),
    }
}

/// Field by source, then conflicts and overrides.
pub(super) fn survivorship(report: &RunReport, voice: Voice) -> Section {
    let mut sources: Vec<&str> =
        report.survivorship.iter().flat_map(|field| field.wins.keys().map(String::as_str)).collect();
    sources.sort_unstable();
    sources.dedup();
    let row = |field: &FieldSurvival| {
        let all = field.wins.values().sum();
        let mut row = vec![Cell::new(voice.field(report, &field.field))];
        row.extend(sources.iter().map(|source| {
            field.wins.get(*source).filter(|&&wins| wins > 0).map_or_else(
                || Cell::toned("–", Tone::Quiet),
                |&wins| Cell::new(voice.percent(wins, all)).with_share(wins, all),
            )
        }));
        row.push(count(field.conflicts, voice));
        row.push(count(field.overrides, voice));
        row
    };
    let mut columns = vec![voice.say("Feld", "Field").to_owned()];
    columns.extend(sources.iter().map(|source| voice.source(report, source)));
    columns.extend(texts([voice.say("Uneinig", "Conflicts"), voice.say("Von Hand", "Overrides")]));
    let mut parts = Vec::new();
    if !report.survivorship.is_empty() {
        let caption = voice.say(
            "Welche Quelle welches Feld bestimmt, bei Personen mit mehreren Datensätzen",
            "Which source decides which field, in persons with several records",
        );
        parts.push(Part::Table(Table {
            caption: caption.to_owned(),
            columns,
            rows: report.survivorship.iter().map(row).collect(),
            folded: true,
            wordy: false,
        }));
    }
    Section { id: "survivorship", title: voice.say("Herkunft der Werte", "Survivorship"), parts }
}

pub(super) fn review(report: &RunReport, voice: Voice) -> Section {
    let review = &report.review;
    let mut parts = Vec::new();
    if review.open + review.new + review.decided > 0 {
        let [open, new, decided] = [review.open, review.new, review.decided].map(|number| voice.number(number));
        parts.push(Part::Note(Cell::new(match voice.language {
            Language::De => {
                format!("{open} Paare offen, davon {new} neu; {decided} Entscheidungen seit dem letzten Lauf.")
            }
            Language::En => format!("{open} pairs open, {new} of them new; {decided} judgements since the last run."),
        })));
    }
    let mut from = 0;
    let mut bars = Vec::new();
    for band in &review.ages {
        bars.push(Bar {
            label: age_band(from, *band, voice),
            value: band.items as f64,
            note: voice.number(band.items),
        });
        from = band.up_to_days.unwrap_or(from);
    }
    if bars.iter().any(|bar| bar.value > 0.0) {
        parts.push(Part::Plot(Plot {
            title: voice.say("Offene Paare nach Alter", "Open pairs by age"),
            alt: review.oldest_at.map_or_else(String::new, |at| {
                let age = voice.age(at, report.run.started_at);
                format!("{} {age}.", voice.say("Alter des ältesten offenen Paars:", "Age of the oldest open pair:"))
            }),
            drawing: Drawing::Bars(Bars { bars, is_logarithmic: false }),
        }));
    }
    Section { id: "review", title: voice.say("Zur Entscheidung", "Review queue"), parts }
}

fn age_band(from: u32, band: AgeBand, voice: Voice) -> String {
    let days = Noun { de: ("Tag", "Tage"), en: ("day", "days") };
    match (from, band.up_to_days) {
        (0, Some(to)) => format!("{} {}", voice.say("bis", "up to"), voice.counted(u64::from(to), days)),
        (from, Some(to)) => format!("{from}–{to}\u{a0}{}", voice.noun(u64::from(to), days)),
        (from, None) => format!("{} {}", voice.say("über", "over"), voice.counted(u64::from(from), days)),
    }
}

pub(super) fn notices(report: &RunReport, voice: Voice) -> Section {
    let notices = &report.notices;
    let rows = [
        (voice.say("geschrieben", "queued"), count(notices.queued, voice)),
        (voice.say("versandt", "sent"), count(notices.sent, voice)),
        (voice.say("nicht nötig", "suppressed"), count(notices.suppressed, voice)),
        (voice.say("später erneut", "deferred"), trouble(notices.deferred, voice)),
        (voice.say("aufgegeben", "failed"), trouble(notices.failed, voice)),
    ];
    let mut parts = Vec::new();
    if notices.queued + notices.sent + notices.suppressed + notices.deferred + notices.failed > 0 {
        let place = match notices.transport.as_str() {
            "folder" => voice.say(
                "Hinweise an Verantwortliche; Ziel: Ordner, nichts verlässt diesen Rechner",
                "Notices to officers; they go to a folder, nothing leaves this machine",
            ),
            _ => voice.say(
                "Hinweise an Verantwortliche, ohne personenbezogene Daten",
                "Notices to officers, without personal data",
            ),
        };
        parts.push(Part::Table(Table {
            caption: place.to_owned(),
            columns: texts([voice.say("Stand", "State"), voice.say("Hinweise", "Notices")]),
            rows: rows.into_iter().map(|(name, cell)| vec![Cell::new(name), cell]).collect(),
            ..Table::default()
        }));
    }
    Section { id: "notices", title: voice.say("Hinweise", "Notices"), parts }
}
