//! The consents of each person, out of all words that were ever heard.

use kartei_schemas::consent::Consent;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::field::{self, Tally};
use super::work::Work;
use crate::column::{NO_ROW, RecordKeys, cells, optional_text};
use crate::consent::{Event, Ledger, Statement, Target, verdict};
use crate::{PersonId, PersonsError};

/// One list of consents a person, one entry a purpose: what holds for the person's mail address.
pub(super) fn tally(work: &Work<'_>) -> Result<Tally, PersonsError> {
    let case = Case::prepare(work)?;
    let places = work.chosen.par_iter().enumerate();
    let decided = places.map(|(place, &group)| case.simple(place, group).unwrap_or_else(|| case.decide(place, group)));
    let decided: Vec<Decided> = decided.collect();
    let mut tally = Tally::new(work);
    for (&group, decided) in work.chosen.iter().zip(decided) {
        let is_joined = work.groups.rows(group).len() > 1;
        match decided {
            Decided::Nothing => tally.take(NO_ROW),
            Decided::Row(row) => {
                if is_joined {
                    tally.won(work, row);
                }
                tally.take(row);
            }
            Decided::Made { text, rows } => {
                rows.iter().filter(|_| is_joined).for_each(|row| tally.won(work, *row));
                tally.make(Some(text));
            }
        }
    }
    Ok(tally)
}

/// What was decided for one person.
enum Decided {
    Nothing,
    /// What this record tells, and no other tells anything.
    Row(u32),
    /// What several words amount to, and the records that told the deciding ones.
    Made {
        text: String,
        rows: Vec<u32>,
    },
}

/// All that is asked for each person.
struct Case<'a> {
    work: &'a Work<'a>,
    ledger: &'a Ledger,
    /// The ledger's record of each entry of the record map, or [`NO_ROW`].
    record_of_entry: Vec<u32>,
    /// The ledger's records of what was heard at the desk, each with the person of whom it was said then, by group.
    desk: Desk,
    /// The rows of words that bind an address.
    noes: FxHashMap<u128, Vec<u32>>,
    sources: Vec<Option<&'a str>>,
    names: Vec<Option<&'a str>>,
    sexes: Vec<Option<&'a str>>,
    proofs: Vec<Option<&'a str>>,
    consents: Vec<Option<&'a str>>,
    emails: Vec<Option<&'a str>>,
    email_keys: Vec<Option<&'a str>>,
    /// For each chosen group the row whose mail address survives, or [`NO_ROW`].
    published: Vec<u32>,
}

/// An address of a person.
struct Address<'a> {
    hash: Option<u128>,
    value: Option<&'a str>,
}

impl<'a> Case<'a> {
    fn prepare(work: &'a Work<'a>) -> Result<Self, PersonsError> {
        let ledger = work.input.ledger;
        let height = ledger.frame().height();
        let column =
            |name| Ok::<_, PersonsError>(cells(optional_text(ledger.frame(), "consent events", name)?, height));
        let map = RecordKeys::read(&work.input.identity.record_map, "record map")?;
        let (sources, keys) = (column("source")?, column("key")?);
        let name = |record: u32| {
            let row = ledger.rows(record).start as usize;
            (sources[row].unwrap_or_default(), keys[row].unwrap_or_default())
        };
        let mut record_of_entry = vec![NO_ROW; map.order.len()];
        let mut next = 0;
        for &entry in &map.order {
            while next < ledger.records() && name(next) < map.name(entry) {
                next += 1;
            }
            if next < ledger.records() && name(next) == map.name(entry) {
                record_of_entry[entry as usize] = next;
            }
        }
        let emails = work.cells("email")?;
        let email_keys = work.cells("email_key")?;
        Ok(Self {
            work,
            ledger,
            record_of_entry,
            desk: desk(work, name),
            noes: ledger.noes(),
            names: column("name_hash")?,
            sexes: column("sex")?,
            proofs: column("proof")?,
            consents: work.cells("consents")?,
            email_keys: email_keys.iter().zip(&emails).map(|(key, email)| key.or(*email)).collect(),
            emails,
            published: field::winners(work, "email")?,
            sources,
        })
    }

    /// Most persons have one record that ever told of consents, and told one, of the person's own address, about which nobody
    /// else said no: what it tells is what holds.
    fn simple(&self, place: usize, group: u32) -> Option<Decided> {
        if self.desk.contains_key(&group) {
            return None;
        }
        let mut found = None;
        for (record, row) in self.records(group) {
            if found.is_some() || self.ledger.rows(record).len() > 1 {
                return None;
            }
            found = Some((record, row));
        }
        let Some((record, row)) = found else { return Some(Decided::Nothing) };
        if row == NO_ROW {
            return None;
        }
        let event = self.ledger.event(self.ledger.rows(record).start);
        let alone = match event.address {
            Some(address) => self.noes.get(&address).is_none_or(|rows| rows.len() == 1 && self.is_of(rows[0], record)),
            None => true,
        };
        let is_sure = event.said_at.is_none() || event.time().is_some();
        let holds = alone && is_sure && self.is_of_published(place, group, row) && self.tells(row, event);
        holds.then_some(Decided::Row(row))
    }

    /// Whether the record's mail address is the one that is published.
    fn is_of_published(&self, place: usize, group: u32, row: u32) -> bool {
        let is_set = self.work.overrides.get("email").is_some_and(|set| set.contains_key(&group));
        let published = self.published[place];
        let address = (published != NO_ROW).then(|| self.emails[published as usize]).flatten();
        !is_set && address == self.emails[row as usize]
    }

    /// Whether a record tells this word and no other.
    fn tells(&self, row: u32, event: Event) -> bool {
        let Some(text) = self.consents[row as usize] else { return false };
        let purpose = self.ledger.purposes().get(usize::from(event.purpose)).map_or("", String::as_str);
        let is_of_purpose = text.strip_prefix("[{\"purpose\":\"").and_then(|rest| rest.strip_prefix(purpose));
        let is_of_purpose = is_of_purpose.is_some_and(|rest| rest.starts_with('"'));
        is_of_purpose && text.bytes().filter(|byte| *byte == b'{').count() == 1 && !text.contains("\"empty\":true")
    }

    fn is_of(&self, row: u32, record: u32) -> bool {
        self.ledger.rows(record).contains(&row)
    }

    /// The ledger's records of a person with their rows; those that are gone have none.
    fn records(&self, group: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let groups = &self.work.groups;
        let present = groups.rows(group).iter().map(|row| (groups.entry_of_row[*row as usize], *row));
        let all = present.chain(groups.gone_entries(group).map(|entry| (entry, NO_ROW)));
        all.map(|(entry, row)| (self.record_of_entry[entry as usize], row)).filter(|(record, _)| *record != NO_ROW)
    }

    fn decide(&self, place: usize, group: u32) -> Decided {
        let (own, merged_at) = self.own(group);
        if own.is_empty() {
            return Decided::Nothing;
        }
        let addresses = self.addresses(place, group);
        let foreign = self.foreign(&addresses, &own);
        let names = self.ledger.purposes();
        let mut purposes: Vec<u16> = own.iter().map(|(word, _)| word.event.purpose).collect();
        purposes.sort_unstable_by_key(|purpose| names.get(usize::from(*purpose)));
        purposes.dedup();
        let (mut consents, mut rows) = (Vec::with_capacity(purposes.len()), Vec::new());
        for purpose in purposes {
            let of_purpose = own.iter().map(|(word, _)| word).chain(&foreign);
            let words: Vec<Statement<'_>> = of_purpose.filter(|word| word.event.purpose == purpose).copied().collect();
            let mut entries = Vec::with_capacity(addresses.len());
            for address in &addresses {
                let target = Target { address: address.hash, merged_at };
                let is_first = entries.is_empty();
                let is_meant = is_first || words.iter().any(|word| word.own && word.event.address == address.hash);
                entries
                    .push(verdict(&words, target).filter(|_| is_meant).map(|word| (self.consent(word, address), word)));
            }
            // What holds for the published address stands first; where nothing was said of it, the strictest does.
            let first = entries[0].is_some().then_some(0).or_else(|| strictest(&entries));
            let Some(mut consent) = first.and_then(|first| entries[first].take()) else { continue };
            let told_it = own.iter().find(|(word, _)| word.record == consent.1.record);
            rows.extend(told_it.map(|(_, row)| *row).filter(|row| *row != NO_ROW));
            consent.0.others = entries.into_iter().flatten().map(|(consent, _)| consent).collect();
            consents.push(consent.0);
        }
        rows.sort_unstable();
        rows.dedup();
        if consents.is_empty() {
            return Decided::Nothing;
        }
        Decided::Made { text: serde_json::to_string(&consents).unwrap_or_default(), rows }
    }

    /// What the person's own records say and ever said, each with its row; and when the person was last merged of two.
    fn own(&self, group: u32) -> (Vec<(Statement<'a>, u32)>, Option<i64>) {
        let entries = &self.work.input.identity.entries;
        let groups = &self.work.groups;
        let mut words = Vec::new();
        let mut merged_at = None;
        let present = groups.rows(group).iter().map(|row| (groups.entry_of_row[*row as usize], *row));
        for (entry, row) in present.chain(groups.gone_entries(group).map(|entry| (entry, NO_ROW))) {
            let former = entries.former.get(&entry).map_or(&[][..], Vec::as_slice);
            merged_at = former.last().map(|former| former.until).max(merged_at);
            let home = former.first().map_or(entries.persons[entry as usize], |former| former.id);
            let record = self.record_of_entry[entry as usize];
            if record != NO_ROW {
                words.extend(self.statements(record, (home.number(), row != NO_ROW)).map(|word| (word, row)));
            }
        }
        for &(record, home) in self.desk.get(&group).into_iter().flatten() {
            let said = self.statements(record, (home.number(), true));
            words.extend(said.map(|word| (word, NO_ROW)));
        }
        (words, merged_at)
    }

    fn statements(&self, record: u32, (home, present): (u64, bool)) -> impl Iterator<Item = Statement<'a>> + '_ {
        self.ledger.rows(record).map(move |row| Statement { home, present, ..self.statement(row, record, true) })
    }

    fn statement(&self, row: u32, record: u32, own: bool) -> Statement<'a> {
        let place = row as usize;
        Statement {
            event: self.ledger.event(row),
            record: u64::from(record),
            home: 0,
            own,
            present: false,
            last: self.ledger.is_last(row, record),
            names: self.names[place],
            sex: self.sexes[place],
            source: self.sources[place].unwrap_or_default(),
        }
    }

    /// What others said of the person's addresses.
    fn foreign(&self, addresses: &[Address<'_>], own: &[(Statement<'_>, u32)]) -> Vec<Statement<'a>> {
        let mut found = Vec::new();
        for row in addresses.iter().filter_map(|address| self.noes.get(&address.hash?)).flatten() {
            let record = self.ledger.record_of(*row);
            if !own.iter().any(|(word, _)| word.record == u64::from(record)) {
                found.push(self.statement(*row, record, false));
            }
        }
        found
    }

    /// The person's mail addresses, the published one first; without any, the person as such.
    fn addresses(&self, place: usize, group: u32) -> Vec<Address<'a>> {
        let set = self.work.overrides.get("email").and_then(|set| set.get(&group).copied());
        let published = self.published[place];
        let own = (published != NO_ROW).then_some(published);
        let first = match set {
            Some(value) => Address { hash: value.map(|value| self.ledger.hash(value)), value },
            None => own.map_or(Address { hash: None, value: None }, |row| self.address(row)),
        };
        let mut found = vec![first];
        for &row in self.work.groups.rows(group).iter().filter(|row| self.emails[**row as usize].is_some()) {
            let further = self.address(row);
            if !found.iter().any(|known| known.hash == further.hash) {
                found.push(further);
            }
        }
        found
    }

    fn address(&self, row: u32) -> Address<'a> {
        let row = row as usize;
        Address { hash: self.email_keys[row].map(|key| self.ledger.hash(key)), value: self.emails[row] }
    }

    /// A deciding word, as it is published for an address.
    fn consent(&self, word: &Statement<'_>, address: &Address<'_>) -> Consent {
        let purpose = self.ledger.purposes().get(usize::from(word.event.purpose)).map_or("", String::as_str);
        let mut consent = Consent::new(purpose, word.event.state, word.source);
        consent.at = word.event.said();
        consent.precision = if consent.at.is_some() { word.event.precision } else { consent.precision };
        consent.address = address.value.map(str::to_owned);
        consent.proof = self.ledger.rows(u32::try_from(word.record).unwrap_or(0)).find_map(|row| {
            let is_it = self.ledger.event(row) == word.event;
            self.proofs[row as usize].filter(|_| is_it).map(str::to_owned)
        });
        consent
    }
}

type Desk = FxHashMap<u32, Vec<(u32, PersonId)>>;
type Entry<'a, 'b> = Option<(Consent, &'b Statement<'a>)>;

fn strictest(entries: &[Entry<'_, '_>]) -> Option<usize> {
    let filled = entries.iter().enumerate().filter_map(|(place, entry)| Some((place, entry.as_ref()?)));
    filled
        .max_by_key(|(place, (consent, word))| (consent.state, word.event.time(), std::cmp::Reverse(*place)))
        .map(|(place, _)| place)
}

/// What was heard at the desk, by the person that it is about today: one that was merged into another is found by the ids
/// that records gave up.
fn desk<'a>(work: &Work<'_>, name: impl Fn(u32) -> (&'a str, &'a str)) -> Desk {
    let mut found = Desk::default();
    let records = (0..work.input.ledger.records()).filter(|record| name(*record).0 == kartei_schemas::consent::DESK);
    for record in records {
        let Ok(id) = name(record).1.parse::<PersonId>() else { continue };
        let entries = &work.input.identity.entries;
        let group = work.groups.find(id).or_else(|| {
            let heirs = entries.former.iter().filter(|(_, former)| former.iter().any(|former| former.id == id));
            heirs.filter_map(|(entry, _)| work.groups.find(entries.persons[*entry as usize])).min()
        });
        found.entry(group.unwrap_or(NO_ROW)).or_default().push((record, id));
    }
    found
}
