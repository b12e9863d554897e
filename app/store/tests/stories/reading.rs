//! Persons are found by what people know of them; changes by time and org unit.

use futures::TryStreamExt;
use kartei_store::{ChangeFilter, ExportFilter, Keep, NewOverride, RunEnd, RunFilter};
use serde_json::json;

use crate::night::{Night, changes, mail};
use crate::{Teller, minute, stories};

stories!(
    a_person_is_found_by_name_mail_number_and_postal_code,
    a_search_that_fits_nobody_or_says_nothing_finds_nobody,
    an_export_holds_everybody_once_and_obeys_its_filter,
    changes_are_listed_by_time_and_by_org_unit_with_all_below,
    an_override_holds_until_it_is_lifted,
    the_figures_of_earlier_runs_are_there,
    the_secret_is_made_once,
    what_is_old_is_removed_and_what_is_published_stays,
    the_clock_ticks,
);

async fn published(teller: &Teller) -> i64 {
    let lease = teller.a_running_run().await;
    Night::first().publish(&teller.store, &lease, 1).await.unwrap();
    teller.store.finish_run(&lease, &RunEnd::succeeded(), minute(1)).await.unwrap();
    lease.run_id
}

async fn found(teller: &Teller, text: &str) -> String {
    let persons = teller.store.find_persons(text, 10).await.unwrap();
    persons.iter().map(|person| &person.id[..1]).collect()
}

async fn a_person_is_found_by_name_mail_number_and_postal_code(teller: Teller) {
    published(&teller).await;
    for text in [
        "Müller",
        "mueller",
        "MULL",
        "Maria",
        "anna müller",
        "anna@example.org",
        "anna@",
        "0170/1234567",
        "+491701234567",
        "01067",
        "müller 01067",
        "m-17",
        "a0000000000a",
    ] {
        assert_eq!(found(&teller, text).await, "A", "{text}");
    }
    assert_eq!(found(&teller, "4711").await, "B");
    assert_eq!(found(&teller, "gross").await, "B");
    assert_eq!(found(&teller, "celik").await, "C");
}

async fn a_search_that_fits_nobody_or_says_nothing_finds_nobody(teller: Teller) {
    published(&teller).await;
    for text in ["", "  ", "%", "müller 20095", "anna@example.com", "99999", "' or 1 = 1 --"] {
        assert_eq!(found(&teller, text).await, "", "{text}");
    }
}

async fn an_export_holds_everybody_once_and_obeys_its_filter(teller: Teller) {
    published(&teller).await;
    let export = async |filter: ExportFilter| {
        let pages: Vec<_> = teller.store.export_persons(filter).try_collect().await.unwrap();
        pages.concat().iter().map(|person| person.id[..1].to_owned()).collect::<String>()
    };
    assert_eq!(export(ExportFilter::default()).await, "ABC");
    assert_eq!(export(ExportFilter { is_member: Some(false), ..Default::default() }).await, "C");
    let unit = |id: &str| ExportFilter { org_unit: Some(id.to_owned()), ..Default::default() };
    assert_eq!(export(unit("land")).await, "AB");
    assert_eq!(export(unit("ov-sued")).await, "B");
    assert_eq!(export(unit("nowhere")).await, "");
}

async fn changes_are_listed_by_time_and_by_org_unit_with_all_below(teller: Teller) {
    let store = &teller.store;
    let first = published(&teller).await;
    let lease = teller.a_running_run().await;
    let rows = [
        ("A0000000000A", "moved_out", Some("ov-nord"), Some("elsewhere")),
        ("B0000000000B", "contact", Some("ov-sued"), Some("ov-sued")),
        ("C0000000000C", "name", None, None),
    ];
    let night = Night { changes: changes(&rows), ..Night::quiet(first) };
    night.publish(store, &lease, 60).await.unwrap();

    let listed = async |filter: ChangeFilter| {
        let changes = store.changes(&filter).await.unwrap();
        changes.iter().map(|change| change.person_id[..1].to_owned()).collect::<String>()
    };
    let unit = |id: &str| ChangeFilter { org_unit: Some(id.to_owned()), ..Default::default() };
    assert_eq!(listed(ChangeFilter::default()).await, "CBA");
    assert_eq!(listed(ChangeFilter { limit: 1, ..Default::default() }).await, "C");
    assert_eq!(listed(unit("land")).await, "BA");
    assert_eq!(listed(unit("ov-nord")).await, "A");
    assert_eq!(listed(ChangeFilter { kinds: vec!["contact".to_owned()], ..unit("land") }).await, "B");
    assert_eq!(listed(ChangeFilter { since: Some(minute(60)), ..Default::default() }).await, "CBA");
    assert_eq!(listed(ChangeFilter { since: Some(minute(61)), ..Default::default() }).await, "");
    assert_eq!(listed(ChangeFilter { run_id: Some(first), ..Default::default() }).await, "");
    let history = store.history("A0000000000A").await.unwrap();
    assert_eq!((history[0].old.as_deref(), history[0].new.as_deref()), (Some("01067"), None));
    assert_eq!((history[0].at, history[0].run_id), (minute(60), lease.run_id));
    assert_eq!(store.org_subtree("land").await.unwrap(), ["land", "ov-nord", "ov-sued"]);
}

async fn an_override_holds_until_it_is_lifted(teller: Teller) {
    let store = &teller.store;
    published(&teller).await;
    let new = |value: &str| NewOverride {
        person_id: "A0000000000A".to_owned(),
        field: "city".to_owned(),
        value: Some(value.to_owned()),
        by: "steward".to_owned(),
        reason: None,
    };
    store.add_override(&new("Dresden"), minute(2)).await.unwrap();
    let second = store.add_override(&new("Leipzig"), minute(3)).await.unwrap();
    let active = store.active_overrides().await.unwrap();
    assert_eq!(active.iter().map(|entry| entry.value.as_deref()).collect::<Vec<_>>(), [Some("Leipzig")]);
    assert_eq!(store.person_view("A0000000000A").await.unwrap().unwrap().overrides, active);
    store.lift_override(second, "steward", minute(4)).await.unwrap();
    assert!(store.lift_override(second, "steward", minute(4)).await.is_err());
    assert!(store.active_overrides().await.unwrap().is_empty());
    assert_eq!(store.overrides_of("A0000000000A").await.unwrap().len(), 2);
    let nobody = NewOverride { person_id: "Z".to_owned(), ..new("x") };
    assert!(store.add_override(&nobody, minute(5)).await.is_err());
}

async fn the_figures_of_earlier_runs_are_there(teller: Teller) {
    let first = published(&teller).await;
    let lease = teller.a_running_run().await;
    teller.store.save_statistics(&lease, &json!({ "persons": 4 }), minute(2)).await.unwrap();
    teller.store.save_statistics(&lease, &json!({ "persons": 5 }), minute(3)).await.unwrap();
    let before = teller.store.statistics_before("nightly", lease.run_id, 10).await.unwrap();
    assert_eq!(before, [(first, json!({ "persons": 3 }))]);
    assert_eq!(teller.store.statistics(lease.run_id).await.unwrap(), Some(json!({ "persons": 5 })));
}

async fn the_secret_is_made_once(teller: Teller) {
    let other = teller.another_process().await;
    assert_eq!(teller.store.setting("secret").await.unwrap(), None);
    let (one, two) =
        tokio::join!(teller.store.setting_or("secret", "one", minute(0)), other.setting_or("secret", "two", minute(0)));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one, two);
    assert_eq!(other.setting("secret").await.unwrap(), Some(one));
}

async fn what_is_old_is_removed_and_what_is_published_stays(teller: Teller) {
    let store = &teller.store;
    let first = published(&teller).await;
    let second = teller.a_running_run().await;
    let night = Night { mails: vec![mail("second")], ..Night::quiet(first) };
    night.publish(store, &second, 60).await.unwrap();
    store.finish_run(&second, &RunEnd::succeeded(), minute(61)).await.unwrap();
    let run = teller.a_running_run().await;
    let delivery = store.open_delivery(&run, &crate::staging::listing("one", None), minute(70)).await.unwrap().id;
    store.stage_batch(&run, &crate::staging::batch(delivery, 0, vec![]), minute(70)).await.unwrap();

    let keep = Keep { runs_from: Some(minute(500)), mails_from: Some(minute(500)), ..Keep::default() };
    let removed = store.remove_old(&keep).await.unwrap();
    assert_eq!(removed.runs, [first]);
    assert_eq!(removed.mails, 0, "they wait to be sent");
    assert_eq!(store.runs(&RunFilter::default()).await.unwrap().len(), 2);
    assert_eq!(store.published().await.unwrap().unwrap().run_id, second.run_id);
    assert_eq!(store.count_persons().await.unwrap().0, 3);
}

async fn the_clock_ticks(teller: Teller) {
    let first = teller.store.clock().await.unwrap();
    assert!(teller.store.clock().await.unwrap() >= first);
    assert!(first > chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap());
}
