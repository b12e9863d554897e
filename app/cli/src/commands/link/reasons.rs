//! Why two records of matched files are one person, or not.

use kartei_matching::Linked;
use kartei_matching::explain::{Explanation, explain};
use kartei_schemas::matching::MatchSchema;
use kartei_schemas::org::Language;
use serde::Serialize;

use super::people::People;
use crate::failure::Failure;

/// A pair with its reasons, for machines.
#[derive(Debug, Serialize)]
pub(super) struct Reasons {
    left: String,
    right: String,
    sentence: String,
    #[serde(flatten)]
    explanation: Explanation,
}

impl Reasons {
    /// Of two records as they are named in the clusters, `source:record`, or `record` where there is one file.
    pub(super) fn of(
        names: [&str; 2],
        (people, schema, linked): (&People, &MatchSchema, &Linked),
        language: Language,
    ) -> Result<Self, Failure> {
        let [left, right] = names;
        let rows = (row_of(people, left)?, row_of(people, right)?);
        if rows.0 == rows.1 {
            return Err(Failure::wrong_use("both names mean the same record"));
        }
        let explanation =
            explain(&people.records, schema, linked, rows.0, rows.1).map_err(|error| Failure::from_error(&error))?;
        let sentence = explanation.sentence(language);
        Ok(Self { left: left.to_owned(), right: right.to_owned(), sentence, explanation })
    }

    /// The sentence, and the waterfall of weights.
    pub(super) fn text(&self, language: Language) -> String {
        format!("{}\n\n{}", self.sentence, self.explanation.text(language, true).trim_end())
    }
}

fn row_of(people: &People, name: &str) -> Result<usize, Failure> {
    let is_called = |row: &usize| {
        let (source, record) = people.name(*row);
        let with_source = name.split_once(':').is_some_and(|(file, rest)| source == file && record == rest);
        with_source || people.files.len() == 1 && record == name
    };
    (0..people.count()).find(is_called).ok_or_else(|| {
        Failure::wrong_use(format!("no file has a record `{name}`"))
            .with_hint("a record is named `source:record`, as the file of clusters has it")
    })
}
