//! What a source handed over waits, is accepted, discarded, published, or taken back: as a whole, and for every run alike.

use kartei_store::{Delivery, DeliveryFilter, DeliveryState, Judged, Lease, NewDelivery, StoreError, Verdict};

use crate::night::Night;
use crate::staging::{batch, cursor, decide, listing, passed};
use crate::{Teller, minute, stories};

stories!(
    what_a_guard_stopped_waits_and_no_run_takes_it_up,
    the_next_pull_supersedes_what_nobody_decided,
    the_same_content_waits_once,
    what_comes_behind_one_that_waits_waits_too,
    a_human_accepts_what_waits_and_it_moves_the_cursor,
    what_the_guards_over_the_persons_stop_moves_no_place,
    what_is_discarded_by_a_human_is_passed_over_when_it_comes_again,
    what_was_published_can_be_taken_back,
    what_was_decided_otherwise_meanwhile_is_not_published,
    a_rehearsal_is_seen_by_its_run_alone_and_leaves_nothing,
    a_source_is_retired_once,
);

async fn stage(teller: &Teller, lease: &Lease, new: &NewDelivery, line: u32) -> Delivery {
    let delivery = teller.store.open_delivery(lease, new, minute(1)).await.unwrap();
    let number = u32::try_from(teller.store.batches_of_run(lease.run_id).await.unwrap().len()).unwrap();
    let mut page = batch(delivery.id, number, Vec::new());
    page.progress.cursor = cursor(i64::from(line));
    teller.store.stage_batch(lease, &page, minute(1)).await.unwrap();
    teller.store.delivery(delivery.id).await.unwrap()
}

fn stopped(id: i64) -> Judged {
    let verdict = Verdict {
        guard: "max_drop_percent".to_owned(),
        actual: 90.0,
        limit: 20.0,
        verdict: "stopped".to_owned(),
        message: Some("source `members` shrank".to_owned()),
    };
    Judged { id, verdicts: vec![verdict], reason: Some("max_drop_percent: source `members` shrank".to_owned()) }
}

async fn state(teller: &Teller, id: i64) -> DeliveryState {
    teller.store.delivery(id).await.unwrap().state
}

async fn line(teller: &Teller) -> Option<i64> {
    teller.store.cursor("members").await.unwrap().and_then(|cursor| cursor.cursor["line"].as_i64())
}

/// A delivery that was accepted, and one of other content that a guard stopped.
async fn one_accepted_one_stopped(teller: &Teller) -> (Delivery, Delivery) {
    let first = teller.a_running_run().await;
    let good = stage(teller, &first, &listing("good", None), 1).await;
    decide(teller, &first, &[passed(good.id)], 1).await;
    let second = teller.a_running_run().await;
    let bad = stage(teller, &second, &listing("bad", Some(good.id)), 2).await;
    decide(teller, &second, &[stopped(bad.id)], 2).await;
    (good, bad)
}

async fn what_a_guard_stopped_waits_and_no_run_takes_it_up(teller: Teller) {
    let (good, bad) = one_accepted_one_stopped(&teller).await;
    assert_eq!(line(&teller).await, Some(1));
    let other = teller.a_running_run().await;
    let taken = teller.store.deliveries_to_consolidate(other.run_id, true).await.unwrap();
    assert_eq!(taken.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [good.id]);
    let waiting = teller.store.waiting_deliveries().await.unwrap();
    assert_eq!((waiting.len(), waiting[0].id, waiting[0].stopped_by()), (1, bad.id, vec!["max_drop_percent"]));
    // Only the run that staged it may look at what would come of it.
    let own = teller.store.deliveries_to_consolidate(bad.run_id.unwrap(), true).await.unwrap();
    assert_eq!(own.len(), 2);
    assert!(teller.store.kept_batches().await.unwrap().iter().any(|batch| batch.delivery_id == bad.id));
}

async fn the_next_pull_supersedes_what_nobody_decided(teller: Teller) {
    let (good, bad) = one_accepted_one_stopped(&teller).await;
    let next = teller.a_running_run().await;
    let same = stage(&teller, &next, &listing("good", Some(good.id)), 3).await;
    decide(&teller, &next, &[passed(same.id)], 3).await;
    assert_eq!(state(&teller, bad.id).await, DeliveryState::Discarded);
    assert_eq!(line(&teller).await, Some(3));
    let refused = teller.store.refused_deliveries("members").await.unwrap();
    assert!(refused.is_empty(), "what no human put away may come again");
    let error = teller.store.discard_delivery(bad.id, ("a user", ""), minute(4)).await.unwrap_err();
    assert!(matches!(error, StoreError::Absent { .. }));
}

async fn the_same_content_waits_once(teller: Teller) {
    let (good, bad) = one_accepted_one_stopped(&teller).await;
    let next = teller.a_running_run().await;
    let again = stage(&teller, &next, &listing("bad", Some(good.id)), 2).await;
    assert_eq!((again.id, again.run_id, again.reason), (bad.id, Some(next.run_id), None));
    decide(&teller, &next, &[stopped(again.id)], 3).await;
    let all = teller.store.deliveries(&DeliveryFilter::default()).await.unwrap();
    assert_eq!(all.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [bad.id, good.id]);
    assert_eq!(teller.store.batches_of_delivery(bad.id).await.unwrap().len(), 1);
}

async fn what_comes_behind_one_that_waits_waits_too(teller: Teller) {
    let lease = teller.a_running_run().await;
    let first = stage(&teller, &lease, &listing("first", None), 1).await;
    let second = stage(&teller, &lease, &listing("second", Some(first.id)), 2).await;
    decide(&teller, &lease, &[stopped(first.id), passed(second.id)], 2).await;
    assert_eq!(teller.store.waiting_deliveries().await.unwrap().len(), 2);
    let early = teller.store.accept_delivery(second.id, ("a user", &[]), minute(3)).await.unwrap_err();
    assert!(early.to_string().contains("does not follow on what was accepted last"), "{early}");
    for id in [first.id, second.id] {
        teller.store.accept_delivery(id, ("a user", &[]), minute(3)).await.unwrap();
    }
    assert_eq!(line(&teller).await, Some(2));
}

async fn a_human_accepts_what_waits_and_it_moves_the_cursor(teller: Teller) {
    let (_, bad) = one_accepted_one_stopped(&teller).await;
    let also = ["max_gone_percent".to_owned()];
    let accepted = teller.store.accept_delivery(bad.id, ("a user", &also), minute(3)).await.unwrap();
    assert_eq!((accepted.state, accepted.decided_by.as_deref()), (DeliveryState::Accepted, Some("a user")));
    assert_eq!(accepted.accepted_guards, ["max_drop_percent", "max_gone_percent"]);
    assert_eq!(line(&teller).await, Some(2));
    assert_eq!(teller.store.waiting_batches().await.unwrap().len(), 2);
}

async fn what_the_guards_over_the_persons_stop_moves_no_place(teller: Teller) {
    let lease = teller.a_running_run().await;
    let first = stage(&teller, &lease, &listing("first", None), 1).await;
    let second = stage(&teller, &lease, &listing("second", Some(first.id)), 2).await;
    decide(&teller, &lease, &[passed(first.id), passed(second.id)], 1).await;
    let verdict = Verdict { guard: "max_gone_percent".to_owned(), ..stopped(0).verdicts[0].clone() };
    let why = (std::slice::from_ref(&verdict), "max_gone_percent: many would be gone");
    teller.store.hold_back(&lease, &[second.id], why).await.unwrap();
    assert_eq!((line(&teller).await, state(&teller, first.id).await), (Some(1), DeliveryState::Accepted));
    assert_eq!(teller.store.waiting_deliveries().await.unwrap()[0].id, second.id);
    teller.store.hold_back(&lease, &[first.id], why).await.unwrap();
    assert_eq!(line(&teller).await, None, "the source is where it was: never read");
    assert!(teller.store.waiting_batches().await.unwrap().is_empty());
    for id in [first.id, second.id] {
        teller.store.accept_delivery(id, ("a user", &[]), minute(3)).await.unwrap();
    }
    assert_eq!(line(&teller).await, Some(2));
}

async fn what_is_discarded_by_a_human_is_passed_over_when_it_comes_again(teller: Teller) {
    let (_, bad) = one_accepted_one_stopped(&teller).await;
    let gone = teller.store.discard_delivery(bad.id, ("a user", "a torn export"), minute(3)).await.unwrap();
    assert_eq!((gone.state, gone.reason.as_deref()), (DeliveryState::Discarded, Some("a torn export")));
    let refused = teller.store.refused_deliveries("members").await.unwrap();
    assert_eq!(refused.into_iter().collect::<Vec<_>>(), [("bad".to_owned(), bad.id)]);
    teller.store.accept_delivery(bad.id, ("a user", &[]), minute(4)).await.unwrap();
    assert!(teller.store.refused_deliveries("members").await.unwrap().is_empty());
    assert!(teller.store.cursor_base("members").await.unwrap().1, "the next pull begins anew");
}

async fn what_was_published_can_be_taken_back(teller: Teller) {
    let (good, bad) = one_accepted_one_stopped(&teller).await;
    let run = teller.a_running_run().await;
    let error = teller.store.forget_delivery(good.id, ("a user", "why"), (&[], minute(3))).await.unwrap_err();
    assert!(error.to_string().contains("is not published"), "{error}");
    let night = Night { deliveries: vec![good.id], ..Night::first() };
    night.publish(&teller.store, &run, 3).await.unwrap();
    assert!(teller.store.waiting_batches().await.unwrap().is_empty());
    assert_eq!(teller.store.delivery(good.id).await.unwrap().heard_at, Some(minute(3)));
    assert_eq!(teller.store.published_deliveries("members").await.unwrap().len(), 1);

    teller.store.forget_delivery(good.id, ("a user", "a wrong import"), (&[], minute(4))).await.unwrap();
    assert_eq!(state(&teller, bad.id).await, DeliveryState::Discarded, "it was staged on top of it");
    assert!(teller.store.published_deliveries("members").await.unwrap().is_empty());
    assert_eq!(teller.store.forgotten_deliveries().await.unwrap()[0].id, good.id);
    assert!(teller.store.cursor_base("members").await.unwrap().1, "the next pull begins anew");
    let next = teller.a_running_run().await;
    let night = Night { forgotten: vec![good.id], ..Night::quiet(run.run_id) };
    night.publish(&teller.store, &next, 5).await.unwrap();
    assert!(teller.store.forgotten_deliveries().await.unwrap().is_empty());
    assert_eq!(teller.store.delivery(good.id).await.unwrap().undone_by, Some(next.run_id));
}

async fn what_was_decided_otherwise_meanwhile_is_not_published(teller: Teller) {
    let (good, _) = one_accepted_one_stopped(&teller).await;
    let run = teller.a_running_run().await;
    teller.store.discard_delivery(good.id, ("a user", "wrong"), minute(3)).await.unwrap();
    assert_eq!(line(&teller).await, None);
    let night = Night { deliveries: vec![good.id], ..Night::first() };
    let error = night.publish(&teller.store, &run, 3).await.unwrap_err();
    assert!(matches!(error, StoreError::Overtaken { .. }));
    assert_eq!(teller.store.published().await.unwrap(), None);
}

async fn a_rehearsal_is_seen_by_its_run_alone_and_leaves_nothing(teller: Teller) {
    let (dry, other) = (teller.a_running_run().await, teller.a_running_run().await);
    let rehearsal = stage(&teller, &dry, &NewDelivery { rehearsal: true, ..listing("new", None) }, 1).await;
    assert_eq!(rehearsal.state, DeliveryState::Rehearsal);
    assert_eq!(teller.store.deliveries_to_consolidate(dry.run_id, false).await.unwrap().len(), 1);
    assert!(teller.store.deliveries_to_consolidate(other.run_id, true).await.unwrap().is_empty());
    assert!(teller.store.drop_rehearsals(None).await.unwrap().is_empty(), "its run is under way");
    // It was killed: whoever cleans up next removes what it left.
    teller.store.reap_lost_runs("reaper", minute(9)).await.unwrap();
    assert_eq!(teller.store.drop_rehearsals(None).await.unwrap().len(), 1);
    assert!(teller.store.deliveries(&DeliveryFilter::default()).await.unwrap().is_empty());
    assert!(teller.store.batches_of_run(dry.run_id).await.unwrap().is_empty());
}

async fn a_source_is_retired_once(teller: Teller) {
    let retired = teller.store.retire_source("leads", ("a user", "no longer used"), minute(1)).await.unwrap();
    assert_eq!(retired.state, DeliveryState::Accepted);
    teller.store.retire_source("leads", ("a user", ""), minute(2)).await.unwrap_err();
    let run = teller.a_running_run().await;
    assert_eq!(teller.store.deliveries_to_consolidate(run.run_id, false).await.unwrap().len(), 1);
    teller.store.discard_delivery(retired.id, ("a user", "a mistake"), minute(3)).await.unwrap();
    assert!(teller.store.deliveries_to_consolidate(run.run_id, false).await.unwrap().is_empty());
}
