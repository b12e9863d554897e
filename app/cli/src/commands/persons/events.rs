//! `kartei persons merge`, `split` and `undo`: decisions on whole persons, told as judgements on their records, so that
//! every run from now on respects them.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Cell;
use kartei_matching::inference::Inference;
use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use kartei_store::{NewJudgement, NewPersonEvent, PersonEvent, PersonEventKind, PersonState, PersonView, Store};
use serde::Serialize;

use super::{canonical, no_such_person};
use crate::console::{Console, number, optional, table, text};
use crate::failure::Failure;
use crate::moment::Moments;
use crate::steward::{Signature, is_same_pair, name_of, record_id, signed};

/// More judgements than this are no decision on a person, but on a crowd.
const MOST_JUDGEMENTS: usize = 10_000;

/// Makes two persons one
#[derive(Debug, Args)]
pub(super) struct Merge {
    /// A person's id
    one: String,
    /// Another person's id
    other: String,
    #[command(flatten)]
    signature: Signature,
}

/// Parts some records from a person: they become another's
#[derive(Debug, Args)]
pub(super) struct Split {
    /// The person's id
    id: String,
    /// The records that leave it
    #[arg(required = true, value_name = "SOURCE:KEY", value_parser = record_id)]
    records: Vec<RecordId>,
    #[command(flatten)]
    signature: Signature,
}

/// Undoes a merge or a split
#[derive(Debug, Args)]
pub(super) struct Undo {
    /// The event's number, as `kartei persons history` shows it
    event: i64,
    #[command(flatten)]
    signature: Signature,
}

/// What was written down, for machines.
#[derive(Debug, Serialize)]
struct Written {
    event: i64,
    kind: PersonEventKind,
    judgements: usize,
}

pub(super) async fn merge(command: &Merge, store: &Store, now: DateTime<Utc>, console: Console) -> Result<(), Failure> {
    let (one, other) = (living(store, &command.one).await?, living(store, &command.other).await?);
    if one.person.id == other.person.id {
        return Err(Failure::wrong_use("both ids are the same person's"));
    }
    let (left, right) = (records(&one), records(&other));
    let held = store.active_judgements().await?;
    let say = |a: &RecordId, b: &RecordId| said(a, b, Verdict::Same, &command.signature);
    // A chain through all records holds both persons together as they are; what was said against it is overruled.
    let all: Vec<&RecordId> = left.iter().chain(&right).collect();
    let mut new: Vec<NewJudgement> = all.windows(2).map(|pair| say(pair[0], pair[1])).collect();
    let against = held.iter().filter(|said| said.verdict == Verdict::Different && is_between(said, &left, &right));
    let overruled: Vec<NewJudgement> =
        against.map(|said| say(&said.left, &said.right)).filter(|said| !is_among(said, &new)).collect();
    new.extend(overruled);
    let wanted = |a: &RecordId, b: &RecordId, inference: &Inference| inference.of_pair(a, b) == Some(Verdict::Same);
    let after = after(held, &new);
    if !left.iter().all(|a| right.iter().all(|b| wanted(a, b, &after))) {
        return Err(contradicted());
    }
    let event = NewPersonEvent {
        kind: PersonEventKind::Merge,
        persons: vec![one.person.id, other.person.id],
        records: Vec::new(),
        by: command.signature.by.clone(),
        reason: command.signature.reason.clone(),
        judgements: new,
    };
    write(&event, store, now, console).await
}

pub(super) async fn split(command: &Split, store: &Store, now: DateTime<Utc>, console: Console) -> Result<(), Failure> {
    let view = living(store, &command.id).await?;
    let mut leaving = command.records.clone();
    leaving.sort();
    leaving.dedup();
    let all = records(&view);
    if let Some(stranger) = leaving.iter().find(|id| !all.contains(id)) {
        return Err(Failure::wrong_use(format!("person {} has no record {}", view.person.id, name_of(stranger)))
            .with_hint(format!("it has {}", all.iter().map(name_of).collect::<Vec<_>>().join(", "))));
    }
    let staying: Vec<&RecordId> = all.iter().filter(|id| !leaving.contains(id)).collect();
    if staying.is_empty() {
        return Err(Failure::wrong_use("no record would stay with the person")
            .with_hint("name only the records that are somebody else's"));
    }
    let say = |a: &RecordId, b: &RecordId, verdict| said(a, b, verdict, &command.signature);
    // Both parts stay whole, and every record of the one differs from every record of the other.
    let mut new: Vec<NewJudgement> = leaving.windows(2).map(|pair| say(&pair[0], &pair[1], Verdict::Same)).collect();
    new.extend(staying.windows(2).map(|pair| say(pair[0], pair[1], Verdict::Same)));
    for leaver in &leaving {
        new.extend(staying.iter().map(|stayer| say(leaver, stayer, Verdict::Different)));
    }
    if new.len() > MOST_JUDGEMENTS {
        return Err(Failure::new(format!("{} records are too many to part at once", all.len())));
    }
    let after = after(store.active_judgements().await?, &new);
    let holds = new.iter().all(|said| {
        let Judgement { left, right, verdict } = &said.judgement;
        after.of_pair(left, right) == Some(*verdict)
    });
    if !holds {
        return Err(contradicted());
    }
    let event = NewPersonEvent {
        kind: PersonEventKind::Split,
        persons: vec![view.person.id],
        records: leaving,
        by: command.signature.by.clone(),
        reason: command.signature.reason.clone(),
        judgements: new,
    };
    write(&event, store, now, console).await
}

pub(super) async fn undo(command: &Undo, store: &Store, now: DateTime<Utc>, console: Console) -> Result<(), Failure> {
    let Signature { by, reason } = &command.signature;
    store.undo_person_event(command.event, by, reason.as_deref(), now).await?;
    console.remark(format_args!("event {} is undone; the next run (`kartei run`) puts it right", command.event));
    Ok(())
}

/// Lists merges and splits by hand, newest first; of one person where it is named.
pub(super) async fn list(of: Option<&str>, store: &Store, moments: Moments, console: Console) -> Result<(), Failure> {
    let mut events = store.person_events().await?;
    if let Some(id) = of {
        events.retain(|event| event.persons.iter().any(|person| person == id));
    }
    if console.json() {
        return console.write_json(&events);
    }
    if events.is_empty() {
        if of.is_none() {
            console.remark("nobody was merged or split by hand");
        }
        return Ok(());
    }
    let mut shown = table(&["event", "what", "persons", "records", "by", "when", "reason", "undone"]);
    for event in &events {
        shown.add_row(row(event, moments));
    }
    console.table(&shown)
}

fn row(event: &PersonEvent, moments: Moments) -> Vec<Cell> {
    let undone = event.undone_at.zip(event.undone_by.as_ref());
    vec![
        number(u64::try_from(event.id).unwrap_or(0)),
        text(event.kind),
        text(event.persons.join(", ")),
        text(event.records.iter().map(name_of).collect::<Vec<_>>().join(", ")),
        text(&event.by),
        text(moments.show(event.at)),
        optional(event.reason.as_ref()),
        optional(undone.map(|(at, by)| format!("{by}, {}", moments.show(at)))),
    ]
}

async fn write(event: &NewPersonEvent, store: &Store, now: DateTime<Utc>, console: Console) -> Result<(), Failure> {
    let id = store.add_person_event(event, now).await?;
    let judgements = event.judgements.len();
    if console.json() {
        return console.write_json(&Written { event: id, kind: event.kind, judgements });
    }
    console.line(format_args!(
        "event {id}: {} of {}, as {judgements} judgements",
        event.kind,
        event.persons.join(", ")
    ))?;
    console.hint(format_args!("`kartei run` carries it out; `kartei persons undo {id}` takes it back"));
    Ok(())
}

/// A person who is still there.
async fn living(store: &Store, id: &str) -> Result<PersonView, Failure> {
    let view = store.person_view(&canonical(id)).await?.ok_or_else(|| no_such_person(id))?;
    match (view.person.state, &view.person.merged_into) {
        (PersonState::Active, _) => Ok(view),
        (_, Some(into)) => Err(Failure::wrong_use(format!("person {} was merged into {into}", view.person.id))),
        (_, None) => Err(Failure::wrong_use(format!("person {} is in no source any more", view.person.id))),
    }
}

/// The records that the sources still have, sorted.
fn records(view: &PersonView) -> Vec<RecordId> {
    let present = view.records.iter().filter(|record| record.present);
    let mut ids: Vec<RecordId> =
        present.map(|record| RecordId { source: record.source.clone(), key: record.key.clone() }).collect();
    ids.sort();
    ids
}

fn said(left: &RecordId, right: &RecordId, verdict: Verdict, signature: &Signature) -> NewJudgement {
    let reason = signature.reason.as_deref();
    signed((left, right), verdict, &signature.by, reason)
}

fn is_between(said: &Judgement, left: &[RecordId], right: &[RecordId]) -> bool {
    left.contains(&said.left) && right.contains(&said.right) || left.contains(&said.right) && right.contains(&said.left)
}

fn is_among(said: &NewJudgement, all: &[NewJudgement]) -> bool {
    all.iter().any(|other| is_same_pair(&other.judgement, &said.judgement))
}

/// What follows once the new judgements hold as well.
fn after(mut held: Vec<Judgement>, new: &[NewJudgement]) -> Inference {
    held.retain(|said| !new.iter().any(|other| is_same_pair(&other.judgement, said)));
    held.extend(new.iter().map(|new| new.judgement.clone()));
    Inference::of(&held)
}

fn contradicted() -> Failure {
    Failure::new("earlier judgements on other records say the opposite")
        .with_hint("`kartei judgements list` shows them; `kartei judgements undo NUMBER` takes one back")
}
