//! The only SQL, on SQLite or PostgreSQL, and the frames at rest. A store is opened once and cloned freely.
//!
//! # How one store serves two databases
//!
//! Every statement is written once, in the SQL that both understand (`insert ... on conflict`, `returning`, recursive
//! `with`, `?` for parameters), and carries its parameters as typed values. A session of one of the two databases runs
//! it: for PostgreSQL `?` becomes `$n`, an instant is `timestamptz` and JSON is `jsonb`; for SQLite an instant is text
//! (`2026-11-24T02:00:00.000Z`, which sorts as time does) and JSON is text. Rows are read through getters that know
//! both. Only two things differ by database, each in a file of its own: opening and locking, and bulk writes (COPY, or
//! multi-row inserts that drop and rebuild the indexes of an empty table).
//!
//! Weighed and left: sqlx's `Any`, which knows neither instants nor JSON, so that PostgreSQL would hold text which no BI
//! tool reads; sqlx's checked macros, which serve one database a crate; `sea-query`, which writes the statements for
//! both but is a second language beside SQL, and does nothing for bulk writes, where the time goes; a trait with two
//! back ends, which means each statement twice and stories that drift apart. What is given up is checking at compile
//! time: the stories in `tests/` run each statement on both databases instead.
//!
//! # Promises
//!
//! Each function that writes is one transaction. What a run writes carries its [`Lease`]: when another worker has taken
//! the run over, the transaction fails with [`StoreError::LostLease`] and leaves nothing. SQLite has one writer a
//! process; others wait `busy_timeout`. Nothing here reads a clock: `now` is an argument (see [`Store::clock`]).

pub mod frames;
pub mod owner;

mod alerts;
mod backup;
mod bulk;
mod calls;
mod changes;
mod claims;
mod column;
mod compare;
mod consent_events;
mod control;
mod data_folder;
mod deliveries;
mod erasures;
mod error;
#[cfg(feature = "faults")]
mod faults;
mod fold;
mod history;
mod instant;
mod judgements;
mod keyed;
mod migrate;
mod named_frames;
mod open;
mod org;
mod outbox;
mod overrides;
mod person_events;
mod persons;
mod presence;
mod provenance;
mod publish;
mod pulse;
mod reaping;
mod rejects;
mod restrictions;
mod retention;
mod review;
mod run_log;
mod runs;
mod servers;
mod serving;
mod session;
mod settings;
mod settling;
mod staging;
mod statistics;
mod steps;
mod stops;
mod ticks;
mod tombstones;
mod upkeep;
mod value;
mod words;

pub use alerts::{Alert, AlertFilter, Finding, LOOK_BACK, NewAlert, SeenEvent, Watched};
pub use backup::{Copied, StoreCopy, TableCopy};
pub use calls::{Call, CallKind, NewCall};
pub use changes::{Change, ChangeFilter};
pub use claims::{Claim, Lease};
pub use compare::Comparison;
pub use consent_events::{ConsentEvent, ConsentTally, DESK, NewConsentEvent};
pub use control::Resume;
pub use deliveries::{
    BasePage, Delivery, DeliveryCounts, DeliveryFilter, DeliveryKind, DeliveryProgress, DeliveryState, Effects, Judged,
    NewDelivery, PullDecision, Resolves, Verdict,
};
pub use erasures::{
    Counts, Erasure, ErasureEvent, ErasureKind, ErasureState, FrameSwap, KnownTraits, Marks, NewErasure, Removal,
    Subject,
};
pub use error::StoreError;
#[cfg(feature = "faults")]
pub use faults::Fault;
pub use history::{PastRun, PastStep, RunCount};
pub use judgements::{JudgementEntry, NewJudgement};
pub use keyed::{Keyed, SECRET, keyed_hash};
pub use named_frames::NamedFrames;
pub use open::{Inspection, Store, StoreOptions};
pub use outbox::{MailFailure, MailLine, MailPick, NewMail, OutboxDepth, OutboxEntry};
pub use overrides::{NewOverride, OverrideEntry};
pub use person_events::{NewPersonEvent, PersonEvent, PersonEventKind};
pub use persons::{ExportFilter, PersonRow, PersonState};
pub use presence::Presence;
pub use provenance::{PersonRecord, PersonValue, PersonView};
pub use publish::{Publication, Published, PublishedState};
pub use pulse::{Pulse, StepProgress};
pub use reaping::Held;
pub use rejects::{NewReject, RejectCount, RejectEntry, RejectFilter, RejectState, UNREADABLE_VALUE};
pub use restrictions::Restriction;
pub use retention::{Keep, Removed};
pub use review::{NewReviewItem, ReviewItem};
pub use run_log::{LogLine, NewLogLine};
pub use runs::{Cause, NewRun, Run, RunEnd, RunEvent, RunFilter, RunState, RunView};
pub use servers::Server;
pub use serving::{Served, ServingLock};
pub use settling::Settlement;
pub use staging::{Batch, BatchKind, NewBatch, SourceCursor};
pub use steps::{Step, StepEnd, StepState};
pub use stops::stop_here;
pub use ticks::{NewTick, Schedule, Tick, TickState};
pub use tombstones::{ErasureHash, Tombstones, Traits, hashes_of};
pub use upkeep::{Queue, Stuck};

/// The result of everything here.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
