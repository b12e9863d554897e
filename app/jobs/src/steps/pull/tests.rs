//! Pulling, told with a connector that says what it is told to say, and a real store in a folder of its own.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures::{StreamExt, stream};
use kartei_connector::{
    Connector, ConnectorError, Cursor, Discovery, ErrorKind, Finding, ListingMark, Page, PageStream, RejectReason,
    RowReject, profile,
};
use kartei_report::model::GuardVerdict;
use kartei_schemas::jobs::JobsSchema;
use kartei_schemas::load::Schemas;
use kartei_schemas::settings::Settings;
use kartei_schemas::source::{MissingRow, SourceSchema, Volume};
use kartei_store::frames::FrameRef;
use kartei_store::{BatchKind, Cause, Claim, Lease, NewRun, Run, Store, StoreOptions};
use polars_core::prelude::*;
use serde_json::json;

use super::*;
use crate::options::RunOptions;
use crate::project::Project;
use crate::run_frames::RunFrames;
use crate::verdicts::Verdicts;
use crate::watch::{Stop, Unwatched};

/// A source that brings these pages from wherever the cursor points, and then fails if it is told to.
struct Scripted {
    pages: Vec<Page>,
    fails: bool,
    asked: Mutex<Vec<Option<Cursor>>>,
}

impl Scripted {
    fn of(pages: Vec<Page>) -> Self {
        Self { pages, fails: false, asked: Mutex::default() }
    }

    fn that_fails_after(pages: Vec<Page>) -> Self {
        Self { fails: true, ..Self::of(pages) }
    }

    fn last_cursor(&self) -> Option<Cursor> {
        self.asked.lock().unwrap().last().cloned().flatten()
    }
}

#[async_trait]
impl Connector for Scripted {
    fn source(&self) -> &'static str {
        "members"
    }

    async fn check(&self, _now: DateTime<Utc>) -> Vec<Finding> {
        Vec::new()
    }

    async fn discover(&self, now: DateTime<Utc>) -> Result<Discovery, ConnectorError> {
        let columns = profile(&rows(&[("1", "Sand")]), |name| name != "key");
        let (origin, description) = ("members.csv".to_owned(), "scripted".to_owned());
        Ok(Discovery { origin, columns, sampled_rows: 1, modified: Some(now), description })
    }

    async fn pull(&self, cursor: Option<Cursor>, _now: DateTime<Utc>) -> Result<PageStream, ConnectorError> {
        self.asked.lock().unwrap().push(cursor);
        let mut pages: Vec<Result<Page, ConnectorError>> = self.pages.iter().cloned().map(Ok).collect();
        if self.fails {
            let busy = ConnectorError::new(ErrorKind::TRANSIENT, "`members.csv` changed while it was read", None);
            pages.push(Err(busy));
        }
        Ok(stream::iter(pages).boxed())
    }
}

fn rows(cells: &[(&str, &str)]) -> DataFrame {
    let keys: Vec<&str> = cells.iter().map(|cell| cell.0).collect();
    let names: Vec<&str> = cells.iter().map(|cell| cell.1).collect();
    df!("key" => keys, "Nachname" => names).unwrap()
}

fn page(number: u64, listing: ListingMark, cells: &[(&str, &str)]) -> Page {
    Page {
        rows: rows(cells),
        positions: (1..=cells.len() as u64).collect(),
        rows_read: cells.len() as u64,
        replaces: true,
        ..Page::of("members.csv", "one", listing, Cursor(json!({ "page": number })))
    }
}

const MORE: ListingMark = ListingMark::Complete { last: false };
const LAST: ListingMark = ListingMark::Complete { last: true };

/// An installation of one source, in a folder that goes away with it.
struct House {
    folder: tempfile::TempDir,
    store: Store,
    source: SourceSchema,
    settings: Settings,
}

/// What a pull found, and where it ended.
type Ended = (SourcePull, Result<(), FlowError>, Vec<Guard>);

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("kartei.db").display());
        let store = Store::open(&StoreOptions::new(url)).await.unwrap();
        let source = serde_json::from_value(json!({
            "name": "members", "family": "membership", "key": ["Nummer"],
            "connector": { "product": "files", "path": "inbox/*.csv", "listing": "complete" },
            "fields": { "surname": "Nachname" },
        }));
        let source = SourceSchema { missing_row: MissingRow::Gone, ..source.unwrap() };
        Self { folder, store, source, settings: Settings::default() }
    }

    /// A new run that pulls.
    async fn pull(&self, connector: &Scripted) -> Ended {
        let claimed = self.claim().await;
        self.pull_in(&claimed, connector).await
    }

    async fn claim(&self) -> (Run, Lease) {
        // A job has one run at a time: the one before is over.
        self.store.reap_lost_runs("test", night() + TimeDelta::hours(2)).await.unwrap();
        let new = NewRun {
            job: "nightly".to_owned(),
            cause: Cause::AdHoc,
            due_at: night(),
            asked_by: "test".to_owned(),
            reason: None,
            parameters: json!({}),
            retry_of: None,
            start_at: night(),
            concurrency: Vec::new(),
            after_run: None,
            attended: false,
        };
        let run = self.store.create_run(&new, night()).await.unwrap();
        let claim = Claim {
            run_id: Some(run.id),
            worker: "test".to_owned(),
            length: Duration::from_hours(1),
            limits: BTreeMap::new(),
        };
        let (run, lease) = self.store.claim_run(&claim, night()).await.unwrap().unwrap();
        self.store.begin_run(&lease, night()).await.unwrap();
        (run, lease)
    }

    async fn pull_in(&self, (run, lease): &(Run, Lease), connector: &Scripted) -> Ended {
        let project = Project {
            base: self.folder.path().to_owned(),
            settings: self.settings.clone(),
            schemas: Schemas { sources: vec![self.source.clone()], ..Schemas::default() },
            jobs: JobsSchema::default(),
        };
        let (options, verdicts) = (RunOptions::default(), Verdicts::default());
        let rest = RunFrames::of_attempt(project.frames(), lease, None);
        let step = Step {
            project: &project,
            store: &self.store,
            run,
            lease,
            options: &options,
            rest: &rest,
            watch: &Unwatched,
            stop: &Stop::default(),
            previous: None,
            heard: night(),
            verdicts: &verdicts,
            clock: &night,
        };
        let mut outcome = Outcome::of("members");
        let rows = AtomicU64::default();
        outcome.error = pull_source(&step, (&self.source, &rows), connector, &mut outcome).await.err();
        let found = outcome.found.clone();
        let decided = decide(&step, vec![outcome]).await;
        (found, decided, verdicts.all())
    }

    /// The keys that are gone by what was accepted so far.
    async fn gone(&self) -> Vec<String> {
        let frames = kartei_store::frames::Frames::new(self.folder.path().join("data"));
        let batches = self.store.waiting_batches().await.unwrap();
        let gone =
            batches.iter().filter(|batch| batch.kind == BatchKind::Gone).filter_map(|batch| batch.frame.as_ref());
        let keys = |frame: &FrameRef| frames.get(frame, None).unwrap().column("key").unwrap().str().unwrap().clone();
        gone.map(keys).flat_map(|keys| keys.iter().flatten().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Where the next pull would go on.
    async fn place(&self) -> Option<Cursor> {
        let next = Scripted::of(Vec::new());
        self.pull(&next).await.1.unwrap();
        next.last_cursor()
    }
}

fn night() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 24, 4, 0, 0).unwrap()
}

#[tokio::test]
async fn a_complete_listing_moves_the_cursor_only_at_its_end() {
    let house = House::new().await;
    let torn = Scripted::that_fails_after(vec![page(1, MORE, &[("1", "Sand")])]);
    let (found, outcome, _) = house.pull(&torn).await;
    assert!(matches!(outcome, Err(FlowError::Source { .. })));
    assert_eq!((found.read, found.staged, house.place().await), (1, 1, None));
    let whole = Scripted::of(vec![page(1, MORE, &[("1", "Sand")]), page(2, LAST, &[("2", "Wald")])]);
    let (found, outcome, _) = house.pull(&whole).await;
    outcome.unwrap();
    assert_eq!((found.new, found.unchanged), (2, 0), "what came of half a listing counts for nothing");
    assert_eq!(house.place().await, Some(Cursor(json!({ "page": 2 }))));
}

#[tokio::test]
async fn a_delta_that_broke_off_goes_on_in_its_own_run_and_is_read_again_by_the_next() {
    let house = House::new().await;
    let claimed = house.claim().await;
    let torn = Scripted::that_fails_after(vec![page(1, ListingMark::Delta, &[("1", "Sand")])]);
    assert!(house.pull_in(&claimed, &torn).await.1.is_err());
    assert!(house.store.waiting_batches().await.unwrap().is_empty(), "half a delivery is not consolidated");
    let rest = Scripted::of(vec![page(2, ListingMark::Delta, &[("2", "Wald")])]);
    let (found, outcome, _) = house.pull_in(&claimed, &rest).await;
    outcome.unwrap();
    assert_eq!(rest.last_cursor(), Some(Cursor(json!({ "page": 1 }))));
    assert_eq!((found.read, found.staged, house.store.waiting_batches().await.unwrap().len()), (2, 2, 2));
    assert_eq!(house.place().await, Some(Cursor(json!({ "page": 2 }))));

    let other = House::new().await;
    assert!(other.pull(&torn).await.1.is_err());
    assert_eq!(other.place().await, None);
}

#[tokio::test]
async fn two_deltas_of_the_same_content_stand_beside_each_other() {
    let house = House::new().await;
    let first = page(1, ListingMark::Delta, &[("1", "Sand")]);
    let between = Page { delivery: "two".to_owned(), ..page(2, ListingMark::Delta, &[("1", "Wald")]) };
    let again = page(3, ListingMark::Delta, &[("1", "Sand")]);
    house.pull(&Scripted::of(vec![first, between, again])).await.1.unwrap();
    assert_eq!(house.store.waiting_batches().await.unwrap().len(), 3);
    assert_eq!(house.place().await, Some(Cursor(json!({ "page": 3 }))));
}

#[tokio::test]
async fn a_second_listing_begun_in_the_same_pull_does_not_take_the_cursor_back() {
    let house = House::new().await;
    let second = Page { delivery: "two".to_owned(), ..page(2, MORE, &[("1", "Sand")]) };
    let torn = Scripted::that_fails_after(vec![page(1, LAST, &[("1", "Sand")]), second]);
    assert!(house.pull(&torn).await.1.is_err());
    assert_eq!(house.place().await, Some(Cursor(json!({ "page": 1 }))));
}

#[tokio::test]
async fn a_page_that_comes_twice_is_put_at_rest_once() {
    let house = House::new().await;
    let claimed = house.claim().await;
    let connector = Scripted::of(vec![page(1, LAST, &[("1", "Sand"), ("2", "Wald")])]);
    let (first, ..) = house.pull_in(&claimed, &connector).await;
    // The run was interrupted after it had decided: it says what it had found, and does nothing twice.
    let (resumed, outcome, _) = house.pull_in(&claimed, &connector).await;
    outcome.unwrap();
    let (again, outcome, _) = house.pull(&connector).await;
    outcome.unwrap();
    assert_eq!((first.staged, resumed.staged, again.staged, again.unchanged), (2, 2, 0, 2));
    assert!(house.gone().await.is_empty());
    let frames = house.store.waiting_batches().await.unwrap().into_iter().filter_map(|batch| batch.frame).count();
    assert_eq!(frames, 1);
}

/// A row that cannot be read, with what can be read of its key.
fn reject(key: Option<&str>) -> RowReject {
    RowReject {
        origin: "members.csv".to_owned(),
        line: Some(3),
        column: None,
        reason: RejectReason::RaggedRow,
        detail: "1 field instead of 2".to_owned(),
        key: key.map(str::to_owned),
        raw: String::new(),
    }
}

#[tokio::test]
async fn what_a_whole_listing_no_longer_holds_is_gone_but_not_what_is_in_quarantine() {
    let mut house = House::new().await;
    house.source.max_reject_percent = 60.0;
    house.settings.guards.max_reject_percent = 60.0;
    house.pull(&Scripted::of(vec![page(1, LAST, &[("1", "Sand"), ("2", "Wald"), ("3", "See")])])).await.1.unwrap();
    let shrunk = Page { rejects: vec![reject(Some("2"))], rows_read: 2, ..page(2, LAST, &[("1", "Sand")]) };
    let (found, outcome, _) = house.pull(&Scripted::of(vec![shrunk])).await;
    outcome.unwrap();
    assert_eq!((found.gone, found.rejected(), house.gone().await), (1, 1, vec!["3".to_owned()]));
}

#[tokio::test]
async fn a_listing_that_a_guard_stopped_makes_nobody_gone_until_somebody_accepts_it() {
    let house = House::new().await;
    house.pull(&Scripted::of(vec![page(1, LAST, &[("1", "Sand"), ("2", "Wald"), ("3", "See")])])).await.1.unwrap();
    let shrunk = Page {
        rejects: vec![reject(Some("2"))],
        rows_read: 2,
        delivery: "two".to_owned(),
        ..page(2, LAST, &[("1", "Berg")])
    };
    let (found, outcome, _) = house.pull(&Scripted::of(vec![shrunk])).await;
    assert!(matches!(outcome, Err(FlowError::TooManyRejects { .. })), "half of the rows are in quarantine");
    assert_eq!((found.gone, found.rejected(), house.gone().await.len()), (1, 1, 0));
    assert_eq!(house.store.waiting_batches().await.unwrap().len(), 1, "only the first listing is consolidated");
    let waiting = house.store.waiting_deliveries().await.unwrap();
    assert_eq!(waiting[0].stopped_by(), ["max_reject_percent", "max_reject_percent"]);
    house.store.accept_delivery(waiting[0].id, ("a user", &[]), night()).await.unwrap();
    assert_eq!(house.gone().await, ["3"]);
    assert_eq!(house.place().await, Some(Cursor(json!({ "page": 2 }))));
}

#[tokio::test]
async fn a_listing_with_a_row_whose_key_cannot_be_read_says_nothing_about_absence() {
    let mut house = House::new().await;
    house.source.max_reject_percent = 60.0;
    house.settings.guards.max_reject_percent = 60.0;
    house.pull(&Scripted::of(vec![page(1, LAST, &[("1", "Sand"), ("2", "Wald")])])).await.1.unwrap();
    let odd = Page { rejects: vec![reject(None)], rows_read: 2, ..page(2, LAST, &[("1", "Sand")]) };
    let (found, outcome, _) = house.pull(&Scripted::of(vec![odd])).await;
    outcome.unwrap();
    assert_eq!((found.gone, found.keyless, house.gone().await.len()), (0, 1, 0));
    house.pull(&Scripted::of(vec![page(3, LAST, &[("1", "Sand")])])).await.1.unwrap();
    assert_eq!(house.gone().await, ["2"]);
}

#[tokio::test]
async fn what_a_human_took_back_is_passed_over_when_it_comes_again() {
    let mut house = House::new().await;
    house.source.volume = Volume { min_rows: Some(2), max_drop_percent: None };
    let short = || Scripted::of(vec![page(1, LAST, &[("1", "Sand")])]);
    assert!(house.pull(&short()).await.1.is_err());
    let id = house.store.waiting_deliveries().await.unwrap()[0].id;
    house.store.discard_delivery(id, ("a user", "torn"), night()).await.unwrap();
    let (found, outcome, _) = house.pull(&short()).await;
    outcome.unwrap();
    assert_eq!((found.read, found.passed_over), (0, vec![id]));
    house.store.accept_delivery(id, ("a user", &[]), night()).await.unwrap();
    assert!(house.pull(&short()).await.1.is_err(), "it may come again, and is weighed again");
}

#[tokio::test]
async fn what_a_delta_says_is_deleted_is_gone_and_what_nobody_knew_is_not() {
    let house = House::new().await;
    house.pull(&Scripted::of(vec![page(1, LAST, &[("1", "Sand"), ("2", "Wald")])])).await.1.unwrap();
    let delta = page(2, ListingMark::Delta, &[("3", "See")]);
    let delta = Page { gone: vec!["2".to_owned(), "9".to_owned()], delivery: "two".to_owned(), ..delta };
    let (found, outcome, _) = house.pull(&Scripted::of(vec![delta.clone()])).await;
    outcome.unwrap();
    assert_eq!((found.gone, found.new, house.gone().await), (1, 1, vec!["2".to_owned()]));
    assert_eq!(house.place().await, Some(Cursor(json!({ "page": 2 }))));
    let (again, outcome, _) = house.pull(&Scripted::of(vec![delta])).await;
    outcome.unwrap();
    assert_eq!((again.gone, again.unchanged), (0, 1), "a page that comes twice changes nothing");
}

#[tokio::test]
async fn half_a_listing_and_a_source_that_keeps_its_rows_lose_nobody() {
    let mut house = House::new().await;
    house.pull(&Scripted::of(vec![page(1, LAST, &[("1", "Sand"), ("2", "Wald")])])).await.1.unwrap();
    assert!(house.pull(&Scripted::that_fails_after(vec![page(2, MORE, &[("1", "Sand")])])).await.1.is_err());
    assert!(house.gone().await.is_empty());
    house.source.missing_row = MissingRow::Keep;
    house.pull(&Scripted::of(vec![page(3, LAST, &[("1", "Sand")])])).await.1.unwrap();
    assert!(house.gone().await.is_empty());
}

#[tokio::test]
async fn a_listing_that_shrank_stops_the_run_before_anybody_is_gone_and_the_guards_are_told() {
    let mut house = House::new().await;
    house.source.volume = Volume { min_rows: Some(1), max_drop_percent: Some(30.0) };
    let whole = page(1, LAST, &[("1", "Sand"), ("2", "Wald")]);
    let shrunk = Page { delivery: "two".to_owned(), ..page(2, LAST, &[("1", "Sand")]) };
    let (_, outcome, guards) = house.pull(&Scripted::of(vec![whole, shrunk])).await;
    assert!(matches!(outcome, Err(FlowError::Guard { guard, .. }) if guard == "max_drop_percent"));
    assert!(house.gone().await.is_empty());
    let told: Vec<_> = guards.iter().map(|guard| (guard.name.as_str(), guard.actual, guard.verdict)).collect();
    let stopped = [("min_rows", 1.0, GuardVerdict::Passed), ("max_drop_percent", 50.0, GuardVerdict::Stopped)];
    assert!(told.windows(2).any(|looks| looks == stopped), "{told:?}");
    assert_eq!(house.place().await, Some(Cursor(json!({ "page": 1 }))));
}
