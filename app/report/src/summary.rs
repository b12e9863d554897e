//! The sentence on top: what happened, is all well, what needs a human.

use kartei_schemas::org::Language;

use crate::RunReport;
use crate::model::{FreshnessState, Guard, GuardVerdict, Outcome, StepStatus};
use crate::voice::{Noun, Voice};
use crate::words::{NOTICE, PERSON, RECORD_IN, ROW, SOURCE_IN};

/// A pair that has waited longer than this is a reason to look.
const PATIENCE_DAYS: i64 = 30;

/// How the run went, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mood {
    /// All is well; there may be everyday work.
    Well,
    /// Published, but something is out of the ordinary.
    Look,
    /// Not published, or something was lost.
    Wrong,
}

/// What an admin reads first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How it went.
    pub mood: Mood,
    /// A few words, e.g. "All is well".
    pub headline: String,
    /// What happened, in a few short sentences.
    pub sentence: String,
    /// What needs a human, most urgent first; empty if nothing does.
    pub needs: Vec<String>,
}

/// Says what happened, whether all is well, and what needs a human.
pub fn summarise(report: &RunReport, language: Language) -> Summary {
    let voice = Voice::new(report, language);
    let mut needs = wrongs(report, voice);
    let is_wrong = !needs.is_empty();
    let looks = looks(report, voice);
    let mood = match (is_wrong, looks.is_empty()) {
        (true, _) => Mood::Wrong,
        (false, false) => Mood::Look,
        (false, true) => Mood::Well,
    };
    needs.extend(looks);
    needs.extend(chores(report, voice));
    let mut headline = headline(report, mood, voice).to_owned();
    if report.outcome == Outcome::Published && unclear(report) > 0 {
        headline = format!("{headline}: {}", voice.counted(unclear(report), UNCLEAR));
    }
    Summary { mood, headline, sentence: sentence(report, voice), needs }
}

const UNCLEAR: Noun = Noun {
    de: ("Einwilligung ist unklar", "Einwilligungen sind unklar"),
    en: ("consent is unclear", "consents are unclear"),
};

/// Consents of which nobody knows what the source says.
fn unclear(report: &RunReport) -> u64 {
    report.consents.iter().map(|consent| consent.persons.unclear).sum()
}

fn headline(report: &RunReport, mood: Mood, voice: Voice) -> &'static str {
    match (report.outcome, mood) {
        (Outcome::StoppedByGuard | Outcome::TooManyRejects, _) => {
            voice.say("Angehalten: der bisherige Stand gilt weiter", "Stopped: yesterday’s persons stand")
        }
        (Outcome::Failed, _) if is_published(report) => {
            voice.say("Veröffentlicht, danach fehlgeschlagen", "Published, but a later step failed")
        }
        (Outcome::Failed, _) => {
            voice.say("Fehlgeschlagen: der bisherige Stand gilt weiter", "Failed: yesterday’s persons stand")
        }
        (_, Mood::Wrong) => voice.say("Bitte sofort prüfen", "Please check at once"),
        (Outcome::DryRun, _) => voice.say("Probelauf: nichts wurde veröffentlicht", "Dry run: nothing was published"),
        (Outcome::Published, Mood::Look) => {
            voice.say("Veröffentlicht, mit Auffälligkeiten", "Published, but have a look")
        }
        (Outcome::Published, Mood::Well) => voice.say("Alles in Ordnung", "All is well"),
    }
}

/// A run that fails after publishing leaves today's persons, not yesterday's.
fn is_published(report: &RunReport) -> bool {
    report.steps.iter().any(|step| step.name == "publish" && step.status != StepStatus::Failed)
}

/// What stopped the run, or must never happen.
fn wrongs(report: &RunReport, voice: Voice) -> Vec<String> {
    let mut needs = Vec::new();
    if let Some(failure) = &report.failure {
        let hint = failure.hint.as_ref().map(|hint| format!(" {}: {hint}", voice.say("Abhilfe", "Hint")));
        needs.push(format!("{}: {}.{}", voice.step(&failure.step), failure.message, hint.unwrap_or_default()));
    }
    let is_told = |guard: &Guard| report.failure.as_ref().is_some_and(|failure| failure.message.contains(&guard.name));
    let stopped = |guard: &&Guard| guard.verdict == GuardVerdict::Stopped && !is_told(guard);
    for guard in report.guards.iter().filter(stopped) {
        let source = guard.source.as_ref().map(|name| format!("{}: ", voice.source(report, name)));
        needs.push(format!(
            "{}{} {}, {} {}. {} --accept-guard {}",
            source.unwrap_or_default(),
            voice.guard(&guard.name),
            voice.decimal(guard.actual, 1),
            voice.say("Grenze", "limit"),
            voice.decimal(guard.limit, 1),
            voice.say("Wenn das stimmt, einmal zulassen mit", "If that is right, let it pass once with"),
            guard.name,
        ));
    }
    if report.outcome == Outcome::Published && !report.flow.is_conserved() {
        needs.push(
            voice
                .say(
                    "Die Bilanz geht nicht auf: Zeilen oder Datensätze sind verloren oder doppelt. Siehe „Fluss“.",
                    "The books do not balance: rows or records were lost or doubled. See “Flow”.",
                )
                .to_owned(),
        );
    }
    if needs.is_empty() && !matches!(report.outcome, Outcome::Published | Outcome::DryRun) {
        needs.push(voice.say("Der Lauf hat nichts veröffentlicht.", "The run published nothing.").to_owned());
    }
    needs
}

/// What is out of the ordinary.
fn looks(report: &RunReport, voice: Voice) -> Vec<String> {
    let mut needs = Vec::new();
    for source in &report.sources {
        let name = voice.source(report, &source.name);
        if source.freshness.state != FreshnessState::Green {
            let since = source.freshness.newest_at.map_or_else(
                || voice.say("unbekannter Zeit", "an unknown time").to_owned(),
                |at| voice.age(at, report.run.started_at),
            );
            needs.push(match voice.language {
                Language::De => format!("{name}: nichts Neues seit {}.", dative(&since)),
                Language::En => format!("{name}: nothing new for {since}."),
            });
        }
        if !source.drift.is_empty() {
            let columns: Vec<_> =
                source.drift.iter().map(|drift| format!("{} ({})", drift.column, voice.drift(drift.kind))).collect();
            needs.push(format!(
                "{name}: {} {}.",
                voice.say("Spalten geändert:", "columns changed:"),
                voice.list(&columns)
            ));
        }
    }
    for guard in report.guards.iter().filter(|guard| guard.verdict == GuardVerdict::Accepted) {
        needs.push(format!("{}: {}.", voice.guard(&guard.name), voice.verdict(guard.verdict)));
    }
    if unclear(report) > 0 {
        let rest = voice.say(
            "die Quelle sagt ein unbekanntes oder kein Wort mehr; niemand davon wird angeschrieben",
            "the source says a word that is not known, or none any more; none of them is written to",
        );
        needs.push(format!("{}: {rest}.", voice.counted(unclear(report), UNCLEAR)));
    }
    if report.clusters.conflicts > 0 {
        let noun = Noun {
            de: ("Person mit widersprüchlichen Schlüsseln", "Personen mit widersprüchlichen Schlüsseln"),
            en: ("person with contradicting keys", "persons with contradicting keys"),
        };
        needs.push(format!("{}.", voice.counted(report.clusters.conflicts, noun)));
    }
    if report.notices.failed > 0 {
        let noun = Noun {
            de: ("Hinweis konnte nicht zugestellt werden", "Hinweise konnten nicht zugestellt werden"),
            en: ("notice could not be delivered", "notices could not be delivered"),
        };
        needs.push(format!("{}.", voice.counted(report.notices.failed, noun)));
    }
    if report.scores.converged == Some(false) {
        let text = voice.say(
            "Das Training der Gewichte kam zu keinem Ergebnis; die eingebauten Gewichte gelten.",
            "The training of the weights did not settle; the built-in weights are in force.",
        );
        needs.push(text.to_owned());
    }
    if !report.oddities.is_empty() {
        let noun = Noun {
            de: ("Wert ist anders als in den letzten Läufen", "Werte sind anders als in den letzten Läufen"),
            en: ("figure is unlike those of the last runs", "figures are unlike those of the last runs"),
        };
        needs.push(format!("{}.", voice.counted(report.oddities.len() as u64, noun)));
    }
    needs
}

/// Everyday work.
fn chores(report: &RunReport, voice: Voice) -> Vec<String> {
    let mut needs = Vec::new();
    if report.review.open > 0 {
        let noun = Noun {
            de: ("zweifelhaftes Paar wartet auf eine Entscheidung", "zweifelhafte Paare warten auf eine Entscheidung"),
            en: ("doubtful pair waits for a judgement", "doubtful pairs wait for a judgement"),
        };
        let oldest = report.review.oldest_at.map(|at| {
            let age = voice.age(at, report.run.started_at);
            let is_late = report.run.started_at.signed_duration_since(at).num_days() > PATIENCE_DAYS;
            let mark = if is_late { voice.say(" – zu lange", " – too long") } else { "" };
            match voice.language {
                Language::De => format!(", das älteste seit {}{mark}", dative(&age)),
                Language::En => format!(", the oldest for {age}{mark}"),
            }
        });
        needs.push(format!("{}{}.", voice.counted(report.review.open, noun), oldest.unwrap_or_default()));
    }
    if report.flow.rejected > 0 {
        let noun = Noun { de: ("Zeile liegt", "Zeilen liegen"), en: ("row is", "rows are") };
        let rest = voice.say("in Quarantäne", "in quarantine");
        needs.push(format!("{} {rest} (kartei rejects).", voice.counted(report.flow.rejected, noun)));
    }
    if report.notices.deferred > 0 {
        let noun = Noun {
            de: ("Hinweis wird erneut versucht", "Hinweise werden erneut versucht"),
            en: ("notice will be tried again", "notices will be tried again"),
        };
        needs.push(format!("{}.", voice.counted(report.notices.deferred, noun)));
    }
    needs
}

fn sentence(report: &RunReport, voice: Voice) -> String {
    let mut parts = vec![rows(report, voice)];
    if report.persons.after > 0 {
        parts.push(persons(report, voice));
    }
    if report.notices.sent > 0 {
        let sent = voice.counted(report.notices.sent, NOTICE);
        parts.push(match (voice.language, report.notices.transport.as_str()) {
            (Language::De, "folder") => format!("{sent} in den Mailordner geschrieben."),
            (Language::En, "folder") => format!("{sent} written to the mail folder."),
            (Language::De, _) => format!("{sent} verschickt."),
            (Language::En, _) => format!("{sent} sent."),
        });
    }
    parts.join(" ")
}

fn rows(report: &RunReport, voice: Voice) -> String {
    let rows = voice.counted(report.flow.read, ROW);
    let sources = voice.counted(report.sources.len() as u64, SOURCE_IN);
    let time = report.run.duration_milliseconds().map(|milliseconds| voice.duration(milliseconds));
    let staged = voice.number(report.flow.staged);
    match voice.language {
        Language::De => {
            let time = time.map(|time| format!("In {time}: ")).unwrap_or_default();
            format!("{time}{rows} aus {sources} gelesen, davon {staged} neu oder geändert.")
        }
        Language::En => {
            let time = time.map(|time| format!("In {time}: ")).unwrap_or_default();
            format!("{time}{rows} read from {sources}, {staged} of them new or changed.")
        }
    }
}

fn persons(report: &RunReport, voice: Voice) -> String {
    let persons = report.persons;
    let after = voice.counted(persons.after, PERSON);
    let records = voice.counted(report.flow.records, RECORD_IN);
    if persons.before.is_none() {
        return match voice.language {
            Language::De => format!("Es sind {after} aus {records}."),
            Language::En => format!("They are {after} out of {records}."),
        };
    }
    let all = [
        (persons.created, voice.say("neu", "new")),
        (report.changes.persons, voice.say("mit Änderungen", "with changes")),
        (persons.merged, voice.say("zusammengeführt", "merged")),
        (persons.split, voice.say("getrennt", "split")),
        (persons.gone, voice.say("nicht mehr vorhanden", "gone")),
    ];
    let told: Vec<_> = all
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", voice.number(*count)))
        .collect();
    let told = if told.is_empty() {
        voice.say("nichts hat sich geändert", "nothing changed").to_owned()
    } else {
        voice.list(&told)
    };
    match voice.language {
        Language::De => format!("Es sind {after} aus {records}: {told}."),
        Language::En => format!("They are {after} out of {records}: {told}."),
    }
}

/// "3 Tage" → "3 Tagen", as German has it after "seit".
fn dative(age: &str) -> String {
    age.strip_suffix("Tage").map_or_else(|| age.to_owned(), |count| format!("{count}Tagen"))
}
