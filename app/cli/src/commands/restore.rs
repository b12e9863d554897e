//! `kartei restore`: puts a backup in place, and compares what is there then with what was copied.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use clap::Args;
use kartei_schemas::load::SETTINGS_FILE;
use kartei_store::Store;

use crate::archive::{self, Backup};
use crate::configuration::Configuration;
use crate::console::grouped;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};

/// A scheduler that was heard of so recently is held to be there.
const HEARD_OF: TimeDelta = TimeDelta::seconds(30);

/// Puts a backup in place, and checks it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei restore /backup/kartei-2026-11-25.tar.zst -c /srv/kartei
  KARTEI__STORE__URL=postgres://kartei@localhost/kartei kartei restore /backup/kartei-2026-11-25 -c /srv/kartei
  kartei restore /backup/kartei-2026-11-25 --check    only compares the backup with its checksums

The configuration is put into the folder of -c where it has none; one that is there stays as it is, and says where the
store and the frames go.")]
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
    let folder = home.join(format!(".restoring-{}", std::process::id()));
    fs::create_dir_all(&folder).during(format_args!("{} cannot be made", folder.display()))?;
    match archive::unpack(source, &folder) {
        Ok(()) => Ok(folder),
        Err(failure) => {
            let _ = fs::remove_dir_all(&folder);
            Err(failure)
        }
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
    if command.replace {
        refuse_beside_a_scheduler(&configuration, context).await?;
    } else if has_frames(data) {
        let failure = Failure::new(format!("there are frames in {} already", data.display()));
        return Err(failure.with_hint("name another `[data] folder`, or say --replace if what is there may go"));
    }
    // The store decides whether anything may be replaced: it comes first.
    let store = Store::restore(&options, &folder.join(archive::STORE), &backup.store, command.replace).await?;
    put_frames(&folder.join(archive::DATA), data)?;
    // Store and folder are a pair of their own from now on, apart from the one that was copied.
    store.rebind_data_folder(data, &kartei_jobs::project::fresh_id(), context.now).await?;
    let compared = compare(&store, &backup, folder, data).await;
    store.close().await;
    compared?;
    let rows: u64 = backup.store.tables.values().map(|table| table.rows).sum();
    let run = backup.published_run.map(|run| format!(", published by run {run}")).unwrap_or_default();
    context.console.remark(format_args!("restored {} rows{run}, and compared them", grouped(rows)));
    Ok(Exit::Done)
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
        let copy = || {
            target.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::copy(&file, &target)
        };
        copy().during(format_args!("{} cannot be written", target.display()))?;
    }
    Ok(())
}

fn has_frames(data: &Path) -> bool {
    ["runs", "batches"].iter().any(|kind| archive::files_below(&data.join(kind)).is_ok_and(|files| !files.is_empty()))
}

/// Replaces the frames. They are copied: the backup stays as it is.
fn put_frames(from: &Path, data: &Path) -> Result<(), Failure> {
    for kind in ["runs", "batches"] {
        let target = data.join(kind);
        if target.exists() {
            fs::remove_dir_all(&target).during(format_args!("{} cannot be removed", target.display()))?;
        }
    }
    if !from.is_dir() {
        return Ok(());
    }
    for file in archive::files_below(from).during("the frames of the backup cannot be read")? {
        let Ok(name) = file.strip_prefix(from) else { continue };
        let target = data.join(name);
        let copy = || {
            target.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::copy(&file, &target)
        };
        copy().during(format_args!("{} cannot be written", target.display()))?;
    }
    Ok(())
}

/// A scheduler that goes on writing into what is replaced would leave a mixture.
async fn refuse_beside_a_scheduler(configuration: &Configuration, context: &Context) -> Result<(), Failure> {
    let Some(store) = crate::store::open_if_there(configuration).await? else { return Ok(()) };
    let pulses = store.pulses(20).await;
    store.close().await;
    let is_there = |pulse: &kartei_store::Pulse| pulse.ended_at.is_none() && context.now - pulse.written_at < HEARD_OF;
    if pulses?.iter().any(is_there) {
        return Err(Failure::new("a scheduler is running on the store that would be replaced")
            .with_hint("stop `kartei serve` first: `systemctl stop kartei`"));
    }
    Ok(())
}

/// Whether all is there as it was: each table's rows, each frame's bytes.
async fn compare(store: &Store, backup: &Backup, folder: &Path, data: &Path) -> Result<(), Failure> {
    let tables = store.tables().await?;
    for (name, expected) in &backup.store.tables {
        let rows = tables.get(name).map_or(0, |table| table.rows);
        // Migrations that came later add their own rows there.
        if rows != expected.rows && name != "schema_migration" {
            return Err(Failure::new(format!("table {name} has {rows} rows, and should have {}", expected.rows)));
        }
    }
    let frames = backup.files.iter().filter(|(name, _)| name.starts_with("data/"));
    let moved = frames.map(|(name, sum)| (name.trim_start_matches("data/").to_owned(), sum.clone()));
    let expected = Backup { files: moved.collect(), ..backup.clone() };
    expected.verify(data)?;
    backup.verify(folder)
}
