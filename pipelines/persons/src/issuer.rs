//! Person ids: opaque, issued once, made from a keyed hash so that nobody can tell the record from the id.

use std::num::NonZeroU64;

/// A person's id: 60 bits, written as 12 characters of Crockford's base 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(NonZeroU64);

/// Makes new ids with the installation's secret.
#[derive(Clone)]
pub struct IdIssuer {}

impl IdIssuer {
    /// An issuer with the installation's secret, which must never change: it is part of every id.
    pub fn new(_secret: &[u8]) -> Self {
        todo!()
    }
}
