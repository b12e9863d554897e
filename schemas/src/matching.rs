//! `match.toml`: which column plays which part in the matching, where the thresholds lie, and what each level weighs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::frame;

/// How records are matched. Everything may be left out: columns are known by their names, thresholds are found in
/// the data, and the weights are the shipped ones, re-fitted where the data allow.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MatchSchema {
    /// Column → part, for columns whose name does not say it, or says it wrongly.
    pub columns: BTreeMap<String, Role>,
    /// Where merging by itself ends and asking a human begins.
    pub thresholds: Thresholds,
    /// How candidate pairs are formed.
    pub candidates: CandidateSettings,
    /// Whether the weights are fitted to the data.
    pub training: Training,
    /// The weights to begin with, by comparison and level.
    #[serde(rename = "comparison")]
    pub comparisons: Vec<ComparisonWeights>,
    /// What the stewards' judgements taught, as `kartei train` writes it; left out: nothing yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
}

/// The part that a column plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The name of the source that a record came from.
    Source,
    /// The record's key inside its source.
    Key,
    /// All given names.
    GivenName,
    /// Surname with particles.
    Surname,
    /// Surname at birth, or another former surname.
    BirthSurname,
    /// The whole name in one text.
    FullName,
    /// What tells father and son of one name apart: `sen.`, `jun.`
    NameSuffix,
    /// `f`, `m` or `d`; or what a person is addressed by.
    Sex,
    /// `1984-03-05` or `1984`.
    BirthDate,
    /// E-mail address.
    Email,
    /// Mobile number.
    Mobile,
    /// Landline number.
    Phone,
    /// Street, with or without house number.
    Street,
    /// House number.
    HouseNumber,
    /// PLZ or another country's postal code.
    PostalCode,
    /// Place.
    City,
    /// State, province or country: an area larger than a place.
    Region,
    /// A key that belongs to one person and is trusted: membership number, social security number, IBAN.
    Identifier,
    /// Anything else; how it is compared is chosen by its content.
    Other,
    /// No part at all.
    Ignore,
}

impl Role {
    /// The part that a column plays because of its name in a normalised frame.
    pub fn of_column(name: &str) -> Self {
        match name {
            frame::SOURCE => Self::Source,
            frame::KEY => Self::Key,
            frame::GIVEN_NAME => Self::GivenName,
            frame::SURNAME => Self::Surname,
            frame::BIRTH_SURNAME => Self::BirthSurname,
            "full_name" => Self::FullName,
            frame::NAME_SUFFIX => Self::NameSuffix,
            frame::SEX | frame::SALUTATION => Self::Sex,
            frame::BIRTH_DATE => Self::BirthDate,
            frame::EMAIL => Self::Email,
            frame::MOBILE => Self::Mobile,
            frame::PHONE => Self::Phone,
            frame::STREET => Self::Street,
            frame::HOUSE_NUMBER => Self::HouseNumber,
            frame::POSTAL_CODE => Self::PostalCode,
            frame::CITY => Self::City,
            "state" | "region" => Self::Region,
            frame::MEMBERSHIP_NUMBER => Self::Identifier,
            frame::UPDATED_AT
            | frame::EMAIL_KEY
            | frame::FINGERPRINT
            | frame::TITLE
            | frame::ADDRESS_EXTRA
            | frame::COUNTRY
            | frame::IS_MEMBER
            | frame::JOINED_ON
            | frame::LEFT_ON
            | frame::ORG_UNIT
            | frame::INTERESTS
            | frame::CONSENTS
            | frame::ANSWERS
            | frame::ATTRIBUTES
            | frame::RECEIVED
            | frame::WARNINGS => Self::Ignore,
            _ => Self::Other,
        }
    }
}

/// Probabilities that two records are one person, between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// From here on records are merged without asking; left out: chosen by the coherence of the clusters.
    pub merge: Option<f64>,
    /// From here on a human is asked; left out: a tenth.
    pub review: Option<f64>,
}

/// How candidate pairs are formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CandidateSettings {
    /// A block with more records than this is split by a further key.
    pub max_block_records: usize,
}

impl Default for CandidateSettings {
    fn default() -> Self {
        Self { max_block_records: 64 }
    }
}

/// Whether the weights are fitted to the data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Training {
    /// Fitted, and held to the shipped weights where the data say little.
    #[default]
    Auto,
    /// The shipped weights as they are.
    Never,
}

/// What the levels of one comparison weigh.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonWeights {
    /// The comparison, e.g. `given_name`.
    pub name: String,
    /// Its levels, from clear difference to full agreement. Missing values are no level: they are no evidence.
    pub levels: Vec<LevelWeights>,
}

/// How often one level is seen among pairs of each class. The columns of a comparison sum to about one.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelWeights {
    /// The level, e.g. `typo`.
    pub name: String,
    /// Its share among pairs that are one person.
    pub same: f64,
    /// Its share among pairs of one household or family.
    pub household: f64,
    /// Its share among pairs of strangers.
    pub stranger: f64,
}

/// What judgements taught. The weight of a pair, in bits, becomes `slope` times the weight plus `intercept` plus what
/// its levels are corrected by: a growing function of the weight, so that the waterfall still adds up.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// How this was made, for whoever reads the file.
    pub made: String,
    /// How much the weight counts.
    pub slope: f64,
    /// What is added to it, in bits.
    pub intercept: f64,
    /// What single levels are corrected by.
    #[serde(rename = "correction", default)]
    pub corrections: Vec<Correction>,
}

/// What one level of one comparison is corrected by.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The comparison, e.g. `given_name`; for extra columns the column's name.
    pub comparison: String,
    /// The level, e.g. `typo`.
    pub level: String,
    /// In bits: above 0, the level speaks more for one person than its weight says.
    pub bits: f64,
}

impl MatchSchema {
    /// The schema as shipped in `schemas/match.toml`: all weights, nothing else set.
    ///
    /// # Panics
    /// Never: a test reads the shipped file.
    #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
    pub fn shipped() -> Self {
        toml::from_str(include_str!("../match.toml")).expect("the shipped match.toml is valid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_are_shares_of_each_class() {
        for comparison in MatchSchema::shipped().comparisons {
            let sum = |share: fn(&LevelWeights) -> f64| comparison.levels.iter().map(share).sum::<f64>();
            for sum in [sum(|level| level.same), sum(|level| level.household), sum(|level| level.stranger)] {
                assert!((sum - 1.0).abs() < 0.02, "the levels of {} sum to {sum}", comparison.name);
            }
        }
    }
}
