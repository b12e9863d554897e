//! Pages come to rest with their cursor or not at all; what cannot be read waits in quarantine.

use kartei_store::{
    Batch, BatchId, BatchKind, NewBatch, NewReject, RejectFilter, RejectState, SourceCursor, StoreError,
};
use serde_json::json;

use crate::night::{Night, frame_ref};
use crate::{Teller, claim, minute, stories};

stories!(
    a_page_comes_to_rest_with_its_cursor_and_its_rejects,
    a_page_that_comes_twice_changes_nothing,
    a_page_of_a_lost_run_moves_no_cursor,
    a_reject_that_comes_again_is_counted_and_one_that_does_not_is_resolved,
    a_dismissed_reject_stays_dismissed,
    a_listing_that_comes_again_as_it_was_meets_its_rejects_again,
    a_file_that_comes_with_other_content_resolves_what_it_held,
    a_record_that_comes_again_leaves_the_quarantine,
    what_a_run_stages_while_a_later_one_publishes_waits_for_the_next_publication,
);

fn reject(raw: &str) -> NewReject {
    NewReject {
        origin: "members.csv".to_owned(),
        line: Some(17),
        column: Some("plz".to_owned()),
        reason: "invalid_utf8".to_owned(),
        detail: "byte 4 of the line".to_owned(),
        raw: raw.to_owned(),
        key: raw.split(';').next().map(str::to_owned),
        delivery: "one".to_owned(),
    }
}

pub(crate) fn batch(number: u32, rejects: Vec<NewReject>) -> NewBatch {
    NewBatch {
        source: "members".to_owned(),
        number,
        kind: BatchKind::Rows,
        frame: Some(frame_ref(&format!("batches/members/1-1-{number}"))),
        origin: "members.csv".to_owned(),
        complete_listing: true,
        rows_read: 10,
        rows_staged: 7,
        rows_unchanged: 2,
        rows_collapsed: 0,
        rejects,
        cursor: SourceCursor {
            source: "members".to_owned(),
            cursor: json!({ "line": 10 * (number + 1) }),
            columns: vec!["key".to_owned(), "plz".to_owned()],
            listing_rows: Some(10),
            listed_at: Some(minute(1)),
            newest_data_at: None,
        },
    }
}

async fn a_page_comes_to_rest_with_its_cursor_and_its_rejects(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    assert_eq!(store.cursor("members").await.unwrap(), None);
    // PostgreSQL cannot hold a NUL, and a broken row may well have one.
    let page = batch(0, vec![reject("7;Mo\0rgan"), reject("8;x")]);
    assert!(store.stage_batch(&lease, &page, minute(1)).await.unwrap());

    assert_eq!(store.cursor("members").await.unwrap(), Some(page.cursor.clone()));
    assert_eq!(store.cursors().await.unwrap().len(), 1);
    let staged = store.batches_of_run(lease.run_id).await.unwrap();
    assert_eq!((staged[0].rows_read, staged[0].rows_rejected), (10, 2));
    assert_eq!(staged[0].frame, Some(frame_ref("batches/members/1-1-0")));
    assert_eq!(store.waiting_batches().await.unwrap(), staged);
    let rejects = store.rejects(&RejectFilter { source: Some("members".to_owned()), ..Default::default() }).await;
    let rejects = rejects.unwrap();
    assert_eq!(rejects.iter().map(|reject| reject.raw.as_str()).collect::<Vec<_>>(), ["8;x", "7;Mo\u{fffd}rgan"]);
    assert_eq!(rejects[0].line, Some(17));
    assert_eq!(store.reject_counts().await.unwrap()[0].rows, 2);
}

async fn a_page_that_comes_twice_changes_nothing(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    store.stage_batch(&lease, &batch(0, vec![reject("7;x")]), minute(1)).await.unwrap();
    store.stage_batch(&lease, &batch(1, vec![]), minute(1)).await.unwrap();
    assert!(!store.stage_batch(&lease, &batch(0, vec![reject("7;x")]), minute(2)).await.unwrap());
    assert_eq!(store.cursor("members").await.unwrap().unwrap().cursor, json!({ "line": 20 }));
    assert_eq!(store.rejects(&RejectFilter::default()).await.unwrap()[0].times, 1);
    assert_eq!(store.batches_of_run(lease.run_id).await.unwrap().len(), 2);
}

async fn a_page_of_a_lost_run_moves_no_cursor(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    store.reap_lost_runs("reaper", minute(9)).await.unwrap();
    let error = store.stage_batch(&lease, &batch(0, vec![reject("7;x")]), minute(9)).await.unwrap_err();
    assert!(matches!(error, StoreError::LostLease { .. }));
    assert_eq!(store.cursor("members").await.unwrap(), None);
    assert!(store.rejects(&RejectFilter::default()).await.unwrap().is_empty());
    assert!(store.batches_of_run(lease.run_id).await.unwrap().is_empty());
}

async fn a_reject_that_comes_again_is_counted_and_one_that_does_not_is_resolved(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    store.stage_batch(&first, &batch(0, vec![reject("7;x"), reject("8;x")]), minute(1)).await.unwrap();
    assert_eq!(store.resolve_unseen_rejects(&first, "members", minute(1)).await.unwrap(), 0);
    let second = teller.a_running_run().await;
    store.stage_batch(&second, &batch(0, vec![reject("8;x")]), minute(60)).await.unwrap();
    assert_eq!(store.resolve_unseen_rejects(&second, "members", minute(60)).await.unwrap(), 1);
    let open = RejectFilter { state: Some(RejectState::Open), ..Default::default() };
    let open = store.rejects(&open).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].raw.as_str(), open[0].times, open[0].run_id), ("8;x", 2, second.run_id));
    assert_eq!((open[0].first_seen_at, open[0].last_seen_at), (minute(1), minute(60)));
}

async fn a_dismissed_reject_stays_dismissed(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    store.stage_batch(&lease, &batch(0, vec![reject("7;x")]), minute(1)).await.unwrap();
    let id = store.rejects(&RejectFilter::default()).await.unwrap()[0].id;
    assert_eq!(store.mark_rejects(&[id, 99], RejectState::Dismissed, "a user", minute(2)).await.unwrap(), 1);
    store.stage_batch(&lease, &batch(1, vec![reject("7;x")]), minute(3)).await.unwrap();
    let rejects = store.rejects(&RejectFilter::default()).await.unwrap();
    assert_eq!((rejects[0].state, rejects[0].times), (RejectState::Dismissed, 2));
    // The claim shows that nothing else of the run was touched.
    assert_eq!(store.claim_run(&claim(lease.run_id, "other"), minute(3)).await.unwrap(), None);
}

async fn open(teller: &Teller) -> Vec<(String, u64)> {
    let open = RejectFilter { state: Some(RejectState::Open), ..Default::default() };
    let rejects = teller.store.rejects(&open).await.unwrap();
    rejects.into_iter().map(|reject| (reject.raw, reject.times)).collect()
}

async fn a_listing_that_comes_again_as_it_was_meets_its_rejects_again(teller: Teller) {
    let first = teller.a_running_run().await;
    teller.store.stage_batch(&first, &batch(0, vec![reject("7;x")]), minute(1)).await.unwrap();
    let second = teller.a_running_run().await;
    for _ in 0..2 {
        teller.store.meet_rejects_again(&second, "members", minute(60)).await.unwrap();
    }
    assert_eq!(open(&teller).await, [("7;x".to_owned(), 2)], "one run meets a row once");
    assert_eq!(teller.store.resolve_unseen_rejects(&second, "members", minute(61)).await.unwrap(), 0);
}

async fn a_file_that_comes_with_other_content_resolves_what_it_held(teller: Teller) {
    let (store, first) = (&teller.store, teller.a_running_run().await);
    store.stage_batch(&first, &batch(0, vec![reject("7;x")]), minute(1)).await.unwrap();
    let same = ("members.csv", "one");
    assert_eq!(store.resolve_replaced_rejects(&first, "members", same, minute(2)).await.unwrap(), 0);
    assert_eq!(store.resolve_replaced_rejects(&first, "members", ("others.csv", "two"), minute(2)).await.unwrap(), 0);
    assert_eq!(store.resolve_replaced_rejects(&first, "members", ("members.csv", "two"), minute(2)).await.unwrap(), 1);
    assert_eq!(open(&teller).await, []);
}

async fn a_record_that_comes_again_leaves_the_quarantine(teller: Teller) {
    let (store, first) = (&teller.store, teller.a_running_run().await);
    store.stage_batch(&first, &batch(0, vec![reject("7;x"), reject("8;x")]), minute(1)).await.unwrap();
    let mut waiting = store.quarantined_keys("members").await.unwrap();
    waiting.sort();
    assert_eq!(waiting, [("7".to_owned(), "one".to_owned()), ("8".to_owned(), "one".to_owned())]);
    let keys = ["7".to_owned(), "9".to_owned()];
    assert_eq!(store.resolve_rejects_of_records(&first, "members", (&keys, "one"), minute(2)).await.unwrap(), 0);
    assert_eq!(store.resolve_rejects_of_records(&first, "members", (&keys, "two"), minute(2)).await.unwrap(), 1);
    assert_eq!(open(&teller).await, [("8;x".to_owned(), 1)]);
}

async fn what_a_run_stages_while_a_later_one_publishes_waits_for_the_next_publication(teller: Teller) {
    let store = &teller.store;
    let (earlier, later) = (teller.a_running_run().await, teller.a_running_run().await);
    store.stage_batch(&later, &batch(0, vec![]), minute(1)).await.unwrap();
    let taken: Vec<_> = store.waiting_batches().await.unwrap().iter().map(Batch::id).collect();
    // The later run has read what waits; only then does the earlier one bring more, and move the cursor.
    store.stage_batch(&earlier, &batch(0, vec![]), minute(2)).await.unwrap();
    let night = Night { batches: taken, ..Night::first() };
    night.publish(store, &later, 3).await.unwrap();
    let waiting: Vec<_> = store.waiting_batches().await.unwrap().iter().map(Batch::id).collect();
    assert_eq!(waiting, [BatchId { run_id: earlier.run_id, source: "members".to_owned(), number: 0 }]);

    // A publication that fails takes up nothing.
    let overtaken = Night { batches: waiting.clone(), ..Night::quiet(99) };
    overtaken.publish(store, &earlier, 4).await.unwrap_err();
    assert_eq!(store.waiting_batches().await.unwrap().len(), 1);
    // The earlier run publishes after the later one: what it had staged waits no longer, and no number stands in the way.
    let next = Night { batches: waiting, ..Night::quiet(later.run_id) };
    next.publish(store, &earlier, 5).await.unwrap();
    assert!(store.waiting_batches().await.unwrap().is_empty());
    assert_eq!(store.published().await.unwrap().unwrap().run_id, earlier.run_id);
}
