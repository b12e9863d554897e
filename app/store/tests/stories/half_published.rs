//! Whatever is cut off in between, what is visible is always one whole night.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use kartei_store::{ChangeFilter, DeliveryFilter, Lease, RejectFilter, Store};
use polars_core::prelude::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::night::{Night, changes, mail, records, review, three_persons, values};
use crate::{Teller, minute, stories};

stories!(no_cut_shows_a_half_published_night);

/// What happens in one night.
#[derive(Debug, Clone)]
enum Act {
    /// Publishing is cut off after so many polls.
    CutPublish(usize),
    /// A frame is wrong, so that publishing fails at its end.
    WrongFrame,
    /// The lease is lost before publishing.
    LoseLease,
    /// Publishing goes through.
    Publish,
    /// A page is cut off after so many polls.
    CutStage(usize),
    /// A page comes to rest.
    Stage,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..120_usize).prop_map(Act::CutPublish),
        1 => Just(Act::WrongFrame),
        1 => Just(Act::LoseLease),
        3 => Just(Act::Publish),
        3 => (0..20_usize).prop_map(Act::CutStage),
        1 => Just(Act::Stage),
    ];
    proptest::collection::vec(act, 4..9)
}

async fn no_cut_shows_a_half_published_night(teller: Teller) {
    let mut runner = TestRunner::new(Config { cases: 10, ..Config::default() });
    let handle = tokio::runtime::Handle::current();
    let sqlite = teller.store.kind() == "sqlite";
    let told = tokio::task::spawn_blocking(move || {
        runner.run(&acts(), |acts| {
            handle.block_on(async {
                let place =
                    if sqlite { crate::support::Place::sqlite() } else { crate::support::Place::postgres().await };
                let teller = Teller::begin(place).await;
                live(&teller, &acts).await;
                teller.store.close().await;
            });
            Ok(())
        })
    });
    told.await.unwrap().unwrap();
}

async fn live(teller: &Teller, acts: &[Act]) {
    let mut nights = 0;
    for act in acts {
        let lease = teller.a_running_run().await;
        let base = teller.store.published().await.unwrap().map(|state| state.run_id);
        let mut night = a_night(lease.run_id, base);
        match act {
            Act::CutPublish(polls) => cut(*polls, night.publish(&teller.store, &lease, 1)).await,
            Act::WrongFrame => {
                night.changes = df!("person_id" => ["A0000000000A"]).unwrap();
                night.publish(&teller.store, &lease, 1).await.unwrap_err();
            }
            Act::LoseLease => {
                teller.store.reap_lost_runs("reaper", minute(9)).await.unwrap();
                night.publish(&teller.store, &lease, 9).await.unwrap_err();
            }
            Act::Publish => drop(night.publish(&teller.store, &lease, 1).await.unwrap()),
            Act::CutStage(polls) => cut(*polls, stage(&teller.store, &lease)).await,
            Act::Stage => stage(&teller.store, &lease).await,
        }
        settle(teller).await;
        nights += usize::from(whole(&teller.store, base).await);
        at_rest(&teller.store, &lease).await;
        let changed = teller.store.history("A0000000000A").await.unwrap().len();
        assert_eq!(changed, nights, "as many changes as nights were published");
    }
}

/// Waits until the server has noticed which connections were cut: one of them may have been about to commit.
async fn settle(teller: &Teller) {
    if teller.store.kind() == "sqlite" {
        return;
    }
    let busy = "select cast(pid as text) from pg_stat_activity \
                where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'";
    for _ in 0..600 {
        if crate::migrating::ask(&teller.place, busy).await.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a connection that was cut is still busy");
}

/// Polls a future so many times and drops it, as a process that ends would.
async fn cut<T>(polls: usize, future: impl Future<Output = T>) {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        future.as_mut().poll(context).map(|_| ())
    })
    .await;
}

/// A night whose every row names its run.
fn a_night(run_id: i64, base: Option<i64>) -> Night {
    let tag = format!("Run{run_id}");
    let mut persons = three_persons();
    persons.replace("surname", Series::new("surname".into(), [tag.as_str(); 3]).into()).unwrap();
    Night {
        base,
        persons,
        records: records(&[("members", &tag, "A0000000000A")]),
        values: values(&[("A0000000000A", "surname", &tag, "members", "1", true)]),
        changes: changes(&[("A0000000000A", "name", None, None)]),
        review: vec![review("1", "2"), review("1", "3")],
        mails: vec![mail(&tag)],
        statistics: json!({ "tag": tag }),
        ..Night::first()
    }
}

async fn stage(store: &Store, lease: &Lease) {
    let new = crate::staging::listing(&format!("of run {}", lease.run_id), None);
    let id = store.open_delivery(lease, &new, minute(1)).await.unwrap().id;
    let mut batch = crate::staging::batch(id, 0, Vec::new());
    batch.rejects = vec![kartei_store::NewReject {
        origin: String::new(),
        line: None,
        column: None,
        reason: "broken".to_owned(),
        detail: String::new(),
        raw: format!("row of run {}", lease.run_id),
        key: None,
        delivery: String::new(),
    }];
    store.stage_batch(lease, &batch, minute(1)).await.unwrap();
}

/// Whether another night is visible than before; and that it is whole.
async fn whole(store: &Store, before: Option<i64>) -> bool {
    let Some(state) = store.published().await.unwrap() else {
        assert_eq!(store.count_persons().await.unwrap().0, 0);
        assert_eq!(store.outbox_depth(None).await.unwrap().queued, 0);
        assert!(store.review_queue(9).await.unwrap().is_empty());
        assert!(store.changes(&ChangeFilter::default()).await.unwrap().is_empty());
        return false;
    };
    let tag = format!("Run{}", state.run_id);
    for id in ["A0000000000A", "B0000000000B", "C0000000000C"] {
        let person = store.person(id).await.unwrap().unwrap();
        assert_eq!(person.surname.as_deref(), Some(tag.as_str()));
    }
    let view = store.person_view("A0000000000A").await.unwrap().unwrap();
    assert!(view.records.iter().any(|record| record.key == tag));
    assert_eq!(view.values.iter().map(|value| value.value.clone()).collect::<Vec<_>>(), [Some(tag.clone())]);
    assert_eq!(store.statistics(state.run_id).await.unwrap(), Some(json!({ "tag": tag })));
    let queue = store.review_queue(9).await.unwrap();
    assert!(queue.len() == 2 && queue.iter().all(|item| item.run_id == state.run_id));
    let published = store.history("A0000000000A").await.unwrap().len() as u64;
    assert_eq!(store.outbox_depth(None).await.unwrap().queued, published);
    before != Some(state.run_id)
}

/// Batch and reject of a run are there together or not at all, and so is how far its delivery has come.
async fn at_rest(store: &Store, lease: &Lease) {
    let batches = store.batches_of_run(lease.run_id).await.unwrap();
    let filter = RejectFilter { run_id: Some(lease.run_id), ..RejectFilter::default() };
    let rejects = store.rejects(&filter).await.unwrap().len();
    let filter = DeliveryFilter { run_id: Some(lease.run_id), ..DeliveryFilter::default() };
    let whole = store.deliveries(&filter).await.unwrap().iter().filter(|delivery| delivery.complete).count();
    assert_eq!((whole, rejects), (batches.len(), batches.len()));
}
