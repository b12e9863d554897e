//! What the store keeps of a frame: enough to know it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::{FrameError, hash_text};

/// A frame at rest, by name and proof.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameRef {
    /// Its name: unlike that of any other frame there ever was.
    pub name: String,
    /// The size of its file.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// The xxh3-128 of its file's bytes, in hexadecimal.
    pub hash: String,
}

impl FrameRef {
    /// The reference as the store keeps it.
    pub(crate) fn to_text(&self) -> String {
        serde_json::json!(self).to_string()
    }

    pub(crate) fn from_text(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

/// Frames that belong together, by what they hold: `persons`, `pairs`, ...
///
/// Each is one file today. How a frame is laid is known to this type alone, so that one may become a base with the changes
/// since, when a run that brings ten rows shall not write a million.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameSet(BTreeMap<String, FrameRef>);

impl FrameSet {
    /// The set with one more; an older one of that kind is no longer named.
    #[must_use]
    pub fn with(mut self, what: &str, frame: FrameRef) -> Self {
        self.0.insert(what.to_owned(), frame);
        self
    }

    /// Takes another set's frames in.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(what, frame)| (what.clone(), frame.clone())));
    }

    /// The frame of that kind. One that should be named and is not is an error: nothing is taken as empty.
    pub fn of(&self, what: &str) -> Result<&FrameRef, FrameError> {
        self.0.get(what).ok_or_else(|| FrameError::Unnamed { what: what.to_owned() })
    }

    /// Some of the frames, by kind.
    pub fn only(&self, kinds: &[&str]) -> Result<Self, FrameError> {
        kinds.iter().try_fold(Self::default(), |set, what| Ok(set.with(what, self.of(what)?.clone())))
    }

    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A digest of what the frames hold, whatever their names: over the hash of each, by kind.
    pub fn digest(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|(what, frame)| format!("{what} {}\n", frame.hash)).collect();
        hash_text(xxh3_128(lines.concat().as_bytes()))
    }

    /// Every file that it names, with what it holds.
    pub fn files(&self) -> impl Iterator<Item = (&str, &FrameRef)> {
        self.0.iter().map(|(what, frame)| (what.as_str(), frame))
    }
}

impl<'a> FromIterator<(&'a str, FrameRef)> for FrameSet {
    fn from_iter<I: IntoIterator<Item = (&'a str, FrameRef)>>(frames: I) -> Self {
        Self(frames.into_iter().map(|(what, frame)| (what.to_owned(), frame)).collect())
    }
}
