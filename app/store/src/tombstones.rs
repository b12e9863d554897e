//! By what an erased person is known again: keyed hashes of its records, and of its name with what else is its own.
//!
//! A record's name (source and key) is enough. Where a record has another name, the person's name must fit together with an
//! address, a number, or birth date and PLZ: an address alone may be a household's. Whoever bears the name and was born on
//! another day is somebody else, such as father and son who share a telephone.

use std::collections::{BTreeSet, HashSet};

use kartei_schemas::judgement::RecordId;
use serde::{Deserialize, Serialize};

use crate::fold::fold;
use crate::keyed::{Keyed, SECRET};
use crate::session::sql;
use crate::{Result, Store};

/// A keyed hash, and what it is the hash of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ErasureHash {
    /// `record`, `contact`, `place`, `birth`, `born` or `reject`.
    pub kind: String,
    /// 32 hexadecimal digits.
    pub hash: String,
}

/// What one record says of who its person is, in canonical form.
#[derive(Clone, Copy, Default)]
pub struct Traits<'a> {
    /// All given names.
    pub given_name: Option<&'a str>,
    /// The surname.
    pub surname: Option<&'a str>,
    /// `1984-03-05`; a year alone counts for nothing.
    pub birth_date: Option<&'a str>,
    /// PLZ.
    pub postal_code: Option<&'a str>,
    /// Mail addresses and telephone numbers.
    pub contacts: [Option<&'a str>; 3],
}

const RECORD: &str = "record";
const CONTACT: &str = "contact";
const PLACE: &str = "place";
const BIRTH: &str = "birth";
const BORN: &str = "born";
const REJECT: &str = "reject";
/// Stands in no value: rows with such a sign go to quarantine.
const BETWEEN: &str = "\0";

/// The names of a person's records, and what they say of it, as hashes.
pub fn hashes_of(keyed: &Keyed, records: &[RecordId], all: &[Traits<'_>], rejects: &[RecordId]) -> Vec<ErasureHash> {
    let mut hashes = BTreeSet::new();
    let mut add = |kind: &str, parts: &[&str]| {
        hashes.insert(ErasureHash { kind: kind.to_owned(), hash: keyed.hex(kind, &parts.join(BETWEEN)) });
    };
    for record in records {
        add(RECORD, &[&record.source, &record.key]);
    }
    for reject in rejects {
        add(REJECT, &[&reject.source, &reject.key]);
    }
    let names: BTreeSet<[String; 2]> = all.iter().filter_map(Traits::name).collect();
    for [surname, given] in &names {
        // What one record says counts with the name in another one: a newsletter may know the address and no birth date.
        for one in all {
            for contact in one.contacts.into_iter().flatten() {
                add(CONTACT, &[surname, given, &contact.to_lowercase()]);
            }
            let Some(birth) = one.day_of_birth() else { continue };
            add(BIRTH, &[surname, given, birth]);
            add(BORN, &[surname, given]);
            for place in all.iter().filter_map(|other| other.postal_code) {
                add(PLACE, &[surname, given, birth, place]);
            }
        }
    }
    hashes.into_iter().collect()
}

impl<'a> Traits<'a> {
    /// Surname and first given name, folded; none where either is missing.
    fn name(&self) -> Option<[String; 2]> {
        let surname = fold(self.surname?);
        let given = fold(self.given_name?);
        let first = given.split(' ').next()?.to_owned();
        (!surname.is_empty() && !first.is_empty()).then_some([surname, first])
    }

    fn day_of_birth(&self) -> Option<&'a str> {
        self.birth_date.filter(|date| date.len() == 10)
    }
}

/// All that erased persons are known by.
#[derive(Debug, Clone, Default)]
pub struct Tombstones {
    keyed: Option<Keyed>,
    hashes: HashSet<u128>,
}

impl Tombstones {
    /// Whether nobody was ever erased: then nothing need be looked at.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether a record is an erased person's.
    pub fn holds_record(&self, source: &str, key: &str) -> bool {
        self.holds(RECORD, &[source, key])
    }

    /// Whether a row in quarantine, as received, was removed with an erased person.
    pub fn holds_reject(&self, source: &str, raw: &str) -> bool {
        self.holds(REJECT, &[source, raw])
    }

    /// Whether a record says of its person what was known of an erased one.
    pub fn holds_person(&self, who: &Traits<'_>) -> bool {
        if self.is_empty() {
            return false;
        }
        let Some([surname, given]) = who.name() else { return false };
        if let Some(birth) = who.day_of_birth()
            && self.holds(BORN, &[&surname, &given])
            && !self.holds(BIRTH, &[&surname, &given, birth])
        {
            return false;
        }
        let contacts = who.contacts.into_iter().flatten();
        if contacts.into_iter().any(|contact| self.holds(CONTACT, &[&surname, &given, &contact.to_lowercase()])) {
            return true;
        }
        let place = who.day_of_birth().zip(who.postal_code);
        place.is_some_and(|(birth, place)| self.holds(PLACE, &[&surname, &given, birth, place]))
    }

    fn holds(&self, kind: &str, parts: &[&str]) -> bool {
        self.keyed.as_ref().is_some_and(|keyed| self.hashes.contains(&keyed.number(kind, &parts.join(BETWEEN))))
    }

    #[cfg(test)]
    fn of(keyed: &Keyed, hashes: &[ErasureHash]) -> Self {
        let numbers = hashes.iter().filter_map(|hash| u128::from_str_radix(&hash.hash, 16).ok());
        Self { keyed: Some(keyed.clone()), hashes: numbers.collect() }
    }
}

impl Store {
    /// By what erased persons are known again.
    pub async fn tombstones(&self) -> Result<Tombstones> {
        let mut session = self.read().await?;
        let rows = sql("select hash from erasure_hash where erasure_id in \
             (select id from erasure where kind = 'erased' and state <> 'lifted')")
        .rows(&mut session)
        .await?;
        if rows.is_empty() {
            return Ok(Tombstones::default());
        }
        drop(session);
        let mut hashes = HashSet::with_capacity(rows.len());
        for row in &rows {
            hashes.extend(u128::from_str_radix(&row.text("hash")?, 16).ok());
        }
        Ok(Tombstones { keyed: self.keyed().await?, hashes })
    }

    /// Keyed hashes under the installation's secret; none before the first run has drawn one.
    pub async fn keyed(&self) -> Result<Option<Keyed>> {
        Ok(self.setting(SECRET).await?.map(|secret| Keyed::new(&secret)))
    }

    /// The records that are known and belong to an erasure by its hashes: after an older store was put in place they are
    /// there again. Every known record is hashed, so ask only for erasures that are new to this store.
    pub(crate) async fn records_with_hashes(&self, wanted: &HashSet<String>) -> Result<Vec<RecordId>> {
        let Some(keyed) = self.keyed().await?.filter(|_| !wanted.is_empty()) else { return Ok(Vec::new()) };
        let mut session = self.read().await?;
        let mut found = Vec::new();
        let mut after = (String::new(), String::new());
        loop {
            let text =
                "select source, key from person_record where (source, key) > (?, ?) order by source, key limit ?";
            let rows = sql(text).bind(&after.0).bind(&after.1).bind(PAGE).rows(&mut session).await?;
            for row in &rows {
                after = (row.text("source")?, row.text("key")?);
                if wanted.contains(&keyed.hex(RECORD, &[after.0.as_str(), &after.1].join(BETWEEN))) {
                    found.push(RecordId { source: after.0.clone(), key: after.1.clone() });
                }
            }
            if rows.len() < PAGE as usize {
                return Ok(found);
            }
        }
    }
}

/// Records looked at in one go.
const PAGE: i32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn erika() -> Traits<'static> {
        Traits {
            given_name: Some("Erika Maria"),
            surname: Some("Müller"),
            birth_date: Some("1984-03-05"),
            postal_code: Some("01067"),
            contacts: [Some("familie@mail.example"), Some("+4915112345678"), None],
        }
    }

    fn tombstones() -> Tombstones {
        let keyed = Keyed::new("secret");
        let record = RecordId { source: "members".to_owned(), key: "4711".to_owned() };
        let reject = RecordId { source: "members".to_owned(), key: "4711;Erika;".to_owned() };
        Tombstones::of(&keyed, &hashes_of(&keyed, &[record], &[erika()], &[reject]))
    }

    #[test]
    fn a_record_is_known_by_source_and_key() {
        let tombstones = tombstones();
        assert!(tombstones.holds_record("members", "4711") && tombstones.holds_reject("members", "4711;Erika;"));
        assert!(!tombstones.holds_record("leads", "4711") && !tombstones.holds_record("members", "4712"));
    }

    #[test]
    fn a_person_is_known_by_the_name_with_an_address_or_a_number() {
        let mail = Traits { birth_date: None, postal_code: None, surname: Some("MUELLER"), ..erika() };
        assert!(tombstones().holds_person(&Traits { given_name: Some("erika"), ..mail }));
        let nothing_shared = Traits { contacts: [Some("other@mail.example"), None, None], ..mail };
        assert!(!tombstones().holds_person(&nothing_shared));
    }

    #[test]
    fn a_household_that_shares_the_address_is_not_taken_for_the_person() {
        let husband = Traits { given_name: Some("Hans"), birth_date: Some("1980-01-01"), ..erika() };
        assert!(!tombstones().holds_person(&husband));
        let daughter_of_one_name = Traits { birth_date: Some("2010-07-01"), ..erika() };
        assert!(!tombstones().holds_person(&daughter_of_one_name));
        assert!(!tombstones().holds_person(&Traits { given_name: None, ..erika() }), "an address alone says nothing");
    }

    #[test]
    fn a_person_is_known_by_name_birth_date_and_place() {
        let same = Traits { contacts: [None; 3], ..erika() };
        assert!(tombstones().holds_person(&same));
        assert!(!tombstones().holds_person(&Traits { postal_code: Some("80331"), ..same }));
        assert!(!tombstones().holds_person(&Traits { birth_date: Some("1984"), ..same }), "a year is no birth date");
    }

    #[test]
    fn where_nobody_was_erased_nobody_is_known() {
        assert!(Tombstones::default().is_empty() && !Tombstones::default().holds_person(&erika()));
    }
}
