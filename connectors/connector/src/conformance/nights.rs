//! Stories over several nights: what a source delivers arrives in any order, and what is staged must not show it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{pull_all, rows_of};
use crate::{Connector, Cursor, ListingMark, Page};

/// A source that a test can make deliver.
pub trait Deliverer: Send + Sync {
    /// Puts there what the source made on a day of the story. It may arrive later than what was made on a later day.
    fn deliver(&self, made: &Made<'_>);

    /// The connector to the source.
    fn connector(&self) -> &dyn Connector;

    /// The column in which the text of a row stands.
    fn column(&self) -> &str;

    /// Whether the source can tell of deletions without a listing.
    fn tells_deletions(&self) -> bool;
}

/// What a source makes on one day.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// The day of the story.
    pub day: u32,
    /// Whether it lists every row, or only what changed.
    pub is_listing: bool,
    /// Key and text of each row.
    pub rows: &'a [(&'a str, &'a str)],
    /// Keys of rows that were deleted, in a delta.
    pub gone: &'a [&'a str],
}

impl<'a> Made<'a> {
    const fn listing(day: u32, rows: &'a [(&'a str, &'a str)]) -> Self {
        Self { day, is_listing: true, rows, gone: &[] }
    }

    const fn delta(day: u32, rows: &'a [(&'a str, &'a str)]) -> Self {
        Self { day, is_listing: false, rows, gone: &[] }
    }
}

/// What arrives, in this order, and what must be staged in the end.
struct Story<'a> {
    sentence: &'static str,
    arrivals: &'a [Made<'a>],
    staged: &'a [(&'a str, &'a str)],
}

/// What stands in the books after some pulls, and where the next one goes on.
#[derive(Debug, Default)]
struct Books {
    records: BTreeMap<String, Option<String>>,
    listed: BTreeSet<String>,
    cursor: Option<Cursor>,
}

/// Tells the stories, and says which of them do not end as they should. Each source is new.
///
/// # Errors
///
/// The stories that end otherwise.
pub async fn check_nights<D: Deliverer>(new: impl Fn() -> D, now: DateTime<Utc>) -> Result<(), Vec<String>> {
    let mut broken = Vec::new();
    let whole: &[(&str, &str)] = &[("1", "a"), ("2", "b")];
    let stories = [
        Story {
            sentence: "a delta between two equal listings is overruled by the second",
            arrivals: &[Made::listing(1, whole), Made::delta(2, &[("1", "x"), ("3", "c")]), Made::listing(3, whole)],
            staged: whole,
        },
        Story {
            sentence: "a delta that arrives after the listing that was made later changes nothing",
            arrivals: &[Made::listing(3, whole), Made::delta(2, &[("1", "x")])],
            staged: whole,
        },
        Story {
            sentence: "a listing that arrives after one that was made later changes nothing",
            arrivals: &[Made::listing(3, whole), Made::listing(2, &[("1", "x")])],
            staged: whole,
        },
        Story {
            sentence: "a listing that arrives late does not undo the delta that was made after it",
            arrivals: &[Made::listing(1, &[("1", "x")]), Made::delta(3, &[("2", "c")]), Made::listing(2, whole)],
            staged: &[("1", "a"), ("2", "c")],
        },
        Story {
            sentence: "a delta that arrives late comes before those that were made after it",
            arrivals: &[
                Made::listing(1, whole),
                Made::delta(3, &[("1", "c")]),
                Made::delta(2, &[("1", "x"), ("2", "y")]),
            ],
            staged: &[("1", "c"), ("2", "y")],
        },
        Story {
            sentence: "what a delta says is deleted is gone",
            arrivals: &[Made::listing(1, whole), Made { gone: &["2"], ..Made::delta(2, &[("3", "c")]) }],
            staged: &[("1", "a"), ("3", "c")],
        },
    ];
    for story in &stories {
        let source = new();
        if !source.tells_deletions() && story.arrivals.iter().any(|made| !made.gone.is_empty()) {
            continue;
        }
        if let Err(found) = tell(&source, story, now).await {
            broken.push(format!("{}: {found}", story.sentence));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}

/// Pulls after each arrival, and twice at the end.
async fn tell(source: &dyn Deliverer, story: &Story<'_>, now: DateTime<Utc>) -> Result<(), String> {
    let mut books = Books::default();
    for made in story.arrivals {
        source.deliver(made);
        books.pull(source, now).await?;
    }
    let expected: BTreeMap<String, Option<String>> =
        story.staged.iter().map(|&(key, text)| (key.to_owned(), Some(text.to_owned()))).collect();
    if books.records != expected {
        return Err(format!("{:?} is staged", books.records));
    }
    let news = books.pull(source, now).await?;
    if news { Err("a pull without news brings some".into()) } else { Ok(()) }
}

impl Books {
    /// Pulls and stages; says whether anything came.
    async fn pull(&mut self, source: &dyn Deliverer, now: DateTime<Utc>) -> Result<bool, String> {
        let pages = pull_all(source.connector(), self.cursor.clone(), now).await?;
        let mut news = false;
        for page in &pages {
            news |= !matches!(page.listing, ListingMark::Unchanged { .. });
            self.take(page, source.column());
        }
        Ok(news)
    }

    fn take(&mut self, page: &Page, column: &str) {
        self.cursor = Some(page.cursor.clone());
        for (key, mut cells) in rows_of(page) {
            self.listed.insert(key.clone());
            self.records.insert(key, cells.remove(column).flatten());
        }
        for key in &page.gone {
            self.records.remove(key);
        }
        match page.listing {
            ListingMark::Complete { last: false } => {}
            ListingMark::Complete { last: true } => {
                let listed = std::mem::take(&mut self.listed);
                self.records.retain(|key, _| listed.contains(key));
            }
            ListingMark::Delta | ListingMark::Unchanged { .. } => self.listed.clear(),
        }
    }
}
