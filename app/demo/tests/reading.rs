//! The demo's files as the connectors and the normalisation read them: whole, and almost without a value that cannot be read.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use chrono::{DateTime, NaiveDate, Utc};
use futures::StreamExt;
use kartei_connector::{Connector, Context};
use kartei_demo::{DemoOptions, generate};
use kartei_normalise::{Context as Reading, NormaliseStatistics, normalise};
use kartei_schemas::load::Schemas;
use kartei_schemas::source::{Family, SourceSchema};

fn connect(source: &SourceSchema, folder: &std::path::Path) -> Box<dyn Connector> {
    let connect = match source.family {
        Family::Membership => kartei_membership::connect,
        Family::Newsletter => kartei_newsletter::connect,
        Family::Survey => kartei_survey::connect,
        Family::Leads => kartei_leads::connect,
    };
    connect(source, &Context::of(folder)).unwrap()
}

#[tokio::test]
async fn every_row_is_read_and_nearly_every_value_understood() {
    let folder = tempfile::tempdir().unwrap();
    let first_night = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    let options = DemoOptions { folder: folder.path().to_owned(), people: 4_000, seed: 1, first_night };
    let summary = generate(&options).unwrap();
    let now: DateTime<Utc> = "2026-03-02T04:00:00Z".parse().unwrap();
    let schemas = Schemas::load(folder.path()).unwrap();
    let context = Reading {
        default_country: "DE".to_owned(),
        time_zone: kartei_normalise::Tz::Europe__Berlin,
        received_at: now,
        today: now.date_naive(),
    };
    let mut rows = 0;
    for source in &schemas.sources {
        let mut statistics = NormaliseStatistics::default();
        let mut pages = connect(source, folder.path()).pull(None, now).await.unwrap();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            assert!(page.rejects.is_empty(), "{}: {:?}", source.name, page.rejects);
            rows += page.rows.height() as u64;
            let read = normalise(&page.rows, source, &schemas.person, &context).unwrap();
            statistics.add(&read.statistics);
        }
        assert!(statistics.missing_columns.is_empty(), "{}: {:?}", source.name, statistics.missing_columns);
        for (field, counts) in &statistics.fields {
            assert!(counts.filled > 0, "{}: nothing in {field}", source.name);
            assert!(counts.unreadable * 50 <= counts.received, "{}: {field} {counts:?}", source.name);
        }
    }
    assert_eq!(rows, summary.record_count());
}
