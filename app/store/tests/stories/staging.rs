//! Pages come to rest with their cursor or not at all; what cannot be read waits in quarantine.

use kartei_store::{
    BatchKind, DeliveryCounts, DeliveryKind, DeliveryProgress, Effects, Judged, Lease, NewBatch, NewDelivery,
    NewReject, PullDecision, RejectFilter, RejectState, Resolves, SourceCursor, StoreError,
};
use serde_json::json;

use crate::night::frame_ref;
use crate::{Teller, claim, minute, stories};

stories!(
    a_page_comes_to_rest_with_its_rejects_and_moves_no_cursor,
    a_page_that_comes_twice_changes_nothing,
    a_page_of_a_lost_run_leaves_nothing,
    a_reject_that_comes_again_is_counted_and_one_that_does_not_is_resolved,
    a_dismissed_reject_stays_dismissed,
    a_listing_that_comes_again_as_it_was_meets_its_rejects_again,
    a_file_that_comes_with_other_content_resolves_what_it_held,
    a_record_that_comes_again_leaves_the_quarantine,
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

/// A page of a delivery that is whole with it.
pub(crate) fn batch(delivery: i64, number: u32, rejects: Vec<NewReject>) -> NewBatch {
    NewBatch {
        delivery,
        source: "members".to_owned(),
        number,
        kind: BatchKind::Rows,
        frame: Some(frame_ref(&format!("batches/members/1-{delivery}-{number}"))),
        origin: "members.csv".to_owned(),
        complete_listing: true,
        rows_read: 10,
        rows_staged: 7,
        rows_unchanged: 2,
        rows_collapsed: 0,
        rejects,
        keeps_rejects: true,
        progress: DeliveryProgress {
            complete: true,
            counts: DeliveryCounts { read: 10, staged: 7, ..DeliveryCounts::default() },
            effects: Effects { resolves: Resolves::Unseen, mended: Vec::new() },
            cursor: cursor(i64::from(number)),
        },
    }
}

pub(crate) fn cursor(line: i64) -> SourceCursor {
    SourceCursor {
        source: "members".to_owned(),
        cursor: json!({ "line": line }),
        columns: vec!["key".to_owned(), "plz".to_owned()],
        listing_rows: Some(10),
        listed_at: Some(minute(1)),
        newest_data_at: None,
    }
}

pub(crate) fn listing(fingerprint: &str, base: Option<i64>) -> NewDelivery {
    NewDelivery {
        source: "members".to_owned(),
        kind: DeliveryKind::Listing,
        origin: "members.csv".to_owned(),
        fingerprint: fingerprint.to_owned(),
        rehearsal: false,
        base,
        data_at: Some(minute(0)),
        accepted_guards: Vec::new(),
        beside: Vec::new(),
    }
}

pub(crate) fn passed(id: i64) -> Judged {
    Judged { id, verdicts: Vec::new(), reason: None }
}

/// Decides over what a run staged, as the end of a pull does.
pub(crate) async fn decide(teller: &Teller, lease: &Lease, deliveries: &[Judged], minutes: i64) {
    let decision = PullDecision { source: "members", deliveries, whole: true };
    teller.store.decide_pull(lease, &decision, minute(minutes)).await.unwrap();
}

/// A run that stages a delivery with these rows in quarantine.
async fn staged(teller: &Teller, new: &NewDelivery, (effects, minutes): (Effects, i64), raw: &[&str]) -> (Lease, i64) {
    let lease = teller.a_running_run().await;
    let id = teller.store.open_delivery(&lease, new, minute(minutes)).await.unwrap().id;
    let rows = raw.iter().map(|raw| NewReject { delivery: new.fingerprint.clone(), ..reject(raw) }).collect();
    let mut page = batch(id, 0, rows);
    page.progress.effects = effects;
    teller.store.stage_batch(&lease, &page, minute(minutes)).await.unwrap();
    (lease, id)
}

/// The same, accepted.
async fn accepted(
    teller: &Teller,
    new: &NewDelivery,
    (resolves, minutes): (Resolves, i64),
    raw: &[&str],
) -> (Lease, i64) {
    let effects = Effects { resolves, mended: Vec::new() };
    let (lease, id) = staged(teller, new, (effects, minutes), raw).await;
    decide(teller, &lease, &[passed(id)], minutes).await;
    (lease, id)
}

async fn a_page_comes_to_rest_with_its_rejects_and_moves_no_cursor(teller: Teller) {
    let store = &teller.store;
    // PostgreSQL cannot hold a NUL, and a broken row may well have one.
    let effects = Effects { resolves: Resolves::Unseen, mended: Vec::new() };
    let (lease, id) = staged(&teller, &listing("one", None), (effects, 1), &["7;Mo\0rgan", "8;x"]).await;
    assert_eq!(store.cursor("members").await.unwrap(), None);
    assert!(store.waiting_batches().await.unwrap().is_empty(), "what is not accepted is not consolidated");
    let rests = store.batches_of_run(lease.run_id).await.unwrap();
    assert_eq!((rests[0].rows_read, rests[0].rows_rejected, rests[0].delivery_id), (10, 2, id));
    let rejects = store.rejects(&RejectFilter { source: Some("members".to_owned()), ..Default::default() }).await;
    let rejects = rejects.unwrap();
    assert_eq!(rejects.iter().map(|reject| reject.raw.as_str()).collect::<Vec<_>>(), ["8;x", "7;Mo\u{fffd}rgan"]);
    assert_eq!(rejects[0].line, Some(17));
    assert_eq!(store.reject_counts().await.unwrap()[0].rows, 2);

    decide(&teller, &lease, &[passed(id)], 2).await;
    assert_eq!(store.cursor("members").await.unwrap(), Some(cursor(0)));
    assert_eq!(store.cursors().await.unwrap().len(), 1);
    assert_eq!(store.waiting_batches().await.unwrap(), rests);
}

async fn a_page_that_comes_twice_changes_nothing(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let id = store.open_delivery(&lease, &listing("one", None), minute(1)).await.unwrap().id;
    assert!(store.stage_batch(&lease, &batch(id, 0, vec![reject("7;x")]), minute(1)).await.unwrap());
    store.stage_batch(&lease, &batch(id, 1, vec![]), minute(1)).await.unwrap();
    assert!(!store.stage_batch(&lease, &batch(id, 0, vec![reject("7;x")]), minute(2)).await.unwrap());
    assert_eq!(store.rejects(&RejectFilter::default()).await.unwrap()[0].times, 1);
    assert_eq!(store.batches_of_run(lease.run_id).await.unwrap().len(), 2);
    decide(&teller, &lease, &[passed(id)], 2).await;
    assert_eq!(store.cursor("members").await.unwrap().unwrap().cursor, json!({ "line": 1 }));
}

async fn a_page_of_a_lost_run_leaves_nothing(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let id = store.open_delivery(&lease, &listing("one", None), minute(0)).await.unwrap().id;
    store.reap_lost_runs("reaper", minute(9)).await.unwrap();
    let error = store.stage_batch(&lease, &batch(id, 0, vec![reject("7;x")]), minute(9)).await.unwrap_err();
    assert!(matches!(error, StoreError::LostLease { .. }));
    let decision = PullDecision { source: "members", deliveries: &[passed(id)], whole: true };
    assert!(store.decide_pull(&lease, &decision, minute(9)).await.is_err());
    assert_eq!(store.cursor("members").await.unwrap(), None);
    assert!(store.rejects(&RejectFilter::default()).await.unwrap().is_empty());
    assert!(store.batches_of_run(lease.run_id).await.unwrap().is_empty());
}

async fn a_reject_that_comes_again_is_counted_and_one_that_does_not_is_resolved(teller: Teller) {
    let (_, first) = accepted(&teller, &listing("one", None), (Resolves::Unseen, 1), &["7;x", "8;x"]).await;
    assert_eq!(open(&teller).await.len(), 2);
    let next = listing("two", Some(first));
    let (lease, _) = accepted(&teller, &next, (Resolves::Unseen, 60), &["8;x"]).await;
    let filter = RejectFilter { state: Some(RejectState::Open), ..Default::default() };
    let open = teller.store.rejects(&filter).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].raw.as_str(), open[0].times, open[0].run_id), ("8;x", 2, lease.run_id));
    assert_eq!((open[0].first_seen_at, open[0].last_seen_at), (minute(1), minute(60)));
}

async fn a_dismissed_reject_stays_dismissed(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let delivery = store.open_delivery(&lease, &listing("one", None), minute(1)).await.unwrap().id;
    store.stage_batch(&lease, &batch(delivery, 0, vec![reject("7;x")]), minute(1)).await.unwrap();
    let id = store.rejects(&RejectFilter::default()).await.unwrap()[0].id;
    assert_eq!(store.mark_rejects(&[id, 99], RejectState::Dismissed, "a user", minute(2)).await.unwrap(), 1);
    store.stage_batch(&lease, &batch(delivery, 1, vec![reject("7;x")]), minute(3)).await.unwrap();
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
    let (_, first) = accepted(&teller, &listing("one", None), (Resolves::Unseen, 1), &["7;x"]).await;
    accepted(&teller, &listing("one", Some(first)), (Resolves::SinceListing, 60), &[]).await;
    assert_eq!(open(&teller).await, [("7;x".to_owned(), 2)], "one run meets a row once");
}

async fn a_file_that_comes_with_other_content_resolves_what_it_held(teller: Teller) {
    let delta = |fingerprint: &str, origin: &str, base| NewDelivery {
        kind: DeliveryKind::Delta,
        origin: origin.to_owned(),
        ..listing(fingerprint, base)
    };
    let (_, one) = accepted(&teller, &delta("one", "members.csv", None), (Resolves::Replaced, 1), &["7;x"]).await;
    let (_, two) = accepted(&teller, &delta("two", "others.csv", Some(one)), (Resolves::Replaced, 2), &[]).await;
    assert_eq!(open(&teller).await.len(), 1, "another file says nothing of it");
    let waits = Effects { resolves: Resolves::Replaced, mended: Vec::new() };
    let (lease, three) = staged(&teller, &delta("three", "members.csv", Some(two)), (waits, 3), &[]).await;
    assert_eq!(open(&teller).await.len(), 1, "what is not accepted resolves nothing");
    decide(&teller, &lease, &[passed(three)], 3).await;
    assert_eq!(open(&teller).await, []);
}

async fn a_record_that_comes_again_leaves_the_quarantine(teller: Teller) {
    let (_, one) = accepted(&teller, &listing("one", None), (Resolves::Unseen, 1), &["7;x", "8;x"]).await;
    let mut waiting = teller.store.quarantined_keys("members").await.unwrap();
    waiting.sort();
    assert_eq!(waiting, [("7".to_owned(), "one".to_owned()), ("8".to_owned(), "one".to_owned())]);
    let effects = Effects { resolves: Resolves::Nothing, mended: vec!["7".to_owned(), "9".to_owned()] };
    let new = NewDelivery { kind: DeliveryKind::Delta, ..listing("two", Some(one)) };
    let (lease, two) = staged(&teller, &new, (effects, 2), &[]).await;
    decide(&teller, &lease, &[passed(two)], 2).await;
    assert_eq!(open(&teller).await, [("8;x".to_owned(), 1)]);
}
