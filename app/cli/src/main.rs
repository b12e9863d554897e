//! The command kartei.

fn main() {}
