//! The configuration as it counts: `kartei.toml`, over it the environment, over it the flags.

use std::path::{Path, PathBuf};

use config::{Config, FileFormat};
use kartei_schemas::jobs::JobsSchema;
use kartei_schemas::json_schema;
use kartei_schemas::load::{self, Checked, Document, JOBS_FILE, SETTINGS_FILE, Schemas};
use kartei_schemas::problem::{Problem, Problems, suggest};
use kartei_schemas::settings::Settings;
use kartei_schemas::source::SourceSchema;
use secrecy::{ExposeSecret, SecretString};

use crate::arguments::GlobalArguments;
use crate::failure::Failure;

/// Environment variables that begin so are settings: `KARTEI__STORE__URL` is `store.url`.
const PREFIX: &str = "KARTEI__";

/// The settings, checked, with every path made absolute against the configuration's folder.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The folder of `kartei.toml`.
    pub(crate) folder: PathBuf,
    /// The settings.
    pub(crate) settings: Settings,
}

impl Configuration {
    /// Reads the settings that the flags point at.
    pub(crate) fn read(global: &GlobalArguments) -> Result<Self, Failure> {
        let file = if global.config.is_dir() { global.config.join(SETTINGS_FILE) } else { global.config.clone() };
        let text = std::fs::read_to_string(&file).map_err(|error| Problems::from(load::unreadable(&file, &error)))?;
        let environment = settings_of_environment(std::env::vars_os());
        let (settings, document) = layered(&file, &text, &environment, &global.set)?;
        check(&settings, &document)?;
        let folder = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let settings = rooted(settings, &folder)?;
        Ok(Self { folder, settings })
    }

    /// Reads the schemas.
    pub(crate) fn schemas(&self) -> Result<Schemas, Failure> {
        Ok(Schemas::load(&self.folder)?)
    }

    /// Reads the jobs; the shipped ones where there is no `jobs.toml`.
    pub(crate) fn jobs(&self, sources: &[SourceSchema]) -> Result<Checked<JobsSchema>, Failure> {
        let file = self.folder.join(JOBS_FILE);
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok(load::jobs(&file, &text, sources)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(load::jobs(Path::new("the shipped jobs.toml"), kartei_schemas::jobs::SHIPPED, sources)?)
            }
            Err(error) => Err(Problems::from(load::unreadable(&file, &error)).into()),
        }
    }
}

/// The settings that environment variables hold, as paths and texts, sorted.
fn settings_of_environment(
    variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_lowercase().replace("__", "."), value)))
        .collect();
    found.sort();
    found
}

/// Lays the three layers over one another.
fn layered(
    file: &Path,
    text: &str,
    environment: &[(String, String)],
    flags: &[String],
) -> Result<(Settings, Document), Failure> {
    let (_, document) = load::settings(file, text)?;
    let known = json_schema::setting_paths();
    let mut layers = Config::builder().add_source(config::File::from_str(text, FileFormat::Toml));
    for (path, value) in environment {
        known_path(path, &known, "the environment").map_err(Failure::from)?;
        layers = set(layers, path, value)?;
    }
    for flag in flags {
        let Some((path, value)) = flag.split_once('=') else {
            let failure = Failure::wrong_use(format!("`--set {flag}` has no value"));
            return Err(failure.with_hint("write `--set section.key=value`"));
        };
        known_path(path.trim(), &known, "--set")
            .map_err(|problems| Failure::from(problems).with_exit(crate::exit::Exit::WrongUse))?;
        layers = set(layers, path.trim(), value)?;
    }
    let settings = layers.build().and_then(Config::try_deserialize);
    Ok((settings.map_err(|error| wrong_value(&error))?, document))
}

fn set(
    layers: config::builder::ConfigBuilder<config::builder::DefaultState>,
    path: &str,
    value: &str,
) -> Result<config::builder::ConfigBuilder<config::builder::DefaultState>, Failure> {
    layers.set_override(path, value).map_err(|error| wrong_value(&error))
}

/// What the file says has passed its check already, so a wrong value stands in the environment or a flag. The value
/// itself is not repeated: it may be a secret.
fn wrong_value(error: &config::ConfigError) -> Failure {
    let key = match error {
        config::ConfigError::At { key: Some(key), .. } | config::ConfigError::Type { key: Some(key), .. } => {
            key.clone()
        }
        _ => "a setting".to_owned(),
    };
    let variable = format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"));
    Failure::new(format!("`{key}` has a value that does not fit its type"))
        .with_hint(format!("look at the environment variable {variable} and at `--set {key}=...`"))
}

fn known_path(path: &str, known: &[String], place: &str) -> Result<(), Problems> {
    if known.iter().any(|one| one == path) {
        return Ok(());
    }
    let hint = suggest(path, known.iter().map(String::as_str));
    Err(Problem::error(Path::new(place), None, format!("unknown setting `{path}`")).with_hint_if(hint).into())
}

fn check(settings: &Settings, document: &Document) -> Result<(), Problems> {
    let located = load::check_settings(settings).into_iter().map(|problem| {
        let path: Vec<load::Segment<'_>> = problem.path.iter().map(|key| (*key).into()).collect();
        let found = if document.has(&problem.path) {
            document.error(&path, problem.message)
        } else {
            Problem::error(document.file(), None, problem.message)
        };
        found.with_hint_if(problem.hint)
    });
    Problems::check(located.collect())
}

/// Makes paths absolute against the configuration's folder, and reads the secrets that stand in files.
fn rooted(mut settings: Settings, folder: &Path) -> Result<Settings, Failure> {
    let root = |path: &mut PathBuf| *path = folder.join(&*path);
    root(&mut settings.data.folder);
    root(&mut settings.mail.folder);
    settings.mail.templates.as_mut().map(root);
    settings.store.password_file.as_mut().map(root);
    if let Some(url) = &settings.store.url
        && let Some(path) = url.expose_secret().strip_prefix("sqlite:")
        && path != ":memory:"
    {
        let path = folder.join(path.trim_start_matches("//"));
        settings.store.url = Some(format!("sqlite:{}", path.display()).into());
    }
    if let Some(smtp) = &mut settings.mail.smtp {
        smtp.ca_file.as_mut().map(root);
        smtp.password_file.as_mut().map(root);
        if let Some(file) = &smtp.password_file {
            smtp.password = Some(secret_of(file)?);
        }
    }
    if let Some(webhook) = &mut settings.alerts.webhook {
        webhook.token_file.as_mut().map(root);
        webhook.token = webhook.token_file.as_deref().map(secret_of).transpose()?;
        address_of(&mut webhook.url, &mut webhook.url_file, folder)?;
    }
    for ping in &mut settings.alerts.ping {
        address_of(&mut ping.url, &mut ping.url_file, folder)?;
    }
    Ok(settings)
}

/// Reads the address of a message or a ping that stands in a file.
fn address_of(url: &mut Option<SecretString>, file: &mut Option<PathBuf>, folder: &Path) -> Result<(), Failure> {
    let Some(file) = file else { return Ok(()) };
    *file = folder.join(&*file);
    let address = secret_of(file)?;
    if !load::is_web_address(address.expose_secret()) {
        let problem = Problem::error(file, None, "holds no http address");
        return Err(
            Problems::from(problem.with_hint("such as `https://hc.example.org/ping/...`, and nothing else")).into()
        );
    }
    *url = Some(address);
    Ok(())
}

/// The secret that a file holds, without the line's end.
pub(crate) fn secret_of(file: &Path) -> Result<SecretString, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Problems::from(load::unreadable(file, &error)))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
}

#[cfg(test)]
mod tests;
