//! The report as an admin and a machine read it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

use std::collections::BTreeSet;

use kartei_report::model::{Failure, Guard, GuardVerdict, Outcome};
use kartei_report::{Mood, RunReport, render_html, render_json, render_summary, render_text, summarise};
use kartei_schemas::org::Language;

const NIGHT: &str = include_str!("fixtures/nightly.json");

fn night() -> RunReport {
    serde_json::from_str(NIGHT).unwrap()
}

/// A night on which nothing wants a human.
fn quiet_night() -> RunReport {
    let mut report = night();
    for source in &mut report.sources {
        source.freshness.state = kartei_report::model::FreshnessState::Green;
        source.drift.clear();
    }
    report.clusters.conflicts = 0;
    report.review.open = 0;
    report.flow.read -= report.flow.rejected;
    report.flow.rejected = 0;
    report.notices.deferred = 0;
    report.oddities.clear();
    report
}

fn attributes<'page>(page: &'page str, name: &str) -> Vec<&'page str> {
    let open = format!(" {name}=\"");
    page.split(&open).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_text_reads_well_in_both_languages() {
    insta::assert_snapshot!("text_de", render_text(&night(), Language::De, 100, false));
    insta::assert_snapshot!("text_en", render_text(&night(), Language::En, 100, false));
}

#[test]
fn a_narrow_terminal_is_not_overrun() {
    for width in [60, 80, 120] {
        let text = render_text(&night(), Language::De, width, false);
        for line in text.lines() {
            assert!(line.chars().count() <= width, "too long for {width}: {line}");
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let plain = render_summary(&night(), Language::En, 80, false);
    let coloured = render_summary(&night(), Language::En, 80, true);
    assert!(coloured.contains("\u{1b}["));
    let mut bare = String::new();
    for piece in coloured.split('\u{1b}') {
        bare.push_str(piece.strip_prefix('[').map_or(piece, |rest| rest.split_once('m').unwrap().1));
    }
    assert_eq!(bare, plain);
}

#[test]
fn json_keeps_every_figure_and_its_shape() {
    let json = render_json(&night()).unwrap();
    assert!(serde_json::from_str::<RunReport>(&json).unwrap() == night(), "a figure got lost");
    let written: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected: serde_json::Value = serde_json::from_str(NIGHT).unwrap();
    assert!(written == expected, "the shape of the JSON has changed");
    insta::assert_snapshot!("json_of_an_empty_run", render_json(&RunReport::default()).unwrap());
}

#[test]
fn a_night_that_compares_only_what_changed_tells_what_it_took_over() {
    let mut report = night();
    (report.pairs.compared, report.pairs.kept) = (8_323, 51_204);
    let text = render_text(&report, Language::De, 200, false);
    assert!(
        text.contains("8.323 Paare mit neuen oder geänderten Datensätzen verglichen, 51.204 mögliche Treffer"),
        "{text}"
    );
    let text = render_text(&report, Language::En, 200, false);
    assert!(text.contains("8,323 pairs with new or changed records compared, 51,204 possible matches"), "{text}");
}

#[test]
fn a_terminal_shows_the_ten_most_doubtful_clusters_and_says_how_many_more_there_are() {
    let mut report = night();
    let cluster = report.model.doubtful[0].clone();
    report.model.doubtful = vec![cluster; 14];
    let text = render_text(&report, Language::En, 100, false);
    assert_eq!(text.matches("weakest link").count(), 10, "{text}");
    assert!(text.contains("The page (HTML) shows 4 more."), "{text}");
}

#[test]
fn an_empty_run_is_rendered_too() {
    for language in [Language::De, Language::En] {
        let report = RunReport::default();
        assert!(!render_text(&report, language, 80, false).contains("NaN"));
        assert!(render_html(&report, language).ends_with("</html>\n"));
    }
}

#[test]
fn a_quiet_night_says_that_all_is_well_and_asks_for_nothing() {
    let summary = summarise(&quiet_night(), Language::En);
    assert_eq!((summary.mood, summary.headline.as_str()), (Mood::Well, "All is well"));
    assert_eq!(summary.needs, Vec::<String>::new());
    assert_eq!(summarise(&quiet_night(), Language::De).headline, "Alles in Ordnung");
}

#[test]
fn everyday_work_alone_does_not_alarm() {
    let mut report = quiet_night();
    report.review = night().review;
    let summary = summarise(&report, Language::De);
    assert_eq!(summary.mood, Mood::Well);
    assert_eq!(summary.needs.len(), 1);
}

#[test]
fn a_lost_row_is_the_first_thing_said() {
    let mut report = night();
    report.flow.staged -= 1;
    let summary = summarise(&report, Language::En);
    assert_eq!(summary.mood, Mood::Wrong);
    assert!(summary.needs[0].contains("do not balance"), "{:?}", summary.needs);
    assert!(render_text(&report, Language::En, 100, false).contains("1,047,365 ≠ 1,047,364"));
}

#[test]
fn a_guard_that_stopped_the_run_is_named_with_the_way_out() {
    let mut report = quiet_night();
    report.outcome = Outcome::StoppedByGuard;
    report.guards.push(Guard {
        name: "max_gone_percent".to_owned(),
        source: None,
        limit: 10.0,
        actual: 90.3,
        verdict: GuardVerdict::Stopped,
    });
    let summary = summarise(&report, Language::De);
    assert_eq!(summary.headline, "Angehalten: der bisherige Stand gilt weiter");
    assert!(summary.needs[0].contains("90,3, Grenze 10,0"), "{:?}", summary.needs);
    assert!(summary.needs[0].contains("--accept-guard max_gone_percent"));
}

#[test]
fn a_failure_is_told_with_its_hint() {
    let mut report = quiet_night();
    report.outcome = Outcome::Failed;
    report.failure = Some(Failure {
        step: "publish".to_owned(),
        message: "the store is read-only".to_owned(),
        hint: Some("make kartei.db writable".to_owned()),
    });
    let needs = summarise(&report, Language::En).needs;
    assert_eq!(needs[0], "Publish: the store is read-only. Hint: make kartei.db writable");
}

#[test]
fn the_page_asks_for_nothing_from_anywhere() {
    for language in [Language::De, Language::En] {
        let page = render_html(&night(), language);
        assert!(!page.contains("<script"), "no script");
        assert!(page.contains("default-src 'none'"), "nothing may be loaded");
        for (attribute, allowed) in [("href", "#"), ("src", "data:")] {
            let all = attributes(&page, attribute);
            assert!(all.iter().all(|value| value.starts_with(allowed) || *value == "data:,"), "{attribute}: {all:?}");
        }
        assert!(!page.contains("url("), "no picture or font from elsewhere");
        let without_namespace = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!without_namespace.contains("://"), "no address at all");
    }
}

#[test]
fn the_page_can_be_read_without_seeing_it() {
    for (language, name) in [(Language::De, "de"), (Language::En, "en")] {
        let page = render_html(&night(), language);
        assert!(page.contains(&format!("<html lang=\"{name}\">")));
        assert_eq!(page.matches("<h1>").count(), 1);
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
        let plots = page.matches("<svg ").count();
        assert!(plots >= 10, "{plots} plots");
        assert_eq!(plots, page.matches("role=\"img\" aria-labelledby").count());
        assert_eq!(plots, page.matches("<desc id=").count());
        let ids = attributes(&page, "id");
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), distinct.len(), "ids are unique");
        for reference in attributes(&page, "aria-labelledby").iter().flat_map(|value| value.split(' ')) {
            assert!(ids.contains(&reference), "{reference} is not on the page");
        }
        for link in attributes(&page, "href").iter().filter_map(|link| link.strip_prefix('#')) {
            assert!(ids.contains(&link), "#{link} leads nowhere");
        }
    }
}

#[test]
fn the_last_runs_are_drawn_and_told() {
    let page = render_html(&night(), Language::En);
    assert!(page.contains("The last 6 runs, one row for each job."), "the picture in a sentence");
    assert!(page.contains("nightly 37: 22 Nov 2026, 04:00, 11.0\u{a0}s, failed"), "each run for who cannot see it");
    let text = render_text(&night(), Language::De, 80, false);
    assert!(text.contains("nightly") && text.contains('✗') && text.contains("weekly-report"), "{text}");
}

#[test]
fn what_is_not_as_usual_asks_for_a_look() {
    let mut report = quiet_night();
    report.oddities = night().oddities;
    let summary = summarise(&report, Language::En);
    assert_eq!(
        (summary.mood, summary.needs[0].replace('\u{a0}', " ")),
        (Mood::Look, "2 figures are unlike those of the last runs.".to_owned())
    );
    let text = render_text(&report, Language::En, 100, false).replace('\u{a0}', " ");
    assert!(
        text.contains("Duration of the run") && text.contains("1 min 01 s") && text.contains("30.0 s – 50.2 s"),
        "{text}"
    );
}

#[test]
fn every_element_of_the_page_is_closed() {
    let page = render_html(&night(), Language::De);
    for element in ["section", "table", "thead", "tbody", "figure", "details", "svg", "ul", "dl", "p", "h2", "h3"] {
        let opened = page.matches(&format!("<{element} ")).count() + page.matches(&format!("<{element}>")).count();
        assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "<{element}>");
    }
}

#[test]
fn the_german_page_writes_german_numbers_and_the_english_one_english() {
    let german = render_html(&night(), Language::De);
    assert!(german.contains("1.300.024") && !german.contains("1,300,024"));
    let english = render_html(&night(), Language::En);
    assert!(english.contains("1,300,024") && !english.contains("1.300.024"));
    assert!(!english.contains("Datensätze"), "no German on the English page");
}

#[test]
fn a_name_with_markup_in_it_stays_text() {
    let mut report = night();
    report.sources[0].drift.push(kartei_report::model::Drift {
        kind: kartei_report::model::DriftKind::New,
        column: "<img src=x onerror=alert(1)>".to_owned(),
    });
    report.sources[0].label = None;
    report.sources[0].name = "a\"><b>".to_owned();
    report.overlap[0].sources = vec!["a\"><b>".to_owned()];
    let page = render_html(&report, Language::En);
    assert!(!page.contains("<img") && !page.contains("<b>"));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
}

#[test]
fn a_failure_after_publishing_does_not_claim_that_yesterdays_persons_stand() {
    let mut report = quiet_night();
    report.outcome = Outcome::Failed;
    assert_eq!(summarise(&report, Language::En).headline, "Published, but a later step failed");
    report.steps.retain(|step| step.name != "publish");
    assert_eq!(summarise(&report, Language::En).headline, "Failed: yesterday’s persons stand");
}

#[test]
fn a_run_that_stopped_on_the_way_is_not_blamed_for_what_it_did_not_come_to() {
    let mut report = quiet_night();
    report.outcome = Outcome::StoppedByGuard;
    report.flow.clusters = 7;
    report.flow.persons = 0;
    assert!(!render_text(&report, Language::En, 100, false).contains('≠'));
    report.outcome = Outcome::Published;
    assert!(render_text(&report, Language::En, 100, false).contains("7 ≠ 0"));
}
