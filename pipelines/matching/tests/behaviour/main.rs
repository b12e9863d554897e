//! What the matching promises whatever the people are: properties over made-up frames, the traps of households, and frames
//! that nobody would send on purpose.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod alone;
mod degenerate;
mod people;
mod properties;
mod traps;
