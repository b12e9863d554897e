//! How long it takes to publish a first night: `publish STORE DATA URL`, where STORE is that of a first
//! night, DATA its data folder, and URL an empty store.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "an example that fails may say so loudly")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kartei_store::frames::{FrameSet, Frames};
use kartei_store::{Cause, Claim, NewRun, Publication, Store, StoreOptions};
use serde_json::json;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().expect("a store, its data folder, and an empty store");
    let (first, frames, url) = (argument(), Frames::new(argument()), argument());
    let first = Store::open(&StoreOptions::new(first)).await.expect("the store opens");
    let night = first.run(1).await.expect("the run is read").expect("there is a run 1");
    let laid = night.steps.iter().find(|step| step.name == "persons").expect("it has made persons").frames();
    let read = |what: &str| frames.get(laid.of(what).expect("it is named"), None).expect("a frame of the run");
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
        whole: false,
        persons: &persons,
        gone: &gone,
        records: &records,
        erased: None,
        values: &values,
        renewed: &[],
        changes: &changes,
        deliveries: &[],
        forgotten: &[],
        unreadable: &[],
        readable: &[],
        heard_at: now,
        consents: None,
        review: &[],
        mails: &[],
        org: None,
        statistics: &json!({}),
        frames: &FrameSet::default(),
    };
    let begun = Instant::now();
    let published = store.publish(&lease, &publication, now).await.expect("it is published");
    println!("{:.1} s: {published:?}", begun.elapsed().as_secs_f64());
    store.close().await;
    println!("{:.1} s with closing", begun.elapsed().as_secs_f64());
}
