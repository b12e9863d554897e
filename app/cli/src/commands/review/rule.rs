//! The rules by which pairs are decided at once: conditions joined by `and`.

use kartei_matching::explain::Explanation;

use super::queue::Asked;

/// A rule, read.
#[derive(Debug, PartialEq)]
pub(super) struct Rule {
    conditions: Vec<Condition>,
}

#[derive(Debug, PartialEq)]
struct Condition {
    field: Field,
    operator: Operator,
    value: Value,
}

#[derive(Debug, PartialEq)]
enum Field {
    Probability,
    Household,
    Weight,
    Impact,
    Reason,
    Source,
    /// A comparison, with its levels by growing agreement.
    Comparison(String, &'static [&'static str]),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    AtLeast,
    AtMost,
    Not,
    Is,
    Above,
    Below,
}

#[derive(Debug, PartialEq)]
enum Value {
    Number(f64),
    Word(String),
}

/// Longer ones first, so that `>=` is not read as `>`.
const OPERATORS: [(&str, Operator); 6] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("!=", Operator::Not),
    ("=", Operator::Is),
    (">", Operator::Above),
    ("<", Operator::Below),
];

const REASONS: [&str; 4] = ["uncertain", "cut", "key_conflict", "judgement_conflict"];

impl Rule {
    /// Reads a rule; `comparisons` are those of the run.
    pub(super) fn read(text: &str, comparisons: &[(String, &'static [&'static str])]) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let conditions: Result<Vec<Condition>, String> = words
            .split(|word| word.eq_ignore_ascii_case("and"))
            .map(|words| condition(&words.concat(), comparisons))
            .collect();
        Ok(Self { conditions: conditions? })
    }

    /// Whether a pair fits.
    pub(super) fn fits(&self, asked: &Asked, explanation: &Explanation) -> bool {
        self.conditions.iter().all(|condition| condition.fits(asked, explanation))
    }
}

fn condition(text: &str, comparisons: &[(String, &'static [&'static str])]) -> Result<Condition, String> {
    let found = OPERATORS.iter().filter_map(|(sign, operator)| Some((text.find(sign)?, *sign, *operator)));
    let first = found.min_by_key(|(place, sign, _)| (*place, usize::MAX - sign.len()));
    let Some((place, sign, operator)) = first else {
        return Err(format!("`{text}` has no operator (>=, <=, !=, =, >, <)"));
    };
    let (name, value) = (&text[..place], &text[place + sign.len()..]);
    let field = match name {
        "probability" => Field::Probability,
        "household" => Field::Household,
        "weight" => Field::Weight,
        "impact" => Field::Impact,
        "reason" => Field::Reason,
        "source" => Field::Source,
        other => comparison(other, comparisons)?,
    };
    let value = field.value(value, operator)?;
    Ok(Condition { field, operator, value })
}

fn comparison(name: &str, comparisons: &[(String, &'static [&'static str])]) -> Result<Field, String> {
    if let Some((known, levels)) = comparisons.iter().find(|(known, _)| known == name) {
        return Ok(Field::Comparison(known.clone(), levels));
    }
    let known: Vec<&str> = comparisons.iter().map(|(name, _)| name.as_str()).collect();
    Err(format!("`{name}` is none of probability, household, weight, impact, reason, source, {}", known.join(", ")))
}

impl Field {
    fn value(&self, text: &str, operator: Operator) -> Result<Value, String> {
        let is_equality = matches!(operator, Operator::Is | Operator::Not);
        match self {
            Self::Probability | Self::Household | Self::Weight | Self::Impact => {
                let percent = text.strip_suffix('%').and_then(|share| share.parse::<f64>().ok());
                let number = percent.map(|share| share / 100.0).or_else(|| text.parse().ok());
                number.map(Value::Number).ok_or_else(|| format!("`{text}` is no number"))
            }
            Self::Reason | Self::Source if !is_equality => Err("reason and source know only = and !=".to_owned()),
            Self::Reason if !REASONS.contains(&text) => Err(format!("`{text}` is no reason: {}", REASONS.join(", "))),
            Self::Reason | Self::Source => Ok(Value::Word(text.to_owned())),
            Self::Comparison(name, levels) => {
                if text == "missing" && is_equality || levels.contains(&text) {
                    Ok(Value::Word(text.to_owned()))
                } else {
                    Err(format!("`{text}` is no level of {name}: {}", levels.join(", ")))
                }
            }
        }
    }
}

impl Condition {
    fn fits(&self, asked: &Asked, explanation: &Explanation) -> bool {
        let number = |found: f64| match &self.value {
            Value::Number(wanted) => compare(found, *wanted, self.operator),
            Value::Word(_) => false,
        };
        let word = |found: &[&str]| match &self.value {
            Value::Word(wanted) => found.contains(&wanted.as_str()) == (self.operator == Operator::Is),
            Value::Number(_) => false,
        };
        match &self.field {
            Field::Probability => number(explanation.probability),
            Field::Household => number(explanation.household),
            Field::Weight => number(explanation.weight),
            Field::Impact => number(asked.impact as f64),
            Field::Reason => word(&[&asked.reason]),
            Field::Source => word(&[&asked.left.source, &asked.right.source]),
            Field::Comparison(name, levels) => {
                let step = explanation.steps.iter().find(|step| step.comparison == *name);
                step.is_some_and(|step| self.fits_level(&step.level, levels))
            }
        }
    }

    /// Levels grow with agreement; where a value is missing, nothing is at least or at most anything.
    fn fits_level(&self, level: &str, levels: &[&str]) -> bool {
        let Value::Word(wanted) = &self.value else { return false };
        match self.operator {
            Operator::Is => level == wanted,
            Operator::Not => level != wanted,
            operator => {
                let rank = |level: &str| levels.iter().position(|known| *known == level);
                let ranks = rank(level).zip(rank(wanted));
                ranks.is_some_and(|(found, wanted)| compare(found as f64, wanted as f64, operator))
            }
        }
    }
}

fn compare(found: f64, wanted: f64, operator: Operator) -> bool {
    match operator {
        Operator::AtLeast => found >= wanted,
        Operator::AtMost => found <= wanted,
        Operator::Above => found > wanted,
        Operator::Below => found < wanted,
        Operator::Is => (found - wanted).abs() < 1e-9,
        Operator::Not => (found - wanted).abs() >= 1e-9,
    }
}

#[cfg(test)]
mod tests {
    use kartei_matching::explain::ExplanationStep;
    use kartei_schemas::judgement::RecordId;

    use super::*;

    fn comparisons() -> Vec<(String, &'static [&'static str])> {
        vec![
            ("birth_date".to_owned(), &["different", "one_digit", "exact"]),
            ("email".to_owned(), &["different", "exact"]),
        ]
    }

    fn pair(level: &str) -> (Asked, Explanation) {
        let id = |source: &str| RecordId { source: source.to_owned(), key: "1".to_owned() };
        let asked = Asked {
            left: id("members"),
            right: id("leads"),
            rows: (0, 1),
            probability: 0.9,
            impact: 2,
            reason: "uncertain".to_owned(),
            value: 0.0,
        };
        let step = |comparison: &str, level: &str| ExplanationStep {
            comparison: comparison.to_owned(),
            level: level.to_owned(),
            weight: 0.0,
            rarity: 0.0,
            learned: 0.0,
        };
        let explanation = Explanation {
            prior: 0.0,
            steps: vec![step("birth_date", level), step("email", "missing")],
            housemates: 0.0,
            calibration: 0.0,
            weight: 3.2,
            probability: 0.9,
            household: 0.05,
            stranger: 0.05,
            merge_threshold: 0.95,
            review_threshold: 0.1,
            together: false,
            tip: None,
        };
        (asked, explanation)
    }

    fn fits(rule: &str, level: &str) -> bool {
        let (asked, explanation) = pair(level);
        Rule::read(rule, &comparisons()).unwrap().fits(&asked, &explanation)
    }

    #[test]
    fn all_conditions_must_hold() {
        assert!(fits("probability>=0.9 and reason=uncertain", "exact"));
        assert!(fits("probability >= 90% AND impact < 3 and source=leads and household<=0.05", "exact"));
        assert!(!fits("probability>=0.9 and reason!=uncertain", "exact"));
        assert!(!fits("source!=leads", "exact"));
    }

    #[test]
    fn levels_grow_with_agreement_and_missing_is_none_of_them() {
        assert!(fits("birth_date>=one_digit", "exact") && fits("birth_date>=one_digit", "one_digit"));
        assert!(!fits("birth_date>=one_digit", "different") && fits("birth_date<exact", "different"));
        assert!(!fits("email<=exact", "exact") && fits("email=missing", "exact") && fits("email!=exact", "exact"));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (rule, said) in [
            ("probability", "has no operator"),
            ("likelihood>=0.9", "`likelihood` is none of probability"),
            ("probability>=high", "`high` is no number"),
            ("birth_date=close", "`close` is no level of birth_date: different, one_digit, exact"),
            ("reason=doubt", "`doubt` is no reason"),
            ("reason>=cut", "only = and !="),
            ("", "has no operator"),
        ] {
            let error = Rule::read(rule, &comparisons()).unwrap_err();
            assert!(error.contains(said), "{rule}: {error}");
        }
    }
}
