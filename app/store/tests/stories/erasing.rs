//! Who is erased leaves nothing in the tables but an id and hashes; who is restricted stays so through merges and splits.

use kartei_schemas::judgement::RecordId;
use kartei_store::{
    ErasureKind, ErasureState, FrameSwap, Keyed, KnownTraits, Lease, NewErasure, PersonState, Removal, SECRET, Store,
    StoreError, hashes_of,
};

use crate::night::{Night, changes, gone, records, values};
use crate::{Teller, minute, stories};

stories!(
    who_is_erased_leaves_an_id_and_no_values,
    an_erasure_is_asked_for_before_it_is_done_and_is_done_once,
    who_is_readmitted_is_known_no_more,
    a_restriction_wins_in_a_merge_and_stays_after_a_split,
    a_restriction_that_is_lifted_is_gone_from_all_its_records,
);

const ANNA: &str = "A0000000000A";

async fn requested(store: &Store, lease: &Lease) -> NewErasure {
    let secret = store.setting_or(SECRET, "a secret", minute(2)).await.unwrap();
    let subject = store.subject_of_person(ANNA).await.unwrap().unwrap();
    let traits: Vec<_> = subject.known.iter().map(KnownTraits::traits).collect();
    let new = NewErasure {
        id: "e1".to_owned(),
        kind: ErasureKind::Erased,
        person_id: ANNA.to_owned(),
        hashes: hashes_of(&Keyed::new(&secret), &subject.records, &traits, &[]),
        by: "anna".to_owned(),
        reason: "Art. 17".to_owned(),
    };
    store.request_erasure(lease, &new, minute(2)).await.unwrap();
    new
}

async fn erased(store: &Store, lease: &Lease) {
    requested(store, lease).await;
    let erasure = store.open_erasures().await.unwrap().remove(0);
    let subject = store.subject_of_person(ANNA).await.unwrap().unwrap();
    let removal = Removal { erasure: &erasure, subject: &subject, swap: &FrameSwap::default() };
    let counts = store.remove_person(lease, &removal, minute(3)).await.unwrap();
    store.scrub().await.unwrap();
    store.finish_erasure("e1", &counts, minute(4)).await.unwrap();
}

async fn who_is_erased_leaves_an_id_and_no_values(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    let night = Night { changes: changes(&[(ANNA, "name", None, None)]), ..Night::first() };
    night.publish(store, &first, 1).await.unwrap();
    let records = store.person_view(ANNA).await.unwrap().unwrap().records;
    let others = store.person_view("C0000000000C").await.unwrap();
    let lease = teller.a_running_run().await;
    erased(store, &lease).await;
    let view = store.person_view(ANNA).await.unwrap().unwrap();
    assert_eq!((view.person.state, view.records.len(), view.values.len()), (PersonState::Erased, 0, 0));
    assert_eq!((view.person.surname, view.person.email, view.person.is_member), (None, None, None));
    assert!(store.history(ANNA).await.unwrap().is_empty());
    assert_eq!(store.person_view("C0000000000C").await.unwrap(), others, "others are as before");
    assert_eq!(store.retired_ids().await.unwrap(), [ANNA]);
    let tombstones = store.tombstones().await.unwrap();
    assert!(records.iter().all(|record| tombstones.holds_record(&record.source, &record.key)));
    assert!(!tombstones.holds_record("members", "99"));
    let kinds: Vec<String> =
        store.erasure_events(Some(ANNA)).await.unwrap().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["done", "removed", "requested"]);
}

async fn an_erasure_is_asked_for_before_it_is_done_and_is_done_once(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    Night::first().publish(store, &first, 1).await.unwrap();
    let lease = teller.a_running_run().await;
    let new = requested(store, &lease).await;
    assert_eq!(store.open_erasures().await.unwrap()[0].state, ErasureState::Requested);
    assert_eq!(store.recall_erasures(&lease, std::slice::from_ref(&new), minute(3)).await.unwrap(), 0);
    assert!(!store.tombstones().await.unwrap().is_empty(), "nobody comes back from when it is asked for");
    let subject = store.subject_of_erasure(&store.open_erasures().await.unwrap()[0]).await.unwrap();
    assert_eq!(subject.persons, [ANNA]);
    assert_eq!(subject.records.len(), 2);
    let lost = Lease { token: lease.token + 1, ..lease.clone() };
    let erasure = store.open_erasures().await.unwrap().remove(0);
    let removal = Removal { erasure: &erasure, subject: &subject, swap: &FrameSwap::default() };
    let refused = store.remove_person(&lost, &removal, minute(3)).await;
    assert!(matches!(refused, Err(StoreError::LostLease { .. })));
    store.remove_person(&lease, &removal, minute(3)).await.unwrap();
    store.remove_person(&lease, &removal, minute(4)).await.unwrap_err();
}

async fn who_is_readmitted_is_known_no_more(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    Night::first().publish(store, &first, 1).await.unwrap();
    store.lift_erasure(ANNA, "anna", "joined again", minute(2)).await.unwrap_err();
    let lease = teller.a_running_run().await;
    erased(store, &lease).await;
    store.lift_erasure(ANNA, "anna", "joined again", minute(5)).await.unwrap();
    assert!(store.tombstones().await.unwrap().is_empty());
    assert_eq!(store.retired_ids().await.unwrap(), [ANNA], "the id is not issued again");
}

async fn a_restriction_wins_in_a_merge_and_stays_after_a_split(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    Night::first().publish(store, &first, 1).await.unwrap();
    store.restrict("B0000000000B", "anna", "Art. 18", minute(2)).await.unwrap();
    let is_restricted = async |id: &str| store.person(id).await.unwrap().unwrap().restricted;
    assert!(is_restricted("B0000000000B").await && !is_restricted(ANNA).await);
    let second = teller.a_running_run().await;
    let night = Night {
        gone: gone(&[("B0000000000B", Some(ANNA))]),
        records: records(&[("members", "2", ANNA)]),
        ..Night::quiet(first.run_id)
    };
    night.publish(store, &second, 60).await.unwrap();
    assert!(is_restricted(ANNA).await, "restricted wins");
    let third = teller.a_running_run().await;
    let night = Night { records: records(&[("members", "1", "C0000000000C")]), ..Night::quiet(second.run_id) };
    night.publish(store, &third, 120).await.unwrap();
    assert!(is_restricted(ANNA).await && is_restricted("C0000000000C").await, "both parts are");
    assert_eq!(store.count_restricted().await.unwrap(), 2);
}

async fn a_restriction_that_is_lifted_is_gone_from_all_its_records(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    Night::first().publish(store, &first, 1).await.unwrap();
    store.restrict(ANNA, "anna", "Art. 18", minute(2)).await.unwrap();
    store.restrict("Z", "anna", "Art. 18", minute(2)).await.unwrap_err();
    assert_eq!(store.restricted_records().await.unwrap().len(), 2);
    store.unrestrict(ANNA, "anna", "settled", minute(3)).await.unwrap();
    store.unrestrict(ANNA, "anna", "settled", minute(3)).await.unwrap_err();
    assert!(store.restricted_records().await.unwrap().is_empty());
    let second = teller.a_running_run().await;
    let renewed = vec![ANNA.to_owned()];
    let values = values(&[(ANNA, "surname", "Sand", "members", "1", true)]);
    Night { values, renewed, ..Night::quiet(first.run_id) }.publish(store, &second, 60).await.unwrap();
    assert!(!store.person(ANNA).await.unwrap().unwrap().restricted);
    let said = store.restrictions_of(ANNA).await.unwrap();
    assert_eq!((said.len(), said[0].lifted_at, said[0].by.as_str()), (1, Some(minute(3)), "anna"));
    let record = RecordId { source: "members".to_owned(), key: "1".to_owned() };
    assert!(!store.restricted_records().await.unwrap().contains(&(record.source, record.key)));
}
