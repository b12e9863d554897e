//! What is around the configuration: folders that can be written, the store, mail, clock and zone.

use std::path::Path;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kartei_connector::{Finding, FindingLevel};
use kartei_mail::Transport;
use kartei_monitor::Unheard;
use kartei_schemas::settings::{MailSettings, Settings, TransportKind};
use kartei_store::{Inspection, Store, StoreError, StoreOptions};

use super::Lines;
use crate::configuration::Configuration;

/// A clock that says less than the day on which this was written is wrong.
const EARLIEST: &str = "2026-11-01T00:00:00Z";

pub(super) async fn check(configuration: &Configuration, now: DateTime<Utc>, lines: &mut Lines) {
    let settings = &configuration.settings;
    lines.add("data", writable(&settings.data.folder));
    lines.add("store", store(configuration).await);
    if let Some(finding) = bond(configuration).await {
        lines.add("data", finding);
    }
    lines.add("mail", mail(&settings.mail).await);
    if let Some(finding) = links(settings) {
        lines.add("mail", finding);
    }
    lines.add("alerts", alerts(settings));
    lines.add("clock", clock(now, &settings.locale.time_zone));
}

/// Whether mail can go out: a folder that can be written, or a server that lets us in. No mail is sent.
async fn mail(settings: &MailSettings) -> Finding {
    if settings.transport == TransportKind::Folder {
        return writable(&settings.folder);
    }
    let server = settings.smtp.as_ref().map(|smtp| smtp.host.clone()).unwrap_or_default();
    let checked = match Transport::new(settings) {
        Ok(transport) => transport.check().await,
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) => Finding::ok("smtp", format!("{server} lets us in")),
        Err(error) => Finding::error("smtp", format!("{server}: {error}"), error.hint()),
    }
}

/// Mail that leaves the machine with links that lead nowhere but to it.
fn links(settings: &Settings) -> Option<Finding> {
    let url = &settings.web.public_url;
    let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let is_here = ["localhost", "127.", "[::1]"].iter().any(|here| host.starts_with(here));
    (is_here && settings.mail.transport == TransportKind::Smtp).then(|| {
        let hint = "write the address under which officers reach the pages as `public_url` under [web]";
        Finding::warning("links", format!("notices go out by SMTP with links to {url}, which lead nowhere"), hint)
    })
}

/// Whether anybody hears when a run fails.
fn alerts(settings: &Settings) -> Finding {
    match Unheard::by(settings) {
        Some(unheard) => Finding::warning("", unheard.reason, unheard.hint),
        None => Finding::ok("", "somebody is told when a run fails; `kartei alerts test` tries it"),
    }
}

/// Whether store and data folder belong together, where there is a store that can be opened.
async fn bond(configuration: &Configuration) -> Option<Finding> {
    let store = crate::store::open_if_there(configuration).await.ok()??;
    let checked = store.check_data_folder(&configuration.settings.data.folder).await;
    store.close().await;
    match checked {
        Ok(()) => None,
        Err(error) => Some(Finding::error("folder", error.to_string(), error.hint())),
    }
}

/// Whether the store opens, may be written, and its tables are those of this program. Older ones are brought up to date.
async fn store(configuration: &Configuration) -> Finding {
    let options = match crate::store::options(configuration) {
        Ok(options) => options,
        Err(failure) => return failure.findings().swap_remove(0),
    };
    if let Err(failure) = crate::store::refuse_half_restored(configuration) {
        return failure.findings().swap_remove(0);
    }
    if let Some(file) = crate::store::missing_file(&options) {
        let folder = file.parent().map(writable);
        return match folder {
            Some(finding) if finding.level == FindingLevel::Error => finding,
            _ => Finding::ok("sqlite", format!("{} will be made by the first run", file.display())),
        };
    }
    if let Some(finding) = options.file().and_then(|file| unwritable(&file)) {
        return finding;
    }
    match Store::inspect(&options).await {
        Ok(inspection) if inspection.found > 0 && inspection.found < inspection.known => {
            migrate(&options, inspection).await
        }
        Ok(inspection) => tell(inspection),
        Err(error) => Finding::error("", error.to_string(), error.hint()),
    }
}

fn tell(Inspection { kind, found, known }: Inspection) -> Finding {
    if found > known {
        let error = StoreError::Newer { found, known };
        return Finding::error(kind, error.to_string(), error.hint());
    }
    if found == known {
        return Finding::ok(kind, format!("opened, its tables are of version {found}"));
    }
    Finding::ok(kind, "opened, the first run will make its tables")
}

async fn migrate(options: &StoreOptions, Inspection { kind, found, known }: Inspection) -> Finding {
    match Store::open(options).await {
        Ok(store) => {
            store.close().await;
            Finding::ok(kind, format!("its tables were of version {found}, and are now of {known}"))
        }
        Err(error) => Finding::error(kind, error.to_string(), error.hint()),
    }
}

/// A store's file that cannot be written, or whose folder cannot: beside it lies its log.
fn unwritable(file: &Path) -> Option<Finding> {
    let opened = std::fs::OpenOptions::new().append(true).open(file);
    let Err(error) = opened else {
        let folder = writable(file.parent()?);
        return (folder.level == FindingLevel::Error).then_some(folder);
    };
    let hint = StoreError::ReadOnly.hint();
    Some(Finding::error("sqlite", format!("{} cannot be written: {error}", file.display()), hint))
}

/// Whether a folder, or where it is still missing the folder above it, takes a new file.
fn writable(folder: &Path) -> Finding {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(folder);
    let trial = existing.join(format!(".kartei-check-{}", std::process::id()));
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&trial) {
        Ok(_) => {
            let left = std::fs::remove_file(&trial).err();
            let hint = "remove it by hand";
            match left {
                None => Finding::ok("folder", format!("{} can be written", folder.display())),
                Some(_) => Finding::warning("folder", format!("{} could not be removed", trial.display()), hint),
            }
        }
        Err(error) => {
            let hint = format!("let the user that runs kartei write to {}", existing.display());
            Finding::error("folder", format!("{} cannot be written: {error}", folder.display()), Some(hint))
        }
    }
}

fn clock(now: DateTime<Utc>, zone: &str) -> Finding {
    let earliest = EARLIEST.parse().unwrap_or(DateTime::UNIX_EPOCH);
    if now < earliest {
        let hint = Some("set the clock, or let the system ask a time server".to_owned());
        return Finding::error("time", format!("the clock says {}", now.format("%Y-%m-%d")), hint);
    }
    match Tz::from_str(zone) {
        Ok(zone) => {
            let local = now.with_timezone(&zone);
            Finding::ok("time", format!("{} in {zone}", local.format("%Y-%m-%d %H:%M %Z")))
        }
        Err(_) => Finding::error("time", format!("the zone {zone} is unknown"), None),
    }
}
