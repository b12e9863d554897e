//! What the tree answers.

use proptest::prelude::*;

use super::*;

fn unit(id: &str, parent: Option<&str>, areas: &[&str]) -> OrgUnit {
    OrgUnit {
        id: id.to_owned(),
        name: format!("Unit {id}"),
        parent: parent.map(str::to_owned),
        level: None,
        postal_codes: areas.iter().map(|area| (*area).to_owned()).collect(),
        aliases: Vec::new(),
    }
}

fn tree(units: Vec<OrgUnit>) -> OrgTree {
    OrgTree::build(&OrgSchema { units, officers: Vec::new() }).unwrap()
}

fn three_levels() -> OrgTree {
    let mut units = vec![
        unit("ov-nord", Some("kv"), &["2355*"]),
        unit("land", None, &["00000-99999"]),
        unit("kv", Some("land"), &["23*"]),
        unit("ov-sued", Some("kv"), &["23560", "23562-23564"]),
    ];
    units[0].aliases = vec!["4711".to_owned(), "OV  Nord".to_owned()];
    tree(units)
}

#[test]
fn the_most_specific_unit_owns_a_postal_code() {
    let tree = three_levels();
    let owner = |plz| tree.owner_of(plz).map(|unit| unit.id.as_str());
    assert_eq!(owner("23552"), Some("ov-nord"));
    assert_eq!(owner("23563"), Some("ov-sued"));
    assert_eq!(owner("23561"), Some("kv"));
    assert_eq!(owner("80331"), Some("land"));
}

#[test]
fn what_is_no_postal_code_has_no_owner() {
    let tree = three_levels();
    for text in ["", "2355", "235522", "2355x", "+2355", "２３５５２"] {
        assert!(tree.owner_of(text).is_none(), "{text}");
    }
    assert!(OrgTree::default().owner_of("23552").is_none());
}

#[test]
fn ancestors_are_named_from_the_nearest_up() {
    let tree = three_levels();
    let above: Vec<&str> = tree.ancestors("ov-nord").map(|unit| unit.id.as_str()).collect();
    assert_eq!(above, ["kv", "land"]);
    assert_eq!(tree.parent("kv").map(|unit| unit.id.as_str()), Some("land"));
    assert_eq!(tree.ancestors("nowhere").count(), 0);
}

#[test]
fn a_unit_lies_within_itself_and_all_above_it() {
    let tree = three_levels();
    assert!(tree.is_within("ov-nord", "ov-nord"));
    assert!(tree.is_within("ov-nord", "land"));
    assert!(!tree.is_within("land", "ov-nord"));
    assert!(!tree.is_within("ov-nord", "ov-sued"));
    assert!(!tree.is_within("nowhere", "land"));
    assert!(!tree.is_within("ov-nord", "nowhere"));
}

#[test]
fn everything_below_comes_after_what_is_above_it() {
    let tree = three_levels();
    let below: Vec<&str> = tree.within("land").into_iter().map(|unit| unit.id.as_str()).collect();
    assert_eq!(below, ["land", "kv", "ov-nord", "ov-sued"]);
}

#[test]
fn a_unit_is_known_by_id_alias_and_name_whatever_the_case_and_white_space() {
    let tree = three_levels();
    for text in ["ov-nord", "OV-Nord", "4711", " ov nord ", "unit OV-NORD"] {
        assert_eq!(tree.resolve(text).map(|unit| unit.id.as_str()), Some("ov-nord"), "{text}");
    }
    assert!(tree.resolve("nord").is_none());
}

#[test]
fn a_name_that_two_units_bear_names_neither() {
    let mut units = vec![unit("a", None, &[]), unit("b", None, &[])];
    for unit in &mut units {
        unit.name = "Neustadt".to_owned();
    }
    assert!(tree(units).resolve("Neustadt").is_none());
}

proptest! {
    /// The table agrees with the plain definition: the deepest unit whose areas hold the PLZ.
    #[test]
    fn the_owner_is_the_deepest_unit_that_names_the_postal_code(first in 0_u32..99_000, length in 0_u32..900, asked in 0_u32..100_000) {
        let outer = PostalArea { first, last: first + length + 50 };
        let inner = PostalArea { first: first + 10, last: first + 10 + length / 2 };
        let tree = tree(vec![
            unit("inner", Some("outer"), &[&inner.to_string()]),
            unit("outer", None, &[&outer.to_string()]),
        ]);
        let expected = if inner.numbers().contains(&asked) {
            Some("inner")
        } else if outer.numbers().contains(&asked) {
            Some("outer")
        } else {
            None
        };
        prop_assert_eq!(tree.owner_of(&format!("{asked:05}")).map(|unit| unit.id.as_str()), expected);
    }
}
