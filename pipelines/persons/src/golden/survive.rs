//! Which value of a field wins among the records of one person, and by what it won.

use std::cmp::Ordering;

use kartei_schemas::person::{FieldKind, Survival};

/// Why a value survived, or what it lost by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Reason {
    OnlyValue,
    Agreed,
    SourceTrust,
    MostRecent,
    Majority,
    MostComplete,
    Longest,
    FirstRecord,
    OneAddress,
    OneMembership,
    Union,
    Override,
}

impl Reason {
    pub(super) const ALL: [(Self, &'static str); 12] = [
        (Self::OnlyValue, "only_value"),
        (Self::Agreed, "agreed"),
        (Self::SourceTrust, "source_trust"),
        (Self::MostRecent, "most_recent"),
        (Self::Majority, "majority"),
        (Self::MostComplete, "most_complete"),
        (Self::Longest, "longest"),
        (Self::FirstRecord, "first_record"),
        (Self::OneAddress, "one_address"),
        (Self::OneMembership, "one_membership"),
        (Self::Union, "union"),
        (Self::Override, "override"),
    ];
}

/// What a value is weighed by: merits in the order in which they count.
pub(super) type Merits = [i64; 4];

/// A distinct value among the records of one person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) value: &'a str,
    /// The best record that holds it.
    pub(super) row: u32,
    pub(super) records: u32,
    /// Trust, time and (negated) place of that record.
    pub(super) standing: [i64; 3],
}

/// One more record for a value.
pub(super) fn add<'a>(
    candidates: &mut Vec<Candidate<'a>>,
    value: &'a str,
    row: u32,
    standing: [i64; 3],
    rule: Survival,
) {
    match candidates.iter_mut().find(|candidate| candidate.value == value) {
        Some(candidate) => {
            candidate.records += 1;
            if rank(standing, rule) > rank(candidate.standing, rule) {
                (candidate.row, candidate.standing) = (row, standing);
            }
        }
        None => candidates.push(Candidate { value, row, records: 1, standing }),
    }
}

fn rank([trust, time, place]: [i64; 3], rule: Survival) -> [i64; 3] {
    if rule == Survival::MostRecent { [time, trust, place] } else { [trust, time, place] }
}

fn merits(candidate: &Candidate<'_>, rule: Survival, kind: FieldKind) -> Merits {
    let [first, second, third] = rank(candidate.standing, rule);
    match rule {
        Survival::Majority => [i64::from(candidate.records), first, second, third],
        Survival::MostComplete => [completeness(candidate.value, kind), first, second, third],
        Survival::Longest => [count(candidate.value.chars()), first, second, third],
        _ => [0, first, second, third],
    }
}

/// The winner's place, and for each candidate by what it won or lost. There is at least one candidate.
pub(super) fn decide(candidates: &[Candidate<'_>], rule: Survival, kind: FieldKind) -> (usize, Vec<Reason>) {
    let merits: Vec<Merits> = candidates.iter().map(|candidate| merits(candidate, rule, kind)).collect();
    let order = |left: &usize, right: &usize| merits[*left].cmp(&merits[*right]);
    let best = (0..merits.len()).max_by(order).unwrap_or(0);
    let second = (0..merits.len()).filter(|place| *place != best).max_by(order);
    let reasons = (0..merits.len()).map(|place| match if place == best { second } else { Some(best) } {
        Some(rival) => deciding(&merits[place], &merits[rival], rule),
        None if candidates[place].records > 1 => Reason::Agreed,
        None => Reason::OnlyValue,
    });
    (best, reasons.collect())
}

/// The first merit on which two values differ.
fn deciding(one: &Merits, other: &Merits, rule: Survival) -> Reason {
    let place = one.iter().zip(other).position(|(one, other)| one.cmp(other) != Ordering::Equal);
    let recent_first = rule == Survival::MostRecent;
    match (place, rule) {
        (Some(0), Survival::Majority) => Reason::Majority,
        (Some(0), Survival::Longest) => Reason::Longest,
        (Some(0), _) => Reason::MostComplete,
        (Some(1), _) if recent_first => Reason::MostRecent,
        (Some(2), _) if recent_first => Reason::SourceTrust,
        (Some(1), _) => Reason::SourceTrust,
        (Some(2), _) => Reason::MostRecent,
        _ => Reason::FirstRecord,
    }
}

/// How much a value says: the parts of a name, of a date, the words of anything else. An initial is half a name.
fn completeness(value: &str, kind: FieldKind) -> i64 {
    match kind {
        FieldKind::Date => count(value.split('-')),
        FieldKind::GivenName | FieldKind::Surname | FieldKind::FullName => {
            let parts = value.split([' ', '-']).filter(|part| !part.is_empty());
            parts.map(|part| if part.trim_end_matches('.').chars().count() == 1 { 1 } else { 2 }).sum()
        }
        _ => count(value.split_whitespace()),
    }
}

fn count<T>(parts: impl Iterator<Item = T>) -> i64 {
    i64::try_from(parts.count()).unwrap_or(i64::MAX)
}
