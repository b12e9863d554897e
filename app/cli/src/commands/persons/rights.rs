//! `kartei persons erase`, `readmit`, `restrict`, `unrestrict` and `retention`: what a person may ask for, and for how long
//! those who are gone are kept.

mod certificate;

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use kartei_jobs::erasing::{self, Asked, JOB};
use kartei_jobs::serve::{LEASE, limits};
use kartei_jobs::{Project, Stop};
use kartei_schemas::jobs::PERSONS;
use kartei_store::{Cause, Claim, Counts, Erasure, ErasureKind, Lease, NewRun, PersonState, Run, Store, Subject};
use serde::Serialize;

use super::{canonical, no_such_person};
use crate::console::{Console, number, table, text};
use crate::context::Context;
use crate::failure::{During, Failure};
use crate::installation::{Installation, Purpose, ask_on_signal, asker, now, of_flow, worker};
use crate::moment::Moments;

pub(super) use certificate::words;

/// Erases a person for good (Art. 17 GDPR): shows first what goes
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei persons erase 7K3M9QXW2ABC --reason \"Art. 17, letter of 12 May\"          shows what would go, and asks
  kartei persons erase 7K3M9QXW2ABC --reason \"Art. 17\" --yes --certificate erased.txt

Whatever a source delivers of the person from now on is left out and counted. Backups hold the person until they are
removed; one that is put back loses it with its next run. The inbox belongs to the source: remove the person there too.")]
pub(super) struct Erase {
    /// The person's id
    id: String,
    /// Why, without naming the person: it is kept
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Erases without asking
    #[arg(long)]
    yes: bool,
    /// Who erases
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true, default_value = "command line")]
    by: String,
    /// Where a certificate goes; JSON where it ends in .json
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
}

/// A person, and why something is done.
#[derive(Debug, Args)]
pub(super) struct Stated {
    /// The person's id
    id: String,
    /// Why: it is kept
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who decides
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true, default_value = "command line")]
    by: String,
}

/// What would go, for machines.
#[derive(Serialize)]
struct Preview<'a> {
    person_id: &'a str,
    former_ids: &'a [String],
    records: usize,
    rows: &'a Counts,
}

pub(super) async fn erase(command: &Erase, context: &Context) -> Result<(), Failure> {
    let configuration = context.configuration()?;
    crate::store::refuse_missing(&configuration)?;
    let moments = Moments::of(&configuration);
    let installation = Installation::of(configuration, Purpose::Work).await?;
    let (store, console) = (&installation.store, context.console);
    let id = canonical(&command.id);
    refuse_erased(store, &id, moments).await?;
    let subject = store.subject_of_person(&id).await?.ok_or_else(|| no_such_person(&id))?;
    if subject.marks.are_hinted_at_in(&command.reason) {
        return Err(Failure::wrong_use("the reason names the person, and it is kept")
            .with_hint("say it without name, address and number, such as \"Art. 17, letter of 12 May\""));
    }
    let counts = store.preview_removal(ErasureKind::Erased, &subject).await?;
    if !command.yes {
        show_preview(&id, &subject, &counts, console)?;
        confirm(&id, console)?;
    }
    let claimed = claim(&installation, &command.reason).await?;
    let stop = Stop::default();
    tokio::spawn(ask_on_signal(stop.clone(), console));
    let asked = Asked { person_id: id, by: command.by.clone(), reason: command.reason.clone() };
    let erasing = erasing::conduct_erasure(&installation.project, store, claimed, &asked, (&stop, &now));
    let erasure = Box::pin(erasing).await.map_err(|error| of_flow(&error))?;
    certify(&erasure, command, (&installation.project, moments), console)
}

async fn refuse_erased(store: &Store, id: &str, moments: Moments) -> Result<(), Failure> {
    let person = store.person(id).await?.ok_or_else(|| no_such_person(id))?;
    match (person.state, &person.merged_into) {
        (PersonState::Erased, _) => {
            let when = store.erasure_of(id).await?.and_then(|erasure| erasure.done_at);
            Err(Failure::wrong_use(format!("person {id} was erased on {}", moments.show_if(when))))
        }
        (_, Some(into)) => {
            Err(Failure::wrong_use(format!("person {id} is part of person {into}")).with_hint(format!("erase {into}")))
        }
        _ => Ok(()),
    }
}

fn show_preview(id: &str, subject: &Subject, counts: &Counts, console: Console) -> Result<(), Failure> {
    let former: Vec<String> = subject.persons.iter().filter(|other| *other != id).cloned().collect();
    if console.json() {
        let preview = Preview { person_id: id, former_ids: &former, records: subject.records.len(), rows: counts };
        return console.write_json(&preview);
    }
    console.remark(format_args!("person {id} would be erased for good:"));
    let mut shown = table(&["what", "rows"]);
    for (what, rows) in counts.iter().filter(|(_, rows)| **rows > 0) {
        shown.add_row(vec![text(what.replace('_', " ")), number(*rows)]);
    }
    for record in &subject.records {
        shown.add_row(vec![text(format!("frames at rest without a record of {}", record.source)), text("all")]);
    }
    console.table(&shown)
}

/// Whoever sits at a terminal types the id; a script says `--yes`.
fn confirm(id: &str, console: Console) -> Result<(), Failure> {
    let nothing = || {
        Failure::wrong_use("nothing was erased").with_hint("say --yes, or type the id when you are asked at a terminal")
    };
    if console.json() || !std::io::stdin().is_terminal() {
        return Err(nothing());
    }
    let mut out = anstream::stderr().lock();
    write!(out, "Type {id} to erase the person for good: ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    if canonical(&line) == id { Ok(()) } else { Err(nothing()) }
}

/// A run of its own: while it is under way no other changes persons.
async fn claim(installation: &Installation, reason: &str) -> Result<(Run, Lease), Failure> {
    let groups = vec![PERSONS.to_owned()];
    installation.refuse_beside_another(JOB, &groups).await?;
    let new = NewRun {
        job: JOB.to_owned(),
        cause: Cause::AdHoc,
        due_at: now(),
        asked_by: asker(),
        reason: Some(reason.to_owned()),
        parameters: serde_json::json!({}),
        retry_of: None,
        start_at: now(),
        concurrency: groups,
        after_run: None,
        attended: true,
    };
    let run = installation.store.create_run(&new, now()).await?;
    let limits = limits(&installation.project.jobs);
    let claim = Claim { run_id: Some(run.id), worker: worker(run.id), length: LEASE, limits };
    if let Some(claimed) = installation.store.claim_run(&claim, now()).await? {
        return Ok(claimed);
    }
    installation.store.request_cancel(run.id, &asker(), "another run was faster", now()).await?;
    Err(installation.beside(None))
}

fn certify(
    erasure: &Erasure,
    command: &Erase,
    (project, moments): (&Project, Moments),
    console: Console,
) -> Result<(), Failure> {
    let worded = words(erasure, project.settings.locale.language, moments);
    if let Some(file) = &command.certificate {
        let is_json = file.extension().is_some_and(|ending| ending == "json");
        let content = if is_json { format!("{}\n", serde_json::to_string_pretty(erasure)?) } else { worded.clone() };
        super::write_private(file, content.as_bytes()).during(format_args!("{} cannot be written", file.display()))?;
        console.remark(format_args!("the certificate is in {}", file.display()));
    }
    if console.json() { console.write_json(erasure) } else { console.line(worded.trim_end()) }
}

pub(super) async fn readmit(command: &Stated, context: &Context) -> Result<(), Failure> {
    let installation = Installation::of(context.configuration()?, Purpose::Work).await?;
    let asked = asked(command);
    let lifted = erasing::readmit(&installation.project, &installation.store, &asked, context.now).await;
    lifted.map_err(|error| of_flow(&error))?;
    context.console.remark(format_args!("person {} may come back, under a new id", asked.person_id));
    context
        .console
        .hint("whatever a source delivers from now on is taken; `kartei run --param full=true` reads all anew");
    Ok(())
}

pub(super) async fn restrict(
    command: &Stated,
    store: &Store,
    at: DateTime<Utc>,
    console: Console,
) -> Result<(), Failure> {
    let asked = asked(command);
    store.person(&asked.person_id).await?.ok_or_else(|| no_such_person(&asked.person_id))?;
    store.restrict(&asked.person_id, &asked.by, &asked.reason, at).await?;
    console.remark(format_args!("person {} is restricted: in no export, mail or notice", asked.person_id));
    Ok(())
}

pub(super) async fn unrestrict(
    command: &Stated,
    store: &Store,
    at: DateTime<Utc>,
    console: Console,
) -> Result<(), Failure> {
    let asked = asked(command);
    store.unrestrict(&asked.person_id, &asked.by, &asked.reason, at).await?;
    console.remark(format_args!("person {} is restricted no more", asked.person_id));
    Ok(())
}

fn asked(command: &Stated) -> Asked {
    Asked { person_id: canonical(&command.id), by: command.by.clone(), reason: command.reason.clone() }
}

/// Who is gone for longer than is kept, and goes with the next run.
pub(super) async fn retention(context: &Context) -> Result<(), Failure> {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let console = context.console;
    let Some(term) = configuration.settings.retention.gone else {
        console.remark("those who are gone are kept: `[retention] gone` is not set");
        return Ok(());
    };
    let span = i64::try_from(term.seconds()).ok().and_then(chrono::TimeDelta::try_seconds);
    let before = span.and_then(|span| context.now.checked_sub_signed(span)).unwrap_or(DateTime::UNIX_EPOCH);
    let ids = store.persons_gone_before(before).await?;
    if console.json() {
        return console.write_json(&ids);
    }
    console.remark(format_args!("{} persons have been gone for longer than {term}", ids.len()));
    for id in &ids {
        console.line(id)?;
    }
    if !ids.is_empty() {
        console.hint("the next run removes their values; their ids, and that something changed, stay");
    }
    Ok(())
}
