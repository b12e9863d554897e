//! Stories about files: what arrives in a folder, and what a pull makes of it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

mod bad_input;
mod folder;
mod formats;
mod listings;
mod nights;
mod out_of_place;
mod round_trip;
