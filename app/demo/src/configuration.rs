//! The configuration of the demo: everything that `kartei run nightly` needs beside the inbox.

use std::path::Path;

use crate::world::World;
use crate::{DemoError, at};

const FILES: [(&str, &str); 6] = [
    ("kartei.toml", include_str!("../data/configuration/kartei.toml")),
    ("jobs.toml", include_str!("../data/configuration/jobs.toml")),
    ("schemas/sources/membership.toml", include_str!("../data/configuration/membership.toml")),
    ("schemas/sources/newsletter.toml", include_str!("../data/configuration/newsletter.toml")),
    ("schemas/sources/survey.toml", include_str!("../data/configuration/survey.toml")),
    ("schemas/sources/leads.toml", include_str!("../data/configuration/leads.toml")),
];

/// Writes the configuration into the folder, over what is there.
pub(crate) fn write(world: &World, folder: &Path) -> Result<(), DemoError> {
    for folder in [folder.join("schemas/sources"), folder.join("inbox")] {
        std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    }
    for (name, text) in FILES {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(at(&path))?;
    }
    let path = folder.join("schemas/org.toml");
    let tree = toml::to_string(&world.organisation.schema).map_err(|source| DemoError::Tree { source })?;
    let text = format!("# The organisation's tree over the real PLZ, and its officers.\n\n{tree}");
    std::fs::write(&path, text).map_err(at(&path))
}
