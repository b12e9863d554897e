//! Each kind of alert in an admin's words.

use kartei_schemas::org::Language;
use kartei_schemas::settings::AlertKind;

use crate::alert::AlertLine;

/// What happened, in one sentence without its end.
pub(crate) fn sentence(line: &AlertLine, language: Language) -> String {
    let subject = &line.subject;
    let run = line.run_id.map(|run| run.to_string()).unwrap_or_default();
    let span = line.span.as_deref().unwrap_or("?");
    let due = line.due.as_deref().unwrap_or("?");
    match language {
        Language::De => match line.kind {
            AlertKind::Failed => format!("„{subject}“ ist fehlgeschlagen (Lauf {run})"),
            AlertKind::Lost => format!("„{subject}“ ist abgebrochen: der Prozess ist verschwunden (Lauf {run})"),
            AlertKind::Guard => format!("„{subject}“ wurde von einem Wächter angehalten (Lauf {run})"),
            AlertKind::Quarantine => format!("„{subject}“: zu viele Zeilen in Quarantäne (Lauf {run})"),
            AlertKind::Missed => format!("„{subject}“ wurde versäumt: fällig war {due}"),
            AlertKind::Late => format!("„{subject}“ ist überfällig: seit {due} sind {span} vergangen"),
            AlertKind::Stale => format!("Die Quelle „{subject}“ ist veraltet: seit {span} nichts Neues"),
            AlertKind::Recovered => format!("„{subject}“ ist wieder in Ordnung"),
            AlertKind::Test => "Dies ist eine Probe: Warnungen kommen an".to_owned(),
        },
        Language::En => match line.kind {
            AlertKind::Failed => format!("“{subject}” failed (run {run})"),
            AlertKind::Lost => format!("“{subject}” broke off: its process vanished (run {run})"),
            AlertKind::Guard => format!("“{subject}” was stopped by a guard (run {run})"),
            AlertKind::Quarantine => format!("“{subject}”: too many rows in quarantine (run {run})"),
            AlertKind::Missed => format!("“{subject}” was missed: it was due {due}"),
            AlertKind::Late => format!("“{subject}” is late: {span} have gone by since {due}"),
            AlertKind::Stale => format!("The source “{subject}” is stale: nothing new for {span}"),
            AlertKind::Recovered => format!("“{subject}” is well again"),
            AlertKind::Test => "This is a test: alerts arrive".to_owned(),
        },
    }
}

/// A whole span in words: "90 Minuten", "2 days". Rounded down, in the largest unit of which there are two.
pub fn span(seconds: u64, language: Language) -> String {
    let units = match language {
        Language::De => [("Tag", "Tage"), ("Stunde", "Stunden"), ("Minute", "Minuten"), ("Sekunde", "Sekunden")],
        Language::En => [("day", "days"), ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")],
    };
    let lengths = [86_400, 3_600, 60, 1];
    let (count, (one, many)) = lengths
        .iter()
        .zip(units)
        .map(|(length, unit)| (seconds / length, unit))
        .find(|(count, _)| *count >= 2)
        .unwrap_or((seconds, units[3]));
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_largest_unit_of_which_there_are_two() {
        let told = |seconds| span(seconds, Language::De);
        assert_eq!(
            [0, 1, 119, 5_400, 7_199, 7_200, 172_799, 259_200].map(told),
            [
                "0 Sekunden",
                "1 Sekunde",
                "119 Sekunden",
                "90 Minuten",
                "119 Minuten",
                "2 Stunden",
                "47 Stunden",
                "3 Tage"
            ]
        );
        assert_eq!(span(172_800, Language::En), "2 days");
    }
}
