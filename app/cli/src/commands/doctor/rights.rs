//! Files that others than their owner may read: all that kartei keeps is about people, or a secret.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use kartei_schemas::load::SETTINGS_FILE;
use kartei_store::owner;
use secrecy::ExposeSecret;

use super::Ailment;
use crate::configuration::Configuration;
use crate::failure::{During, Failure};
use crate::store;

/// The folder beside the store or the configuration into which `packaging/kartei-backup.service` puts backups.
const BACKUPS: &str = "backups";

/// What is open to others.
pub(super) fn examine(configuration: &Configuration, fix: bool) -> Result<Vec<Ailment>, Failure> {
    let settings = &configuration.settings;
    let mut found = Vec::new();
    for (what, paths) in [
        ("the store", of_store(configuration)?),
        ("the data folder and its reports", vec![settings.data.folder.clone()]),
        ("the mail folder", vec![settings.mail.folder.clone()]),
        ("backups", backups(configuration)?),
        ("secrets", secrets(configuration)),
    ] {
        let mut open = Vec::new();
        for path in paths {
            open.extend(owner::open_below(&path).during(format_args!("{} cannot be read", path.display()))?);
        }
        found.extend(tell(what, &open, fix));
    }
    Ok(found)
}

fn tell(what: &str, open: &[PathBuf], fix: bool) -> Option<Ailment> {
    let first = open.first()?;
    let closed = fix && open.iter().all(|path| is_closed(path));
    let more = if open.len() > 1 { format!(" and {} more", open.len() - 1) } else { String::new() };
    let text = format!("{what}: others than the owner may use {}{more}", first.display());
    let remedy = "`kartei doctor --fix` takes their rights away, where the files are this user's";
    let ailment = Ailment::new("rights", text, remedy).mended(closed);
    // A secret that the machine's administrator lays out is theirs to close.
    Some(if open.iter().any(|path| is_ours(path)) { ailment } else { ailment.harmless() })
}

/// Whether this user may change the rights of a file.
fn is_ours(path: &Path) -> bool {
    let user = rustix::process::geteuid();
    user.is_root() || fs::symlink_metadata(path).is_ok_and(|metadata| metadata.uid() == user.as_raw())
}

/// What went away meanwhile is closed as well.
fn is_closed(path: &Path) -> bool {
    match owner::close(path) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(()) => true,
    }
}

/// The store's file with its log, and what a restore put aside.
fn of_store(configuration: &Configuration) -> Result<Vec<PathBuf>, Failure> {
    let Some(file) = store::options(configuration)?.file() else { return Ok(Vec::new()) };
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(Vec::new()) };
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let name = name.to_string_lossy();
    let is_part = |path: &PathBuf| {
        path.file_name().is_some_and(|other| {
            let other = other.to_string_lossy();
            other.strip_prefix(&*name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
        })
    };
    Ok(entries.flatten().map(|entry| entry.path()).filter(is_part).collect())
}

fn backups(configuration: &Configuration) -> Result<Vec<PathBuf>, Failure> {
    let file = store::options(configuration)?.file();
    let beside_store = file.as_deref().and_then(Path::parent).map(|folder| folder.join(BACKUPS));
    let mut folders: Vec<PathBuf> = beside_store.into_iter().chain([configuration.folder.join(BACKUPS)]).collect();
    folders.dedup();
    Ok(folders)
}

/// The files that hold secrets, and `kartei.toml` where it holds one itself.
fn secrets(configuration: &Configuration) -> Vec<PathBuf> {
    let settings = &configuration.settings;
    let (smtp, webhook) = (settings.mail.smtp.as_ref(), settings.alerts.webhook.as_ref());
    let files = [
        settings.store.password_file.clone(),
        smtp.and_then(|smtp| smtp.password_file.clone()),
        webhook.and_then(|webhook| webhook.token_file.clone()),
        webhook.and_then(|webhook| webhook.url_file.clone()),
    ];
    let pings = settings.alerts.ping.iter();
    let mut files: Vec<PathBuf> =
        files.into_iter().flatten().chain(pings.clone().filter_map(|ping| ping.url_file.clone())).collect();
    let has_password = |url: &str| {
        url.split_once("://")
            .is_some_and(|(_, rest)| rest.split_once('@').is_some_and(|(login, _)| login.contains(':')))
    };
    let holds_one = settings.store.url.as_ref().is_some_and(|url| has_password(url.expose_secret()))
        || smtp.is_some_and(|smtp| smtp.password.is_some() && smtp.password_file.is_none())
        || webhook.is_some_and(|webhook| webhook.url.is_some() && webhook.url_file.is_none())
        || pings.clone().any(|ping| ping.url.is_some() && ping.url_file.is_none());
    if holds_one {
        files.push(configuration.folder.join(SETTINGS_FILE));
    }
    files
}
