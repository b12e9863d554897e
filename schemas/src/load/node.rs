//! One way to look at whatever a TOML file holds: tables, inline tables, lists and values alike.

use std::ops::Range;

use toml_edit::{Item, Table, TableLike, Value};

/// Something in a document.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    Item(&'a Item),
    Table(&'a Table),
    Value(&'a Value),
}

impl<'a> Node<'a> {
    /// The node as a table of either form.
    pub(super) fn table(self) -> Option<&'a dyn TableLike> {
        match self {
            Self::Item(item) => item.as_table_like(),
            Self::Table(table) => Some(table),
            Self::Value(value) => value.as_inline_table().map(|table| table as &dyn TableLike),
        }
    }

    /// The node's elements where it is a list of either form.
    pub(super) fn list(self) -> Option<Vec<Node<'a>>> {
        match self {
            Self::Item(Item::ArrayOfTables(tables)) => Some(tables.iter().map(Node::Table).collect()),
            Self::Item(Item::Value(Value::Array(values))) | Self::Value(Value::Array(values)) => {
                Some(values.iter().map(Node::Value).collect())
            }
            _ => None,
        }
    }

    /// The node as a single value.
    pub(super) fn value(self) -> Option<&'a Value> {
        match self {
            Self::Item(item) => item.as_value(),
            Self::Value(value) => Some(value),
            Self::Table(_) => None,
        }
    }

    /// A table's entry, and where its key stands: a table's heading rather than the word in it.
    pub(super) fn entry(self, key: &str) -> Option<(Node<'a>, Option<Range<usize>>)> {
        let (key, item) = self.table()?.get_key_value(key)?;
        let heading = if item.is_table() { item.span() } else { None };
        Some((Node::Item(item), heading.or_else(|| key.span())))
    }

    /// Where the node stands.
    pub(super) fn span(self) -> Option<Range<usize>> {
        match self {
            Self::Item(item) => item.span(),
            Self::Table(table) => table.span(),
            Self::Value(value) => value.span(),
        }
    }

    /// The name of the node's sort in the words of the schema's `type`.
    pub(super) fn sort(self) -> &'static str {
        if self.table().is_some() {
            return "object";
        }
        if self.list().is_some() {
            return "array";
        }
        match self.value() {
            Some(Value::Integer(_)) => "integer",
            Some(Value::Float(_)) => "number",
            Some(Value::Boolean(_)) => "boolean",
            Some(Value::Datetime(_)) => "instant",
            _ => "string",
        }
    }
}
