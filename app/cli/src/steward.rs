//! What a steward's commands work with: the last published run, the judgements that hold, and who says what.

use clap::{Args, ValueEnum};
use kartei_jobs::LastRun;
use kartei_matching::explain::Explainer;
use kartei_matching::inference::Inference;
use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use kartei_schemas::org::Language;
use kartei_store::NewJudgement;

use crate::context::Context;
use crate::failure::Failure;
use crate::installation::{Installation, Purpose};

/// Who decides, and why.
#[derive(Debug, Clone, Args)]
pub(crate) struct Signature {
    /// Who decides
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true, default_value = "command line")]
    pub(crate) by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// A language to write in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Spoken {
    /// German
    De,
    /// English
    En,
}

impl From<Spoken> for Language {
    fn from(spoken: Spoken) -> Self {
        match spoken {
            Spoken::De => Self::De,
            Spoken::En => Self::En,
        }
    }
}

/// The last published run, open and ready to answer.
pub(crate) struct Night {
    pub(crate) installation: Installation,
    pub(crate) run: LastRun,
    pub(crate) explainer: Explainer,
    /// The judgements that hold.
    pub(crate) judgements: Vec<Judgement>,
}

impl Night {
    /// Opens the store that the flags point at, and reads its last published run.
    pub(crate) async fn open(context: &Context) -> Result<Self, Failure> {
        let configuration = context.configuration()?;
        crate::store::refuse_missing(&configuration)?;
        let installation = Installation::of(configuration, Purpose::Asking).await?;
        installation.store.check_data_folder(&installation.project.data_folder()).await?;
        let run = LastRun::read(&installation.project, &installation.store).await.map_err(|error| failed(&error))?;
        let run = run.ok_or_else(|| {
            Failure::new("no run has published yet, or what it left is gone").with_hint("`kartei run` makes one")
        })?;
        let explainer = run.explainer(&installation.project).map_err(|error| failed(&error))?;
        let judgements = installation.store.active_judgements().await?;
        Ok(Self { installation, run, explainer, judgements })
    }

    /// The language of the settings, unless another was asked for.
    pub(crate) fn language(&self, asked: Option<Spoken>) -> Language {
        asked.map_or(self.installation.project.settings.locale.language, Language::from)
    }

    /// What follows from the judgements.
    pub(crate) fn inference(&self) -> Inference {
        Inference::of(&self.judgements)
    }

    /// The row of a record that somebody named.
    pub(crate) fn row(&self, id: &RecordId) -> Result<usize, Failure> {
        self.run.row(id).ok_or_else(|| {
            let sources = &self.installation.project.schemas.sources;
            let is_known = sources.iter().any(|source| source.name == id.source);
            let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
            let hint = (!is_known).then(|| format!("there is no source `{}`, but {}", id.source, names.join(", ")));
            no_such_record(id).with_hint_if(hint)
        })
    }

    /// Takes a fresh word in, in place of any on the same pair.
    pub(crate) fn hear(&mut self, judgement: Judgement) {
        self.judgements.retain(|said| !is_same_pair(said, &judgement));
        self.judgements.push(judgement);
    }
}

fn failed(error: &kartei_jobs::FlowError) -> Failure {
    Failure::from_error(error).with_hint_if(error.hint())
}

/// Whether two judgements speak of one pair.
pub(crate) fn is_same_pair(one: &Judgement, other: &Judgement) -> bool {
    (&one.left, &one.right) == (&other.left, &other.right) || (&one.left, &one.right) == (&other.right, &other.left)
}

/// A judgement with its signature.
pub(crate) fn signed(pair: (&RecordId, &RecordId), verdict: Verdict, by: &str, reason: Option<&str>) -> NewJudgement {
    NewJudgement {
        judgement: Judgement { left: pair.0.clone(), right: pair.1.clone(), verdict },
        by: by.to_owned(),
        reason: reason.map(str::to_owned),
    }
}

/// `source:key`.
pub(crate) fn name_of(id: &RecordId) -> String {
    format!("{}:{}", id.source, id.key)
}

/// Reads `source:key`; the key may hold colons.
pub(crate) fn record_id(text: &str) -> Result<RecordId, String> {
    match text.split_once(':') {
        Some((source, key)) if !source.is_empty() && !key.is_empty() => {
            Ok(RecordId { source: source.to_owned(), key: key.to_owned() })
        }
        _ => Err("a record is named `source:key`, such as `members:4711`".to_owned()),
    }
}

pub(crate) fn no_such_record(id: &RecordId) -> Failure {
    Failure::wrong_use(format!("the last run had no record {}", name_of(id)))
        .with_hint("`kartei persons show ID` lists the records of a person")
}

/// The word for a verdict.
pub(crate) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "same",
        Verdict::Different => "different",
        Verdict::Unsure => "unsure",
    }
}

/// Reads the word for a verdict, in English or German.
pub(crate) fn verdict(text: &str) -> Option<Verdict> {
    match text.trim().to_lowercase().as_str() {
        "same" | "gleich" | "y" | "yes" | "ja" | "j" | "1" => Some(Verdict::Same),
        "different" | "verschieden" | "n" | "no" | "nein" | "0" => Some(Verdict::Different),
        "unsure" | "unsicher" | "unklar" | "u" | "?" => Some(Verdict::Unsure),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_by_source_and_key() {
        let id = record_id("members:47:11").unwrap();
        assert_eq!((id.source.as_str(), id.key.as_str()), ("members", "47:11"));
        assert!(["members", ":1", "members:", ""].iter().all(|text| record_id(text).is_err()));
    }

    #[test]
    fn a_verdict_is_read_as_it_is_written_and_in_german() {
        for verdict in [Verdict::Same, Verdict::Different, Verdict::Unsure] {
            assert_eq!(super::verdict(word(verdict)), Some(verdict));
        }
        assert_eq!(super::verdict(" Nein "), Some(Verdict::Different));
        assert_eq!(super::verdict("maybe"), None);
    }
}
