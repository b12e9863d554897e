//! What an explanation reads like, in both languages, as text and as a drawing.

use kartei_matching::explain::{Explanation, ExplanationStep, Tip};
use kartei_schemas::org::Language;

fn step(comparison: &str, level: &str, weight: f64, rarity: f64, learned: f64) -> ExplanationStep {
    ExplanationStep { comparison: comparison.to_owned(), level: level.to_owned(), weight, rarity, learned }
}

/// Two records of a woman who moved, married and mistyped her birthday.
fn doubtful() -> Explanation {
    Explanation {
        prior: -17.2,
        steps: vec![
            step("given_name", "exact", 7.6, 1.4, 0.0),
            step("surname", "different", -4.0, 0.0, 0.0),
            step("birth_date", "one_digit", 4.1, 0.0, 0.6),
            step("email", "exact", 12.7, 0.1, 0.0),
            step("mobile", "missing", 0.0, 0.0, 0.0),
            step("address", "far", -2.9, 0.0, 0.0),
            step("Beruf <alt>", "near", 1.2, -0.6, 0.0),
        ],
        housemates: -3.4,
        calibration: -0.8,
        weight: -1.2,
        probability: 0.303,
        household: 0.62,
        stranger: 0.077,
        merge_threshold: 0.5,
        review_threshold: 0.1,
        together: false,
        tip: Some(Tip {
            comparison: "birth_date".to_owned(),
            from: "one_digit".to_owned(),
            to: "exact".to_owned(),
            probability: 0.9874,
        }),
    }
}

#[test]
fn the_waterfall_and_its_sentence_in_german() {
    let explanation = doubtful();
    let text = format!("{}\n\n{}", explanation.sentence(Language::De), explanation.text(Language::De, false));
    insta::assert_snapshot!(text);
}

#[test]
fn the_waterfall_and_its_sentence_in_english() {
    let explanation = doubtful();
    let text = format!("{}\n\n{}", explanation.sentence(Language::En), explanation.text(Language::En, false));
    insta::assert_snapshot!(text);
}

#[test]
fn the_drawing_of_the_waterfall() {
    insta::assert_snapshot!(doubtful().svg(Language::De));
}

#[test]
fn what_a_pair_is_held_to_be_follows_from_its_probability_and_the_clusters() {
    let says = |together: bool, probability: f64, household: f64| {
        let explanation = Explanation { together, probability, household, tip: None, ..doubtful() };
        let sentence = explanation.sentence(Language::En);
        let verdict = sentence.split(" (").next().unwrap_or_default().to_owned();
        assert!(sentence.ends_with("No single field would tip it."), "{sentence}");
        verdict
    };
    assert_eq!(says(true, 0.99, 0.0), "One person");
    assert!(says(true, 0.3, 0.0).starts_with("One person, but only through"));
    assert!(says(false, 0.99, 0.0).starts_with("Looks like one person"));
    assert_eq!(says(false, 0.3, 0.6), "Doubtful");
    assert_eq!(says(false, 0.01, 0.9), "Two persons of one household");
    assert_eq!(says(false, 0.0, 0.0), "Two persons");
}
