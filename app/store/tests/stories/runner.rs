//! What a job runner is trusted with: room for each job and group, retries, followers, pauses, logs, and rows changed by hand.

use std::collections::BTreeMap;

use kartei_store::{
    Cause, Claim, Keep, NewLogLine, NewRun, NewTick, Resume, Run, RunEnd, RunFilter, RunState, Served, Settlement,
    StepEnd, StepState, Store, TickState,
};
use serde_json::json;
use sqlx::Connection;

use crate::{Teller, claim, minute, nightly, stories};

stories!(
    two_runs_of_one_job_are_never_under_way_at_once,
    a_group_has_room_for_as_many_runs_as_it_allows,
    a_run_is_not_claimed_before_it_may_start,
    a_run_that_failed_is_put_back_once_however_many_look,
    a_run_that_ended_has_each_follower_once_also_when_it_is_let_go_on,
    a_run_at_the_terminal_has_no_consequences,
    a_run_that_is_let_go_on_from_a_step_does_it_and_what_follows_again,
    a_paused_job_gets_no_tick_and_makes_up_for_nothing_when_it_goes_on,
    another_schedule_begins_anew,
    what_was_missed_can_be_made_up_for_by_hand_once,
    a_silent_worker_loses_its_run_unless_it_speaks_meanwhile,
    a_run_that_a_clock_ahead_put_off_starts_once_the_clock_is_set_back,
    a_long_log_keeps_its_beginning_and_its_end,
    a_row_that_was_changed_by_hand_is_set_aside_and_the_others_go_on,
    one_process_serves_a_file_and_several_a_server,
    as_many_runs_are_claimed_at_once_as_there_are_workers_and_room,
    of_two_processes_that_claim_many_runs_each_run_has_one,
    many_due_times_make_their_runs_in_one_go_and_those_of_paused_jobs_none,
    ends_that_nothing_follows_from_are_settled_together_unless_they_go_on,
    a_run_that_ends_leaves_its_figures_or_nothing,
);

fn waiting(worker: &str) -> Claim {
    Claim { run_id: None, limits: BTreeMap::from([("erp".to_owned(), 2)]), ..claim(0, worker) }
}

async fn a_run_of(store: &Store, job: &str, groups: &[&str]) -> Run {
    let concurrency = groups.iter().map(|&group| group.to_owned()).collect();
    store.create_run(&NewRun { job: job.to_owned(), concurrency, ..nightly() }, minute(0)).await.unwrap()
}

/// Claims, and gives the job that was found.
async fn next_job(store: &Store) -> Option<String> {
    store.claim_run(&waiting("worker"), minute(1)).await.unwrap().map(|(run, _)| run.job)
}

async fn ended(teller: &Teller, state: RunState) -> Run {
    let lease = teller.a_running_run().await;
    let end = RunEnd { state, error: None, hint: None, guard: None };
    teller.store.finish_run(&lease, &end, minute(2)).await.unwrap();
    teller.store.run(lease.run_id).await.unwrap().unwrap().run
}

async fn two_runs_of_one_job_are_never_under_way_at_once(teller: Teller) {
    let store = &teller.store;
    for job in ["nightly", "nightly", "weekly"] {
        a_run_of(store, job, &[]).await;
    }
    assert_eq!(next_job(store).await.as_deref(), Some("nightly"));
    assert_eq!(next_job(store).await.as_deref(), Some("weekly"));
    assert_eq!(next_job(store).await, None);
    assert!(store.is_run_due(minute(1)).await.unwrap(), "the second nightly run waits");
}

async fn a_group_has_room_for_as_many_runs_as_it_allows(teller: Teller) {
    let store = &teller.store;
    let jobs = [("a", "persons"), ("b", "persons"), ("c", "erp"), ("d", "erp"), ("e", "erp")];
    for (job, group) in jobs {
        a_run_of(store, job, &[group]).await;
    }
    let other = teller.another_process().await;
    let mut found = Vec::new();
    while let Some(job) = next_job(if found.len() % 2 == 0 { store } else { &other }).await {
        found.push(job);
    }
    assert_eq!(found, ["a", "c", "d"]);
    // Whoever names a run has no more room than others.
    let all = store.runs(&RunFilter::default()).await.unwrap();
    let b = all.iter().find(|run| run.job == "b").unwrap();
    assert_eq!(store.claim_run(&claim(b.id, "hasty"), minute(1)).await.unwrap(), None);
    // A place ends with its run, also with one that is lost.
    store.reap_lost_runs("reaper", minute(9)).await.unwrap();
    assert_eq!(next_job(store).await.as_deref(), Some("b"));
}

async fn a_run_is_not_claimed_before_it_may_start(teller: Teller) {
    let store = &teller.store;
    store.create_run(&NewRun { start_at: minute(5), ..nightly() }, minute(0)).await.unwrap();
    assert!(!store.is_run_due(minute(4)).await.unwrap());
    assert_eq!(store.claim_run(&waiting("worker"), minute(4)).await.unwrap(), None);
    assert!(store.claim_run(&waiting("worker"), minute(5)).await.unwrap().is_some());
}

async fn a_run_that_a_clock_ahead_put_off_starts_once_the_clock_is_set_back(teller: Teller) {
    let run = ended(&teller, RunState::Failed).await;
    let again = Settlement::Again { at: minute(7), reason: "attempt 2 of 3".to_owned() };
    teller.store.settle_run(&run, &again, "one", minute(3)).await.unwrap();
    assert!(!teller.store.is_run_due(minute(4)).await.unwrap(), "it waits as it was told to");
    let set_back = minute(-24 * 60);
    assert!(teller.store.is_run_due(set_back).await.unwrap(), "and not for a day and some minutes");
    assert!(teller.store.claim_run(&waiting("worker"), set_back).await.unwrap().is_some());
}

async fn a_run_that_failed_is_put_back_once_however_many_look(teller: Teller) {
    let run = ended(&teller, RunState::Failed).await;
    let other = teller.another_process().await;
    assert_eq!(other.unsettled_runs(minute(3)).await.unwrap(), std::slice::from_ref(&run));
    let again = Settlement::Again { at: minute(7), reason: "attempt 2 of 3".to_owned() };
    let (first, second) = tokio::join!(
        teller.store.settle_run(&run, &again, "one", minute(3)),
        other.settle_run(&run, &again, "two", minute(3))
    );
    assert_eq!([first.unwrap(), second.unwrap()].iter().flatten().count(), 1);
    let view = other.run(run.id).await.unwrap().unwrap();
    assert_eq!((view.run.state, view.run.retries, view.run.start_at), (RunState::Due, 1, minute(7)));
    assert_eq!(view.events.last().unwrap().reason.as_deref(), Some("attempt 2 of 3"));
    assert!(other.unsettled_runs(minute(3)).await.unwrap().is_empty());
}

async fn a_run_that_ended_has_each_follower_once_also_when_it_is_let_go_on(teller: Teller) {
    let store = &teller.store;
    let run = ended(&teller, RunState::Failed).await;
    let follower = NewRun { job: "report".to_owned(), cause: Cause::After, after_run: Some(run.id), ..nightly() };
    let over = Settlement::Over { followers: vec![follower] };
    assert_eq!(store.settle_run(&run, &over, "one", minute(3)).await.unwrap().unwrap().len(), 1);
    assert_eq!(store.settle_run(&run, &over, "two", minute(3)).await.unwrap(), None);

    let resume = Resume { from_step: None, actor: "a user", reason: Some("mended") };
    assert_eq!(store.resume_run(run.id, &resume, minute(4)).await.unwrap(), RunState::Failed);
    let (_, lease) = store.claim_run(&claim(run.id, "worker"), minute(4)).await.unwrap().unwrap();
    store.finish_run(&lease, &RunEnd::succeeded(), minute(5)).await.unwrap();
    let again = store.unsettled_runs(minute(5)).await.unwrap();
    assert_eq!(again.iter().map(|run| run.id).collect::<Vec<_>>(), [run.id]);
    assert!(store.settle_run(&again[0], &over, "one", minute(5)).await.unwrap().unwrap().is_empty());
    let reports = RunFilter { job: Some("report".to_owned()), ..RunFilter::default() };
    assert_eq!(store.runs(&reports).await.unwrap().len(), 1);
}

async fn a_run_at_the_terminal_has_no_consequences(teller: Teller) {
    let store = &teller.store;
    let run = store.create_run(&NewRun { attended: true, ..nightly() }, minute(0)).await.unwrap();
    let (_, lease) = store.claim_run(&claim(run.id, "worker"), minute(0)).await.unwrap().unwrap();
    let end = RunEnd { state: RunState::Failed, error: None, hint: None, guard: None };
    store.finish_run(&lease, &end, minute(1)).await.unwrap();
    assert!(store.unsettled_runs(minute(1)).await.unwrap().is_empty());
}

async fn a_run_that_is_let_go_on_from_a_step_does_it_and_what_follows_again(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    let done =
        || StepEnd { state: StepState::Succeeded, rows_in: None, rows_out: None, output: json!({}), error: None };
    for (position, step) in (0..).zip(["pull", "normalise", "match"]) {
        store.begin_step(&lease, position, step, minute(1)).await.unwrap();
        store.finish_step(&lease, step, &done(), minute(1)).await.unwrap();
    }
    store.finish_run(&lease, &RunEnd::succeeded(), minute(2)).await.unwrap();
    let from = |step| Resume { from_step: step, actor: "a user", reason: None };
    assert_eq!(store.resume_run(lease.run_id, &from(None), minute(3)).await.unwrap(), RunState::Succeeded);
    assert!(store.resume_run(lease.run_id, &from(Some("mail")), minute(3)).await.is_err());
    assert_eq!(store.run(lease.run_id).await.unwrap().unwrap().run.state, RunState::Succeeded);
    store.resume_run(lease.run_id, &from(Some("normalise")), minute(3)).await.unwrap();
    let view = store.run(lease.run_id).await.unwrap().unwrap();
    let states: Vec<_> = view.steps.iter().map(|step| step.state).collect();
    assert_eq!(
        (view.run.state, states),
        (RunState::Due, vec![StepState::Succeeded, StepState::Cancelled, StepState::Cancelled])
    );
}

fn tick(due: i64, state: TickState, is_backfill: bool) -> [NewTick; 1] {
    [NewTick { run: NewRun { cause: Cause::Schedule, due_at: minute(due), ..nightly() }, state, is_backfill }]
}

async fn a_paused_job_gets_no_tick_and_makes_up_for_nothing_when_it_goes_on(teller: Teller) {
    let store = &teller.store;
    store.begin_schedule("nightly", "0 4 * * *", minute(0)).await.unwrap();
    store.pause_schedule("nightly", Some("a user"), minute(5)).await.unwrap();
    // The planner had looked just before.
    assert!(store.create_ticks(&tick(10, TickState::Planned, false), minute(10)).await.unwrap().is_empty());
    assert!(store.runs(&RunFilter::default()).await.unwrap().is_empty());
    store.pause_schedule("nightly", None, minute(30)).await.unwrap();
    let schedule = store.begin_schedule("nightly", "0 4 * * *", minute(31)).await.unwrap();
    assert_eq!((schedule.last_due_at, schedule.paused_at), (minute(30), None));
}

async fn another_schedule_begins_anew(teller: Teller) {
    let store = &teller.store;
    store.begin_schedule("nightly", "0 4 * * *", minute(0)).await.unwrap();
    assert_eq!(store.begin_schedule("nightly", "0 4 * * *", minute(9)).await.unwrap().last_due_at, minute(0));
    assert_eq!(store.begin_schedule("nightly", "* * * * *", minute(9)).await.unwrap().last_due_at, minute(9));
}

async fn what_was_missed_can_be_made_up_for_by_hand_once(teller: Teller) {
    let store = &teller.store;
    store.begin_schedule("nightly", "0 4 * * *", minute(0)).await.unwrap();
    store.create_ticks(&tick(10, TickState::Missed, false), minute(99)).await.unwrap();
    let made = store.create_ticks(&tick(10, TickState::Planned, true), minute(100)).await.unwrap();
    assert_eq!(made.iter().map(|run| (run.state, run.due_at)).collect::<Vec<_>>(), [(RunState::Due, minute(10))]);
    assert!(store.create_ticks(&tick(10, TickState::Planned, true), minute(101)).await.unwrap().is_empty());
    let ticks = store.ticks("nightly", 0).await.unwrap();
    assert_eq!((ticks.len(), ticks[0].state, ticks[0].run_id), (1, TickState::Planned, made[0].id));
}

async fn a_silent_worker_loses_its_run_unless_it_speaks_meanwhile(teller: Teller) {
    let store = &teller.store;
    // Its lease was written while the clock stood a day ahead.
    let lease = teller.a_running_run().await;
    let lease = store.renew_lease(&lease, minute(1_440)).await.unwrap();
    assert!(store.reap_lost_runs("reaper", minute(5)).await.unwrap().is_empty());
    let held = store.held_runs().await.unwrap();
    store.renew_lease(&lease, minute(1)).await.unwrap();
    assert_eq!(store.reap_silent_run(&held[0], "reaper", minute(1)).await.unwrap(), None);
    let held = store.held_runs().await.unwrap();
    let lost = store.reap_silent_run(&held[0], "reaper", minute(2)).await.unwrap().unwrap();
    assert_eq!((lost.id, lost.state), (lease.run_id, RunState::Lost));
    assert_eq!(store.reap_silent_run(&held[0], "reaper", minute(2)).await.unwrap(), None);
}

async fn a_long_log_keeps_its_beginning_and_its_end(teller: Teller) {
    let store = &teller.store;
    let run = teller.a_run().await;
    let line = |number: i64| NewLogLine {
        run_id: run.id,
        at: minute(number),
        level: "info".to_owned(),
        step: Some("pull".to_owned()),
        target: "kartei_jobs".to_owned(),
        message: format!("line {number}"),
        fields: json!({ "rows": number }),
    };
    let lines: Vec<_> = (0..25).map(line).collect();
    for part in lines.chunks(7) {
        store.append_log(part, 10).await.unwrap();
    }
    let kept = store.run_log(run.id, 0, 0).await.unwrap();
    let messages: Vec<_> = kept.iter().map(|line| line.message.trim_start_matches("line ")).collect();
    assert_eq!(messages, ["0", "1", "2", "3", "4", "20", "21", "22", "23", "24"]);
    assert_eq!(kept[9].fields, json!({ "rows": 24 }));
    assert_eq!(store.run_log(run.id, kept[8].id, 5).await.unwrap().len(), 1);
    // A run that is not there has nothing to say.
    store.append_log(&[NewLogLine { run_id: 99, ..line(0) }], 10).await.unwrap();
    let keep = Keep { log_lines_from: Some(minute(22)), ..Keep::default() };
    store.remove_old(&keep).await.unwrap();
    assert_eq!(store.run_log(run.id, 0, 0).await.unwrap().len(), 3);
}

async fn change_by_hand(teller: &Teller, statement: &'static str) {
    let url = &teller.place.url;
    if url.starts_with("sqlite:") {
        let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    } else {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
}

async fn a_row_that_was_changed_by_hand_is_set_aside_and_the_others_go_on(teller: Teller) {
    let store = &teller.store;
    for job in ["a", "b", "c"] {
        a_run_of(store, job, &[]).await;
    }
    change_by_hand(&teller, "update run set cause = 'whim' where id = 1").await;
    change_by_hand(&teller, "update run set state = 'runing' where id = 2").await;
    assert_eq!(next_job(store).await, None, "the row that was found cannot be read");
    assert_eq!(next_job(store).await.as_deref(), Some("c"));
    assert_eq!(store.set_aside_unknown_states(minute(1)).await.unwrap(), 1);
    change_by_hand(&teller, "update run set cause = 'ad_hoc' where id = 1").await;
    for id in [1, 2] {
        let run = store.run(id).await.unwrap().unwrap().run;
        let error = run.error.unwrap();
        assert_eq!(run.state, RunState::Failed);
        assert!(error.starts_with("its row cannot be read: column `"), "{error}");
    }
    assert!(store.unsettled_runs(minute(1)).await.unwrap().is_empty());
}

async fn one_process_serves_a_file_and_several_a_server(teller: Teller) {
    let other = teller.another_process().await;
    let Served::Here(lock) = teller.store.lock_serving("process 1").unwrap() else { panic!("nobody serves") };
    match other.lock_serving("process 2").unwrap() {
        Served::Here(_) => assert_eq!(teller.store.kind(), "postgres"),
        Served::Elsewhere(words) => assert_eq!((teller.store.kind(), words.as_str()), ("sqlite", "process 1")),
    }
    drop(lock);
    assert!(matches!(other.lock_serving("process 2").unwrap(), Served::Here(_)));
}

fn workers(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("worker/{number}")).collect()
}

async fn as_many_runs_are_claimed_at_once_as_there_are_workers_and_room(teller: Teller) {
    let store = &teller.store;
    let jobs = [("a", ""), ("a", ""), ("b", ""), ("c", "erp"), ("d", "erp"), ("e", "erp"), ("f", ""), ("g", "")];
    for (job, group) in jobs {
        a_run_of(store, job, &[group][usize::from(group.is_empty())..]).await;
    }
    let claimed = store.claim_runs(&waiting(""), &workers(5), minute(1)).await.unwrap();
    let found: Vec<_> = claimed.iter().map(|(run, lease)| (run.job.as_str(), lease.worker.as_str())).collect();
    let expected = [("a", "worker/1"), ("b", "worker/2"), ("c", "worker/3"), ("d", "worker/4"), ("f", "worker/5")];
    assert_eq!(found, expected, "those that waited longest, one of each job, two of the group");
    for (run, lease) in &claimed {
        store.begin_run(lease, minute(1)).await.unwrap();
        let view = store.run(run.id).await.unwrap().unwrap();
        let states: Vec<_> = view.events.iter().map(|event| event.after).collect();
        assert_eq!(states, [RunState::Due, RunState::Claimed, RunState::Running]);
        assert_eq!(view.run.worker.as_ref(), Some(&lease.worker));
    }
    let rest = store.claim_runs(&waiting(""), &workers(5), minute(1)).await.unwrap();
    assert_eq!(rest.iter().map(|(run, _)| run.job.as_str()).collect::<Vec<_>>(), ["g"]);
    assert!(store.claim_runs(&waiting(""), &[], minute(1)).await.unwrap().is_empty());
}

async fn of_two_processes_that_claim_many_runs_each_run_has_one(teller: Teller) {
    for number in 0..250 {
        a_run_of(&teller.store, &format!("job-{number:03}"), &[]).await;
    }
    let other = teller.another_process().await;
    let (all, both) = (workers(250), waiting(""));
    let (mine, theirs) = tokio::join!(
        teller.store.claim_runs(&both, &all[..150], minute(1)),
        other.claim_runs(&both, &all[..150], minute(1))
    );
    let mut claimed: Vec<i64> = [mine.unwrap(), theirs.unwrap()].concat().iter().map(|(run, _)| run.id).collect();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 250);
}

async fn many_due_times_make_their_runs_in_one_go_and_those_of_paused_jobs_none(teller: Teller) {
    let store = &teller.store;
    let names: Vec<String> = (0..250).map(|number| format!("job-{number:03}")).collect();
    let jobs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "0 4 * * *")).collect();
    store.begin_schedules(&jobs, minute(0)).await.unwrap();
    store.pause_schedule("job-100", Some("a user"), minute(1)).await.unwrap();
    let tick = |(job, _): &(&str, &str), due, state| NewTick {
        run: NewRun { job: (*job).to_owned(), cause: Cause::Schedule, due_at: minute(due), ..nightly() },
        state,
        is_backfill: false,
    };
    let missed = jobs.iter().map(|job| tick(job, 9, TickState::Missed));
    let ticks: Vec<NewTick> = missed.chain(jobs.iter().map(|job| tick(job, 10, TickState::Planned))).collect();
    let other = teller.another_process().await;
    let (mine, theirs) = tokio::join!(store.create_ticks(&ticks, minute(10)), other.create_ticks(&ticks, minute(10)));
    let made = [mine.unwrap(), theirs.unwrap()].concat();
    assert_eq!(made.len(), 498, "each due time once");
    for name in ["job-000", "job-249"] {
        let (planned, missed) = (&store.ticks(name, 0).await.unwrap()[0], &store.ticks(name, 0).await.unwrap()[1]);
        for (tick, state) in [(planned, RunState::Due), (missed, RunState::Missed)] {
            let run = store.run(tick.run_id).await.unwrap().unwrap();
            assert_eq!((run.run.job.as_str(), run.run.due_at, run.run.state), (name, tick.due_at, state));
            assert_eq!(run.events.len(), 1);
        }
    }
    assert!(store.ticks("job-100", 0).await.unwrap().is_empty());
    let schedules = store.schedules().await.unwrap();
    assert!(schedules.iter().all(|one| one.last_due_at == minute(if one.job == "job-100" { 0 } else { 10 })));
}

async fn ends_that_nothing_follows_from_are_settled_together_unless_they_go_on(teller: Teller) {
    let store = &teller.store;
    let (first, second, third) = (
        ended(&teller, RunState::Succeeded).await,
        ended(&teller, RunState::Failed).await,
        ended(&teller, RunState::Failed).await,
    );
    // Somebody lets it go on meanwhile.
    let resume = Resume { from_step: None, actor: "a user", reason: None };
    store.resume_run(third.id, &resume, minute(3)).await.unwrap();
    store.settle_runs(&[&first, &second, &third], minute(3)).await.unwrap();
    assert!(store.unsettled_runs(minute(3)).await.unwrap().is_empty());
    let mut settled = Vec::new();
    for run in [&first, &second, &third] {
        settled.push(store.run(run.id).await.unwrap().unwrap().run.settled_at);
    }
    assert_eq!(settled, [Some(minute(3)), Some(minute(3)), None]);
}

async fn a_run_that_ends_leaves_its_figures_or_nothing(teller: Teller) {
    let store = &teller.store;
    let lease = teller.a_running_run().await;
    store.finish_run_with(&lease, &RunEnd::succeeded(), &json!({ "persons": 4 }), minute(1)).await.unwrap();
    assert_eq!(store.statistics(lease.run_id).await.unwrap(), Some(json!({ "persons": 4 })));
    let late = store.finish_run_with(&lease, &RunEnd::succeeded(), &json!({ "persons": 5 }), minute(2)).await;
    assert!(late.is_err());
    assert_eq!(store.statistics(lease.run_id).await.unwrap(), Some(json!({ "persons": 4 })));
}
