//! What stewards said: the newest word holds, undoing brings the older one back, nothing is deleted.

use std::collections::BTreeMap;

use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use kartei_store::{NewJudgement, NewPersonEvent, PersonEventKind, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::night::Night;
use crate::{Teller, minute, stories};

stories!(
    the_newest_word_holds_and_undoing_it_brings_the_older_one_back,
    a_pair_is_the_same_in_either_order,
    a_merge_is_written_with_its_judgements_and_undone_with_them,
    a_judged_pair_leaves_the_queue_and_does_not_come_back_with_the_run_that_was_under_way,
    no_sequence_of_words_and_undoings_loses_one,
);

fn word(left: &str, right: &str, verdict: Verdict) -> NewJudgement {
    let record = |key: &str| RecordId { source: "members".to_owned(), key: key.to_owned() };
    NewJudgement {
        judgement: Judgement { left: record(left), right: record(right), verdict },
        by: "steward".to_owned(),
        reason: Some("asked them".to_owned()),
    }
}

async fn active(store: &Store) -> Vec<(String, String, Verdict)> {
    let active = store.active_judgements().await.unwrap();
    active.into_iter().map(|judgement| (judgement.left.key, judgement.right.key, judgement.verdict)).collect()
}

async fn the_newest_word_holds_and_undoing_it_brings_the_older_one_back(teller: Teller) {
    let store = &teller.store;
    store.add_judgement(&word("1", "2", Verdict::Same), minute(0)).await.unwrap();
    let second = store.add_judgement(&word("1", "2", Verdict::Different), minute(1)).await.unwrap();
    assert_eq!(active(store).await, [("1".into(), "2".into(), Verdict::Different)]);
    store.undo_judgement(second, "steward", Some("slipped"), minute(2)).await.unwrap();
    assert_eq!(active(store).await, [("1".into(), "2".into(), Verdict::Same)]);
    assert!(store.undo_judgement(second, "steward", None, minute(3)).await.is_err(), "it is undone already");
    let history = store.judgements(None).await.unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!((history[0].undone_at, history[0].undone_reason.as_deref()), (Some(minute(2)), Some("slipped")));
}

async fn a_pair_is_the_same_in_either_order(teller: Teller) {
    let store = &teller.store;
    store.add_judgement(&word("1", "2", Verdict::Same), minute(0)).await.unwrap();
    store.add_judgement(&word("2", "1", Verdict::Unsure), minute(0)).await.unwrap();
    assert_eq!(active(store).await, [("1".into(), "2".into(), Verdict::Unsure)]);
    let two = RecordId { source: "members".to_owned(), key: "2".to_owned() };
    assert_eq!(store.judgements(Some(&two)).await.unwrap().len(), 2);
    assert!(store.add_judgement(&word("1", "1", Verdict::Same), minute(0)).await.is_err());
}

async fn a_merge_is_written_with_its_judgements_and_undone_with_them(teller: Teller) {
    let store = &teller.store;
    store.add_judgement(&word("1", "2", Verdict::Different), minute(0)).await.unwrap();
    let merge = NewPersonEvent {
        kind: PersonEventKind::Merge,
        persons: vec!["A".to_owned(), "B".to_owned()],
        records: Vec::new(),
        by: "steward".to_owned(),
        reason: Some("one phone call".to_owned()),
        judgements: vec![word("1", "2", Verdict::Same), word("2", "3", Verdict::Same)],
    };
    let event = store.add_person_event(&merge, minute(1)).await.unwrap();
    let same = |left: &str, right: &str| (left.to_owned(), right.to_owned(), Verdict::Same);
    assert_eq!(active(store).await, [same("1", "2"), same("2", "3")]);
    store.undo_person_event(event, "steward", Some("two people"), minute(2)).await.unwrap();
    assert_eq!(active(store).await, [("1".into(), "2".into(), Verdict::Different)]);
    assert!(store.undo_person_event(event, "steward", None, minute(3)).await.is_err(), "it is undone already");
    let told = store.person_events().await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].persons.clone(), told[0].undone_at), (merge.persons, Some(minute(2))));
    assert_eq!(store.judgements(None).await.unwrap().len(), 3, "nothing is deleted");
}

async fn a_judged_pair_leaves_the_queue_and_does_not_come_back_with_the_run_that_was_under_way(teller: Teller) {
    let store = &teller.store;
    let first = teller.a_running_run().await;
    Night::first().publish(store, &first, 1).await.unwrap();
    assert_eq!(store.review_depth().await.unwrap(), (2, Some(minute(1))));
    let second = teller.a_running_run().await;
    store.add_judgement(&word("2", "1", Verdict::Same), minute(2)).await.unwrap();
    assert_eq!(store.review_queue(10).await.unwrap().len(), 1);
    let night = Night { review: Night::first().review, ..Night::quiet(first.run_id) };
    night.publish(store, &second, 3).await.unwrap();
    let queue = store.review_queue(10).await.unwrap();
    assert_eq!(queue.iter().map(|item| item.right.key.as_str()).collect::<Vec<_>>(), ["3"]);
}

/// A word on one of three pairs, or the undoing of the word of that number.
#[derive(Debug, Clone)]
enum Act {
    Say(usize, Verdict),
    Undo(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let verdict = prop_oneof![Just(Verdict::Same), Just(Verdict::Different), Just(Verdict::Unsure)];
    let act = prop_oneof![
        (0..3_usize, verdict).prop_map(|(pair, verdict)| Act::Say(pair, verdict)),
        (0..12_usize).prop_map(Act::Undo)
    ];
    proptest::collection::vec(act, 1..12)
}

async fn no_sequence_of_words_and_undoings_loses_one(teller: Teller) {
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let handle = tokio::runtime::Handle::current();
    let store = teller.store.clone();
    let told = tokio::task::spawn_blocking(move || {
        let case = std::cell::Cell::new(0);
        runner.run(&acts(), |acts| {
            case.set(case.get() + 1);
            handle.block_on(judge(&store, case.get(), &acts));
            Ok(())
        })
    });
    told.await.unwrap().unwrap();
}

/// Does as it is told beside a model: a stack of words for each pair.
async fn judge(store: &Store, case: u32, acts: &[Act]) {
    let mut said: Vec<(i64, usize, Verdict, bool)> = Vec::new();
    for act in acts {
        match act {
            Act::Say(pair, verdict) => {
                let new = word(&format!("{case}-{pair}"), &format!("{case}-{pair}-x"), *verdict);
                said.push((store.add_judgement(&new, minute(0)).await.unwrap(), *pair, *verdict, true));
            }
            Act::Undo(number) => {
                let Some(entry) = said.get_mut(*number) else { continue };
                let undone = store.undo_judgement(entry.0, "steward", None, minute(1)).await.is_ok();
                assert_eq!(undone, entry.3);
                entry.3 = false;
            }
        }
        let expected: BTreeMap<String, Verdict> =
            said.iter().filter(|entry| entry.3).map(|entry| (format!("{case}-{}", entry.1), entry.2)).collect();
        let holding = active(store).await.into_iter().filter(|pair| pair.0.starts_with(&format!("{case}-")));
        assert_eq!(holding.map(|pair| (pair.0, pair.2)).collect::<BTreeMap<_, _>>(), expected);
    }
}
