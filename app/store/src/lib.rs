//! The only SQL, and the frames at rest.

pub mod frames;
