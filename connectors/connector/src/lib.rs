//! The one seam between kartei and the systems it pulls from: the [`Connector`] trait, the pages it brings, and
//! the conformance tests that every connector passes.
//!
//! A family crate (`kartei-membership` and its like) offers `connect(schema, context)`, which gives a boxed connector
//! for one source. The conductor calls [`Connector::pull`] once a run, puts each [`Page`] at rest, and saves the
//! page's [`Cursor`] in the same transaction.

pub mod conformance;
mod context;
mod discovery;
mod drift;
mod error;
mod finding;
mod freshness;
mod header;
mod listing;
mod page;
mod reject;
mod secrets;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;

pub use context::{Cancel, Context};
pub use discovery::{ColumnProfile, ContentClass, Discovery, mapped_columns, profile};
pub use drift::{Drift, MissingColumn, RetypedColumn, drift};
pub use error::{ConnectorError, ErrorKind, Failure};
pub use finding::{Finding, FindingLevel};
pub use freshness::{Freshness, FreshnessState, freshness, newest_instant};
pub use header::Header;
pub use listing::{ListedKeys, Listing};
pub use page::{Cursor, KEY_SEPARATOR, ListingMark, Page};
pub use reject::{RejectReason, RowReject};
pub use secrets::{SecretError, Secrets};

/// Pages, in the order in which they are to be put at rest. After an error nothing more comes.
pub type PageStream = BoxStream<'static, Result<Page, ConnectorError>>;

/// A source that can be pulled.
///
/// # Contract
///
/// - **Nothing is remembered between calls.** What was pulled is known from the cursor alone, so a page that nobody
///   put at rest never moves one. The caller saves the cursor of a page in the transaction that stages the page.
/// - **At least once.** The same rows may come again: after a crash, after a file was replaced, from a look-back window.
///   Staged again in the order in which they came, they change nothing.
/// - **Resumable at every page boundary.** A pull from the cursor of page *n* brings what followed page *n*.
/// - **Within a page keys are unique**; in a complete listing they are unique over all pages of the delivery.
///   Every page of one delivery has the same columns in the same order.
/// - **Absence proves something only after the last page of a complete listing** ([`ListingMark::Complete`] with
///   `last`), and only where every row's record is known ([`Page::has_unknown_records`]). Rows in quarantine are not
///   absent: see [`RowReject::key`].
/// - **A deletion is said, or follows from a listing.** A delta names deleted records in [`Page::gone`]; a listing names
///   none, since it need not.
/// - **Later rows win.** Deliveries come in the order in which the source made them, listings and deltas alike. A listing
///   that was pulled before is news again once a delta came in between.
/// - **A bad row is data, not an error**: it comes as a [`RowReject`]. An error means that the delivery as a whole
///   cannot be read; pages that came before it hold only sound rows.
/// - **Conservation**: [`Page::rows_read`] is the sum of rows, rejects and collapsed duplicates.
/// - **Errors say of which kind they are** ([`ErrorKind`]), and the caller obeys: only what is transient is tried again.
/// - Neither errors nor findings hold personal data; a cell is never echoed, and no header that may be one.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The name of the source that is pulled.
    fn source(&self) -> &str;

    /// Whether the source can be reached and read, and what looks wrong before anything is pulled.
    ///
    /// Called by `kartei check`; reads little, and never fails: what is wrong is a finding.
    async fn check(&self, now: DateTime<Utc>) -> Vec<Finding>;

    /// Which columns the source has now, with the kind of their contents.
    ///
    /// Called once a run before the pull, to find drift, and by `kartei check`. Reads a sample of the rows.
    async fn discover(&self, now: DateTime<Utc>) -> Result<Discovery, ConnectorError>;

    /// What is new since the cursor, page by page; everything where there is none.
    ///
    /// A cursor that the connector does not understand (another product wrote it) counts as none.
    async fn pull(&self, cursor: Option<Cursor>, now: DateTime<Utc>) -> Result<PageStream, ConnectorError>;
}
