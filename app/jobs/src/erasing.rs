//! Erasing persons: out of the tables, the frames at rest, the mails, and what a database leaves behind.
//!
//! An erasure is written down first, and from then on no source brings the person back. Then frames without the person come
//! to rest beside the old ones; one transaction frees the tables and points at the new frames; then the old files go. Each
//! part may be cut off by a crash and is gone on from, at the latest by the next run, before it does anything else.

pub mod cut;
pub mod list;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::judgement::RecordId;
use kartei_store::frames::{FrameSet, Writer};
use kartei_store::{
    Counts, Erasure, ErasureKind, ErasureState, FrameSwap, Keyed, Lease, NewErasure, Removal, Run, RunEnd, RunState,
    SECRET, Store, Subject, hashes_of,
};
use polars_core::prelude::DataFrame;

use self::cut::Cut;
use crate::error::FlowError;
use crate::flow::chain;
use crate::heartbeat::keep_alive;
use crate::project::Project;
use crate::steps::compute;
use crate::steps::persons::new_secret;
use crate::watch::Stop;

/// The job under which an erasure that somebody asked for is kept among the runs.
pub const JOB: &str = "erasure";

/// Where persons are erased, and by which right.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The installation.
    pub project: &'a Project,
    /// The store.
    pub store: &'a Store,
    /// The lease of the run: nobody else changes persons meanwhile.
    pub lease: &'a Lease,
    /// Reads the clock.
    pub clock: &'a (dyn Fn() -> DateTime<Utc> + Sync),
}

/// Who is to be erased, by whom and why.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The person's id.
    pub person_id: String,
    /// Who asks.
    pub by: String,
    /// Why, without personal data.
    pub reason: String,
}

/// Erases a person within a run of its own, and gives the erasure as it stands at the end.
pub async fn conduct_erasure(
    project: &Project,
    store: &Store,
    (run, lease): (Run, Lease),
    asked: &Asked,
    (stop, clock): (&Stop, &(dyn Fn() -> DateTime<Utc> + Sync)),
) -> Result<Erasure, FlowError> {
    let desk = Desk { project, store, lease: &lease, clock };
    store.begin_run(&lease, clock()).await?;
    let outcome = tokio::select! {
        outcome = Box::pin(desk.erase(asked)) => outcome,
        () = keep_alive(store, lease.clone(), stop, clock) => Err(FlowError::LostLease),
        // What is written down is finished by the next run at the latest.
        () = stop.asked() => Err(FlowError::Interrupted),
    };
    let end = match &outcome {
        Ok(_) => RunEnd::succeeded(),
        Err(error) => RunEnd { state: RunState::Failed, error: Some(chain(error)), hint: error.hint(), guard: None },
    };
    if let Err(trouble) = store.finish_run(&lease, &end, clock()).await {
        tracing::warn!(run = run.id, error = chain(&trouble), "the end of the erasure's run could not be written down");
    }
    outcome
}

/// What was settled before a run begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Erasures that were finished.
    pub finished: u64,
    /// Persons whose values were removed since they are long gone.
    pub blanked: u64,
}

/// Finishes what a crash cut short and what an older store brought back, and blanks who is gone for longer than is kept.
pub async fn settle(desk: &Desk<'_>) -> Result<Settled, FlowError> {
    desk.agree_with_the_list().await?;
    let mut settled = Settled::default();
    for erasure in desk.store.open_erasures().await? {
        tracing::warn!(erasure = erasure.id, "an erasure that was not finished is finished now");
        desk.carry_out(&erasure, None).await?;
        settled.finished += 1;
    }
    if let Some(term) = desk.project.settings.retention.gone {
        let term = i64::try_from(term.seconds()).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX);
        let before = desk.now().checked_sub_signed(term).unwrap_or(DateTime::UNIX_EPOCH);
        for person_id in desk.store.persons_gone_before(before).await? {
            desk.blank(person_id).await?;
            settled.blanked += 1;
        }
    }
    Ok(settled)
}

impl Desk<'_> {
    fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    async fn erase(&self, asked: &Asked) -> Result<Erasure, FlowError> {
        settle(self).await?;
        let subject = self.store.subject_of_person(&asked.person_id).await?;
        let subject = subject.ok_or_else(|| FlowError::UnknownPerson(asked.person_id.clone()))?;
        let secret = self.store.setting_or(SECRET, &new_secret(), self.now()).await?;
        let keyed = Keyed::new(&secret);
        let traits: Vec<_> = subject.known.iter().map(kartei_store::KnownTraits::traits).collect();
        let rejects: Vec<RecordId> = subject
            .rejects
            .iter()
            .map(|(_, source, raw)| RecordId { source: source.clone(), key: raw.clone() })
            .collect();
        let new = NewErasure {
            id: self.new_id(&keyed, &asked.person_id),
            kind: ErasureKind::Erased,
            person_id: asked.person_id.clone(),
            hashes: hashes_of(&keyed, &subject.records, &traits, &rejects),
            by: asked.by.clone(),
            reason: asked.reason.clone(),
        };
        self.store.request_erasure(self.lease, &new, self.now()).await?;
        self.agree_with_the_list().await?;
        self.carry_out_by_id(&new.id, Some(subject)).await
    }

    async fn blank(&self, person_id: String) -> Result<(), FlowError> {
        let Some(subject) = self.store.subject_of_person(&person_id).await? else { return Ok(()) };
        let secret = self.store.setting_or(SECRET, &new_secret(), self.now()).await?;
        let new = NewErasure {
            id: self.new_id(&Keyed::new(&secret), &person_id),
            kind: ErasureKind::Blanked,
            person_id,
            hashes: Vec::new(),
            by: "retention".to_owned(),
            reason: "gone for longer than `retention.gone`".to_owned(),
        };
        self.store.request_erasure(self.lease, &new, self.now()).await?;
        self.carry_out_by_id(&new.id, Some(subject)).await.map(|_| ())
    }

    /// Opaque, and unlike any other.
    fn new_id(&self, keyed: &Keyed, person_id: &str) -> String {
        let text = format!("{person_id} {} {}", self.lease.run_id, self.now().timestamp_micros());
        keyed.hex("erasure", &text)[..16].to_owned()
    }

    async fn carry_out_by_id(&self, id: &str, subject: Option<Subject>) -> Result<Erasure, FlowError> {
        let find =
            async || Ok::<_, FlowError>(self.store.erasures().await?.into_iter().find(|erasure| erasure.id == id));
        let Some(erasure) = find().await? else { return Err(FlowError::UnknownPerson(id.to_owned())) };
        self.carry_out(&erasure, subject).await?;
        Ok(find().await?.unwrap_or(erasure))
    }

    /// Brings an erasure to its end, from wherever it is.
    async fn carry_out(&self, erasure: &Erasure, subject: Option<Subject>) -> Result<(), FlowError> {
        let (mut counts, mut mails) = (erasure.counts.clone(), erasure.mails.clone());
        if erasure.state == ErasureState::Requested {
            let subject = match (subject, erasure.kind) {
                (Some(subject), _) => subject,
                (None, ErasureKind::Erased) => self.store.subject_of_erasure(erasure).await?,
                (None, ErasureKind::Blanked) => {
                    self.store.subject_of_person(&erasure.person_id).await?.unwrap_or_default()
                }
            };
            let swap = self.rewrite(&subject, erasure).await?;
            let removal = Removal { erasure, subject: &subject, swap: &swap };
            counts = self.store.remove_person(self.lease, &removal, self.now()).await?;
            mails = swap.mails;
        }
        let files = self.remove_files(&mails).await?;
        if files > 0 {
            counts.insert("files".to_owned(), files);
        }
        // Whoever is blanked by age is so on any night: what is deleted is overwritten, and the file is not written anew.
        if erasure.kind == ErasureKind::Erased {
            self.store.scrub().await?;
        }
        self.store.finish_erasure(&erasure.id, &counts, self.now()).await?;
        Ok(())
    }

    /// Brings frames to rest that are as the current ones without the person.
    async fn rewrite(&self, subject: &Subject, erasure: &Erasure) -> Result<FrameSwap, FlowError> {
        let id = erasure.id.as_str();
        let mut swap = FrameSwap { mails: mail_files(subject), ..FrameSwap::default() };
        let cut = Cut::of(subject, erasure.kind);
        if let Some(published) = self.store.published().await? {
            swap.published = Some(self.rewrite_published(&published.frames, &cut, (id, &mut swap.counts)).await?);
        }
        let frames = self.project.frames();
        for (number, batch) in self.store.batches_at_rest().await?.into_iter().enumerate() {
            let Some(reference) = batch.frame.clone().filter(|frame| frames.exists(&frame.name)) else { continue };
            if !cut.has_source(&batch.source) {
                continue;
            }
            let (frames, cut, source) = (frames.clone(), cut.clone(), batch.source.clone());
            let name = format!("{}.{id}", self.writer().page_name(&batch.source, u32::try_from(number).unwrap_or(0)));
            let written = compute(move || {
                let keys = frames.get(&reference, Some(&[kartei_schemas::frame::KEY]))?;
                if !cut.touches_page(&keys, &source)? {
                    return Ok(None);
                }
                let (page, rows) = cut.page(&frames.get(&reference, None)?, &source)?;
                Ok(Some((frames.put(&name, &page)?, rows)))
            })
            .await?;
            if let Some((reference, rows)) = written {
                *swap.counts.entry("rows_of_batches".to_owned()).or_default() += rows;
                swap.batches.push((batch, reference));
            }
        }
        Ok(swap)
    }

    async fn rewrite_published(
        &self,
        current: &FrameSet,
        cut: &Cut,
        (id, counts): (&str, &mut Counts),
    ) -> Result<FrameSet, FlowError> {
        let (frames, cut, writer, id) = (self.project.frames(), cut.clone(), self.writer(), id.to_owned());
        let set = current.clone();
        let (after, rows) = compute(move || {
            let mut all: BTreeMap<String, DataFrame> = BTreeMap::new();
            for (what, reference) in set.files() {
                all.insert(what.to_owned(), frames.get(reference, None)?);
            }
            let before: BTreeMap<String, usize> =
                all.iter().map(|(what, frame)| (what.clone(), frame.height())).collect();
            let changed = cut.published(&all)?;
            let (mut after, mut rows) = (set, Counts::new());
            for (what, frame) in changed {
                let gone = before.get(&what).copied().unwrap_or(0).saturating_sub(frame.height());
                rows.insert(format!("rows_of_{what}"), gone as u64);
                let reference = frames.put(&format!("{}.{id}", writer.name(&what)), &frame)?;
                after = after.with(&what, reference);
            }
            Ok((after, rows))
        })
        .await?;
        counts.extend(rows.into_iter().filter(|(_, rows)| *rows > 0));
        Ok(after)
    }

    fn writer(&self) -> Writer {
        Writer::of_lease(self.lease)
    }

    /// Removes the frames that nothing names any more, and mails. Nobody else writes frames meanwhile.
    async fn remove_files(&self, mails: &[String]) -> Result<u64, FlowError> {
        let frames = self.project.frames();
        let named = self.store.named_frames(0).await?;
        let folder = self.project.base.join(&self.project.settings.mail.folder);
        let mails = mails.to_vec();
        compute(move || {
            let mut removed = 0;
            for file in frames.files()? {
                let is_named =
                    |list: &[kartei_store::frames::FrameRef]| list.iter().any(|frame| frame.name == file.name);
                if !named.is_kept(&file.name) && !is_named(&named.spent) {
                    frames.remove_file(&file)?;
                    removed += 1;
                }
            }
            Ok(removed + remove_mails(&folder, &mails)?)
        })
        .await
    }

    /// The store and the list beside it know the same erasures afterwards. What only the list knows was erased after this
    /// store was copied.
    async fn agree_with_the_list(&self) -> Result<(), FlowError> {
        let folder = self.project.data_folder();
        let mut listed = list::read(&folder).map_err(FlowError::Erasures)?;
        let known = self.store.erasures().await?;
        if listed.is_empty() && !known.iter().any(|erasure| erasure.kind == ErasureKind::Erased) {
            return Ok(());
        }
        let unknown: Vec<NewErasure> = listed
            .values()
            .filter(|line| !known.iter().any(|erasure| erasure.id == line.id))
            .map(list::Line::new_erasure)
            .collect();
        if !unknown.is_empty() {
            let recalled = self.store.recall_erasures(self.lease, &unknown, self.now()).await?;
            tracing::warn!(erasures = recalled, "this store is older than some erasures: they are carried out again");
        }
        for erasure in known.iter().filter(|erasure| erasure.kind == ErasureKind::Erased) {
            let Some(line) = listed.get_mut(&erasure.id) else {
                let hashes = self.store.erasure_hashes(&erasure.id).await?;
                listed.insert(erasure.id.clone(), list::Line::of(erasure, hashes));
                continue;
            };
            match (line.lifted_at, erasure.lifted_at) {
                (Some(at), None) => self.store.recall_lifting(self.lease, &erasure.id, at).await?,
                (None, lifted_at @ Some(_)) => line.lifted_at = lifted_at,
                _ => {}
            }
        }
        list::write(&folder, &listed).map_err(FlowError::Erasures)
    }
}

/// Lets an erased person come back, in the store and in the list.
pub async fn readmit(project: &Project, store: &Store, asked: &Asked, now: DateTime<Utc>) -> Result<(), FlowError> {
    store.lift_erasure(&asked.person_id, &asked.by, &asked.reason, now).await?;
    let folder = project.data_folder();
    let mut listed = list::read(&folder).map_err(FlowError::Erasures)?;
    for erasure in store.erasures().await?.into_iter().filter(|erasure| erasure.lifted_at.is_some()) {
        if let Some(line) = listed.get_mut(&erasure.id) {
            line.lifted_at = erasure.lifted_at;
        }
    }
    list::write(&folder, &listed).map_err(FlowError::Erasures)
}

fn mail_files(subject: &Subject) -> Vec<String> {
    subject.mails.iter().map(|(id, written_at)| kartei_mail::file_name(*id, *written_at)).collect()
}

fn remove_mails(folder: &Path, mails: &[String]) -> Result<u64, FlowError> {
    let mut removed = 0;
    for mail in mails {
        match std::fs::remove_file(folder.join(mail)) {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(FlowError::Erasures(error)),
        }
    }
    Ok(removed)
}
