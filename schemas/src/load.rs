//! Reads and checks the configuration's files, and says all that is wrong with them at once, with file and line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::jobs::JobsSchema;
use crate::matching::MatchSchema;
use crate::org::OrgSchema;
use crate::org_tree::OrgTree;
use crate::person::PersonSchema;
use crate::problem::{Problem, Problems, Severity};
use crate::settings::Settings;
use crate::source::{ConnectorSettings, SourceSchema};

mod conform;
mod document;
mod jobs;
mod node;
mod person;
mod settings;
mod source;

pub use document::{Document, Segment};
pub use settings::{SettingProblem, check_settings, is_web_address};

/// The file with the settings, in the configuration's folder.
pub const SETTINGS_FILE: &str = "kartei.toml";
/// The file with the jobs, in the configuration's folder.
pub const JOBS_FILE: &str = "jobs.toml";
/// The folder with the schemas, in the configuration's folder.
pub const SCHEMAS_FOLDER: &str = "schemas";

/// All that says what the data mean, checked.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    /// `person.toml`, or the shipped one.
    pub person: PersonSchema,
    /// `sources/*.toml`, sorted by name.
    pub sources: Vec<SourceSchema>,
    /// `org.toml`, or an organisation without units.
    pub org: OrgTree,
    /// `match.toml`, or the shipped one.
    pub matching: MatchSchema,
    /// What works, but hardly as meant.
    pub warnings: Vec<Problem>,
}

impl Schemas {
    /// Reads `schemas/` in the configuration's folder. Files that are missing stand for the shipped ones.
    ///
    /// # Errors
    /// Everything that is wrong in any of the files.
    pub fn load(configuration: &Path) -> Result<Self, Problems> {
        let folder = configuration.join(SCHEMAS_FOLDER);
        let mut all = Gathered::default();
        let person = all.optional(&folder.join("person.toml"), person).unwrap_or_default();
        let org = all.optional(&folder.join("org.toml"), org).unwrap_or_default();
        let matching = all.optional(&folder.join("match.toml"), matching).unwrap_or_default();
        let mut sources: BTreeMap<String, (SourceSchema, PathBuf)> = BTreeMap::new();
        for file in all.toml_files(&folder.join("sources")) {
            let Some(found) = all.optional(&file, |file, text| source(file, text, &person, configuration)) else {
                continue;
            };
            if let Some((_, other)) = sources.get(&found.name) {
                let message = format!("the source `{}` exists already in {}", found.name, other.display());
                all.list.push(Problem::error(&file, None, message).with_hint("give one of them another `name`"));
            } else {
                sources.insert(found.name.clone(), (found, file));
            }
        }
        let warnings = all.finish()?;
        let sources = sources.into_values().map(|(source, _)| source).collect();
        Ok(Self { person, sources, org, matching, warnings })
    }

    /// The source of this name.
    pub fn source(&self, name: &str) -> Option<&SourceSchema> {
        self.sources.iter().find(|source| source.name == name)
    }
}

/// A value and what is doubtful about it.
pub type Checked<T> = (T, Vec<Problem>);

/// Reads `person.toml`.
pub fn person(file: &Path, text: &str) -> Result<Checked<PersonSchema>, Problems> {
    let (schema, document) = Document::read::<PersonSchema>(file, text)?;
    checked(person::check(&schema, &document), schema)
}

/// Reads a source. Its name is the file's unless it says another; its paths are read against `base`, the
/// configuration's folder.
pub fn source(file: &Path, text: &str, person: &PersonSchema, base: &Path) -> Result<Checked<SourceSchema>, Problems> {
    let (mut schema, document) = Document::read::<SourceSchema>(file, text)?;
    if schema.name.is_empty() {
        schema.name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    }
    let ConnectorSettings::Files(files) = &mut schema.connector;
    base.clone_into(&mut files.base);
    checked(source::check(&schema, &document, person), schema)
}

/// Reads `org.toml`.
pub fn org(file: &Path, text: &str) -> Result<Checked<OrgTree>, Problems> {
    let (schema, document) = Document::read::<OrgSchema>(file, text)?;
    let tree = OrgTree::build(&schema).map_err(|wrong| {
        let located = wrong.into_iter().map(|problem| {
            let path = [problem.list.into(), problem.index.into(), problem.key.into()];
            document.error(&path, problem.message).with_hint_if(problem.hint)
        });
        let mut list: Vec<Problem> = located.collect();
        list.sort_by_key(|problem| problem.line);
        Problems { list }
    })?;
    Ok((tree, Vec::new()))
}

/// Reads `match.toml`.
pub fn matching(file: &Path, text: &str) -> Result<Checked<MatchSchema>, Problems> {
    let (schema, _) = Document::read::<MatchSchema>(file, text)?;
    Ok((schema, Vec::new()))
}

/// Reads `jobs.toml`, whose jobs may name these sources.
pub fn jobs(file: &Path, text: &str, sources: &[SourceSchema]) -> Result<Checked<JobsSchema>, Problems> {
    let (schema, document) = Document::read::<JobsSchema>(file, text)?;
    checked(jobs::check(&schema, &document, sources), schema)
}

/// Reads `kartei.toml` for its form alone; [`check_settings`] looks at what it says once the environment and the
/// flags have had their word.
pub fn settings(file: &Path, text: &str) -> Result<(Settings, Document), Problems> {
    Document::read(file, text)
}

fn checked<T>(mut problems: Vec<Problem>, value: T) -> Result<Checked<T>, Problems> {
    problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
    Problems::check(problems.clone())?;
    Ok((value, problems))
}

/// Problems of several files.
#[derive(Default)]
struct Gathered {
    list: Vec<Problem>,
}

impl Gathered {
    /// Reads a file that may be missing, and keeps what is wrong with it.
    fn optional<T>(
        &mut self,
        file: &Path,
        read: impl FnOnce(&Path, &str) -> Result<Checked<T>, Problems>,
    ) -> Option<T> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    self.list.push(unreadable(file, &error));
                }
                return None;
            }
        };
        match read(file, &text) {
            Ok((value, warnings)) => {
                self.list.extend(warnings);
                Some(value)
            }
            Err(problems) => {
                self.list.extend(problems.list);
                None
            }
        }
    }

    /// The `*.toml` files of a folder, sorted by name; none where the folder is missing.
    fn toml_files(&mut self, folder: &Path) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    self.list.push(unreadable(folder, &error));
                }
                return Vec::new();
            }
        };
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
        files.sort();
        files
    }

    /// The warnings where there is nothing worse.
    fn finish(self) -> Result<Vec<Problem>, Problems> {
        Problems::check(self.list.clone())?;
        Ok(self.list.into_iter().filter(|problem| problem.severity == Severity::Warning).collect())
    }
}

/// A file that is there and cannot be read.
pub fn unreadable(file: &Path, error: &std::io::Error) -> Problem {
    let problem = Problem::error(file, None, format!("cannot be read: {error}"));
    match error.kind() {
        std::io::ErrorKind::NotFound => problem.with_hint("`kartei init` writes a starter configuration"),
        std::io::ErrorKind::InvalidData => problem.with_hint("save the file as UTF-8"),
        _ => problem,
    }
}

#[cfg(test)]
mod tests;
