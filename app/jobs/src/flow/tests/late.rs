//! A disk that stalls: a frame gets its name long after the run was taken over. Nothing of it is published, and nothing of
//! what the other attempt brought is lost.

use kartei_store::frames::faults::hold_rename;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_that_lands_after_another_attempt_has_taken_over_loses_nothing_and_publishes_nothing_stale() {
    let house = House::new().await;
    house.deliver(1, &MEMBERS);
    house.night(1).await;
    // The first attempt brings a small change to rest, and its disk stalls before the frame has its name.
    house.deliver(2, &[("Anna", "Sand", "Mainz"), MEMBERS[1], MEMBERS[2], MEMBERS[3]]);
    let held = hold_rename(&house.project.data_folder(), "batches/members/2-1");
    let stalled = house.night(2);
    let taken_over = async {
        while !held.is_met() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let lost = house.store.reap_lost_runs("test", at(2) + TimeDelta::hours(2)).await.unwrap();
        assert_eq!(lost.iter().map(|run| run.id).collect::<Vec<_>>(), [2]);
        let change = (RunState::Lost, RunState::Due);
        assert!(house.store.change_run_state(2, change, "test", None, at(2)).await.unwrap());
        // The second one finds a newer file, in which everybody has moved, and a guard stops it.
        house.deliver(3, &MEMBERS.map(|(given, surname, _)| (given, surname, "Köln")));
        let stopped = house.go_on(2, 3, (&Stop::default(), &Unwatched)).await;
        assert!(matches!(stopped.error, Some(FlowError::Guard { .. })), "{:?}", stopped.error);
        held.let_go();
    };
    let (late, ()) = tokio::join!(stalled, taken_over);
    assert!(late.error.is_some(), "it has lost its lease");
    assert!(house.project.frames().exists("batches/members/2-1-0"), "the late frame has landed");
    assert_eq!(house.cities().await, ["Kiel"]);
    let options = RunOptions { accept_guards: vec!["max_changed_percent".to_owned()], ..RunOptions::default() };
    let accepted = house.night_with(4, options, &Stop::default()).await;
    assert!(accepted.error.is_none(), "{:?}", accepted.error);
    assert_eq!((accepted.report.changes.persons, house.cities().await), (4, vec!["Köln".to_owned()]));
    // And nothing of the late frame comes up later.
    assert!(house.night(5).await.error.is_none());
    assert_eq!(house.cities().await, ["Köln"]);
}
