//! The configuration of the demo: everything that `kartei run nightly` needs beside the inbox.

use std::path::Path;

use kartei_schemas::starter;

use crate::world::World;
use crate::{DemoError, at};

const FILES: [(&str, &str); 5] = [
    ("kartei.toml", include_str!("../data/configuration/kartei.toml")),
    ("schemas/sources/membership.toml", include_str!("../data/configuration/membership.toml")),
    ("schemas/sources/newsletter.toml", include_str!("../data/configuration/newsletter.toml")),
    ("schemas/sources/survey.toml", include_str!("../data/configuration/survey.toml")),
    ("schemas/sources/leads.toml", include_str!("../data/configuration/leads.toml")),
];

/// Writes the configuration into the folder, over what is there.
pub(crate) fn write(world: &World, folder: &Path) -> Result<(), DemoError> {
    for folder in [folder.join("schemas/sources"), folder.join("schemas/json"), folder.join("inbox")] {
        std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    }
    let shared =
        starter::FILES.iter().filter(|file| file.path == "jobs.toml" || file.path.starts_with("schemas/json/"));
    let shared = shared.map(|file| (file.path, file.text));
    for (name, text) in FILES.into_iter().chain(shared) {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(at(&path))?;
    }
    let path = folder.join("schemas/org.toml");
    let tree = toml::to_string(&world.organisation.schema).map_err(|source| DemoError::Tree { source })?;
    let text = format!(
        "#:schema json/org.schema.json\n# The organisation's tree over the real PLZ, and its officers.\n\n{tree}"
    );
    std::fs::write(&path, text).map_err(at(&path))
}
