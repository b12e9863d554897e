//! What people said of consents is added to, and nothing of it is lost.

use kartei_schemas::consent::{ConsentState, SaidPrecision};
use kartei_store::{DESK, NewConsentEvent};
use polars_core::prelude::*;

use crate::night::{Night, gone};
use crate::{Teller, minute, stories};

stories!(
    what_a_run_hears_is_there_as_it_was_heard,
    what_is_heard_elsewhere_is_added_after_the_last_publication,
    what_was_said_outlives_the_person_and_what_published_it,
);

/// Two words of members, and one of leads that says neither when nor of which address.
fn heard(heard_at: i64) -> DataFrame {
    let at = |minutes: i64| Some(minute(minutes).timestamp_millis());
    df!(
        "source" => ["leads", "members", "members"],
        "key" => ["9", "1", "2"],
        "purpose" => ["newsletter"; 3],
        "state" => ["granted", "withdrawn", "unclear"],
        "said_at" => [None, at(-500), at(-400)],
        "said_precision" => ["unknown", "instant", "day"],
        "heard_at" => [at(heard_at); 3],
        "address_hash" => [None, Some("0a"), Some("0b")],
        "name_hash" => [None, Some("12345678"), None],
        "sex" => [None, Some("f"), None],
        "proof" => [None, Some("Formular 17"), None],
        "by_whom" => [None::<&str>; 3],
        "mark" => [1_i64, 20, 300],
    )
    .unwrap()
}

async fn what_a_run_hears_is_there_as_it_was_heard(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let night = Night { consents: Some(heard(1)), ..Night::first() };
    night.publish(store, &lease, 1).await.unwrap();
    let tally = store.consent_tally().await.unwrap();
    assert_eq!((tally.rows, tally.marks), (3, 321));
    let told = store.consent_events_told().await.unwrap();
    let expected = heard(1);
    for column in expected.columns() {
        assert!(told.column(column.name()).unwrap().equals_missing(column), "{}", column.name());
    }
    assert!(told.column("run_id").unwrap().i64().unwrap().iter().all(|run| run == Some(lease.run_id)));

    let anna = store.consent_events_of("A0000000000A").await.unwrap();
    let states: Vec<_> = anna.iter().map(|event| (event.state, event.said_precision)).collect();
    let expected = [(ConsentState::Granted, SaidPrecision::Unknown), (ConsentState::Withdrawn, SaidPrecision::Instant)];
    assert_eq!(states, expected);
    assert_eq!((anna[1].said_at, anna[1].heard_at), (Some(minute(-500)), minute(1)));
    assert_eq!(anna[1].proof.as_deref(), Some("Formular 17"));
}

async fn what_is_heard_elsewhere_is_added_after_the_last_publication(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    Night { consents: Some(heard(1)), ..Night::first() }.publish(store, &lease, 60).await.unwrap();
    let event = NewConsentEvent {
        person_id: "B0000000000B".to_owned(),
        purpose: "newsletter".to_owned(),
        state: ConsentState::Withdrawn,
        said_at: None,
        address_hash: None,
        proof: Some("by telephone".to_owned()),
        by_whom: "anna".to_owned(),
    };
    // The clock was set back since.
    store.add_consent_event(&event, minute(30)).await.unwrap();
    let found = store.consent_events_of("B0000000000B").await.unwrap();
    let last = found.last().unwrap();
    assert_eq!((last.source.as_str(), last.state, last.run_id), (DESK, ConsentState::Withdrawn, None));
    assert_eq!((last.heard_at, last.by_whom.as_deref()), (minute(60), Some("anna")));
    assert_eq!(store.consent_events_of_desk().await.unwrap().height(), 1);
    assert_eq!(store.consent_tally().await.unwrap().rows, 3, "runs heard no more of it");
    let nobody = NewConsentEvent { person_id: "Z0000000000Z".to_owned(), ..event };
    assert!(store.add_consent_event(&nobody, minute(61)).await.is_err());
}

async fn what_was_said_outlives_the_person_and_what_published_it(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    Night { consents: Some(heard(1)), ..Night::first() }.publish(store, &first, 1).await.unwrap();
    let second = teller.a_running_run().await;
    let night = Night {
        gone: gone(&[("A0000000000A", None)]),
        consents: Some(heard(60).slice(0, 1)),
        ..Night::quiet(first.run_id)
    };
    night.publish(store, &second, 60).await.unwrap();
    let runs: Vec<_> =
        store.consent_events_of("A0000000000A").await.unwrap().iter().map(|event| event.run_id).collect();
    assert_eq!(runs, [Some(first.run_id), Some(first.run_id), Some(second.run_id)]);
}
