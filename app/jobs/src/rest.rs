//! What a run's steps hand on: in memory while the run lives, at rest for the step that comes after a crash.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kartei_schemas::frame::{FINGERPRINT, KEY, SOURCE};
use kartei_store::frames::{FrameError, Frames};
use polars_core::prelude::DataFrame;

/// The frames of one run.
#[derive(Debug)]
pub struct Rest {
    frames: Frames,
    run_id: i64,
    living: Mutex<HashMap<&'static str, DataFrame>>,
    /// Of the run that was published last.
    earlier: Mutex<Option<DataFrame>>,
}

impl Rest {
    /// The frames of this run.
    pub fn of_run(frames: Frames, run_id: i64) -> Self {
        Self { frames, run_id, living: Mutex::default(), earlier: Mutex::default() }
    }

    /// The name of a run's frame at rest.
    pub fn name(run_id: i64, what: &str) -> String {
        format!("runs/{run_id}/{what}")
    }

    /// Puts a frame at rest, and keeps it at hand.
    pub fn put(&self, what: &'static str, mut frame: DataFrame) -> Result<DataFrame, FrameError> {
        self.frames.write(&Self::name(self.run_id, what), &mut frame)?;
        self.hold(what, frame.clone());
        Ok(frame)
    }

    /// A frame that an earlier step of this run put at rest.
    pub fn get(&self, what: &'static str) -> Result<DataFrame, FrameError> {
        let held = self.living.lock().unwrap_or_else(PoisonError::into_inner).get(what).cloned();
        match held {
            Some(frame) => Ok(frame),
            None => self.frames.read(&Self::name(self.run_id, what), None),
        }
    }

    /// A frame of an earlier run, or none.
    pub fn of_earlier(&self, run_id: i64, what: &str) -> Result<Option<DataFrame>, FrameError> {
        let name = Self::name(run_id, what);
        if self.frames.exists(&name) { self.frames.read(&name, None).map(Some) } else { Ok(None) }
    }

    /// Source, key and fingerprint of an earlier run's records, or none: what several steps compare with. The whole
    /// frame is many times as large.
    pub fn earlier_records(&self, run_id: i64) -> Result<Option<DataFrame>, FrameError> {
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        if earlier.is_none() {
            let name = Self::name(run_id, "records");
            if !self.frames.exists(&name) {
                return Ok(None);
            }
            *earlier = Some(self.frames.read(&name, Some(&[SOURCE, KEY, FINGERPRINT]))?);
        }
        Ok(earlier.clone())
    }

    /// Lets a frame go that no later step needs.
    pub fn release(&self, what: &'static str) {
        self.living.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }

    /// The folder of frames.
    pub fn frames(&self) -> &Frames {
        &self.frames
    }

    fn hold(&self, what: &'static str, frame: DataFrame) {
        self.living.lock().unwrap_or_else(PoisonError::into_inner).insert(what, frame);
    }
}
