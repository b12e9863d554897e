//! Every dependency's licence is one that deny.toml allows.

use std::collections::BTreeSet;

use super::{metadata, none, root};

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let allowed = allowed();
    let metadata = metadata();
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        match package["license"].as_str() {
            None => faults.push(format!("{name} names no licence")),
            Some(licence) if !is_allowed(licence, &allowed) => faults.push(format!("{name}: {licence}")),
            Some(_) => {}
        }
    }
    none(&faults);
}

#[test]
fn a_licence_expression_is_read_as_it_is_meant() {
    let allowed =
        BTreeSet::from(["MIT".to_owned(), "Apache-2.0".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()]);
    for good in
        ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "(MIT OR X) AND Apache-2.0", "Apache-2.0 WITH LLVM-exception OR X"]
    {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT AND X) OR Y", "(MIT OR Apache-2.0) AND X", ""] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}

#[test]
fn the_licences_of_the_project_are_in_place() {
    for (file, words) in
        [("LICENSE-MIT", "Permission is hereby granted"), ("LICENSE-APACHE", "Version 2.0, January 2004")]
    {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains(words), "{file}");
    }
}

fn allowed() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let document: toml::Value = toml::from_str(&text).unwrap();
    let list = document["licenses"]["allow"].as_array().unwrap();
    list.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// Whether an SPDX expression can be met with allowed licences. `OR` (or the older `/`) binds less than `AND`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    any(&mut words.as_slice(), allowed)
}

fn any(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = all(words, allowed);
    while let ["OR", rest @ ..] = words {
        *words = rest;
        met |= all(words, allowed);
    }
    met
}

fn all(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while let ["AND", rest @ ..] = words {
        *words = rest;
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    match words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = any(words, allowed);
            if let [")", rest @ ..] = words {
                *words = rest;
            }
            met
        }
        [licence, "WITH", exception, rest @ ..] => {
            let name = format!("{licence} WITH {exception}");
            *words = rest;
            allowed.contains(&name)
        }
        [licence, rest @ ..] => {
            let met = allowed.contains(*licence);
            *words = rest;
            met
        }
        [] => false,
    }
}
