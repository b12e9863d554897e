//! A copy of the whole store while others write, and the way back.

use kartei_store::{MailPick, NewMail, RunFilter, Store, StoreError, StoreOptions};

use crate::support::Place;
use crate::{Teller, minute, nightly, stories};

stories!(a_copy_holds_one_moment_and_comes_back_as_it_was, a_store_that_is_there_is_not_overwritten_unasked);

async fn fresh(teller: &Teller) -> Place {
    if teller.store.kind() == "sqlite" { Place::sqlite() } else { Place::postgres().await }
}

async fn a_copy_holds_one_moment_and_comes_back_as_it_was(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let odd = NewMail {
        deduplication_key: "tab\tand \\N and \"quotes\"".to_owned(),
        kind: "alert".to_owned(),
        recipient: "admin@example.org".to_owned(),
        subject: "Ümläute\nund Zeilen".to_owned(),
        text: "text".to_owned(),
        html: "<p>\r\n</p>".to_owned(),
        message_id: None,
    };
    store.queue_mails(&[odd], Some(lease.run_id), minute(1)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let before = store.tables().await.unwrap();
    let (copied, _) = tokio::join!(store.copy_into(folder.path()), teller.another_process());
    let copied = copied.unwrap();
    assert_eq!((copied.store.version, &copied.store.tables), (store.version().await.unwrap(), &before));
    store.create_run(&nightly(), minute(9)).await.unwrap();

    let place = fresh(&teller).await;
    let options = StoreOptions::new(&place.url);
    let back = Store::restore(&options, folder.path(), &copied.store, false).await.unwrap();
    assert_eq!(back.tables().await.unwrap(), before);
    let runs = back.runs(&RunFilter::default()).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [lease.run_id], "what came later is not in it");
    let mails =
        back.claim_mails(("worker", 9, std::time::Duration::from_mins(1)), MailPick::All, minute(9)).await.unwrap();
    assert_eq!((mails[0].subject.as_str(), mails[0].html.as_str()), ("Ümläute\nund Zeilen", "<p>\r\n</p>"));
    let next = back.create_run(&nightly(), minute(9)).await.unwrap();
    assert!(next.id > lease.run_id, "numbers go on");
}

async fn a_store_that_is_there_is_not_overwritten_unasked(teller: Teller) {
    let folder = tempfile::tempdir().unwrap();
    let copied = teller.store.copy_into(folder.path()).await.unwrap();
    let place = fresh(&teller).await;
    let options = StoreOptions::new(&place.url);
    let other = Store::open(&options).await.unwrap();
    other.create_run(&nightly(), minute(0)).await.unwrap();
    other.close().await;
    let error = Store::restore(&options, folder.path(), &copied.store, false).await.unwrap_err();
    assert!(matches!(error, StoreError::Occupied), "{error}");
    assert!(error.hint().unwrap().contains("--replace"));
    let kept = Store::open(&options).await.unwrap();
    assert_eq!(kept.runs(&RunFilter::default()).await.unwrap().len(), 1);
    kept.close().await;
    let replaced = Store::restore(&options, folder.path(), &copied.store, true).await.unwrap();
    assert_eq!(replaced.runs(&RunFilter::default()).await.unwrap(), []);
}
