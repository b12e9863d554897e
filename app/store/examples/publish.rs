//! How long it takes to publish a first night: `publish FRAMES URL`, where FRAMES is the folder that a run left, such as
//! `data/runs/1`, and URL an empty store.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "an example that fails may say so loudly")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kartei_store::frames::Frames;
use kartei_store::{Cause, Claim, NewRun, Publication, Store, StoreOptions};
use serde_json::json;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (folder, url) = arguments.next().zip(arguments.next()).expect("the folder of a run's frames, and a store");
    let frames = Frames::new(folder);
    let read = |name: &str| frames.read(name, None).expect("a frame of the run");
    let (persons, gone, records) = (read("persons"), read("gone"), read("record_map"));
    let (values, changes) = (read("values"), read("changes"));

    let store = Store::open(&StoreOptions::new(url)).await.expect("the store opens");
    let now = store.clock().await.expect("the clock");
    let run = NewRun {
        job: "nightly".to_owned(),
        cause: Cause::AdHoc,
        due_at: now,
        asked_by: "benchmark".to_owned(),
        reason: None,
        parameters: json!({}),
        retry_of: None,
        start_at: now,
        concurrency: Vec::new(),
        after_run: None,
        attended: false,
    };
    let run = store.create_run(&run, now).await.expect("a run is made");
    let claim = Claim {
        run_id: Some(run.id),
        worker: "benchmark".to_owned(),
        length: Duration::from_hours(1),
        limits: BTreeMap::new(),
    };
    let (_, lease) = store.claim_run(&claim, now).await.expect("the run is claimed").expect("it is due");
    store.begin_run(&lease, now).await.expect("the run begins");
    let publication = Publication {
        base: None,
        persons: &persons,
        gone: &gone,
        records: &records,
        erased: None,
        values: &values,
        renewed: &[],
        changes: &changes,
        batches: &[],
        review: &[],
        mails: &[],
        org: None,
        statistics: &json!({}),
        frames: &json!({}),
    };
    let begun = Instant::now();
    let published = store.publish(&lease, &publication, now).await.expect("it is published");
    println!("{:.1} s: {published:?}", begun.elapsed().as_secs_f64());
    store.close().await;
    println!("{:.1} s with closing", begun.elapsed().as_secs_f64());
}
