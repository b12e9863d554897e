//! What a run found becomes visible in one transaction, or not at all.

use kartei_store::{ExportFilter, PersonState, RunEnd, StoreError};
use polars_core::prelude::*;
use serde_json::json;

use crate::night::{Night, changes, gone, mail, records, review, three_persons, values};
use crate::{Teller, minute, stories};

stories!(
    the_first_night_is_visible_as_it_was_found,
    the_second_night_replaces_what_changed_and_nothing_else,
    a_person_that_returns_is_active_again,
    publishing_twice_changes_nothing,
    a_run_that_was_overtaken_publishes_nothing,
    a_run_that_lost_its_lease_publishes_nothing,
    a_frame_without_its_column_publishes_nothing,
    an_erased_record_is_forgotten,
    a_large_first_night_has_its_indexes,
    while_it_publishes_a_heartbeat_does_not_wait,
    a_heartbeat_does_not_wait_for_a_publication_that_has_only_just_begun,
);

async fn the_first_night_is_visible_as_it_was_found(teller: Teller) {
    let store = &teller.store;
    assert_eq!(store.published().await.unwrap(), None);
    let lease = teller.a_running_run().await;
    let published = Night::first().publish(store, &lease, 1).await.unwrap();
    assert_eq!((published.persons, published.records, published.values, published.mails), (3, 4, 2, 1));

    let state = store.published().await.unwrap().unwrap();
    assert_eq!((state.run_id, state.published_at), (lease.run_id, minute(1)));
    assert_eq!(state.frames, Night::first().frames);
    assert_eq!(store.statistics(lease.run_id).await.unwrap(), Some(json!({ "persons": 3 })));
    let anna = store.person("A0000000000A").await.unwrap().unwrap();
    assert_eq!(anna.state, PersonState::Active);
    assert_eq!((anna.surname.as_deref(), anna.is_member, anna.records), (Some("Müller"), Some(true), 2));
    assert_eq!(anna.interests, json!(["Bildung", "Umwelt"]));
    assert_eq!(anna.consents, json!([{ "purpose": "newsletter", "state": "granted" }]));
    assert_eq!((anna.first_seen, anna.updated_at), (Some(minute(0)), Some(minute(1))));
    let odd = store.person("C0000000000C").await.unwrap().unwrap();
    assert_eq!(odd.given_name.as_deref(), Some("Çelik\tTab\\N"));
    assert_eq!(odd.interests, json!(["a\u{fffd}b"]));
    assert_eq!((odd.surname, odd.is_member, odd.updated_at), (None, None, None));
    assert_eq!(store.review_queue(10).await.unwrap().len(), 2);
    assert_eq!(store.org().await.unwrap(), crate::night::org());
}

async fn the_second_night_replaces_what_changed_and_nothing_else(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    Night::first().publish(store, &first, 1).await.unwrap();
    let before = store.person("C0000000000C").await.unwrap();

    let mut persons = three_persons().slice(0, 1);
    persons.replace("surname", Series::new("surname".into(), ["Müller-Sand"]).into()).unwrap();
    let second = teller.a_running_run().await;
    let night = Night {
        persons,
        gone: gone(&[("B0000000000B", Some("A0000000000A"))]),
        records: records(&[("members", "2", "A0000000000A")]),
        values: values(&[("A0000000000A", "surname", "Müller-Sand", "members", "2", true)]),
        renewed: vec!["A0000000000A".to_owned()],
        changes: changes(&[("A0000000000A", "name", Some("ov-nord"), Some("ov-nord"))]),
        review: vec![review("2", "3")],
        mails: vec![mail("first"), mail("second")],
        ..Night::quiet(first.run_id)
    };
    let published = night.publish(store, &second, 60).await.unwrap();
    assert_eq!((published.persons, published.gone, published.changes, published.mails), (1, 1, 1, 1));

    let anna = store.person_view("A0000000000A").await.unwrap().unwrap();
    assert_eq!(anna.person.surname.as_deref(), Some("Müller-Sand"));
    assert_eq!(anna.records.len(), 3);
    assert_eq!(anna.values.iter().map(|value| value.value.as_deref()).collect::<Vec<_>>(), [Some("Müller-Sand")]);
    let merged = store.person("B0000000000B").await.unwrap().unwrap();
    assert_eq!((merged.state, merged.merged_into.as_deref()), (PersonState::Merged, Some("A0000000000A")));
    assert_eq!(store.person("C0000000000C").await.unwrap(), before);
    assert_eq!(store.person_of_record("members", "2").await.unwrap().as_deref(), Some("A0000000000A"));
    let queue = store.review_queue(10).await.unwrap();
    assert_eq!(queue.len(), 1);
    assert_eq!((queue[0].created_at, queue[0].run_id), (minute(1), second.run_id), "the pair keeps its age");
    assert_eq!(store.count_persons().await.unwrap(), (2, 1));
}

async fn a_person_that_returns_is_active_again(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    Night::first().publish(store, &first, 1).await.unwrap();
    let second = teller.a_running_run().await;
    let night = Night { gone: gone(&[("A0000000000A", None)]), ..Night::quiet(first.run_id) };
    night.publish(store, &second, 60).await.unwrap();
    let view = store.person_view("A0000000000A").await.unwrap().unwrap();
    assert_eq!((view.person.state, view.values.len()), (PersonState::Gone, 0));
    let third = teller.a_running_run().await;
    let night = Night { persons: three_persons().slice(0, 1), ..Night::quiet(second.run_id) };
    night.publish(store, &third, 120).await.unwrap();
    assert_eq!(store.person("A0000000000A").await.unwrap().unwrap().state, PersonState::Active);
}

async fn publishing_twice_changes_nothing(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let night = Night { changes: changes(&[("A0000000000A", "name", None, None)]), ..Night::first() };
    night.publish(store, &lease, 1).await.unwrap();
    assert!(night.publish(store, &lease, 2).await.unwrap().before);
    assert_eq!(store.history("A0000000000A").await.unwrap().len(), 1);
    assert_eq!(store.published().await.unwrap().unwrap().published_at, minute(1));
}

async fn a_run_that_was_overtaken_publishes_nothing(teller: Teller) {
    let store = &teller.store;
    let (slow, fast) = (teller.a_running_run().await, teller.a_running_run().await);
    Night::first().publish(store, &fast, 1).await.unwrap();
    let night = Night { mails: vec![mail("slow")], ..Night::first() };
    let error = night.publish(store, &slow, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Overtaken { run_id } if run_id == slow.run_id));
    let error = Night { mails: vec![mail("slow")], ..Night::quiet(99) }.publish(store, &slow, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Overtaken { .. }));
    assert_eq!(store.published().await.unwrap().unwrap().run_id, fast.run_id);
    assert_eq!(store.outbox_depth(None).await.unwrap().queued, 1);
}

async fn a_run_that_lost_its_lease_publishes_nothing(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    store.reap_lost_runs("reaper", minute(9)).await.unwrap();
    let error = Night::first().publish(store, &lease, 9).await.unwrap_err();
    assert!(matches!(error, StoreError::LostLease { .. }));
    assert_eq!(store.published().await.unwrap(), None);
    assert_eq!(store.count_persons().await.unwrap(), (0, 0));
}

async fn a_frame_without_its_column_publishes_nothing(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let night = Night { changes: df!("person_id" => ["A0000000000A"]).unwrap(), ..Night::first() };
    let error = night.publish(store, &lease, 1).await.unwrap_err();
    assert_eq!(error.to_string(), "frame for `change`: column `kind` is missing");
    assert_eq!(store.published().await.unwrap(), None);
    assert_eq!(store.count_persons().await.unwrap(), (0, 0));
    Night::first().publish(store, &lease, 2).await.unwrap();
}

async fn an_erased_record_is_forgotten(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    Night::first().publish(store, &first, 1).await.unwrap();
    let second = teller.a_running_run().await;
    let erased = df!("source" => ["leads"], "key" => ["9"]).unwrap();
    Night { erased: Some(erased), ..Night::quiet(first.run_id) }.publish(store, &second, 2).await.unwrap();
    let view = store.person_view("A0000000000A").await.unwrap().unwrap();
    assert_eq!(view.records.iter().map(|record| record.source.as_str()).collect::<Vec<_>>(), ["members"]);
    assert_eq!(view.values.iter().map(|value| value.source.as_deref()).collect::<Vec<_>>(), [Some("members")]);
    assert_eq!(store.person_of_record("leads", "9").await.unwrap(), None);
}

async fn a_large_first_night_has_its_indexes(teller: Teller) {
    let store = &teller.store;
    let rows = 20_011;
    let ids: Vec<String> = (0..rows).map(|row| format!("P{row:011}")).collect();
    let persons = df!(
        "id" => &ids,
        "surname" => (0..rows).map(|row| format!("Name{row}")).collect::<Vec<_>>(),
        "email" => (0..rows).map(|row| (row % 3 > 0).then(|| format!("p{row}@example.org"))).collect::<Vec<_>>(),
    )
    .unwrap();
    let lease = teller.a_running_run().await;
    let published = Night { persons, ..Night::first() }.publish(store, &lease, 1).await.unwrap();
    assert_eq!(published.persons, rows as u64);
    let found = store.find_persons("p20010@example.org", 5).await.unwrap();
    assert!(found.is_empty(), "every third has none");
    let found = store.find_persons("p20009@example.org", 5).await.unwrap();
    assert_eq!(found.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), [ids[20_009].as_str()]);
    let indexes = crate::migrating::indexes(&teller).await;
    for name in ["person_email", "person_search_name", "person_record_person_id", "person_value_person_id"] {
        assert!(indexes.iter().any(|index| index == name), "{name} is missing");
    }
    // What comes on top is replaced row by row.
    let second = teller.a_running_run().await;
    let persons = df!("id" => &ids[..11_000], "surname" => vec!["Neu"; 11_000]).unwrap();
    Night { persons, ..Night::quiet(lease.run_id) }.publish(store, &second, 2).await.unwrap();
    assert_eq!(store.find_persons("neu", 20_000).await.unwrap().len(), 11_000);
    assert_eq!(store.count_persons().await.unwrap().0, rows as u64);
    assert_eq!(count_exported(&teller).await, rows);
}

async fn count_exported(teller: &Teller) -> usize {
    use futures::TryStreamExt;
    let pages: Vec<_> = teller.store.export_persons(ExportFilter::default()).try_collect().await.unwrap();
    pages.iter().map(Vec::len).sum()
}

async fn a_heartbeat_does_not_wait_for_a_publication_that_has_only_just_begun(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let night = Night::first();
    let mut publication = std::pin::pin!(night.publish(store, &lease, 1));
    // It is asked once and then left alone, as when the same task has both to do: it cannot end before the heartbeat does.
    assert!(futures::poll!(publication.as_mut()).is_pending());
    let beat = tokio::time::timeout(std::time::Duration::from_secs(20), store.renew_lease(&lease, minute(1))).await;
    assert_eq!(beat.expect("the heartbeat waits for the publication").unwrap().until, minute(2));
    publication.await.unwrap();
}

async fn while_it_publishes_a_heartbeat_does_not_wait(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let night = Night::first();
    let beats = async {
        let mut until = minute(0);
        for _ in 0..20 {
            until = store.renew_lease(&lease, minute(1)).await.unwrap().until;
        }
        until
    };
    let (published, until) = tokio::join!(night.publish(store, &lease, 1), beats);
    published.unwrap();
    assert_eq!(until, minute(2));
    store.finish_run(&lease, &RunEnd::succeeded(), minute(2)).await.unwrap();
}
