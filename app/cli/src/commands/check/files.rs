//! The configuration's own files: settings, schemas, jobs.

use std::path::Path;

use kartei_connector::{Finding, FindingLevel};
use kartei_jobs::{Project, planner};
use kartei_schemas::jobs::JobsSchema;
use kartei_schemas::load::Schemas;
use kartei_schemas::problem::{Problem, Problems, Severity};

use super::Lines;
use crate::configuration::Configuration;
use crate::context::Context;
use crate::failure::Failure;

/// What could be read.
pub(super) struct Read {
    pub(super) configuration: Option<Configuration>,
    pub(super) schemas: Option<Schemas>,
}

pub(super) fn check(context: &Context, lines: &mut Lines) -> Result<Read, Failure> {
    let configuration = match Configuration::read(&context.global) {
        Ok(configuration) => configuration,
        Err(failure) => {
            failure.findings().into_iter().for_each(|finding| lines.add("settings", finding));
            return Ok(Read { configuration: None, schemas: None });
        }
    };
    crate::logging::start(&configuration.settings, context.global.verbose)?;
    lines.add("settings", Finding::ok("", format!("read from {}", configuration.folder.display())));
    let schemas = match Schemas::load(&configuration.folder) {
        Ok(schemas) => schemas,
        Err(problems) => {
            add(&problems, &configuration.folder, "schemas", lines);
            return Ok(Read { configuration: Some(configuration), schemas: None });
        }
    };
    add(&Problems { list: schemas.warnings.clone() }, &configuration.folder, "schemas", lines);
    tell_schemas(&schemas, lines);
    match configuration.jobs(&schemas.sources) {
        Ok((jobs, warnings)) => {
            add(&Problems { list: warnings }, &configuration.folder, "jobs", lines);
            tell_jobs(&configuration, &schemas, &jobs, lines);
        }
        Err(failure) => failure.findings().into_iter().for_each(|finding| lines.add("jobs", finding)),
    }
    Ok(Read { configuration: Some(configuration), schemas: Some(schemas) })
}

/// The jobs, and whether their schedules are cron.
fn tell_jobs(configuration: &Configuration, schemas: &Schemas, jobs: &JobsSchema, lines: &mut Lines) {
    let Configuration { folder, settings } = configuration;
    let project =
        Project { base: folder.clone(), settings: settings.clone(), schemas: schemas.clone(), jobs: jobs.clone() };
    for (name, job) in &jobs.jobs {
        let finding = match planner::due(job, &project) {
            Ok(due) if due.is_never() => Finding::ok(name, "on demand"),
            Ok(_) => Finding::ok(name, job.schedule.lines.join(", ")),
            Err(error) => Finding::error(name, error.to_string(), Some(error.hint())),
        };
        lines.add("jobs", finding);
    }
}

fn tell_schemas(schemas: &Schemas, lines: &mut Lines) {
    let fields = schemas.person.columns().count();
    lines.add("schemas", Finding::ok("person", format!("{fields} fields")));
    let units = schemas.org.units().len();
    if schemas.org.is_empty() {
        let hint = "write schemas/org.toml, so that persons have a unit and officers are told of changes";
        lines.add("schemas", Finding::warning("org", "there are no units", hint));
    } else {
        let officers = schemas.org.officers().len();
        lines.add("schemas", Finding::ok("org", format!("{units} units, {officers} officers")));
    }
    if schemas.sources.is_empty() {
        let hint = "describe one in schemas/sources/; `kartei init` writes an example of each family".to_owned();
        lines.add("schemas", Finding::error("sources", "there are no sources", Some(hint)));
    }
}

fn add(problems: &Problems, folder: &Path, part: &str, lines: &mut Lines) {
    for problem in &problems.list {
        lines.add(part, finding(problem, folder));
    }
}

/// A problem as a line, with its file as seen from the configuration's folder.
fn finding(problem: &Problem, folder: &Path) -> Finding {
    let file = problem.file.strip_prefix(folder).unwrap_or(&problem.file);
    let subject = match problem.line {
        Some(line) => format!("{}:{line}", file.display()),
        None => file.display().to_string(),
    };
    let level = match problem.severity {
        Severity::Warning => FindingLevel::Warning,
        Severity::Error => FindingLevel::Error,
    };
    Finding { level, subject, message: problem.message.clone(), hint: problem.hint.clone() }
}
