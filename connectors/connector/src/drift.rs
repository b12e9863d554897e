//! Drift: columns that appeared, vanished or changed their kind since the last pull.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::discovery::{ColumnProfile, ContentClass};
use crate::header::Header;

/// How a source's columns differ from those of the last pull. Names are for people: a column whose name may be somebody's
/// data goes by its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Columns that the source did not have, in its order.
    pub new: Vec<String>,
    /// Columns that the source had, or that the schema maps, and that are not there; sorted.
    pub missing: Vec<MissingColumn>,
    /// Columns whose contents are of another kind now, in the source's order.
    pub retyped: Vec<RetypedColumn>,
}

/// A column that is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MissingColumn {
    /// The column's name.
    pub name: String,
    /// Whether the schema uses it.
    pub mapped: bool,
}

/// A column whose contents are of another kind than last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetypedColumn {
    /// The column's name.
    pub name: String,
    /// What stood in it.
    pub was: ContentClass,
    /// What stands in it now.
    pub is: ContentClass,
}

impl Drift {
    /// Whether nothing drifted.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.missing.is_empty() && self.retyped.is_empty()
    }
}

/// Compares the columns of the last pull with those of now. `previous` is empty on the first pull: then nothing is new,
/// and only mapped columns can be missing. A column that is or was empty has not changed its kind.
pub fn drift(previous: &[ColumnProfile], current: &[ColumnProfile], mapped_columns: &[String]) -> Drift {
    let before: FxHashMap<&str, ContentClass> = previous.iter().map(|column| (&*column.name, column.content)).collect();
    let has = |name: &str| current.iter().any(|column| column.name == name);
    let names: Vec<String> = current.iter().map(|column| column.name.clone()).collect();
    let header = Header::new(&names, mapped_columns);
    let mut found = Drift::default();
    for column in current {
        match before.get(&*column.name) {
            None if !previous.is_empty() => found.new.push(header.told(&column.name)),
            Some(&was)
                if was != column.content && was != ContentClass::Empty && column.content != ContentClass::Empty =>
            {
                found.retyped.push(RetypedColumn { name: header.told(&column.name), was, is: column.content });
            }
            _ => {}
        }
    }
    let expected = previous.iter().map(|column| &column.name).chain(mapped_columns);
    found.missing = expected
        .filter(|name| !has(name))
        .map(|name| MissingColumn { name: header.told(name), mapped: mapped_columns.contains(name) })
        .collect();
    found.missing.sort();
    found.missing.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(named: &[(&str, ContentClass)]) -> Vec<ColumnProfile> {
        named.iter().map(|&(name, content)| ColumnProfile { name: name.into(), content }).collect()
    }

    #[test]
    fn nothing_drifts_where_nothing_changed() {
        let same = columns(&[("Nr", ContentClass::Number), ("Ort", ContentClass::Text)]);
        assert!(drift(&same, &same, &["Nr".into()]).is_empty());
    }

    #[test]
    fn new_missing_and_retyped_columns_are_found() {
        let before = columns(&[("Nr", ContentClass::Number), ("Geb", ContentClass::Date), ("Ort", ContentClass::Text)]);
        let now = columns(&[("Nr", ContentClass::Text), ("Ort", ContentClass::Text), ("Fax", ContentClass::Empty)]);
        let found = drift(&before, &now, &["Geb".into(), "Nr".into()]);
        assert_eq!(found.new, ["Fax"]);
        assert_eq!(found.missing, [MissingColumn { name: "Geb".into(), mapped: true }]);
        let retyped = RetypedColumn { name: "Nr".into(), was: ContentClass::Number, is: ContentClass::Text };
        assert_eq!(found.retyped, [retyped]);
    }

    #[test]
    fn a_new_column_that_may_be_somebodys_data_goes_by_its_place() {
        let before = columns(&[("Nr", ContentClass::Number)]);
        let now = columns(&[("Nr", ContentClass::Number), ("erika@example.org", ContentClass::Text)]);
        assert_eq!(drift(&before, &now, &["Nr".into()]).new, ["a column (no. 2)"]);
        let lost = columns(&[("4711", ContentClass::Number), ("Erika", ContentClass::Text)]);
        assert_eq!(drift(&before, &lost, &["Nr".into()]).new, ["a column (no. 1)", "a column (no. 2)"]);
    }

    #[test]
    fn a_column_that_ran_empty_or_filled_up_has_not_changed_its_kind() {
        let filled = columns(&[("Geb", ContentClass::Date)]);
        let empty = columns(&[("Geb", ContentClass::Empty)]);
        assert!(drift(&filled, &empty, &[]).is_empty());
        assert!(drift(&empty, &filled, &[]).is_empty());
    }

    #[test]
    fn on_the_first_pull_only_mapped_columns_can_be_missing() {
        let now = columns(&[("Nr", ContentClass::Number)]);
        let found = drift(&[], &now, &["Nr".into(), "Name".into()]);
        assert!(found.new.is_empty() && found.retyped.is_empty());
        assert_eq!(found.missing, [MissingColumn { name: "Name".into(), mapped: true }]);
    }
}
