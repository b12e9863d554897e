//! The outbox: claimed by one, retried, given up, never doubled.

use std::time::Duration;

use kartei_store::{MailFailure, MailPick, OutboxDepth};

use crate::night::mail;
use crate::{Teller, minute, stories};

const LEASE: Duration = Duration::from_mins(1);

stories!(
    a_mail_goes_to_one_sender_at_a_time_and_is_sent_once,
    a_mail_that_failed_waits_and_one_that_never_will_is_given_up,
    a_sender_that_vanished_leaves_its_mails_to_the_next,
    the_same_mail_is_queued_once,
);

async fn a_mail_goes_to_one_sender_at_a_time_and_is_sent_once(teller: Teller) {
    let store = &teller.store;
    let other = teller.another_process().await;
    let mails: Vec<_> = (0..20).map(|number| mail(&number.to_string())).collect();
    assert_eq!(store.queue_mails(&mails, None, minute(0)).await.unwrap(), 20);
    let (one, two) = tokio::join!(
        store.claim_mails(("one", 15, LEASE), MailPick::All, minute(0)),
        other.claim_mails(("two", 15, LEASE), MailPick::All, minute(0))
    );
    let mut ids: Vec<_> = one.unwrap().into_iter().chain(two.unwrap()).map(|mail| mail.id).collect();
    let claimed = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), claimed, "no mail is claimed twice");
    assert!(claimed >= 15);

    let mut left = store.claim_mails(("three", 99, LEASE), MailPick::All, minute(2)).await.unwrap();
    assert_eq!(left.len(), 20, "the leases have ended");
    let first = left.remove(0);
    assert_eq!((first.recipient.as_str(), first.attempts), ("officer@example.org", 0));
    assert!(store.mail_sent(first.id, "one", minute(2)).await.is_err(), "another one has it now");
    store.mail_sent(first.id, "three", minute(2)).await.unwrap();
    assert!(store.mail_sent(first.id, "three", minute(2)).await.is_err());
    let depth = OutboxDepth { queued: 19, sent: 1, failed: 0 };
    assert_eq!(store.outbox_depth(None).await.unwrap(), depth);
}

async fn a_mail_that_failed_waits_and_one_that_never_will_is_given_up(teller: Teller) {
    let store = &teller.store;
    store.queue_mails(&[mail("a")], None, minute(0)).await.unwrap();
    let id = store.claim_mails(("one", 9, LEASE), MailPick::All, minute(0)).await.unwrap()[0].id;
    let later = MailFailure { error: "451".to_owned(), retry_at: Some(minute(10)) };
    store.mail_failed(id, "one", &later, minute(0)).await.unwrap();
    assert!(store.claim_mails(("one", 9, LEASE), MailPick::All, minute(9)).await.unwrap().is_empty());
    assert_eq!(store.claim_mails(("one", 9, LEASE), MailPick::All, minute(10)).await.unwrap()[0].attempts, 1);
    let never = MailFailure { error: "550".to_owned(), retry_at: None };
    store.mail_failed(id, "one", &never, minute(10)).await.unwrap();
    assert!(store.claim_mails(("one", 9, LEASE), MailPick::All, minute(99)).await.unwrap().is_empty());
    assert_eq!(store.outbox_depth(None).await.unwrap().failed, 1);
}

async fn a_sender_that_vanished_leaves_its_mails_to_the_next(teller: Teller) {
    let store = &teller.store;
    store.queue_mails(&[mail("a")], None, minute(0)).await.unwrap();
    let first = store.claim_mails(("one", 9, LEASE), MailPick::All, minute(0)).await.unwrap();
    assert!(store.claim_mails(("two", 9, LEASE), MailPick::All, minute(0)).await.unwrap().is_empty());
    let second = store.claim_mails(("two", 9, LEASE), MailPick::All, minute(1)).await.unwrap();
    assert_eq!(first, second, "the same row, so that it goes out under the same Message-ID");
}

async fn the_same_mail_is_queued_once(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    assert_eq!(store.queue_mails(&[mail("a"), mail("a"), mail("b")], Some(lease.run_id), minute(0)).await.unwrap(), 2);
    assert_eq!(store.outbox_depth(Some(lease.run_id)).await.unwrap().queued, 2);
    assert_eq!(store.outbox_depth(Some(99)).await.unwrap().queued, 0);
}
