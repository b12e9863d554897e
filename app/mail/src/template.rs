//! The templates of mails, embedded, each of which a file in a folder may replace.

use std::path::Path;

use kartei_schemas::org::Language;
use kartei_schemas::person::ChangeKind;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use thiserror::Error;

use crate::notice::{KindCount, Notice, UnitCount};
use crate::wording;

mod alerts;

/// The templates by their file names; the ending of a name says how values are escaped.
const EMBEDDED: [(&str, &str); 12] = [
    ("notice.de.subject.txt", include_str!("../templates/notice.de.subject.txt")),
    ("notice.de.txt", include_str!("../templates/notice.de.txt")),
    ("notice.de.html", include_str!("../templates/notice.de.html")),
    ("notice.en.subject.txt", include_str!("../templates/notice.en.subject.txt")),
    ("notice.en.txt", include_str!("../templates/notice.en.txt")),
    ("notice.en.html", include_str!("../templates/notice.en.html")),
    ("alert.de.subject.txt", include_str!("../templates/alert.de.subject.txt")),
    ("alert.de.txt", include_str!("../templates/alert.de.txt")),
    ("alert.de.html", include_str!("../templates/alert.de.html")),
    ("alert.en.subject.txt", include_str!("../templates/alert.en.subject.txt")),
    ("alert.en.txt", include_str!("../templates/alert.en.txt")),
    ("alert.en.html", include_str!("../templates/alert.en.html")),
];
/// A longer subject is cut by many readers; a template that makes one has gone wrong.
const LONGEST_SUBJECT: usize = 200;

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject: one line without control characters.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
}

/// The templates in both languages.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

/// A template, or a notice, that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A file in the folder cannot be read.
    #[error("cannot read mail template `{name}`")]
    Read {
        /// The file's name.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// A template is not well formed, or asks for something that a notice does not have.
    #[error("mail template `{name}` is wrong{}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Wrong {
        /// The template's name.
        name: String,
        /// The line, where known.
        line: Option<usize>,
        /// Why.
        source: Box<minijinja::Error>,
    },
    /// A subject is empty or far too long.
    #[error("mail template `{name}` makes a subject that is empty or longer than {LONGEST_SUBJECT} letters")]
    Subject {
        /// The template's name.
        name: String,
    },
    /// A link is no web address.
    #[error("the link of the notice of run {run_id} is not an http(s) address")]
    Link {
        /// The run.
        run_id: i64,
    },
}

impl TemplateError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Wrong { .. } => Some(
                "a notice has: subject (HTML only), unit, count, persons, members_only, kinds (count, words, kind, \
                 persons), units (unit, count, persons), link, run_id; an alert has: subject (HTML only), first, others, \
                 lines (mark, kind, sentence, at, run_id, reason, hint), installation, organisation"
                    .to_owned(),
            ),
            Self::Link { .. } => Some("set web.public_url to the address under which kartei is reached".to_owned()),
            Self::Read { .. } | Self::Subject { .. } => None,
        }
    }
}

impl Templates {
    /// The embedded templates.
    pub fn embedded() -> Result<Self, TemplateError> {
        Self::from_sources(EMBEDDED.iter().map(|(name, source)| (*name, (*source).to_owned())))
    }

    /// The embedded templates, each replaced by the file of its name in `folder` where there is one:
    /// `notice.de.subject.txt`, `notice.de.txt`, `notice.de.html`, the same three with `en`, and the same six with
    /// `alert`. All are tried at once, so that a mistake is found before the first mail.
    pub fn with_folder(folder: &Path) -> Result<Self, TemplateError> {
        let mut sources = Vec::new();
        for (name, embedded) in EMBEDDED {
            let source = match std::fs::read_to_string(folder.join(name)) {
                Ok(source) => source,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => embedded.to_owned(),
                Err(source) => return Err(TemplateError::Read { name: name.to_owned(), source }),
            };
            sources.push((name, source));
        }
        Self::from_sources(sources.into_iter())
    }

    fn from_sources(sources: impl Iterator<Item = (&'static str, String)>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            let is_html = Path::new(name).extension().is_some_and(|ending| ending == "html");
            if is_html { AutoEscape::Html } else { AutoEscape::None }
        });
        for (name, source) in sources {
            environment.add_template_owned(name, source).map_err(|error| wrong(name, error))?;
        }
        let templates = Self { environment };
        for language in [Language::De, Language::En] {
            templates.notice(&specimen(language))?;
            templates.alert(&alerts::specimen(language))?;
        }
        Ok(templates)
    }

    /// Puts a notice into words.
    pub fn notice(&self, notice: &Notice) -> Result<Rendered, TemplateError> {
        if !is_web_address(&notice.link) {
            return Err(TemplateError::Link { run_id: notice.run_id });
        }
        let language = match notice.language {
            Language::De => "de",
            Language::En => "en",
        };
        let name = format!("notice.{language}.subject.txt");
        let subject = one_line(&self.render(&name, notice, "")?);
        if subject.is_empty() || subject.chars().count() > LONGEST_SUBJECT {
            return Err(TemplateError::Subject { name });
        }
        let text = self.render(&format!("notice.{language}.txt"), notice, &subject)?;
        let html = self.render(&format!("notice.{language}.html"), notice, &subject)?;
        Ok(Rendered { subject, text, html })
    }

    fn render(&self, name: &str, notice: &Notice, subject: &str) -> Result<String, TemplateError> {
        let language = notice.language;
        let count = |persons: u64| wording::number(persons, language);
        let kinds: Vec<Value> = notice
            .counts
            .iter()
            .filter(|entry| entry.persons > 0)
            .map(|entry| {
                context! {
                    kind => kind_code(entry.kind),
                    persons => entry.persons,
                    count => count(entry.persons),
                    words => wording::kind(entry.kind, entry.persons, language),
                }
            })
            .collect();
        let units: Vec<Value> = notice
            .units
            .iter()
            .filter(|entry| entry.persons > 0)
            .map(|entry| context! { unit => one_line(&entry.unit), persons => entry.persons, count => count(entry.persons) })
            .collect();
        let values = context! {
            subject,
            unit => one_line(&notice.unit),
            persons => notice.persons,
            count => count(notice.persons),
            members_only => notice.members_only,
            kinds,
            units,
            link => notice.link.as_str(),
            run_id => notice.run_id,
        };
        let template = self.environment.get_template(name).map_err(|error| wrong(name, error))?;
        template.render(values).map_err(|error| wrong(name, error))
    }
}

fn wrong(name: &str, error: minijinja::Error) -> TemplateError {
    TemplateError::Wrong { name: name.to_owned(), line: error.line(), source: Box::new(error) }
}

/// A notice on which every template is tried.
fn specimen(language: Language) -> Notice {
    Notice {
        recipient: "officer@example.org".to_owned(),
        language,
        unit: "Musterstadt".to_owned(),
        persons: 2,
        members_only: false,
        counts: vec![KindCount { kind: ChangeKind::NewMember, persons: 1 }],
        units: vec![UnitCount { unit: "Musterdorf".to_owned(), persons: 1 }],
        link: "https://example.org/changes".to_owned(),
        run_id: 1,
    }
}

/// White space folded, control characters left out: nothing in a name can begin a new line or a new header.
fn one_line(text: &str) -> String {
    let folded: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_web_address(link: &str) -> bool {
    let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty())
        && !link.chars().any(|letter| letter.is_control() || letter.is_whitespace() || "<>\"'`{}|\\^".contains(letter))
}

/// The kind as it is written in the settings.
fn kind_code(kind: ChangeKind) -> String {
    serde_json::to_value(kind).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
