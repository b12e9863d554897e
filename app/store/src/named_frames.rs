//! Which frames the store names: what must be there, what may still be needed, and who may still write.

use std::collections::BTreeSet;

use crate::frames::{FrameRef, FrameSet, Writer};
use crate::session::{Session, sql};
use crate::{Result, Store, publish, staging, steps};

/// The frames that the store names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedFrames {
    /// Those of the publication, and of the deliveries from which everything can be made: published, accepted, or waiting.
    pub needed: Vec<FrameRef>,
    /// Those of the publication before, and of steps that a run which is under way or may be resumed has finished.
    pub kept: Vec<FrameRef>,
    /// Those of deliveries that were discarded, forgotten or folded.
    pub spent: Vec<FrameRef>,
    /// The attempts that may still put frames at rest which nothing names yet.
    pub writers: BTreeSet<Writer>,
}

impl NamedFrames {
    /// Whether a frame is named as one that is or may be needed.
    pub fn is_kept(&self, name: &str) -> bool {
        self.needed.iter().chain(&self.kept).any(|frame| frame.name == name)
    }
}

impl Store {
    /// The frames that the store names, all at one moment. Of the runs that ended without publishing since the last
    /// publication the newest `resumable` keep theirs, so that they can be resumed.
    pub async fn named_frames(&self, resumable: u32) -> Result<NamedFrames> {
        let mut session = self.snapshot().await?;
        let mut named = NamedFrames::default();
        if let Some(published) = publish::pointer(&mut session).await? {
            named.needed.extend(files_of(&published.frames));
            named.kept.extend(files_of(&published.frames_before));
        }
        named.needed.extend(staging::kept(&mut session).await?.into_iter().filter_map(|batch| batch.frame));
        named.spent = staging::spent_frames(&mut session).await?;
        for run_id in going_on(&mut session, resumable).await? {
            for step in steps::of_run(&mut session, run_id).await? {
                named.kept.extend(files_of(&step.frames()));
            }
        }
        named.writers = writers(&mut session).await?;
        session.rollback().await?;
        Ok(named)
    }
}

fn files_of(set: &FrameSet) -> impl Iterator<Item = FrameRef> {
    set.files().map(|(_, frame)| frame.clone()).collect::<Vec<_>>().into_iter()
}

/// The runs whose finished steps may be gone on from.
async fn going_on(session: &mut Session, resumable: u32) -> Result<Vec<i64>> {
    let active = sql("select id from run where state in ('due', 'claimed', 'running')").rows(session).await?;
    let ended = sql("select id from run where state in ('failed', 'cancelled', 'lost', 'stopped') \
         and finished_at >= coalesce((select max(published_at) from publication), created_at) order by id desc limit ?")
    .bind(resumable)
    .rows(session)
    .await?;
    active.iter().chain(&ended).map(|row| row.integer("id")).collect()
}

async fn writers(session: &mut Session) -> Result<BTreeSet<Writer>> {
    let rows = sql("select id, attempt from run where state in ('claimed', 'running')").rows(session).await?;
    rows.iter().map(|row| Ok(Writer { run_id: row.integer("id")?, token: row.integer("attempt")? })).collect()
}
