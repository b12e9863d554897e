//! `kartei backup`: a copy of everything, while everything goes on.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use kartei_schemas::load::{JOBS_FILE, SCHEMAS_FOLDER, SETTINGS_FILE};
use kartei_store::frames::{FrameRef, Frames};
use kartei_store::{Copied, Store, owner};
use serde::Serialize;

use crate::archive::{self, Backup};
use crate::configuration::Configuration;
use crate::console::grouped;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};

/// So often a backup is begun anew when runs publish faster than frames can be copied.
const ATTEMPTS: u32 = 3;

/// Copies store, frames and configuration, while runs go on
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei backup /backup/kartei-2026-11-25            a folder
  kartei backup /backup/kartei-2026-11-25.tar.zst    one file
  kartei restore /backup/kartei-2026-11-25.tar.zst -c /srv/kartei

Files with passwords that kartei.toml names, and the inbox, are not part of it.")]
pub(crate) struct BackupCommand {
    /// A folder that is not there yet, or a file that ends in .tar or .tar.zst
    #[arg(value_name = "DIR|FILE")]
    target: PathBuf,
}

/// What was copied.
#[derive(Serialize)]
struct Said<'a> {
    target: &'a Path,
    files: usize,
    bytes: u64,
    published_run: Option<i64>,
    rows: u64,
}

pub(crate) async fn run(command: &BackupCommand, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let target = &command.target;
    if target.exists() {
        let failure = Failure::wrong_use(format!("{} is there already", target.display()));
        return Err(failure.with_hint("name a folder or a file that is not there yet"));
    }
    let store = crate::store::open_existing(&configuration).await?;
    let made = copy_all(&configuration, &store, target, context).await;
    store.close().await;
    let backup = made?;
    let rows = backup.store.tables.values().map(|table| table.rows).sum();
    if context.console.json() {
        let said = Said {
            target,
            files: backup.files.len(),
            bytes: backup.bytes(),
            published_run: backup.published_run,
            rows,
        };
        context.console.write_json(&said)?;
    } else {
        let megabytes = backup.bytes().div_ceil(1 << 20);
        let (files, rows) = (backup.files.len(), grouped(rows));
        context.console.remark(format_args!("{files} files, {rows} rows, {megabytes} MB in {}", target.display()));
    }
    Ok(Exit::Done)
}

/// Makes the backup beside its target, and gives it its name when it is whole.
async fn copy_all(
    configuration: &Configuration,
    store: &Store,
    target: &Path,
    context: &Context,
) -> Result<Backup, Failure> {
    let mut name = target.to_owned().into_os_string();
    name.push(format!(".part-{}", std::process::id()));
    let folder = PathBuf::from(name);
    let made = attempt_all(configuration, store, &folder, context).await;
    let made = made.and_then(|backup| {
        if archive::is_packed(target) {
            archive::pack(&folder, target)?;
        } else {
            fs::rename(&folder, target).during(format_args!("{} cannot be made", target.display()))?;
        }
        Ok(backup)
    });
    if folder.exists() {
        fs::remove_dir_all(&folder).during(format_args!("{} cannot be removed", folder.display()))?;
    }
    made
}

async fn attempt_all(
    configuration: &Configuration,
    store: &Store,
    folder: &Path,
    context: &Context,
) -> Result<Backup, Failure> {
    let mut missing = String::new();
    for _ in 0..ATTEMPTS {
        if folder.exists() {
            fs::remove_dir_all(folder).during(format_args!("{} cannot be emptied", folder.display()))?;
        }
        let copy = folder.join(archive::STORE);
        owner::create_folder(&copy).during(format_args!("{} cannot be made", copy.display()))?;
        let copied = store.copy_into(&copy).await?;
        copy_configuration(configuration, &folder.join(archive::CONFIGURATION))?;
        match copy_frames(&configuration.settings.data.folder, &copied, &folder.join(archive::DATA))? {
            None => {
                let backup = Backup::of_folder(folder, &copied, context.now)?;
                backup.write(folder)?;
                return Ok(backup);
            }
            // A run has published meanwhile and has removed what the copy of the store still names.
            Some(frame) => missing = frame,
        }
    }
    let failure = Failure::new(format!("the frame `{missing}`, which the store names, is not in the data folder"));
    Err(failure.with_hint("see that `[data] folder` is the right one; `kartei doctor` says what else is missing"))
}

/// Copies the frames that the copied store needs, and compares each with its reference. Gives the first that is missing.
fn copy_frames(data: &Path, copied: &Copied, folder: &Path) -> Result<Option<String>, Failure> {
    let (from, to) = (Frames::new(data), Frames::new(folder));
    let published = copied.published.iter().flat_map(|state| state.frames.files().map(|(_, frame)| frame));
    let waiting = copied.batches.iter().filter_map(|batch| batch.frame.as_ref());
    let needed: BTreeSet<&FrameRef> = published.chain(waiting).collect();
    for frame in needed {
        match archive::link_or_copy(&from.path(&frame.name), &to.path(&frame.name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Some(frame.name.clone())),
            copied => copied.during("the frames cannot be copied")?,
        }
        to.check(frame)?;
    }
    Ok(None)
}

/// Copies kartei.toml, jobs.toml, schemas and the templates of mails.
fn copy_configuration(configuration: &Configuration, folder: &Path) -> Result<(), Failure> {
    let base = &configuration.folder;
    let mut files = vec![base.join(SETTINGS_FILE), base.join(JOBS_FILE)];
    let folders = [Some(base.join(SCHEMAS_FOLDER)), configuration.settings.mail.templates.clone()];
    for folder in folders.into_iter().flatten().filter(|folder| folder.is_dir()) {
        files.extend(archive::files_below(&folder).during(format_args!("{} cannot be read", folder.display()))?);
    }
    for file in files.iter().filter(|file| file.is_file()) {
        let Ok(name) = file.strip_prefix(base) else { continue };
        let copied = owner::copy(file, &folder.join(name));
        copied.during(format_args!("{} cannot be copied", file.display()))?;
    }
    Ok(())
}
