//! Tables that were changed by hand are told from what was published, and a whole publication takes their place.

use kartei_store::{Comparison, Store};

use crate::migrating::ask;
use crate::night::{Night, gone, three_persons};
use crate::{Teller, stories};

stories!(what_was_changed_by_hand_is_named_and_a_whole_publication_writes_all_anew);

async fn compare(store: &Store, night: &Night) -> Comparison {
    store.compare(&three_persons(), &night.records).await.unwrap()
}

async fn what_was_changed_by_hand_is_named_and_a_whole_publication_writes_all_anew(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let first = Night::first();
    first.publish(store, &lease, 1).await.unwrap();
    let same = compare(store, &first).await;
    assert!(same.is_same(), "{same:?}");
    assert_eq!((same.persons, same.records, &same.frame_digest), (3, 4, &same.table_digest));
    for change in [
        "update person set surname = 'Anders', interests = null where id = 'A0000000000A'",
        "delete from person where id = 'B0000000000B'",
        "update person set state = 'gone' where id = 'C0000000000C'",
        "insert into person (id, state, surname, search_name, run_id) values ('D0000000000D', 'active', 'Fremd', 'fremd', 1)",
        "update person_record set present = not present where source = 'leads'",
        "delete from person_record where source = 'members' and key = '3'",
        "insert into person_record (source, key, person_id, present) values ('forms', '1', 'D0000000000D', '1')",
        "delete from person_value",
    ] {
        ask(&teller.place, change).await;
    }
    let found = compare(store, &first).await;
    assert_eq!(
        found.changed.into_iter().collect::<Vec<_>>(),
        [("A0000000000A".to_owned(), vec!["surname", "interests"])]
    );
    assert_eq!(found.missing, ["B0000000000B", "C0000000000C"]);
    assert_eq!(found.unknown, ["D0000000000D"]);
    let moved: Vec<_> = found.moved.into_iter().collect();
    assert_eq!(moved, [("forms".to_owned(), 1), ("leads".to_owned(), 1), ("members".to_owned(), 1)]);
    assert_ne!(found.frame_digest, found.table_digest);

    let second = teller.a_running_run().await;
    let whole = Night { base: Some(lease.run_id), whole: true, gone: gone(&[]), mails: Vec::new(), ..Night::first() };
    whole.publish(store, &second, 2).await.unwrap();
    let same = compare(store, &first).await;
    assert!(same.is_same() && same.frame_digest == same.table_digest, "{same:?}");
    assert_eq!(store.person_view("A0000000000A").await.unwrap().unwrap().values.len(), 2);
    let state = store.published().await.unwrap().unwrap();
    assert_eq!((state.frames_before, state.digest), (first.frames.clone(), first.frames.digest()));
}
