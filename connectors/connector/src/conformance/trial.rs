//! One delivery in a folder of its own, and the connector that reads it: what the tests of every family begin with.

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::{Conformance, check_connector};
use crate::{Connector, ConnectorError, Context, FindingLevel};

/// A source that has delivered once, an hour ago. Its folder goes away with it.
pub struct Trial {
    _folder: TempDir,
    connector: Box<dyn Connector>,
    now: DateTime<Utc>,
}

impl Trial {
    /// Writes `delivery.csv`, whatever its format, and connects to the folder in which it lies.
    ///
    /// # Panics
    ///
    /// Where the folder cannot be written, or the schema is none that `connect` takes.
    pub fn of_delivery(
        text: &str,
        connect: impl FnOnce(&Context) -> Result<Box<dyn Connector>, ConnectorError>,
    ) -> Self {
        Self::write(text, connect).unwrap_or_else(|error| panic!("the trial cannot begin: {error}"))
    }

    fn write(
        text: &str,
        connect: impl FnOnce(&Context) -> Result<Box<dyn Connector>, ConnectorError>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let folder = TempDir::new()?;
        let path = folder.path().join("delivery.csv");
        std::fs::write(&path, text)?;
        let written: DateTime<Utc> = std::fs::metadata(&path)?.modified()?.into();
        let connector = connect(&Context::of(folder.path()))?;
        Ok(Self { _folder: folder, connector, now: written + TimeDelta::hours(1) })
    }

    /// The name that the connector gives to its source.
    pub fn source(&self) -> &str {
        self.connector.source()
    }

    /// Holds the connector to the contract; gives what it brought.
    ///
    /// # Panics
    ///
    /// With every sentence of the contract that does not hold.
    pub async fn conforms(&self) -> Conformance {
        let checked = check_connector(&*self.connector, self.now).await;
        checked.unwrap_or_else(|broken| panic!("the connector breaks its contract:\n{}", broken.join("\n")))
    }

    /// What the connector warns of.
    ///
    /// # Panics
    ///
    /// Where it finds an error.
    pub async fn warnings(&self) -> Vec<String> {
        let findings = self.connector.check(self.now).await;
        assert!(findings.iter().all(|finding| finding.level != FindingLevel::Error), "{findings:?}");
        let warnings = findings.into_iter().filter(|finding| finding.level == FindingLevel::Warning);
        warnings.map(|finding| finding.message).collect()
    }
}
