//! Opens the store that the settings name.

use std::path::PathBuf;
use std::time::Duration;

use kartei_store::frames::FrameError;
use kartei_store::{Store, StoreError, StoreOptions};
use secrecy::ExposeSecret;

use crate::commands::Marker;
use crate::configuration::{Configuration, secret_of};
use crate::failure::Failure;

/// So long a run waits for others who write: a first publication of a million people takes half a minute.
const PATIENCE: Duration = Duration::from_mins(5);

/// Where the store is, and how it is opened.
pub(crate) fn options(configuration: &Configuration) -> Result<StoreOptions, Failure> {
    let settings = &configuration.settings.store;
    let mut options = match &settings.url {
        Some(url) => StoreOptions::new(url.expose_secret()),
        None => StoreOptions::new(format!("sqlite:{}", configuration.folder.join("kartei.db").display())),
    };
    options.password = settings.password_file.as_deref().map(secret_of).transpose()?;
    if let Some(seconds) = settings.busy_timeout_seconds {
        options.busy_timeout = Duration::from_secs(seconds);
    }
    Ok(options)
}

/// Opens the store for runs, makes it where it is not there, and brings its tables up to date. What runs have done would be
/// lost by giving up, so that they wait longer for others who write, unless the settings say otherwise.
pub(crate) async fn open_for_runs(configuration: &Configuration) -> Result<Store, Failure> {
    refuse_half_restored(configuration)?;
    let mut options = options(configuration)?;
    if configuration.settings.store.busy_timeout_seconds.is_none() {
        options.busy_timeout = options.busy_timeout.max(PATIENCE);
    }
    Ok(Store::open(&options).await?)
}

/// Opens the store as it is, and makes it where it is not there. One that is older than this program is refused: only who
/// runs, serves or checks brings its tables up to date, and not who looks at them beside a server of the older program.
pub(crate) async fn open_as_it_is(configuration: &Configuration) -> Result<Store, Failure> {
    refuse_half_restored(configuration)?;
    Ok(Store::open_as_it_is(&options(configuration)?).await?)
}

/// Opens a store that must be there already, as it is: looking something up makes no file.
pub(crate) async fn open_existing(configuration: &Configuration) -> Result<Store, Failure> {
    refuse_missing(configuration)?;
    open_as_it_is(configuration).await
}

/// Says so where the store's file is not there yet.
pub(crate) fn refuse_missing(configuration: &Configuration) -> Result<(), Failure> {
    refuse_half_restored(configuration)?;
    if missing_file(&options(configuration)?).is_none() {
        return Ok(());
    }
    Err(Failure::new("there is no store yet: nothing has been run")
        .with_hint("`kartei run` makes it, and `kartei check` says whether all is ready for that"))
}

/// Says so where a restore was cut off: store and frames may belong to two different nights.
pub(crate) fn refuse_half_restored(configuration: &Configuration) -> Result<(), Failure> {
    match Marker::find(&configuration.settings.data.folder) {
        Some(marker) => Err(marker.refusal()),
        None => Ok(()),
    }
}

/// Opens the store where there is one.
pub(crate) async fn open_if_there(configuration: &Configuration) -> Result<Option<Store>, Failure> {
    let options = options(configuration)?;
    if missing_file(&options).is_some() {
        return Ok(None);
    }
    refuse_half_restored(configuration)?;
    Ok(Some(Store::open_as_it_is(&options).await?))
}

/// The store's file, where the store is a file that is not there.
pub(crate) fn missing_file(options: &StoreOptions) -> Option<PathBuf> {
    options.file().filter(|path| !path.exists())
}

impl From<FrameError> for Failure {
    fn from(error: FrameError) -> Self {
        Self::from_error(&error).with_hint_if(error.hint())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from_error(&error).with_hint_if(error.hint())
    }
}
