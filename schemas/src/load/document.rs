//! A TOML file with its lines, so that whatever is wrong can be pointed at.

use std::path::{Path, PathBuf};

use super::conform;
use super::node::Node;
use crate::problem::{Problem, Problems};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;

/// A parsed file.
#[derive(Debug)]
pub struct Document {
    file: PathBuf,
    text: String,
    parsed: toml_edit::Document<String>,
    /// Where the lines begin in the text: a tree of thousands of places is asked for the line of each.
    lines: Vec<usize>,
}

/// One step of a path into a document: a key of a table or a place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    /// A key.
    Key(&'a str),
    /// A place, from 0.
    Index(usize),
}

impl<'a> From<&'a str> for Segment<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

impl<'a> From<&'a String> for Segment<'a> {
    fn from(key: &'a String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Segment<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl Document {
    /// Reads a file's text into a type: syntax first, then every key and value against the type's schema, and only
    /// then the type itself.
    pub fn read<T: DeserializeOwned + JsonSchema>(file: &Path, text: &str) -> Result<(T, Self), Problems> {
        let document = Self::parse(file, text)?;
        let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
        Problems::check(conform::check(&document, schema.as_value()))?;
        match toml::from_str(&document.text) {
            Ok(value) => Ok((value, document)),
            Err(error) => {
                let line = error.span().map(|span| document.line_at(span.start));
                Err(Problem::error(file, line, error.message().trim()).into())
            }
        }
    }

    /// Where a path stands: the line of its key, or of the nearest thing above it that has a line.
    pub fn line_of(&self, path: &[Segment<'_>]) -> Option<usize> {
        let mut node = self.root();
        let mut line = None;
        for segment in path {
            let next = match segment {
                Segment::Key(key) => node.entry(key),
                Segment::Index(index) => {
                    node.list().and_then(|list| list.get(*index).copied()).map(|node| (node, node.span()))
                }
            };
            let Some((next, span)) = next else { break };
            line = span.map(|span| self.line_at(span.start)).or(line);
            node = next;
        }
        line
    }

    /// Whether the file itself says anything at this path.
    pub fn has(&self, path: &[&str]) -> bool {
        let mut node = Some(self.root());
        for key in path {
            node = node.and_then(|node| node.entry(key)).map(|(node, _)| node);
        }
        node.is_some()
    }

    /// An error at a path.
    pub fn error(&self, path: &[Segment<'_>], message: impl Into<String>) -> Problem {
        Problem::error(&self.file, self.line_of(path), message)
    }

    /// A warning at a path.
    pub fn warning(&self, path: &[Segment<'_>], message: impl Into<String>) -> Problem {
        Problem::warning(&self.file, self.line_of(path), message)
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line of a place in the text, from 1.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset)
    }

    /// The root table.
    pub(super) fn root(&self) -> Node<'_> {
        Node::Item(self.parsed.as_item())
    }

    fn parse(file: &Path, text: &str) -> Result<Self, Problems> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match toml_edit::Document::parse(text.to_owned()) {
            Ok(parsed) => {
                let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
                Ok(Self { file: file.to_owned(), text: text.to_owned(), parsed, lines })
            }
            Err(error) => {
                let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
                let message = error.message().trim().replace('\n', "; ");
                Err(Problem::error(file, line, format!("not valid TOML: {message}")).into())
            }
        }
    }
}
