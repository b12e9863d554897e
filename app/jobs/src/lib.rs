//! The conductor, which takes a run from pull to report, and the scheduler, which says when a run is due.
//!
//! [`flow::conduct`] names all steps; no step knows another. Only this crate and the command line see both the
//! pipelines and the world.

pub mod align;
pub mod assemble;
pub mod chance;
pub mod dossier;
pub mod erasing;
pub mod error;
pub mod flow;
pub mod folding;
pub mod heartbeat;
pub mod history;
pub mod kept;
pub mod last_run;
pub mod options;
pub mod planner;
pub mod progress;
pub mod project;
pub mod pulse;
pub mod records;
pub mod reload;
pub mod retention;
pub mod run_frames;
pub mod serve;
pub mod settle;
pub mod stage;
pub mod steps;
pub mod unreadable;
pub mod verdicts;
pub mod watch;

pub use error::FlowError;
pub use flow::{Ended, conduct};
pub use last_run::LastRun;
pub use options::{GUARDS, RunOptions, guard_named};
pub use project::Project;
pub use watch::{Stop, Unwatched, Watch, Why};
