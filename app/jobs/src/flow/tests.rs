//! Nights of a small membership: one file of members, a real store, and everything between them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::time::Duration;

use chrono::{DateTime, Days, TimeDelta, TimeZone, Utc};
use kartei_report::model::GuardVerdict;
use kartei_schemas::jobs::JobsSchema;
use kartei_schemas::load::Schemas;
use kartei_schemas::settings::Settings;
use kartei_store::{Cause, Claim, NewOverride, NewRun, RunState, Store, StoreOptions};
use serde_json::json;

use super::*;
use crate::watch::Unwatched;

mod faults;
mod heard;
mod late;

/// An installation in a folder that goes away with it.
struct House {
    folder: tempfile::TempDir,
    store: Store,
    project: Project,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("kartei.db").display());
        let store = Store::open(&StoreOptions::new(url)).await.unwrap();
        let source = serde_json::from_value(json!({
            "name": "members", "family": "membership", "key": ["Nummer"], "missing_row": "gone",
            "connector": {
                "product": "files", "path": "inbox/*.csv", "listing": "complete", "settle_seconds": 0,
                "page_rows": 100,
            },
            "fields": { "given_name": "Vorname", "surname": "Nachname", "city": "Ort" },
        }));
        let job = json!({ "job": {
            "nightly": { "steps": ["pull", "consolidate", "publish", "notify", "report"] },
        } });
        let mut settings = Settings::default();
        settings.guards.min_persons = 1;
        settings.guards.max_changed_percent = 50.0;
        let project = Project {
            base: folder.path().to_owned(),
            settings,
            schemas: Schemas { sources: vec![source.unwrap()], ..Schemas::default() },
            jobs: serde_json::from_value::<JobsSchema>(job).unwrap(),
        };
        fs::create_dir(folder.path().join("inbox")).unwrap();
        Self { folder, store, project }
    }

    /// The membership system leaves its file of this night.
    fn deliver(&self, night: u64, members: &[(&str, &str, &str)]) {
        let lines = members.iter().enumerate();
        let lines = lines.map(|(row, (given, surname, city))| format!("{};{given};{surname};{city}\n", row + 1));
        let text = "Nummer;Vorname;Nachname;Ort\n".to_owned() + &lines.collect::<String>();
        let path = self.folder.path().join(format!("inbox/members-{night}.csv"));
        fs::write(&path, text).unwrap();
        let written = at(night) - TimeDelta::hours(1);
        File::options().write(true).open(path).unwrap().set_modified(written.into()).unwrap();
    }

    async fn night(&self, night: u64) -> Ended {
        self.night_with(night, RunOptions::default(), &Stop::default()).await
    }

    async fn night_with(&self, night: u64, options: RunOptions, stop: &Stop) -> Ended {
        self.watched_night(night, options, (stop, &Unwatched)).await
    }

    async fn watched_night(&self, night: u64, options: RunOptions, (stop, watch): (&Stop, &dyn Watch)) -> Ended {
        let new = NewRun {
            job: "nightly".to_owned(),
            cause: Cause::AdHoc,
            due_at: at(night),
            asked_by: "test".to_owned(),
            reason: None,
            parameters: options.to_parameters(),
            retry_of: None,
            start_at: at(night),
            concurrency: Vec::new(),
            after_run: None,
            attended: false,
        };
        let run = self.store.create_run(&new, at(night)).await.unwrap();
        self.go_on(run.id, night, (stop, watch)).await
    }

    /// Takes a run that waits, and conducts it.
    async fn go_on(&self, run_id: i64, night: u64, (stop, watch): (&Stop, &dyn Watch)) -> Ended {
        let clock = move || at(night);
        let claim = Claim {
            run_id: Some(run_id),
            worker: "test".to_owned(),
            length: Duration::from_hours(1),
            limits: BTreeMap::new(),
        };
        let claimed = self.store.claim_run(&claim, at(night)).await.unwrap().unwrap();
        conduct(&self.project, &self.store, claimed, watch, (stop, &clock)).await.unwrap()
    }

    async fn cities(&self) -> Vec<String> {
        let found = self.store.find_persons("Sand", 10).await.unwrap();
        let mut cities: Vec<String> = found.into_iter().filter_map(|person| person.city).collect();
        cities.sort();
        cities
    }

    fn run_folders(&self) -> Vec<String> {
        self.project.frames().folders("runs").unwrap()
    }

    /// The run's state, and whether it left figures and a file.
    async fn traces(&self, ended: &Ended) -> (RunState, bool, bool) {
        let id = ended.report.run.id;
        let state = self.store.run(id).await.unwrap().unwrap().run.state;
        let figures = self.store.statistics(id).await.unwrap().is_some();
        (state, figures, self.project.report_file(id).with_extension("json").is_file())
    }
}

fn at(night: u64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 1, 4, 0, 0).unwrap() + Days::new(night)
}

const MEMBERS: [(&str, &str, &str); 4] =
    [("Anna", "Sand", "Kiel"), ("Bernd", "Wald", "Bonn"), ("Clara", "Berg", "Ulm"), ("David", "See", "Trier")];

#[tokio::test]
async fn the_third_publication_removes_the_frames_of_the_first() {
    let house = House::new().await;
    house.deliver(1, &MEMBERS);
    for night in 1..=2 {
        assert!(house.night(night).await.error.is_none());
    }
    assert_eq!(house.run_folders(), ["1-1", "2-1"]);
    assert!(house.night(3).await.error.is_none());
    assert_eq!(house.run_folders(), ["2-1", "3-1"]);
}

#[tokio::test]
async fn nights_that_do_not_publish_leave_what_was_published_and_of_themselves_the_newest_three() {
    let house = House::new().await;
    house.deliver(1, &MEMBERS);
    for night in 1..=3 {
        assert!(house.night(night).await.error.is_none());
    }
    house.deliver(4, &MEMBERS.map(|(given, surname, _)| (given, surname, "Köln")));
    for night in 4..=8 {
        assert!(matches!(house.night(night).await.error, Some(FlowError::Guard { .. })), "night {night}");
    }
    assert_eq!(house.run_folders(), ["2-1", "3-1", "6-1", "7-1", "8-1"]);
}

#[tokio::test]
async fn an_override_holds_until_it_is_lifted_and_then_the_sources_decide_again() {
    let house = House::new().await;
    house.deliver(1, &MEMBERS);
    house.night(1).await;
    let person = house.store.find_persons("Sand", 1).await.unwrap().remove(0);
    let new = NewOverride {
        person_id: person.id,
        field: "city".to_owned(),
        value: Some("Lübeck".to_owned()),
        by: "test".to_owned(),
        reason: None,
    };
    let set = house.store.add_override(&new, at(1) + TimeDelta::hours(2)).await.unwrap();
    for night in 2..=3 {
        assert!(house.night(night).await.error.is_none());
        assert_eq!(house.cities().await, ["Lübeck"]);
    }
    house.store.lift_override(set, "test", at(3) + TimeDelta::hours(2)).await.unwrap();
    assert!(house.night(4).await.error.is_none());
    assert_eq!(house.cities().await, ["Kiel"]);
}

#[tokio::test]
async fn a_run_that_a_guard_stopped_leaves_its_figures_and_yesterdays_persons() {
    let house = House::new().await;
    house.deliver(1, &MEMBERS);
    house.night(1).await;
    house.deliver(2, &MEMBERS.map(|(given, surname, _)| (given, surname, "Köln")));
    let stopped = house.night(2).await;
    assert!(matches!(&stopped.error, Some(FlowError::Guard { guard, .. }) if guard == "max_changed_percent"));
    assert_eq!(house.traces(&stopped).await, (RunState::Stopped, true, true));
    let guard = stopped.report.guards.iter().find(|guard| guard.name == "max_changed_percent").unwrap();
    assert_eq!((guard.actual, guard.limit, guard.verdict), (100.0, 50.0, GuardVerdict::Stopped));
    assert_eq!((stopped.report.changes.persons, house.cities().await), (4, vec!["Kiel".to_owned()]));
    let options = RunOptions { accept_guards: vec!["max_changed_percent".to_owned()], ..RunOptions::default() };
    let accepted = house.night_with(3, options, &Stop::default()).await;
    assert!(accepted.error.is_none());
    assert!(accepted.report.guards.iter().any(|guard| guard.verdict == GuardVerdict::Accepted));
    assert_eq!(house.cities().await, ["Köln"]);
}

#[tokio::test]
async fn a_run_that_was_asked_to_end_leaves_its_report_and_the_next_one_goes_on() {
    let house = House::new().await;
    house.deliver(1, &MEMBERS);
    let stop = Stop::default();
    stop.ask();
    let ended = house.night_with(1, RunOptions::default(), &stop).await;
    assert!(matches!(ended.error, Some(FlowError::Interrupted)));
    assert_eq!(house.traces(&ended).await, (RunState::Cancelled, true, true));
    assert!(house.night(2).await.error.is_none());
    assert_eq!(house.cities().await, ["Kiel"]);
}

#[tokio::test]
async fn a_dry_run_publishes_nothing_and_leaves_no_frames() {
    let house = House::new().await;
    house.deliver(1, &MEMBERS);
    let options = RunOptions { dry_run: true, ..RunOptions::default() };
    let dry = house.night_with(1, options, &Stop::default()).await;
    assert!(dry.error.is_none());
    assert_eq!((dry.report.outcome, dry.report.persons.created), (Outcome::DryRun, 4));
    assert_eq!((house.cities().await.len(), house.run_folders().len()), (0, 0));
    assert!(house.night(2).await.error.is_none());
    assert_eq!(house.cities().await, ["Kiel"]);
}

#[tokio::test]
async fn too_many_rows_in_quarantine_over_all_sources_stop_the_run() {
    let mut house = House::new().await;
    house.project.settings.guards.max_reject_percent = 10.0;
    house.project.schemas.sources[0].max_reject_percent = 100.0;
    house.deliver(1, &MEMBERS);
    let file = house.folder.path().join("inbox/members-1.csv");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "5;torn\n").unwrap();
    File::options().write(true).open(file).unwrap().set_modified((at(1) - TimeDelta::hours(1)).into()).unwrap();
    let stopped = house.night(1).await;
    assert!(matches!(stopped.error, Some(FlowError::TooManyRejects { .. })));
    assert_eq!(stopped.report.flow.rejected, 1);
    assert_eq!(house.traces(&stopped).await, (RunState::Stopped, true, true));
}

/// Asks the run to end when this step begins.
struct EndsAt {
    step: &'static str,
    stop: Stop,
    why: Why,
}

impl Watch for EndsAt {
    fn began(&self, step: &'static str) {
        if step == self.step {
            self.stop.ask_since(self.why);
        }
    }

    fn moved(&self, _unit: &'static str, _done: u64, _total: u64) {}

    fn ended(&self, _step: &'static str, _summary: &str) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_asked_to_end_in_any_step_leaves_yesterday_or_today_and_the_next_one_completes() {
    for step in ["pull", "normalise", "match", "persons", "publish", "notify", "report"] {
        let house = House::new().await;
        house.deliver(1, &MEMBERS);
        house.night(1).await;
        house.deliver(2, &[("Anna", "Sand", "Mainz"), MEMBERS[1], MEMBERS[2], MEMBERS[3]]);
        let watch = EndsAt { step, stop: Stop::default(), why: Why::Cancelled };
        let ended = house.watched_night(2, RunOptions::default(), (&watch.stop, &watch)).await;
        assert!(watch.stop.is_asked(), "the run never came to {step}");
        let is_published = house.store.published().await.unwrap().unwrap().run_id == ended.report.run.id;
        let city = if is_published { "Mainz" } else { "Kiel" };
        assert_eq!(house.cities().await, [city], "ended in {step}");
        assert_eq!(is_published, matches!(step, "notify" | "report"), "ended in {step}");
        if step != "report" {
            assert!(matches!(ended.error, Some(FlowError::Interrupted)), "ended in {step}: {:?}", ended.error);
            assert_eq!(house.traces(&ended).await, (RunState::Cancelled, true, true), "ended in {step}");
        }
        let next = house.night(3).await;
        assert!(next.error.is_none(), "after an end in {step}: {:?}", next.error);
        assert_eq!(house.cities().await, ["Mainz"], "after an end in {step}");
    }
}

#[tokio::test]
async fn a_delivery_with_too_many_unreadable_rows_holds_every_run_back_until_it_is_mended() {
    let mut house = House::new().await;
    house.project.schemas.sources[0].max_reject_percent = 10.0;
    house.deliver(1, &MEMBERS);
    let file = house.folder.path().join("inbox/members-1.csv");
    let sound = fs::read_to_string(&file).unwrap();
    let deliver = |text: String, night| {
        fs::write(&file, text).unwrap();
        File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified((at(night) - TimeDelta::hours(1)).into())
            .unwrap();
    };
    deliver(sound.clone() + "5;torn\n", 1);
    for night in 1..=3 {
        let stopped = house.night(night).await;
        assert!(matches!(stopped.error, Some(FlowError::TooManyRejects { .. })), "night {night}");
        assert_eq!(stopped.report.flow.rejected, 1, "night {night}");
    }
    assert!(house.cities().await.is_empty());
    deliver(sound, 4);
    let mended = house.night(4).await;
    assert!(mended.error.is_none());
    assert_eq!((mended.report.flow.rejected, house.cities().await), (0, vec!["Kiel".to_owned()]));
    assert!(house.store.reject_counts().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_an_unchanged_listing_holds_in_quarantine_is_counted_each_night() {
    let mut house = House::new().await;
    house.project.schemas.sources[0].max_reject_percent = 50.0;
    house.project.settings.guards.max_reject_percent = 50.0;
    house.deliver(1, &MEMBERS);
    let file = house.folder.path().join("inbox/members-1.csv");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "5;torn\n").unwrap();
    File::options().write(true).open(file).unwrap().set_modified((at(1) - TimeDelta::hours(1)).into()).unwrap();
    for night in 1..=3 {
        let ended = house.night(night).await;
        assert!(ended.error.is_none(), "night {night}");
        let flow = &ended.report.flow;
        assert_eq!((flow.read, flow.rejected), (5, 1), "night {night}");
        assert_eq!(flow.read, flow.staged + flow.rejected + flow.unchanged, "night {night}");
    }
    let rejects = house.store.rejects(&kartei_store::RejectFilter::default()).await.unwrap();
    assert_eq!(rejects.iter().map(|reject| reject.times).collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn a_full_run_reads_and_makes_everything_anew_and_comes_to_the_same_end() {
    let house = House::new().await;
    house.deliver(1, &MEMBERS);
    house.night(1).await;
    let params = [("full".to_owned(), kartei_schemas::jobs::ParamValue::Flag(true))].into_iter().collect();
    let full = house.night_with(2, RunOptions { params, ..RunOptions::default() }, &Stop::default()).await;
    assert!(full.error.is_none());
    assert_eq!((full.report.flow.read, full.report.flow.unchanged, full.report.changes.persons), (4, 4, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_has_published_keeps_its_figures_where_it_is_interrupted_once_more() {
    let house = House::new().await;
    house.deliver(1, &MEMBERS);
    let watch = EndsAt { step: "notify", stop: Stop::default(), why: Why::Shutdown };
    let put_down = house.watched_night(1, RunOptions::default(), (&watch.stop, &watch)).await;
    assert!(matches!(put_down.error, Some(FlowError::PutDown)));
    let id = put_down.report.run.id;
    let cancelled = Stop::default();
    cancelled.ask();
    let again = house.go_on(id, 1, (&cancelled, &Unwatched)).await;
    assert!(matches!(again.error, Some(FlowError::Interrupted)));
    assert_eq!((again.report.outcome, again.report.persons.after), (Outcome::Failed, 4));
    let figures = house.store.statistics(id).await.unwrap().unwrap();
    assert_eq!(figures["persons"]["after"], 4);
}
