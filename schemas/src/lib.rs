//! What kartei knows of people: the types of `person.toml`, `match.toml`, `sources/*.toml` and `org.toml`.
//!
//! Everything here is data. Nothing reads a clock, a network or a database.

pub mod answer;
pub mod consent;
pub mod due;
pub mod duration;
pub mod frame;
pub mod jobs;
pub mod json_schema;
pub mod judgement;
pub mod keyed;
pub mod load;
pub mod matching;
pub mod org;
pub mod org_tree;
pub mod person;
pub mod problem;
pub mod secret;
pub mod settings;
pub mod source;
pub mod starter;
pub mod window;
