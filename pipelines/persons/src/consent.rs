//! Consent: a withdrawal binds until the person grants anew, whatever is imported, merged or repeated.
//!
//! # The rules, per purpose and mail address
//!
//! 1. Every word is kept: what each record ever told, and when it was first heard, is an event in the store, of which the
//!    [`Ledger`] is a copy. Nothing there is ever changed, so that no re-import can be all there is.
//! 2. A **withdrawal** binds from the time at which it was said. Without a time, or with one that lies after its hearing, it
//!    counts as said when it was heard; of a day alone, at that day's end. If a source drops a withdrawal and tells it again
//!    without a time, it is a new one.
//! 3. Only a **grant** with a time lifts a withdrawal, and only one that is later. A grant of a day alone counts from that
//!    day's beginning; one without time proves nothing, and one dated after the moment at which it was heard was never said
//!    then. Equal times go to the withdrawal. A grant holds as long as its record is there and says so.
//! 4. A withdrawal belongs to the **person and the address**. It holds for whoever bears the address, in any record of now or of
//!    before, and for all addresses of the person who said it. A grant lifts it for the address of both, if the names (or
//!    sexes) of the two records do not conflict: in a household's mailbox nobody lifts another's. For another address of the
//!    same person a later grant for that address is enough. A grant that moves to a new address with its record has no time
//!    there.
//! 5. What is **unclear** (a word that nobody has told us how to read, or an empty cell where there was a word) lets nobody be
//!    written to, until the record says something that is known.
//! 6. A **pending** request (double opt-in under way) never lifts a withdrawal. It overrides a grant that is not later.
//! 7. A **merge takes the stricter**: what the two persons were before decides each for itself, and the stricter of the
//!    two holds, until a grant later than the merge. When the merge is undone, each has its own consents back.
//! 8. A record that is **gone** from its source proves no grant any more, but its withdrawals bind.
//!
//! All of it is a function of the *set* of words heard, so that order and repetition of imports cannot matter.

use kartei_schemas::consent::{Consent, ConsentState};

mod event;
mod hear;
mod ledger;
mod names;
mod verdict;

pub use event::{Event, Statement};
pub use hear::Hearing;
pub use ledger::{Ledger, MAIL, tally};
pub use verdict::{Target, verdict};

/// Whether the person may be written to at this address for a purpose.
pub fn is_granted(consents: &[Consent], purpose: &str, address: &str) -> bool {
    let of_purpose = consents.iter().filter(|consent| consent.purpose == purpose);
    let mut all = of_purpose.flat_map(|consent| std::iter::once(consent).chain(&consent.others));
    let is_for_it = |consent: &&Consent| consent.address.as_deref().is_none_or(|own| own == address);
    all.find(is_for_it).is_some_and(|consent| consent.state == ConsentState::Granted)
}

#[cfg(test)]
#[path = "consent/address_tests.rs"]
mod address_tests;
#[cfg(test)]
#[path = "consent/tests.rs"]
mod tests;
