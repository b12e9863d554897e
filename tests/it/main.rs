//! One integration binary: stories over the real command.
