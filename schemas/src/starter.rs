//! The starter configuration: the very files that this repository holds as its own example.

/// A file of the starter configuration.
#[derive(Debug, Clone, Copy)]
pub struct StarterFile {
    /// Its path in the configuration's folder.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All files, in the order in which one reads them. The JSON Schemas let editors complete and check the others.
pub const FILES: [StarterFile; 13] = [
    file("kartei.toml", include_str!("../../kartei.toml")),
    file("jobs.toml", include_str!("../../jobs.toml")),
    file("schemas/org.toml", include_str!("../org.toml")),
    file("schemas/sources/members.toml", include_str!("../sources/members.toml")),
    file("schemas/sources/newsletter.toml", include_str!("../sources/newsletter.toml")),
    file("schemas/sources/survey.toml", include_str!("../sources/survey.toml")),
    file("schemas/sources/leads.toml", include_str!("../sources/leads.toml")),
    file("schemas/json/kartei.schema.json", include_str!("../json/kartei.schema.json")),
    file("schemas/json/jobs.schema.json", include_str!("../json/jobs.schema.json")),
    file("schemas/json/person.schema.json", include_str!("../json/person.schema.json")),
    file("schemas/json/match.schema.json", include_str!("../json/match.schema.json")),
    file("schemas/json/org.schema.json", include_str!("../json/org.schema.json")),
    file("schemas/json/source.schema.json", include_str!("../json/source.schema.json")),
];

const fn file(path: &'static str, text: &'static str) -> StarterFile {
    StarterFile { path, text }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::load::{self, Schemas};

    #[test]
    fn the_starter_configuration_passes_every_check() {
        let folder = tempfile::tempdir().unwrap();
        for file in FILES {
            let path = folder.path().join(file.path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file.text).unwrap();
        }
        let schemas = Schemas::load(folder.path()).unwrap();
        assert_eq!(schemas.warnings, []);
        assert_eq!(schemas.sources.len(), 4);
        let (jobs, warnings) = load::jobs(Path::new("jobs.toml"), FILES[1].text, &schemas.sources).unwrap();
        assert_eq!(warnings, []);
        let names: Vec<&String> = jobs.jobs.keys().collect();
        assert_eq!(names, ["hourly-leads", "nightly", "weekly-report"]);
        let (settings, _) = load::settings(Path::new("kartei.toml"), FILES[0].text).unwrap();
        assert_eq!(load::check_settings(&settings), []);
    }

    /// Each `# key = value` in kartei.toml, taken as a setting, is one, and those that say the default say the right one.
    #[test]
    fn the_settings_that_the_starter_shows_exist() {
        let shown = FILES[0]
            .text
            .lines()
            .filter(|line| !line.starts_with("#:"))
            .map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line))
            .filter(|line| !line.starts_with("url = \"sqlite"))
            .collect::<Vec<_>>()
            .join("\n");
        let (settings, _) = load::settings(Path::new("kartei.toml"), &shown).unwrap();
        let default = crate::settings::Settings::default();
        assert_eq!(settings.guards, default.guards);
        assert_eq!(settings.locale, default.locale);
        assert_eq!(settings.retention, default.retention);
        assert_eq!(settings.mail.from, default.mail.from);
    }

    fn is_setting(line: &str) -> bool {
        line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    }
}
