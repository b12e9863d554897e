//! The tests that every connector passes, whatever it connects to.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use polars_core::prelude::DataType;

use crate::{Connector, Cursor, FindingLevel, ListingMark, Page};

mod nights;
#[cfg(feature = "trial")]
mod trial;

pub use nights::{Deliverer, Made, check_nights};
#[cfg(feature = "trial")]
pub use trial::Trial;

/// What a conforming connector brought, so that a test can say more about it.
#[derive(Debug)]
pub struct Conformance {
    /// All pages of a first pull.
    pub pages: Vec<Page>,
    /// What is left after staging them: key → cells by column.
    pub staged: Staged,
}

impl Conformance {
    /// Rows that went to quarantine.
    pub fn rejects(&self) -> usize {
        self.pages.iter().map(|page| page.rejects.len()).sum()
    }
}

/// Rows as a stage keeps them: key → column → cell.
pub type Staged = BTreeMap<String, BTreeMap<String, Option<String>>>;

/// Pulls a source in every way that a run can meet, and says what breaks the contract of [`Connector`].
///
/// The source must have rows, and must not change meanwhile. For the resumed pulls to mean much, it should come in
/// several pages.
///
/// # Errors
///
/// The sentences of the contract that do not hold.
pub async fn check_connector(connector: &dyn Connector, now: DateTime<Utc>) -> Result<Conformance, Vec<String>> {
    let mut broken = Vec::new();
    for finding in connector.check(now).await {
        if finding.level == FindingLevel::Error {
            broken.push(format!("check of a sound source says: {}", finding.message));
        }
    }
    let pages = match pull_all(connector, None, now).await {
        Ok(pages) => pages,
        Err(reason) => return Err(vec![format!("the first pull fails: {reason}")]),
    };
    if pages.iter().all(|page| page.rows.height() == 0) {
        broken.push("the first pull brings no rows, so nothing can be shown".into());
    }
    check_discovery(connector, &pages, now, &mut broken).await;
    for (number, page) in pages.iter().enumerate() {
        check_page(number, page, &mut broken);
    }
    check_deliveries(&pages, &mut broken);
    let staged = stage(&pages);
    check_replay(&pages, &staged, &mut broken);
    check_resume(connector, &pages, now, &mut broken).await;
    check_unconsumed(connector, &pages, now, &mut broken).await;
    if broken.is_empty() { Ok(Conformance { pages, staged }) } else { Err(broken) }
}

/// Pulls everything after a cursor.
///
/// # Errors
///
/// The error of the pull or of a page, with its hint.
pub async fn pull_all(
    connector: &dyn Connector,
    cursor: Option<Cursor>,
    now: DateTime<Utc>,
) -> Result<Vec<Page>, String> {
    let explain = |error: crate::ConnectorError| match error.hint() {
        Some(hint) => format!("{error} (hint: {hint})"),
        None => error.to_string(),
    };
    let mut stream = connector.pull(cursor, now).await.map_err(explain)?;
    let mut pages = Vec::new();
    while let Some(page) = stream.next().await {
        pages.push(page.map_err(explain)?);
    }
    Ok(pages)
}

/// What a stage holds after these pages, in this order: later rows replace earlier ones of the same key, and what a delta
/// says is deleted goes.
pub fn stage(pages: &[Page]) -> Staged {
    let mut staged = Staged::new();
    for page in pages {
        staged.extend(rows_of(page));
        staged.retain(|key, _| !page.gone.contains(key));
    }
    staged
}

fn rows_of(page: &Page) -> Vec<(String, BTreeMap<String, Option<String>>)> {
    let cell = |name: &str, row: usize| -> Option<String> {
        let column = page.rows.column(name).ok()?.str().ok()?;
        column.get(row).map(str::to_owned)
    };
    let names: Vec<String> = page.rows.columns().iter().map(|column| column.name().to_string()).collect();
    let row = |row: usize| {
        let cells = names.iter().map(|name| (name.clone(), cell(name, row))).collect();
        (cell("key", row).unwrap_or_default(), cells)
    };
    (0..page.rows.height()).map(row).collect()
}

async fn check_discovery(connector: &dyn Connector, pages: &[Page], now: DateTime<Utc>, broken: &mut Vec<String>) {
    let discovery = match connector.discover(now).await {
        Ok(discovery) => discovery,
        Err(error) => return broken.push(format!("discover fails: {error}")),
    };
    if discovery.columns.is_empty() {
        broken.push("discover finds no columns".into());
    }
    for column in &discovery.columns {
        let pulled = pages.iter().any(|page| page.rows.column(&column.name).is_ok());
        if !pulled {
            broken.push(format!("discover names the column `{}`, which no page has", column.name));
        }
    }
}

fn check_page(number: usize, page: &Page, broken: &mut Vec<String>) {
    let mut say = |what: &str| broken.push(format!("page {number} of `{}`: {what}", page.origin));
    let height = page.rows.height();
    if page.rows.columns().iter().any(|column| column.dtype() != &DataType::String) {
        say("a column is not text");
    }
    if page.positions.len() != height {
        say("the positions are not one a row");
    }
    if page.rows_read != (height + page.rejects.len()) as u64 + page.collapsed {
        say("rows read are not the sum of rows, rejects and collapsed rows");
    }
    if page.rejects.iter().any(|reject| reject.key.as_ref().is_some_and(|key| key.is_empty() || key.contains('\0'))) {
        say("a row in quarantine has a key that is none");
    }
    if !page.gone.is_empty() && page.listing != ListingMark::Delta {
        say("it says that rows are deleted, and is no delta");
    }
    if matches!(page.listing, ListingMark::Unchanged { .. }) {
        if page.rows_read != 0 {
            say("it has rows although the listing is unchanged");
        }
        return;
    }
    if page.rows.columns().first().is_none_or(|column| column.name() != "key") {
        return say("its first column is not `key`");
    }
    let rows = rows_of(page);
    let keys: std::collections::BTreeSet<&String> = rows.iter().map(|(key, _)| key).collect();
    if keys.len() != height || keys.iter().any(|key| key.is_empty()) {
        say("a key is empty or not unique");
    }
    let gone: std::collections::BTreeSet<&String> = page.gone.iter().collect();
    if gone.len() != page.gone.len() || gone.iter().any(|key| key.is_empty() || keys.contains(*key)) {
        say("a deleted key is empty, not unique, or that of a row of the page");
    }
    let text = serde_json::to_string(&page.cursor);
    let back = text.as_deref().ok().and_then(|text| serde_json::from_str::<Cursor>(text).ok());
    if back.as_ref() != Some(&page.cursor) {
        say("its cursor does not survive being saved");
    }
}

fn check_deliveries(pages: &[Page], broken: &mut Vec<String>) {
    let mut deliveries: Vec<Vec<&Page>> = Vec::new();
    for page in pages {
        match deliveries.last_mut().filter(|pages| pages.last().is_some_and(|last| last.delivery == page.delivery)) {
            Some(pages) => pages.push(page),
            None => deliveries.push(vec![page]),
        }
    }
    for delivery in deliveries {
        let mut say = |what: &str| broken.push(format!("delivery `{}`: {what}", delivery[0].origin));
        let names = |page: &Page| page.rows.columns().iter().map(|column| column.name().clone()).collect::<Vec<_>>();
        if delivery.iter().any(|page| names(page) != names(delivery[0])) {
            say("its pages have different columns");
        }
        if delivery.iter().enumerate().any(|(number, page)| page.number != number as u64) {
            say("its pages are not numbered from 0 on");
        }
        if delivery.iter().any(|page| (page.replaces, &page.snapshot) != (delivery[0].replaces, &delivery[0].snapshot))
        {
            say("its pages do not agree whether it replaces another, and what state of the source it is");
        }
        if !matches!(delivery[0].listing, ListingMark::Complete { .. }) {
            continue;
        }
        let (end, before) = delivery.split_last().unwrap_or((&delivery[0], &[]));
        if end.listing != (ListingMark::Complete { last: true }) {
            say("the complete listing has no last page");
        }
        if before.iter().any(|page| page.listing != ListingMark::Complete { last: false }) {
            say("a page before the last is not marked as one");
        }
        let rows: usize = delivery.iter().map(|page| page.rows.height()).sum();
        let pages: Vec<Page> = delivery.iter().map(|page| (*page).clone()).collect();
        if stage(&pages).len() != rows {
            say("the complete listing holds a key twice");
        }
    }
}

fn check_replay(pages: &[Page], staged: &Staged, broken: &mut Vec<String>) {
    for start in 0..pages.len() {
        let mut replayed = pages.to_vec();
        replayed.extend_from_slice(&pages[start..]);
        if stage(&replayed) != *staged {
            broken.push(format!("a replay from page {start} changes what is staged"));
        }
    }
}

async fn check_resume(connector: &dyn Connector, pages: &[Page], now: DateTime<Utc>, broken: &mut Vec<String>) {
    for (number, page) in pages.iter().enumerate() {
        let rest = match pull_all(connector, Some(page.cursor.clone()), now).await {
            Ok(rest) => rest,
            Err(reason) => {
                broken.push(format!("a pull from the cursor of page {number} fails: {reason}"));
                continue;
            }
        };
        let rest: Vec<&Page> =
            rest.iter().filter(|page| !matches!(page.listing, ListingMark::Unchanged { .. })).collect();
        let expected = &pages[number + 1..];
        let same = rest.len() == expected.len() && rest.iter().zip(expected).all(|(one, other)| is_same(one, other));
        if !same {
            broken.push(format!("a pull from the cursor of page {number} does not bring what followed it"));
        }
    }
}

async fn check_unconsumed(connector: &dyn Connector, pages: &[Page], now: DateTime<Utc>, broken: &mut Vec<String>) {
    let foreign = Some(Cursor(serde_json::json!({ "written_by": "another product" })));
    for cursor in [None, foreign] {
        if let Ok(mut stream) = connector.pull(cursor, now).await {
            let _dropped_unstaged = stream.next().await;
        }
        match pull_all(connector, None, now).await {
            Ok(again)
                if again.len() == pages.len() && again.iter().zip(pages).all(|(one, other)| is_same(one, other)) => {}
            _ => broken.push("a pull that nobody staged changes what the next one brings".into()),
        }
    }
    match pull_all(connector, Some(Cursor(serde_json::json!({ "written_by": "another product" }))), now).await {
        Ok(again) if stage(&again) == stage(pages) => {}
        _ => broken.push("a cursor that another product wrote does not count as none".into()),
    }
}

fn is_same(one: &Page, other: &Page) -> bool {
    rows_of(one) == rows_of(other)
        && one.positions == other.positions
        && one.rejects == other.rejects
        && one.cursor == other.cursor
        && one.listing == other.listing
        && one.delivery == other.delivery
        && one.number == other.number
        && one.gone == other.gone
        && one.watermark == other.watermark
}
