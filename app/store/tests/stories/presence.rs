//! Who is at work on a store that somebody wants to replace.

use chrono::TimeDelta;
use kartei_store::{Presence, Pulse, RunEnd, Server, Store, StoreOptions};

use crate::{Teller, minute, stories};

stories!(a_run_with_a_live_lease_and_a_process_that_serves_are_seen_and_the_dead_are_not);

async fn a_run_with_a_live_lease_and_a_process_that_serves_are_seen_and_the_dead_are_not(teller: Teller) {
    let options = StoreOptions::new(&teller.place.url);
    let seen = async |now| Store::presence(&options, now).await.unwrap();
    let nobody = Presence { is_there: true, ..Presence::default() };
    assert_eq!(seen(minute(0)).await, nobody);
    let lease = teller.a_running_run().await;
    assert_eq!(seen(minute(0)).await.runs, [lease.run_id]);
    assert_eq!(seen(minute(1) + TimeDelta::seconds(29)).await.runs, [lease.run_id], "it may only be late");
    assert_eq!(seen(minute(2)).await, nobody, "its lease is long over");
    teller.store.renew_lease(&lease, minute(5)).await.unwrap();
    teller.store.finish_run(&lease, &RunEnd::succeeded(), minute(5)).await.unwrap();
    assert_eq!(seen(minute(5)).await, nobody);
    let server = |ended_at| Server {
        id: "serving".to_owned(),
        host: "here".to_owned(),
        pid: 7,
        version: "0.1.0".to_owned(),
        workers: 1,
        started_at: minute(5),
        heartbeat_at: minute(5),
        planned_at: None,
        ended_at,
    };
    teller.store.note_server(&server(None)).await.unwrap();
    assert_eq!(seen(minute(5)).await.processes, ["serving"]);
    teller.store.note_server(&server(Some(minute(5)))).await.unwrap();
    let pulse = Pulse {
        worker: "rounds".to_owned(),
        started_at: minute(5),
        beaten_at: minute(5),
        written_at: minute(5),
        ended_at: None,
        version: "0.1.0".to_owned(),
    };
    teller.store.write_pulse(&pulse).await.unwrap();
    assert_eq!((seen(minute(5)).await.processes, seen(minute(6)).await), (vec!["rounds".to_owned()], nobody));
}

#[tokio::test]
async fn where_no_store_is_or_a_damaged_one_nobody_is_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kartei.db");
    let options = StoreOptions::new(format!("sqlite:{}", file.display()));
    assert_eq!(Store::presence(&options, minute(0)).await.unwrap(), Presence::default());
    assert!(!file.exists(), "looking makes nothing");
    std::fs::write(&file, "no database, and long enough to be taken for one ".repeat(40)).unwrap();
    let found = Store::presence(&options, minute(0)).await.unwrap();
    assert_eq!(found, Presence { is_there: true, ..Presence::default() });
}
