//! Persons and records that are not as the last run published them.

use std::collections::BTreeSet;

use kartei_store::frames::Frames;
use kartei_store::{Comparison, Store};

use super::Ailment;
use crate::failure::Failure;

/// So many ids are named on the screen; JSON has all.
const NAMED: usize = 10;

/// What differs between the tables and the frames from which they were published. Where a frame is lost that was said before.
pub(super) async fn examine(frames: &Frames, store: &Store) -> Result<Vec<Ailment>, Failure> {
    let Some(published) = store.published().await? else { return Ok(Vec::new()) };
    let frames = frames.clone();
    let read = tokio::task::spawn_blocking(move || {
        let read = |what: &str| frames.get(published.frames.of(what).ok()?, None).ok();
        Some((read("persons")?, read("record_map")?))
    });
    let read = read.await.map_err(|error| Failure::because("the frames could not be read", &error))?;
    let Some((persons, record_map)) = read else { return Ok(Vec::new()) };
    Ok(tell(store.compare(&persons, &record_map).await?))
}

fn tell(found: Comparison) -> Vec<Ailment> {
    const REMEDY: &str = "`kartei run --full` makes all persons anew from the deliveries, and writes them";
    let columns: BTreeSet<&str> = found.changed.values().flatten().copied().collect();
    let columns: Vec<&str> = columns.into_iter().collect();
    let changed = format!("are not as they were published ({})", columns.join(", "));
    let kinds = [
        (found.changed.into_keys().collect(), changed.as_str()),
        (found.missing, "were published and are not there as living persons"),
        (found.unknown, "are there and were never published"),
    ];
    let some = kinds.into_iter().filter(|(ids, _): &(Vec<String>, &str)| !ids.is_empty());
    let mut ailments: Vec<Ailment> = some.map(|(ids, what)| of_persons(ids, what, REMEDY)).collect();
    for (source, count) in found.moved {
        let what =
            format!("{count} records of source `{source}` are not with the person with whom they were published");
        ailments.push(Ailment::new("records", what, REMEDY));
    }
    ailments
}

fn of_persons(ids: Vec<String>, what: &str, remedy: &str) -> Ailment {
    let mut named = ids.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if ids.len() > NAMED {
        named.push_str(", …");
    }
    Ailment::new("persons", format!("{} persons {what}: {named}", ids.len()), remedy).of_persons(ids)
}
