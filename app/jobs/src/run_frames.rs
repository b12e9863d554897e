//! What a run's steps hand on: in memory while the run lives, at rest for the step that comes after a crash.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kartei_schemas::frame::{FINGERPRINT, KEY, SOURCE};
use kartei_store::frames::{FrameRef, FrameSet, Frames, Writer};
use kartei_store::{Lease, PublishedState};
use polars_core::prelude::DataFrame;

use crate::error::FlowError;
use crate::steps::compute;

/// The frames of one attempt at a run. Files are read, written and given their names on threads for such work: a large frame
/// or a slow disk takes seconds, in which the heartbeat must go on. A name holds the attempt's fencing token, so whatever a
/// worker that has lost its run still brings to rest is a frame that nobody names.
#[derive(Debug)]
pub struct RunFrames {
    frames: Frames,
    writer: Writer,
    published: Option<PublishedState>,
    living: Mutex<HashMap<&'static str, DataFrame>>,
    /// What this run's steps have left at rest, in this attempt or an earlier one.
    laid: Mutex<FrameSet>,
    /// The names that this attempt has given.
    given: Mutex<HashSet<String>>,
    /// Source, key and fingerprint of the records that were published last.
    earlier: Mutex<Option<DataFrame>>,
}

impl RunFrames {
    /// The frames of this attempt, which builds on what was published last.
    pub fn of_attempt(frames: Frames, lease: &Lease, published: Option<PublishedState>) -> Self {
        Self {
            frames,
            writer: Writer::of_lease(lease),
            published,
            living: Mutex::default(),
            laid: Mutex::default(),
            given: Mutex::default(),
            earlier: Mutex::default(),
        }
    }

    /// Whether the run has put anything at rest.
    pub fn has_any(&self) -> bool {
        !locked(&self.given).is_empty() || !locked(&self.laid).is_empty()
    }

    /// Puts a frame at rest, and keeps it at hand.
    pub async fn put(&self, what: &'static str, frame: DataFrame) -> Result<FrameRef, FlowError> {
        locked(&self.living).insert(what, frame.clone());
        let reference = self.put_as(self.writer.name(what), frame).await?;
        self.know(&FrameSet::default().with(what, reference.clone()));
        Ok(reference)
    }

    /// Puts a page of a source at rest.
    pub async fn put_page(&self, source: &str, number: u32, page: DataFrame) -> Result<FrameRef, FlowError> {
        self.put_as(self.writer.page_name(source, number), page).await
    }

    async fn put_as(&self, name: String, frame: DataFrame) -> Result<FrameRef, FlowError> {
        let (frames, name) = (self.frames.clone(), self.unused(name));
        compute(move || Ok(frames.put(&name, &frame)?)).await
    }

    /// The name, with a number where the attempt has used it before: a step that is begun again puts other frames at rest.
    fn unused(&self, name: String) -> String {
        let mut given = locked(&self.given);
        let others = (2..).map(|number| format!("{name}.{number}"));
        let unused = std::iter::once(name.clone()).chain(others).find(|name| !given.contains(name)).unwrap_or(name);
        given.insert(unused.clone());
        unused
    }

    /// Takes note of what a finished step has left.
    pub fn know(&self, frames: &FrameSet) {
        locked(&self.laid).extend(frames);
    }

    /// The references of some frames that this run's steps have left.
    pub fn laid(&self, kinds: &[&str]) -> Result<FrameSet, FlowError> {
        Ok(locked(&self.laid).only(kinds)?)
    }

    /// Whether a step of this run has left such a frame.
    pub fn has(&self, what: &str) -> bool {
        locked(&self.laid).of(what).is_ok()
    }

    /// A frame that an earlier step of this run put at rest.
    pub async fn get(&self, what: &'static str) -> Result<DataFrame, FlowError> {
        let held = locked(&self.living).get(what).cloned();
        if let Some(frame) = held {
            return Ok(frame);
        }
        let reference = locked(&self.laid).of(what)?.clone();
        self.read(reference, None).await
    }

    /// Some columns of a frame at rest, or all.
    pub async fn read(
        &self,
        reference: FrameRef,
        columns: Option<&'static [&'static str]>,
    ) -> Result<DataFrame, FlowError> {
        let frames = self.frames.clone();
        compute(move || Ok(frames.get(&reference, columns)?)).await
    }

    /// A frame of what was published last; none only where nothing has been published. One that should be there and is not
    /// stops the run.
    pub async fn published(&self, what: &str) -> Result<Option<DataFrame>, FlowError> {
        self.columns_published(what, None).await
    }

    /// Some columns of a frame of what was published last.
    pub async fn columns_published(
        &self,
        what: &str,
        columns: Option<&'static [&'static str]>,
    ) -> Result<Option<DataFrame>, FlowError> {
        let Some(published) = &self.published else { return Ok(None) };
        self.read(published.frames.of(what)?.clone(), columns).await.map(Some)
    }

    /// Source, key and fingerprint of the records that were published last, or none: what several steps compare with. The
    /// whole frame is many times as large.
    pub async fn published_records(&self) -> Result<Option<DataFrame>, FlowError> {
        let held = locked(&self.earlier).clone();
        if held.is_some() {
            return Ok(held);
        }
        let records = self.columns_published("records", Some(&[SOURCE, KEY, FINGERPRINT])).await?;
        locked(&self.earlier).clone_from(&records);
        Ok(records)
    }

    /// Lets a frame go that no later step needs.
    pub fn release(&self, what: &'static str) {
        locked(&self.living).remove(what);
    }

    /// All frames.
    pub fn frames(&self) -> &Frames {
        &self.frames
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
