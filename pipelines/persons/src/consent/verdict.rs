//! What the words on one purpose amount to for one address.

use std::cmp::Reverse;

use kartei_schemas::consent::ConsentState;

use super::Statement;

/// For whom a purpose is decided.
#[derive(Debug, Clone, Copy, Default)]
pub struct Target {
    /// The hash of the mail address; none: the person, without an address.
    pub address: Option<u128>,
    /// When the person was last merged of two, in milliseconds.
    pub merged_at: Option<i64>,
}

/// The word that decides for one purpose and one address; none where nobody said anything of it.
///
/// `words` are those on the purpose: all of the person, and of others those about the address.
pub fn verdict<'a, 'b>(words: &'b [Statement<'a>], target: Target) -> Option<&'b Statement<'a>> {
    let grants: Vec<&Statement<'a>> = words.iter().filter(|word| grants(word, words, target)).collect();
    let of_state = |state: ConsentState| {
        let standing = words.iter().filter(move |word| word.event.state == state && binds(word, target));
        standing.filter(|word| !grants.iter().any(|grant| lifts(grant, word, target)))
    };
    [ConsentState::Withdrawn, ConsentState::Unclear, ConsentState::Pending]
        .into_iter()
        .find_map(|state| of_state(state).max_by_key(|word| rank(word)))
        .or_else(|| grants.iter().copied().max_by_key(|word| rank(word)))
}

/// Of words of one state the newest decides; of two of one time that of the first source.
fn rank<'a>(word: &Statement<'a>) -> (Option<i64>, Reverse<&'a str>, Reverse<u64>) {
    (word.event.time(), Reverse(word.source), Reverse(word.record))
}

/// Whether a word that is no grant counts for the address at all.
fn binds(word: &Statement<'_>, target: Target) -> bool {
    let counts = match word.event.state {
        ConsentState::Granted => false,
        ConsentState::Withdrawn => true,
        // It is no word of the person but a gap in what we understand: closed when the record says something else.
        ConsentState::Unclear => word.last,
        ConsentState::Pending => word.present && word.own,
    };
    counts && (word.own || (word.event.address.is_some() && word.event.address == target.address))
}

/// Whether a grant counts for the address: the person's own, as long as its record is there, says so, and says nothing
/// unclear beside it.
fn grants(word: &Statement<'_>, words: &[Statement<'_>], target: Target) -> bool {
    let is_unclear = || {
        let of_record = words.iter().filter(|other| other.record == word.record && other.last && !word.is_of_desk());
        of_record.into_iter().any(|other| other.event.state == ConsentState::Unclear)
    };
    let is_for_it = word.event.address.is_none() || word.event.address == target.address;
    word.event.state == ConsentState::Granted && word.own && word.present && word.last && is_for_it && !is_unclear()
}

/// Whether a grant is a newer word of the person who said the other.
fn lifts(grant: &Statement<'_>, word: &Statement<'_>, target: Target) -> bool {
    if grant.event.time() <= word.event.time() {
        return false;
    }
    // What two persons said before they were merged decides for each; only what is said after the merge holds for both.
    let is_at_home = !word.own || grant.home == word.home;
    let is_after_merge = target.merged_at.is_some_and(|merged_at| grant.event.time() > Some(merged_at));
    if !is_at_home && !is_after_merge {
        return false;
    }
    match word.event.address {
        None => grant.may_be_of_one_person(word),
        Some(address) if grant.event.address == Some(address) => grant.may_be_of_one_person(word),
        // A no to one address holds for the person's others until the person says yes to one of them.
        Some(address) if Some(address) != target.address => word.own && grant.event.address == target.address,
        Some(_) => word.own && grant.is_of_desk() && grant.event.address.is_none(),
    }
}
