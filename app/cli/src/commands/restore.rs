//! `kartei restore`: puts a backup in place, and compares what is there then with what was copied.

mod frames;
mod marker;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use kartei_schemas::load::SETTINGS_FILE;
use kartei_store::{Presence, Served, ServingLock, Store, StoreError, StoreOptions, owner, stop_here};

use crate::archive::{self, Backup};
use crate::console::grouped;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};
use frames::Incoming;

pub(crate) use marker::Marker;

/// A folder so named, with the number of a process behind it, holds a backup that is being restored.
const UNPACKED: &str = ".restoring-";

/// Puts a backup in place, and checks it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei restore /backup/kartei-2026-11-25.tar.zst -c /srv/kartei
  KARTEI__STORE__URL=postgres://kartei@localhost/kartei kartei restore /backup/kartei-2026-11-25 -c /srv/kartei
  kartei restore /backup/kartei-2026-11-25 --check    only compares the backup with its checksums

The configuration is put into the folder of -c where it has none; one that is there stays as it is, and says where the
store and the frames go. Nothing is restored beside a process that serves or a run that is under way. A restore that was
cut off is run again; until then kartei does nothing else.")]
pub(crate) struct Restore {
    /// The backup: a folder, or a file that ends in .tar or .tar.zst
    #[arg(value_name = "DIR|FILE")]
    source: PathBuf,
    /// Replaces a store and frames that are there already
    #[arg(long)]
    replace: bool,
    /// Compares the backup with its checksums, and changes nothing
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(command: &Restore, context: &Context) -> Outcome {
    let source = &command.source;
    if !source.exists() {
        return Err(Failure::wrong_use(format!("there is no {}", source.display())));
    }
    let home = home(context);
    let unpacked = if source.is_dir() { None } else { Some(unpacked(source, &home)?) };
    let folder = unpacked.as_deref().unwrap_or(source);
    let restored = restore(command, folder, &home, context).await;
    if let Some(folder) = &unpacked {
        fs::remove_dir_all(folder).during(format_args!("{} cannot be removed", folder.display()))?;
    }
    restored
}

/// Unpacks beside the configuration: that disk must have the room at any rate.
fn unpacked(source: &Path, home: &Path) -> Result<PathBuf, Failure> {
    remove_left_over(home);
    let folder = home.join(format!("{UNPACKED}{}", std::process::id()));
    owner::create_folder(&folder).during(format_args!("{} cannot be made", folder.display()))?;
    match archive::unpack(source, &folder) {
        Ok(()) => Ok(folder),
        Err(failure) => {
            let _ = fs::remove_dir_all(&folder);
            Err(failure)
        }
    }
}

/// Removes what restores that were cut off had unpacked. What cannot be removed is in nobody's way.
fn remove_left_over(home: &Path) {
    let is_left = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(UNPACKED));
        process.is_some_and(|process| !Path::new("/proc").join(process).exists())
    };
    for entry in fs::read_dir(home).into_iter().flatten().flatten().filter(is_left) {
        let _ = fs::remove_dir_all(entry.path());
    }
}

/// The folder of the configuration.
fn home(context: &Context) -> PathBuf {
    let config = &context.global.config;
    match config.parent() {
        Some(parent) if config.extension().is_some_and(|ending| ending == "toml") => parent.to_owned(),
        _ => config.clone(),
    }
}

async fn restore(command: &Restore, folder: &Path, home: &Path, context: &Context) -> Outcome {
    let backup = Backup::read(folder)?;
    backup.verify(folder)?;
    if command.check {
        context.console.remark(format_args!("{} files are as they were on {}", backup.files.len(), backup.made_at));
        return Ok(Exit::Done);
    }
    put_configuration(folder, home)?;
    let configuration = context.configuration()?;
    let options = crate::store::options(&configuration)?;
    let data = &configuration.settings.data.folder;
    backup.store.fits(&options)?;
    let cut_off = Marker::find(data);
    // What a restore into an empty place had left is nothing that anybody would miss.
    let replaces = command.replace || cut_off.is_some_and(|marker| !marker.replaces);
    let _lock = refuse_beside_others(&options, (replaces, data), context).await?;
    let source = std::path::absolute(&command.source).unwrap_or_else(|_| command.source.clone());
    let marker = Marker { source, began_at: context.now, replaces: command.replace };
    put_in_place((folder, &backup), (&options, data), &marker).await?;
    let rows: u64 = backup.store.tables.values().map(|table| table.rows).sum();
    let run = backup.published_run.map(|run| format!(", published by run {run}")).unwrap_or_default();
    context.console.remark(format_args!("restored {} rows{run}, and compared them", grouped(rows)));
    Ok(Exit::Done)
}

/// Puts frames and store in their places, in an order that a crash cannot tear: all is laid beside and compared first; frames
/// take their own names, then the store takes its name at once; what was there before goes last. Until all is compared a
/// mark says that a restore is under way.
async fn put_in_place(
    (folder, backup): (&Path, &Backup),
    (options, data): (&StoreOptions, &Path),
    marker: &Marker,
) -> Result<(), Failure> {
    let incoming = Incoming::prepare(folder, data, backup)?;
    stop_here("prepared");
    marker.set(data)?;
    stop_here("marked");
    incoming.put_in_place()?;
    stop_here("frames");
    // Whether anything may be replaced has been decided.
    let store = Store::restore(options, &folder.join(archive::STORE), &backup.store, true).await?;
    // Store and folder are a pair of their own from now on, apart from the one that was copied.
    store.rebind_data_folder(data, &kartei_jobs::project::fresh_id(), marker.began_at).await?;
    stop_here("store");
    let compared = compare(&store, backup, data).await;
    store.close().await;
    compared?;
    incoming.remove_others()?;
    stop_here("others");
    Marker::take_away(data)?;
    Ok(Store::forget_replaced(options)?)
}

/// Whoever goes on writing into what is replaced would leave a mixture. Keeps others from serving the store meanwhile.
async fn refuse_beside_others(
    options: &StoreOptions,
    (replaces, data): (bool, &Path),
    context: &Context,
) -> Result<Option<ServingLock>, Failure> {
    let Presence { is_there, runs, processes } = Store::presence(options, context.now).await?;
    if let Some(run) = runs.first() {
        let failure = Failure::new(format!("run {run} is under way on the store that would be replaced"));
        return Err(failure.with_hint("wait until it has ended; one that was killed counts for half a minute"));
    }
    if !processes.is_empty() {
        return Err(Failure::new("a scheduler is running on the store that would be replaced")
            .with_hint("stop `kartei serve` first: `systemctl stop kartei`"));
    }
    if is_there && !replaces {
        return Err(StoreError::Occupied.into());
    }
    if !replaces && frames::are_there(data) {
        let failure = Failure::new(format!("there are frames in {} already", data.display()));
        return Err(failure.with_hint("name another `[data] folder`, or say --replace if what is there may go"));
    }
    if let Some(folder) = options.file().as_deref().and_then(Path::parent) {
        owner::create_folder(folder).during(format_args!("{} cannot be made", folder.display()))?;
    }
    match Store::lock_closed(options, &format!("a restore, process {}", std::process::id()))? {
        Served::Here(lock) => Ok(Some(lock)),
        Served::Elsewhere(holder) => Err(Failure::new(format!("another process has the store: {holder}"))
            .with_hint("stop `kartei serve` first: `systemctl stop kartei`")),
    }
}

/// Puts the configuration into a folder that has none.
fn put_configuration(folder: &Path, home: &Path) -> Result<(), Failure> {
    let from = folder.join(archive::CONFIGURATION);
    if home.join(SETTINGS_FILE).exists() || !from.is_dir() {
        return Ok(());
    }
    for file in archive::files_below(&from).during("the configuration cannot be read")? {
        let Ok(name) = file.strip_prefix(&from) else { continue };
        let target = home.join(name);
        owner::copy(&file, &target).during(format_args!("{} cannot be written", target.display()))?;
    }
    Ok(())
}

/// Whether all is there as it was: each table's rows, each frame's bytes.
async fn compare(store: &Store, backup: &Backup, data: &Path) -> Result<(), Failure> {
    let tables = store.tables().await?;
    for (name, expected) in &backup.store.tables {
        let rows = tables.get(name).map_or(0, |table| table.rows);
        // Migrations that came later add their own rows there.
        if rows != expected.rows && name != "schema_migration" {
            return Err(Failure::new(format!("table {name} has {rows} rows, and should have {}", expected.rows)));
        }
    }
    frames::of_data(backup).verify(data)
}
