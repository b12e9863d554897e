//! Household ids that last: carried over from person to person like person ids from record to record.
