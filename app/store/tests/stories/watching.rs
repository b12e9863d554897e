//! What an admin is told: found once, told once, resolved when all is well; calls that none is lost of; signs of life.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_schemas::settings::AlertKind;
use kartei_store::{
    AlertFilter, CallKind, Finding, MailFailure, MailPick, NewAlert, NewCall, NewMail, Pulse, RunEnd, RunState,
    StepProgress,
};
use serde_json::json;

use crate::{Teller, minute, stories};

stories!(
    what_is_found_twice_is_told_once,
    of_two_processes_one_tells,
    a_success_resolves_what_stood_before_it_and_nothing_else,
    a_call_is_claimed_once_and_tried_again,
    a_start_that_is_late_is_superseded,
    changes_of_state_are_seen_with_their_runs,
    a_sign_of_life_keeps_when_it_began,
    how_far_a_step_has_come_is_written_under_its_lease,
    only_alerts_and_mails_put_off_are_urgent,
    a_mail_whose_sender_vanished_is_urgent_once_its_lease_is_over,
);

fn alert(key: &str, job: &str, at: DateTime<Utc>) -> NewAlert {
    NewAlert {
        deduplication_key: key.to_owned(),
        kind: AlertKind::Failed,
        job: Some(job.to_owned()),
        source: None,
        run_id: Some(1),
        at,
        detail: json!({ "error": "no room" }),
    }
}

fn call(key: &str, kind: CallKind) -> NewCall {
    NewCall { deduplication_key: key.to_owned(), target: "ping:nightly".to_owned(), kind, run_id: Some(1), body: None }
}

fn mail(key: &str, kind: &str) -> NewMail {
    NewMail {
        deduplication_key: key.to_owned(),
        kind: kind.to_owned(),
        recipient: "admin@example.org".to_owned(),
        subject: "subject".to_owned(),
        text: "text".to_owned(),
        html: "<p>text</p>".to_owned(),
        message_id: None,
    }
}

async fn what_is_found_twice_is_told_once(teller: Teller) {
    let store = &teller.store;
    let seen = store.watched("alerts", minute(0)).await.unwrap();
    assert_eq!((seen.since, seen.reached_at), (minute(0), DateTime::UNIX_EPOCH), "it has looked at nothing yet");
    let findings = [Finding::Alert(alert("failed:1:7", "nightly", minute(1)))];
    assert_eq!(store.note_findings(&findings, ("alerts", minute(2)), minute(2)).await.unwrap(), 1);
    assert_eq!(store.note_findings(&findings, ("alerts", minute(1)), minute(3)).await.unwrap(), 0);
    let seen = store.watched("alerts", minute(9)).await.unwrap();
    assert_eq!((seen.since, seen.reached_at), (minute(0), minute(2)), "a watcher never goes back");
    let (untold, last) = store.untold_alerts().await.unwrap();
    assert_eq!((untold.len(), untold[0].noticed_at, last), (1, minute(2), None));
}

async fn of_two_processes_one_tells(teller: Teller) {
    let findings = [
        Finding::Alert(alert("failed:1:7", "nightly", minute(1))),
        Finding::Alert(alert("failed:2:9", "nightly", minute(1))),
    ];
    teller.store.note_findings(&findings, ("alerts", minute(2)), minute(2)).await.unwrap();
    let other = teller.another_process().await;
    let ids: Vec<i64> = teller.store.untold_alerts().await.unwrap().0.iter().map(|alert| alert.id).collect();
    let mails = [mail("alert:1-2:admin", "alert")];
    let calls = [NewCall { target: "webhook".to_owned(), ..call("alert:1-2", CallKind::Alert) }];
    let (one, two) = tokio::join!(
        teller.store.tell_alerts(&ids, (&mails, &calls), minute(3)),
        other.tell_alerts(&ids, (&mails, &calls), minute(3))
    );
    assert_eq!([one.unwrap(), two.unwrap()].iter().filter(|told| **told).count(), 1);
    assert_eq!(other.outbox_depth(None).await.unwrap().queued, 1);
    assert_eq!(other.call_depth().await.unwrap().queued, 1);
    assert_eq!(other.untold_alerts().await.unwrap(), (Vec::new(), Some(minute(3))));
}

async fn a_success_resolves_what_stood_before_it_and_nothing_else(teller: Teller) {
    let store = &teller.store;
    let well = |at| {
        let recovered = NewAlert { kind: AlertKind::Recovered, run_id: Some(4), ..alert("recovered:4", "nightly", at) };
        Finding::Well(recovered)
    };
    let nothing = [well(minute(0))];
    assert_eq!(store.note_findings(&nothing, ("alerts", minute(0)), minute(0)).await.unwrap(), 0, "nothing was wrong");
    let findings = [
        Finding::Alert(alert("failed:1:7", "nightly", minute(1))),
        Finding::Alert(alert("failed:2:8", "weekly", minute(1))),
        well(minute(5)),
        Finding::Alert(alert("failed:5:9", "nightly", minute(6))),
    ];
    store.note_findings(&findings, ("alerts", minute(7)), minute(7)).await.unwrap();
    store.note_findings(&findings, ("alerts", minute(8)), minute(8)).await.unwrap();
    let standing = store.alerts(&AlertFilter { standing: true, limit: 0 }).await.unwrap();
    let standing: Vec<_> = standing.iter().map(|alert| (alert.job.as_deref().unwrap(), alert.at)).collect();
    assert_eq!(standing, [("nightly", minute(6)), ("weekly", minute(1))]);
    let all = store.alerts(&AlertFilter::default()).await.unwrap();
    assert_eq!(all.iter().filter(|alert| alert.kind == AlertKind::Recovered).count(), 1);
    assert_eq!(all.iter().filter(|alert| alert.resolved_by == Some(4)).count(), 1);
}

async fn a_call_is_claimed_once_and_tried_again(teller: Teller) {
    let store = &teller.store;
    let findings =
        [Finding::Call(call("ping:fail:1", CallKind::Fail)), Finding::Call(call("ping:fail:1", CallKind::Fail))];
    store.note_findings(&findings, ("alerts", minute(0)), minute(0)).await.unwrap();
    let other = teller.another_process().await;
    let lease = Duration::from_mins(1);
    let (one, two) =
        tokio::join!(store.claim_calls("one", 5, lease, minute(0)), other.claim_calls("two", 5, lease, minute(0)));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.len() + two.len(), 1);
    let (call, worker) = one.first().map_or_else(|| (&two[0], "two"), |call| (call, "one"));
    let later = MailFailure { error: "no answer in time".to_owned(), retry_at: Some(minute(3)) };
    store.call_failed(call.id, worker, &later, minute(0)).await.unwrap();
    assert_eq!(store.claim_calls("three", 5, lease, minute(2)).await.unwrap(), []);
    let again = store.claim_calls("three", 5, lease, minute(3)).await.unwrap();
    assert_eq!((again.len(), again[0].attempts), (1, 1));
    // One whose caller vanished is due again when its lease ends.
    let after = other.claim_calls("four", 5, lease, minute(5)).await.unwrap();
    assert_eq!(after.len(), 1);
    other.call_made(after[0].id, "four", minute(5)).await.unwrap();
    assert_eq!(store.call_depth().await.unwrap().sent, 1);
}

async fn a_start_that_is_late_is_superseded(teller: Teller) {
    let store = &teller.store;
    let findings =
        [Finding::Call(call("start:1", CallKind::Start)), Finding::Call(call("success:1", CallKind::Success))];
    store.note_findings(&findings, ("alerts", minute(0)), minute(0)).await.unwrap();
    let claimed = store.claim_calls("one", 5, Duration::from_mins(1), minute(1)).await.unwrap();
    assert_eq!(claimed.iter().map(|call| call.kind).collect::<Vec<_>>(), [CallKind::Success]);
}

async fn changes_of_state_are_seen_with_their_runs(teller: Teller) {
    let lease = teller.a_running_run().await;
    let end = RunEnd {
        state: RunState::Stopped,
        error: Some("too many gone".to_owned()),
        hint: Some("look".to_owned()),
        guard: Some("max_gone_percent".to_owned()),
    };
    teller.store.finish_run(&lease, &end, minute(3)).await.unwrap();
    let events = teller.store.run_events_since(minute(0)).await.unwrap();
    let states: Vec<RunState> = events.iter().map(|event| event.after).collect();
    assert_eq!(states, [RunState::Due, RunState::Claimed, RunState::Running, RunState::Stopped]);
    let last = events.last().unwrap();
    assert_eq!(
        (last.guard.as_deref(), last.is_retried, last.job.as_str()),
        (Some("max_gone_percent"), false, "nightly")
    );
    assert_eq!(teller.store.run_events_since(minute(4)).await.unwrap(), []);
    assert_eq!(teller.store.run_counts().await.unwrap().len(), 1);
    let history = teller.store.last_runs_of_each_job(5).await.unwrap();
    assert_eq!((history.len(), history[0].seconds()), (1, Some(180.0)));
}

async fn a_sign_of_life_keeps_when_it_began(teller: Teller) {
    let store = &teller.store;
    let pulse = |minutes| Pulse {
        worker: "one".to_owned(),
        started_at: minute(minutes),
        beaten_at: minute(minutes),
        written_at: minute(minutes),
        ended_at: None,
        version: "0.1.0".to_owned(),
    };
    store.write_pulse(&pulse(0)).await.unwrap();
    store.write_pulse(&pulse(5)).await.unwrap();
    let kept = store.pulses(10).await.unwrap();
    assert_eq!((kept.len(), kept[0].started_at, kept[0].beaten_at), (1, minute(0), minute(5)));
    assert_eq!(store.forget_pulses(minute(6)).await.unwrap(), 1);
}

async fn how_far_a_step_has_come_is_written_under_its_lease(teller: Teller) {
    let lease = teller.a_running_run().await;
    let progress = |done| StepProgress {
        run_id: lease.run_id,
        step: "pull".to_owned(),
        unit: "rows pulled".to_owned(),
        done,
        total: Some(100),
        updated_at: minute(1),
    };
    teller.store.note_progress(&lease, &progress(10)).await.unwrap();
    teller.store.note_progress(&lease, &progress(20)).await.unwrap();
    assert_eq!(teller.store.progress_of_run(lease.run_id).await.unwrap(), [progress(20)]);
    teller.store.reap_lost_runs("reaper", minute(9)).await.unwrap();
    assert!(teller.store.note_progress(&lease, &progress(30)).await.is_err(), "the lease is lost");
}

async fn a_mail_whose_sender_vanished_is_urgent_once_its_lease_is_over(teller: Teller) {
    let store = &teller.store;
    store.queue_mails(&[mail("a", "notice"), mail("b", "notice")], None, minute(0)).await.unwrap();
    let lease = Duration::from_mins(5);
    let claimed = store.claim_mails(("vanished", 1, lease), MailPick::All, minute(0)).await.unwrap();
    for (now, expected) in [(4, Vec::new()), (5, vec![claimed[0].id])] {
        let urgent = store.claim_mails(("rounds", 9, lease), MailPick::Urgent, minute(now)).await.unwrap();
        let urgent: Vec<i64> = urgent.iter().map(|mail| mail.id).collect();
        assert_eq!(urgent, expected, "minute {now}: the other one waits for its run");
    }
}

async fn only_alerts_and_mails_put_off_are_urgent(teller: Teller) {
    let store = &teller.store;
    store.queue_mails(&[mail("a", "notice"), mail("b", "alert"), mail("c", "notice")], None, minute(0)).await.unwrap();
    let lease = Duration::from_mins(1);
    let urgent = store.claim_mails(("one", 9, lease), MailPick::Urgent, minute(0)).await.unwrap();
    assert_eq!(urgent.iter().map(|mail| mail.kind.as_str()).collect::<Vec<_>>(), ["alert"]);
    let all = store.claim_mails(("two", 9, lease), MailPick::All, minute(0)).await.unwrap();
    assert_eq!(all.len(), 2);
    let later = MailFailure { error: "451".to_owned(), retry_at: Some(minute(2)) };
    store.mail_failed(all[0].id, "two", &later, minute(0)).await.unwrap();
    store.mail_sent(all[1].id, "two", minute(0)).await.unwrap();
    let put_off = store.claim_mails(("three", 9, lease), MailPick::Urgent, minute(2)).await.unwrap();
    assert_eq!(put_off.iter().map(|mail| mail.id).collect::<Vec<_>>(), [all[0].id, urgent[0].id]);
}
