//! What a run's steps hand on: in memory while the run lives, at rest for the step that comes after a crash.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kartei_schemas::frame::{FINGERPRINT, KEY, SOURCE};
use kartei_store::frames::Frames;
use polars_core::prelude::DataFrame;

use crate::error::FlowError;
use crate::steps::compute;

/// The frames of one run. Files are read and written on threads for such work: a large frame takes seconds, in which the
/// heartbeat must go on.
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

    /// Whether the run has put anything at rest under its own name.
    pub fn has_any(&self) -> bool {
        self.frames.folder().join("runs").join(self.run_id.to_string()).is_dir()
    }

    /// Puts a frame at rest, and keeps it at hand.
    pub async fn put(&self, what: &'static str, frame: DataFrame) -> Result<(), FlowError> {
        self.hold(what, frame.clone());
        self.put_as(Self::name(self.run_id, what), frame).await
    }

    /// Puts a frame at rest under a name of its own. It gets the name here and not on the other thread: where the run was
    /// ended meanwhile, another worker may have made a frame of that name.
    pub async fn put_as(&self, name: String, frame: DataFrame) -> Result<(), FlowError> {
        let frames = self.frames.clone();
        let prepared = compute(move || Ok(frames.prepare(&name, &frame)?)).await?;
        prepared.settle()?;
        Ok(())
    }

    /// A frame that an earlier step of this run put at rest.
    pub async fn get(&self, what: &'static str) -> Result<DataFrame, FlowError> {
        let held = self.living.lock().unwrap_or_else(PoisonError::into_inner).get(what).cloned();
        match held {
            Some(frame) => Ok(frame),
            None => self.read(Self::name(self.run_id, what), None).await,
        }
    }

    /// Some columns of a frame at rest, or all.
    pub async fn read(&self, name: String, columns: Option<&'static [&'static str]>) -> Result<DataFrame, FlowError> {
        let frames = self.frames.clone();
        compute(move || Ok(frames.read(&name, columns)?)).await
    }

    /// A frame of an earlier run, or none.
    pub async fn of_earlier(&self, run_id: i64, what: &str) -> Result<Option<DataFrame>, FlowError> {
        self.columns_of_earlier(run_id, what, None).await
    }

    /// Some columns of a frame of an earlier run.
    pub async fn columns_of_earlier(
        &self,
        run_id: i64,
        what: &str,
        columns: Option<&'static [&'static str]>,
    ) -> Result<Option<DataFrame>, FlowError> {
        let name = Self::name(run_id, what);
        if self.frames.exists(&name) { self.read(name, columns).await.map(Some) } else { Ok(None) }
    }

    /// Source, key and fingerprint of an earlier run's records, or none: what several steps compare with. The whole
    /// frame is many times as large.
    pub async fn earlier_records(&self, run_id: i64) -> Result<Option<DataFrame>, FlowError> {
        let held = self.earlier.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if held.is_some() {
            return Ok(held);
        }
        let records = self.columns_of_earlier(run_id, "records", Some(&[SOURCE, KEY, FINGERPRINT])).await?;
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&records);
        Ok(records)
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
