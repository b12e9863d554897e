//! What every command is given: the global flags, the console, the moment of its start, and the configuration.

use chrono::{DateTime, Utc};

use crate::arguments::GlobalArguments;
use crate::configuration::Configuration;
use crate::console::Console;
use crate::failure::Failure;

/// What every command is given.
pub(crate) struct Context {
    pub(crate) global: GlobalArguments,
    pub(crate) console: Console,
    /// The moment at which the command began.
    pub(crate) now: DateTime<Utc>,
}

impl Context {
    pub(crate) fn new(global: GlobalArguments, now: DateTime<Utc>) -> Self {
        let console = Console::new(&global);
        Self { global, console, now }
    }

    /// Reads the settings, and begins to log as they say.
    pub(crate) fn configuration(&self) -> Result<Configuration, Failure> {
        let configuration = Configuration::read(&self.global)?;
        crate::logging::start(&configuration.settings, self.global.verbose)?;
        Ok(configuration)
    }
}
