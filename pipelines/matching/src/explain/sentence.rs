//! One sentence on a pair, in German or English: what it is held to be, what speaks for it and against it, and what
//! would tip it.

use kartei_schemas::org::Language;

use super::words::{comparison, level, percent};
use super::{Explanation, ExplanationStep};

/// A comparison that moves the weight by less, in bits, is not worth a word.
const WORTH_A_WORD: f64 = 0.5;

impl Explanation {
    /// Why, or why not, in one sentence; and in another what would tip it.
    pub fn sentence(&self, language: Language) -> String {
        let german = language == Language::De;
        let mut text = format!("{} ({})", self.verdict(language), percent(self.probability, language));
        let (for_it, against_it) = (self.reasons(1.0, 3, language), self.reasons(-1.0, 2, language));
        let mut parts = Vec::new();
        if !for_it.is_empty() {
            parts.push(match (german, for_it.len()) {
                (true, 1) => format!("dafür spricht {}", listed(&for_it, language)),
                (true, _) => format!("dafür sprechen {}", listed(&for_it, language)),
                (false, 1) => format!("{} speaks for it", listed(&for_it, language)),
                (false, _) => format!("{} speak for it", listed(&for_it, language)),
            });
        }
        if !against_it.is_empty() {
            parts.push(match (german, against_it.len()) {
                (true, 1) => format!("dagegen spricht {}", listed(&against_it, language)),
                (true, _) => format!("dagegen sprechen {}", listed(&against_it, language)),
                (false, 1) => format!("{} speaks against it", listed(&against_it, language)),
                (false, _) => format!("{} speak against it", listed(&against_it, language)),
            });
        }
        if self.housemates < -3.0 {
            let many = percent(self.household, language);
            parts.push(if german {
                format!("zu zwei Personen eines Haushalts passt es auch ({many})")
            } else {
                format!("two persons of one household would fit as well ({many})")
            });
        }
        if !parts.is_empty() {
            text.push_str(": ");
            text.push_str(&parts.join("; "));
        }
        text.push_str(". ");
        text.push_str(&self.tip_sentence(language));
        text
    }

    /// What the pair is held to be.
    fn verdict(&self, language: Language) -> &'static str {
        let (german, english) = match (self.together, self.probability) {
            (true, likely) if likely >= self.merge_threshold => ("Eine Person", "One person"),
            (true, _) => (
                "Eine Person, aber nur durch andere Datensätze oder eine Entscheidung",
                "One person, but only through other records or a judgement",
            ),
            (false, likely) if likely >= self.merge_threshold => (
                "Sieht wie eine Person aus, wurde aber getrennt gehalten, durch eine Entscheidung oder weil die Gruppe \
                 sonst nicht zusammenhinge",
                "Looks like one person, but was kept apart, by a judgement or because the cluster would not hold together",
            ),
            (false, likely) if likely >= self.review_threshold => ("Zweifelhaft", "Doubtful"),
            _ if self.household >= 0.5 => ("Zwei Personen eines Haushalts", "Two persons of one household"),
            _ => ("Zwei Personen", "Two persons"),
        };
        match language {
            Language::De => german,
            Language::En => english,
        }
    }

    /// The steps that move the weight most into one direction.
    fn reasons(&self, sign: f64, most: usize, language: Language) -> Vec<String> {
        let moves = |step: &&ExplanationStep| step.total() * sign >= WORTH_A_WORD;
        let mut steps: Vec<&ExplanationStep> = self.steps.iter().filter(moves).collect();
        steps.sort_by(|one, other| other.total().abs().total_cmp(&one.total().abs()));
        steps.truncate(most);
        let named = |step: &ExplanationStep| {
            format!("{} ({})", comparison(&step.comparison, language), level(&step.level, language))
        };
        steps.into_iter().map(named).collect()
    }

    fn tip_sentence(&self, language: Language) -> String {
        let Some(tip) = &self.tip else {
            return match language {
                Language::De => "Keine einzelne Angabe würde das kippen.".to_owned(),
                Language::En => "No single field would tip it.".to_owned(),
            };
        };
        let name = comparison(&tip.comparison, language);
        let (from, to) = (level(&tip.from, language), level(&tip.to, language));
        let then = percent(tip.probability, language);
        match language {
            Language::De => format!("Kippen würde es mit {name} „{to}“ statt „{from}“: dann {then}."),
            Language::En => format!("It would tip with {name} “{to}” instead of “{from}”: then {then}."),
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: &[String], language: Language) -> String {
    let and = match language {
        Language::De => "und",
        Language::En => "and",
    };
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}
