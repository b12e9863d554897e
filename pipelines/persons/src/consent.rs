//! Consent: a withdrawal binds until the person grants anew, whatever is imported, merged or repeated.
//!
//! # The rules, per person and purpose
//!
//! 1. Every word is kept: what each record ever told, and when it was first heard, stands in the [`Ledger`]. Without it,
//!    a re-import would be all there is, and a lost opt-out would look like a subscription.
//! 2. A **withdrawal** binds from the time at which it was said. Without a time (or with one that lies after its
//!    hearing) it counts as said when it was heard. If a source drops a withdrawal and tells it again, it is a new one.
//! 3. Only a **grant** with a time lifts a withdrawal, and only one that is later than the withdrawal. A grant without
//!    time proves nothing, and one dated after the moment at which it was heard was never said then: both count as said
//!    before everything else, for ever. Equal times go to the withdrawal.
//! 4. A **pending** request (double opt-in under way) never lifts a withdrawal. It overrides a grant that is not later.
//! 5. A **merge takes the stricter**: what the two persons were before decides each for itself, and the stricter of the
//!    two holds, until a grant later than the merge. When the merge is undone, each has its own consents back.
//! 6. A record that is **gone** from its source proves no grant any more, but its withdrawals bind.
//!
//! All of it is a function of the *set* of words heard, so that order and repetition of imports cannot matter.

use kartei_schemas::consent::{Consent, ConsentState};

mod ledger;
mod verdict;

pub(crate) use ledger::Words;
pub use ledger::{Heard, Ledger};
pub use verdict::{Statement, verdicts};

/// Whether a state lets us write to the person.
pub fn is_granted(consents: &[Consent], purpose: &str) -> bool {
    consents.iter().any(|consent| consent.purpose == purpose && consent.state == ConsentState::Granted)
}

#[cfg(test)]
#[path = "consent/tests.rs"]
mod tests;
