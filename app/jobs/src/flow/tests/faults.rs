//! The store fails at each write of a night, in each of the ways in which a database fails: the night comes to its end all
//! the same, and the books balance.

use kartei_schemas::org_tree::OrgTree;
use kartei_store::{ChangeFilter, Fault};

use super::*;
use crate::planner::{self, Planned, plan};
use crate::settle::settle;

/// What the books say of a house.
#[derive(Debug, PartialEq, Eq)]
struct Books {
    /// The runs of all due times, by their state.
    effective: Vec<RunState>,
    /// What was published, by kind and run; each line once.
    changes: Vec<(i64, String, Option<String>)>,
    cities: Vec<String>,
    mails_sent: u64,
    mails_left: u64,
}

impl House {
    /// With a schedule, a second and a third attempt, and somebody to tell.
    async fn scheduled() -> (Self, Vec<Planned>) {
        let mut house = Self::new().await;
        let job = json!({ "job": { "nightly": {
            "steps": ["pull", "consolidate", "publish", "notify", "report"], "schedule": "0 4 * * *",
            "time_zone": "UTC", "retry": { "attempts": 3, "backoff": "1m" },
        } } });
        house.project.jobs = serde_json::from_value(job).unwrap();
        let mut source = serde_json::to_value(&house.project.schemas.sources[0]).unwrap();
        source["fields"]["postal_code"] = json!("PLZ");
        house.project.schemas.sources[0] = serde_json::from_value(source).unwrap();
        let org = json!({ "unit": [{ "id": "root", "name": "Verein", "postal_codes": ["24*", "55*"] }],
            "officer": [{ "unit": "root", "email": "officer@verein.example" }] });
        house.project.schemas.org = OrgTree::build(&serde_json::from_value(org).unwrap()).unwrap();
        let planned = planner::read(&house.project).unwrap();
        plan(&planned, &house.store, at(1) - TimeDelta::hours(1)).await.unwrap();
        (house, planned)
    }

    /// The membership system leaves its file of this night, in which one member lives here.
    fn deliver_with(&self, night: u64, (code, city): (&str, &str)) {
        self.deliver(night, &[("Anna", "Sand", city), MEMBERS[1], MEMBERS[2], MEMBERS[3]]);
        let path = self.folder.path().join(format!("inbox/members-{night}.csv"));
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().enumerate();
        let lines = lines.map(|(row, line)| format!("{line};{}\n", if row == 0 { "PLZ" } else { code }));
        fs::write(&path, lines.collect::<String>()).unwrap();
        let written = at(night) - TimeDelta::hours(1);
        File::options().write(true).open(path).unwrap().set_modified(written.into()).unwrap();
    }

    /// What a scheduler does in a night, waking once a minute. As there, what fails is tried again at the next waking.
    async fn scheduled_night(&self, planned: &[Planned], night: u64) {
        for minute in 0..8 {
            let now = at(night) + TimeDelta::minutes(minute);
            let _ = plan(planned, &self.store, now).await;
            let _ = self.store.reap_lost_runs("scheduler", now).await;
            let _ = settle(&self.project.jobs, &self.store, now).await;
            if self.store.is_run_due(now).await.unwrap() {
                Box::pin(self.work(now)).await;
            }
        }
    }

    async fn work(&self, now: DateTime<Utc>) {
        let claim = Claim {
            run_id: None,
            worker: format!("worker-{now}"),
            length: Duration::from_secs(30),
            limits: BTreeMap::from([("persons".to_owned(), 1)]),
        };
        let Ok(Some(claimed)) = self.store.claim_run(&claim, now).await else { return };
        let lease = claimed.1.clone();
        let ended = conduct(&self.project, &self.store, claimed, &Unwatched, (&Stop::default(), &move || now)).await;
        if let Ok(Ended { error: Some(error), .. }) | Err(error) = ended {
            let end = RunEnd { state: RunState::Failed, error: Some(chain(&error)), hint: None, guard: None };
            // It may have written its end itself, or be lost.
            let _ = self.store.finish_run(&lease, &end, now).await;
        }
    }

    async fn books(&self) -> Books {
        assert!(self.store.held_runs().await.unwrap().is_empty(), "a run is held by nobody");
        assert!(self.store.unsettled_runs(at(9)).await.unwrap().is_empty(), "an end was not dealt with");
        let mut effective = Vec::new();
        for tick in self.store.ticks("nightly", 0).await.unwrap() {
            effective.push(self.store.run(tick.run_id).await.unwrap().unwrap().run.state);
        }
        let runs = self.store.runs(&kartei_store::RunFilter::default()).await.unwrap();
        assert_eq!(runs.len(), effective.len(), "a run without a due time");
        let changes = self.store.changes(&ChangeFilter::default()).await.unwrap();
        let mails = self.store.outbox_depth(None).await.unwrap();
        Books {
            effective,
            changes: changes.into_iter().map(|change| (change.run_id, change.kind, change.field)).collect(),
            cities: self.cities().await,
            mails_sent: mails.sent,
            mails_left: mails.queued + mails.failed,
        }
    }
}

/// Three nights; the given write of the second one fails. Gives the books, or nothing where it has fewer writes.
async fn nights(fault: Option<(u64, Fault)>) -> Option<Books> {
    let (house, planned) = House::scheduled().await;
    house.deliver_with(1, ("24103", "Kiel"));
    house.scheduled_night(&planned, 1).await;
    house.deliver_with(2, ("24103", "Mainz"));
    if let Some((write, fault)) = fault {
        house.store.fail_at(write, fault);
    }
    house.scheduled_night(&planned, 2).await;
    let has_failed = house.store.fail_no_more();
    if fault.is_some() && !has_failed {
        return None;
    }
    assert_eq!(house.cities().await, ["Mainz"], "the night did not come to its end: {fault:?}");
    house.scheduled_night(&planned, 3).await;
    let books = house.books().await;
    let files = fs::read_dir(house.folder.path().join("mail")).map_or(0, Iterator::count) as u64;
    assert!(files == books.mails_sent || files == books.mails_sent + 1, "{files} mails went out: {fault:?}");
    Some(books)
}

async fn the_books_balance_whichever_write(fault: Fault) {
    let sound = nights(None).await.unwrap();
    assert_eq!((sound.effective.len(), sound.mails_left), (3, 0));
    assert!(sound.effective.iter().all(|state| *state == RunState::Succeeded));
    assert!(sound.mails_sent > 0 && !sound.changes.is_empty(), "there is something to lose: {sound:?}");
    let mut writes = 0;
    while let Some(books) = nights(Some((writes + 1, fault))).await {
        writes += 1;
        assert_eq!(books, sound, "write {writes} failed: {fault:?}");
    }
    assert!(writes > 15, "a night has more than {writes} writes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_does_not_begin_loses_and_doubles_nothing() {
    the_books_balance_whichever_write(Fault::Begin).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_does_not_come_to_rest_loses_and_doubles_nothing() {
    the_books_balance_whichever_write(Fault::Commit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_answer_gets_lost_loses_and_doubles_nothing() {
    the_books_balance_whichever_write(Fault::Answer).await;
}
