//! Runs: claimed once, fenced, taken up again, reaped.

use kartei_store::{Cause, NewRun, NewTick, RunEnd, RunFilter, RunState, StepEnd, StepState, StoreError, TickState};
use serde_json::json;

use crate::{Teller, claim, minute, nightly, stories};

stories!(
    a_run_goes_from_due_to_succeeded_and_each_change_is_kept,
    of_two_workers_one_gets_the_run,
    a_worker_that_lost_its_lease_writes_nothing,
    a_lease_that_is_renewed_is_not_reaped,
    a_vanished_worker_is_noticed_once,
    a_run_that_is_taken_up_again_goes_past_finished_steps,
    a_waiting_run_is_cancelled_at_once_and_an_active_one_is_asked,
    a_due_time_makes_one_run_however_many_planners_there_are,
    runs_are_listed_newest_first_and_by_state,
    a_run_that_is_given_back_can_be_claimed_at_once,
);

fn done() -> StepEnd {
    StepEnd {
        state: StepState::Succeeded,
        rows_in: Some(7),
        rows_out: Some(6),
        output: json!({ "frame": "runs/1/records" }),
        error: None,
    }
}

async fn a_run_goes_from_due_to_succeeded_and_each_change_is_kept(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    store.begin_step(&lease, 0, "pull", minute(1)).await.unwrap();
    store.finish_step(&lease, "pull", &done(), minute(2)).await.unwrap();
    store.finish_run(&lease, &RunEnd::succeeded(), minute(3)).await.unwrap();

    let view = store.run(lease.run_id).await.unwrap().unwrap();
    assert_eq!(view.run.state, RunState::Succeeded);
    assert_eq!(view.run.parameters, json!({ "source": ["members"] }));
    assert_eq!((view.run.started_at, view.run.finished_at), (Some(minute(0)), Some(minute(3))));
    assert_eq!(view.run.lease_until, None);
    let states: Vec<_> = view.events.iter().map(|event| event.after).collect();
    assert_eq!(states, [RunState::Due, RunState::Claimed, RunState::Running, RunState::Succeeded]);
    assert_eq!(view.steps.len(), 1);
    assert_eq!((view.steps[0].rows_in, view.steps[0].rows_out), (Some(7), Some(6)));
    assert_eq!(view.steps[0].output, json!({ "frame": "runs/1/records" }));
    assert_eq!(store.run(lease.run_id + 1).await.unwrap(), None);
}

async fn of_two_workers_one_gets_the_run(teller: Teller) {
    let run = teller.a_run().await;
    let other = teller.another_process().await;
    let (one, two) = (claim(run.id, "one"), claim(run.id, "two"));
    let (first, second) = tokio::join!(teller.store.claim_run(&one, minute(0)), other.claim_run(&two, minute(0)));
    let claimed = [first.unwrap(), second.unwrap()].iter().flatten().count();
    assert_eq!(claimed, 1);
}

async fn a_worker_that_lost_its_lease_writes_nothing(teller: Teller) {
    let store = &teller.store;
    let stale = teller.a_running_run().await;
    store.reap_lost_runs("reaper", minute(5)).await.unwrap();
    let change = (RunState::Lost, RunState::Due);
    assert!(store.change_run_state(stale.run_id, change, "policy", Some("retry"), minute(5)).await.unwrap());
    let (_, fresh) = store.claim_run(&claim(stale.run_id, "other"), minute(5)).await.unwrap().unwrap();
    assert!(fresh.token > stale.token);

    let lost = |error: StoreError| matches!(error, StoreError::LostLease { run_id } if run_id == stale.run_id);
    assert!(lost(store.renew_lease(&stale, minute(6)).await.unwrap_err()));
    assert!(lost(store.begin_step(&stale, 0, "pull", minute(6)).await.unwrap_err()));
    assert!(lost(store.save_statistics(&stale, &json!({}), minute(6)).await.unwrap_err()));
    assert!(lost(store.finish_run(&stale, &RunEnd::succeeded(), minute(6)).await.unwrap_err()));
    assert!(store.run(stale.run_id).await.unwrap().unwrap().steps.is_empty());
    store.begin_step(&fresh, 0, "pull", minute(6)).await.unwrap();
}

async fn a_lease_that_is_renewed_is_not_reaped(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let renewed = store.renew_lease(&lease, minute(10)).await.unwrap();
    assert_eq!(renewed.until, minute(11));
    assert!(store.reap_lost_runs("reaper", minute(10)).await.unwrap().is_empty());
    assert_eq!(store.reap_lost_runs("reaper", minute(12)).await.unwrap().len(), 1);
}

async fn a_vanished_worker_is_noticed_once(teller: Teller) {
    let lease = teller.a_running_run().await;
    let other = teller.another_process().await;
    let (first, second) =
        tokio::join!(teller.store.reap_lost_runs("one", minute(5)), other.reap_lost_runs("two", minute(5)));
    let lost: Vec<_> = [first.unwrap(), second.unwrap()].concat();
    assert_eq!(lost.iter().map(|run| (run.id, run.state)).collect::<Vec<_>>(), [(lease.run_id, RunState::Lost)]);
    let view = other.run(lease.run_id).await.unwrap().unwrap();
    assert_eq!(view.events.iter().filter(|event| event.after == RunState::Lost).count(), 1);
}

async fn a_run_that_is_taken_up_again_goes_past_finished_steps(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    assert_eq!(store.begin_step(&lease, 0, "pull", minute(1)).await.unwrap().state, StepState::Running);
    store.finish_step(&lease, "pull", &done(), minute(1)).await.unwrap();
    store.begin_step(&lease, 1, "match", minute(1)).await.unwrap();
    let end = RunEnd { state: RunState::Failed, error: Some("no room".to_owned()), hint: None, guard: None };
    store.finish_run(&lease, &end, minute(2)).await.unwrap();

    store.change_run_state(lease.run_id, (RunState::Failed, RunState::Due), "a user", None, minute(3)).await.unwrap();
    let (run, again) = store.claim_run(&claim(lease.run_id, "worker"), minute(3)).await.unwrap().unwrap();
    assert_eq!((run.attempt, run.error), (2, None));
    store.begin_run(&again, minute(3)).await.unwrap();
    let pull = store.begin_step(&again, 0, "pull", minute(3)).await.unwrap();
    assert_eq!((pull.state, pull.attempt), (StepState::Succeeded, 1));
    assert_eq!(pull.output, json!({ "frame": "runs/1/records" }));
    let linked = store.begin_step(&again, 1, "match", minute(3)).await.unwrap();
    assert_eq!((linked.state, linked.attempt), (StepState::Running, 2));
    assert!(store.finish_step(&again, "pull", &done(), minute(4)).await.is_err(), "it is not running");
}

async fn a_waiting_run_is_cancelled_at_once_and_an_active_one_is_asked(teller: Teller) {
    let store = &teller.store;
    let waiting = teller.a_run().await;
    let met = store.request_cancel(waiting.id, "a user", "not needed", minute(1)).await.unwrap();
    assert_eq!(met, RunState::Due);
    assert_eq!(store.run(waiting.id).await.unwrap().unwrap().run.state, RunState::Cancelled);
    assert_eq!(store.claim_run(&claim(waiting.id, "worker"), minute(1)).await.unwrap(), None);

    let lease = teller.a_running_run().await;
    assert!(!store.renew_lease(&lease, minute(1)).await.unwrap().cancel_requested);
    assert_eq!(store.request_cancel(lease.run_id, "a user", "wrong file", minute(1)).await.unwrap(), RunState::Running);
    assert!(store.renew_lease(&lease, minute(1)).await.unwrap().cancel_requested);
    assert!(store.request_cancel(99, "a user", "no such run", minute(1)).await.is_err());
}

async fn a_due_time_makes_one_run_however_many_planners_there_are(teller: Teller) {
    let other = teller.another_process().await;
    let run = NewRun { cause: Cause::Schedule, due_at: minute(30), ..nightly() };
    let tick = |run: &NewRun, state| [NewTick { run: run.clone(), state, is_backfill: false }];
    teller.store.begin_schedule("nightly", "0 4 * * *", minute(0)).await.unwrap();
    let (mine, theirs) = (tick(&run, TickState::Planned), tick(&run, TickState::Planned));
    let (first, second) =
        tokio::join!(teller.store.create_ticks(&mine, minute(30)), other.create_ticks(&theirs, minute(30)));
    assert_eq!([first.unwrap(), second.unwrap()].iter().flatten().count(), 1);
    assert_eq!(other.runs(&RunFilter::default()).await.unwrap().len(), 1);
    assert_eq!(other.begin_schedule("nightly", "0 4 * * *", minute(40)).await.unwrap().last_due_at, minute(30));

    let late = NewRun { due_at: minute(60), ..run };
    let missed = other.create_ticks(&tick(&late, TickState::Missed), minute(500)).await.unwrap().pop().unwrap();
    assert_eq!(missed.state, RunState::Missed);
    let ticks = other.ticks("nightly", 10).await.unwrap();
    assert_eq!(ticks.iter().map(|tick| tick.state).collect::<Vec<_>>(), [TickState::Missed, TickState::Planned]);
    other.pause_schedule("nightly", Some("a user"), minute(61)).await.unwrap();
    assert_eq!(other.schedules().await.unwrap()[0].paused_by.as_deref(), Some("a user"));
}

async fn runs_are_listed_newest_first_and_by_state(teller: Teller) {
    let (first, second) = (teller.a_run().await, teller.a_run().await);
    let all = teller.store.runs(&RunFilter::default()).await.unwrap();
    assert_eq!(all.iter().map(|run| run.id).collect::<Vec<_>>(), [second.id, first.id]);
    teller.store.request_cancel(second.id, "a user", "", minute(0)).await.unwrap();
    let filter = RunFilter { job: Some("nightly".to_owned()), states: vec![RunState::Due, RunState::Lost], limit: 5 };
    let due = teller.store.runs(&filter).await.unwrap();
    assert_eq!(due.iter().map(|run| run.id).collect::<Vec<_>>(), [first.id]);
}

async fn a_run_that_is_given_back_can_be_claimed_at_once(teller: Teller) {
    let lease = teller.a_running_run().await;
    teller.store.release_run(&lease, "shutting down", minute(1)).await.unwrap();
    let (_, again) = teller.store.claim_run(&claim(lease.run_id, "next"), minute(1)).await.unwrap().unwrap();
    assert!(again.token > lease.token);
}
