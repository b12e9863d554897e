//! Rules on what stands in files.

use super::{files, none};

#[test]
fn every_rust_file_opens_with_what_it_is() {
    let mut faults = Vec::new();
    for (name, text) in files(&["rs"]) {
        let lines = text.lines().take_while(|line| line.starts_with("//!")).count();
        if lines == 0 {
            faults.push(format!("{name} does not open with `//!`"));
        }
    }
    none(&faults);
}

#[test]
fn no_rust_file_is_longer_than_500_lines() {
    let long = files(&["rs"]).into_iter().filter(|(_, text)| text.lines().count() > 500);
    none(&long.map(|(name, text)| format!("{name} has {} lines", text.lines().count())).collect::<Vec<_>>());
}

#[test]
fn no_module_is_a_drawer_for_anything() {
    let drawers = ["utils", "util", "common", "helpers", "helper", "types", "misc"];
    let mut faults = Vec::new();
    for (name, _) in files(&["rs"]) {
        if name.split(['/', '.']).any(|part| drawers.contains(&part)) {
            faults.push(format!("{name} says nothing about what is in it"));
        }
    }
    none(&faults);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not hold what it forbids.
    let forbidden = ["#[ign", "tod", "unimpl", "dbg"].map(String::from);
    let endings = ["ore", "o!(", "emented!(", "!("];
    let forbidden: Vec<String> = forbidden.iter().zip(endings).map(|(start, end)| format!("{start}{end}")).collect();
    let mut faults = Vec::new();
    for (name, text) in files(&["rs"]) {
        for (index, line) in text.lines().enumerate() {
            if let Some(word) = forbidden.iter().find(|word| line.contains(word.as_str())) {
                faults.push(format!("{name}:{}: {word}", index + 1));
            }
        }
    }
    none(&faults);
}

#[test]
fn lints_are_silenced_with_a_reason() {
    let mut faults = Vec::new();
    for (name, text) in files(&["rs"]) {
        for start in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
            for (at, _) in text.match_indices(start) {
                // Whoever names the attribute in a text quotes it.
                let quoted = text[..at].ends_with('"');
                let end = text[at..].find(")]").map_or(text.len(), |end| at + end);
                if !quoted && !text[at..end].contains("reason") {
                    let line = text[..at].lines().count() + usize::from(text[..at].ends_with('\n'));
                    faults.push(format!("{name}:{line}: a lint is silenced without a reason"));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn every_snapshot_belongs_to_a_test() {
    let sources = files(&["rs"]);
    let mut faults = Vec::new();
    for (name, _) in files(&["snap"]) {
        let stem = name.rsplit('/').next().unwrap().trim_end_matches(".snap");
        let test = stem.rsplit("__").next().unwrap();
        let test = test.rsplit_once('-').filter(|(_, n)| n.parse::<u32>().is_ok()).map_or(test, |(test, _)| test);
        let used = |text: &str| {
            text.contains(&format!("fn {test}(")) || text.contains(&format!("\"{test}\"")) || is_made_of(test, text)
        };
        if !sources.iter().any(|(_, text)| used(text)) {
            faults.push(format!("{name} belongs to no test"));
        }
    }
    none(&faults);
}

/// Whether some snapshot of the text has a name like `format!("notice_{language}_text")` that fits.
fn is_made_of(test: &str, source: &str) -> bool {
    source.split("_snapshot!(format!(\"").skip(1).any(|rest| {
        let name = rest.split('"').next().unwrap();
        let (start, end) = (name.split('{').next().unwrap(), name.rsplit('}').next().unwrap());
        name.contains('{') && test.starts_with(start) && test.ends_with(end)
    })
}

#[test]
fn pages_and_mails_load_nothing_from_elsewhere() {
    let mut faults = Vec::new();
    for (name, text) in files(&["html", "jinja", "css", "js", "svg"]) {
        for (index, line) in text.lines().enumerate() {
            let loads =
                ["src=\"http", "src='http", "url(http", "@import", "src=\"//", "<link rel=\"stylesheet\" href=\"http"];
            if loads.iter().any(|load| line.contains(load)) {
                faults.push(format!("{name}:{}: loads something from elsewhere", index + 1));
            }
        }
    }
    none(&faults);
}

#[test]
fn migrations_for_both_databases_go_in_step() {
    let steps = |folder: &str| -> Vec<String> {
        let prefix = format!("migrations/{folder}/");
        files(&["sql"]).into_iter().filter_map(|(name, _)| name.strip_prefix(&prefix).map(str::to_owned)).collect()
    };
    assert_eq!(steps("sqlite"), steps("postgres"));
}

#[test]
fn property_tests_draw_the_same_cases_on_each_run() {
    let settings = std::fs::read_to_string(super::root().join(".cargo/config.toml")).unwrap();
    assert!(settings.contains("\nPROPTEST_RNG_SEED = "), "{settings}");
    assert!(settings.contains("\nPROPTEST_DISABLE_FAILURE_PERSISTENCE = \"true\""), "{settings}");
    // Put together here, so that this file does not hold what it forbids.
    let forbidden = [["RngSeed::", "Random"].concat(), ["failure_", "persistence:"].concat()];
    let mut faults = Vec::new();
    for (name, text) in files(&["rs"]) {
        if let Some(word) = forbidden.iter().find(|word| text.contains(word.as_str())) {
            faults.push(format!("{name}: {word} undoes what .cargo/config.toml says of property tests"));
        }
    }
    none(&faults);
}
