//! The conductor and the scheduler.

pub mod align;
pub mod due;
pub mod records;
pub mod stage;
