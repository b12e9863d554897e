//! E-mail addresses and phone numbers that look real and reach nobody.
//!
//! Mail domains end in `.example` (RFC 2606). Landlines carry real area codes and subscriber numbers that begin with 11, which
//! no German local network gives out; mobile numbers begin with 0150, which no network uses.

use crate::chance::{Chance, mix};
use crate::noise::unfold;

/// Domains with the shares of the great German mailers.
const DOMAINS: [(&str, f64); 14] = [
    ("gmail.example", 0.25),
    ("web.example", 0.17),
    ("gmx.example", 0.19),
    ("t-online.example", 0.12),
    ("gmx.net.example", 0.05),
    ("outlook.example", 0.04),
    ("hotmail.example", 0.04),
    ("yahoo.example", 0.03),
    ("icloud.example", 0.03),
    ("freenet.example", 0.03),
    ("posteo.example", 0.02),
    ("mailbox.example", 0.01),
    ("arcor.example", 0.01),
    ("aol.example", 0.01),
];
const WORDS: [&str; 24] = [
    "sonnenblume",
    "schnuffel",
    "adler",
    "bvbfan",
    "wolke",
    "kater",
    "mausi",
    "bergfex",
    "gartenfreund",
    "tiger",
    "engel",
    "info",
    "leserin",
    "radler",
    "seestern",
    "hexe",
    "falke",
    "familie",
    "nordlicht",
    "wanderer",
    "baer",
    "pinguin",
    "rotkehlchen",
    "linux",
];

/// What an address is made of.
pub(crate) struct Owner<'a> {
    pub(crate) given: &'a str,
    pub(crate) surname: &'a str,
    pub(crate) birth_year: i32,
    /// How many people of the whole set bear the given name, and the surname.
    pub(crate) given_bearers: f64,
    pub(crate) surname_bearers: f64,
    pub(crate) people: f64,
}

/// An address that most likely nobody else of the set has: where many bear the name, a number follows.
pub(crate) fn email(owner: &Owner<'_>, chance: &mut Chance) -> String {
    let given = local(owner.given);
    let surname = local(owner.surname);
    let (domain, domain_share) = DOMAINS[chance.weighted(&DOMAINS.map(|(_, share)| share))];
    let namesakes = owner.given_bearers * owner.surname_bearers / owner.people * domain_share;
    let initial = owner.surname_bearers * domain_share / 12.0;
    let shape = chance.weighted(&[0.36, 0.10, 0.13, 0.08, 0.07, 0.09, 0.07, 0.06, 0.04]);
    let first = given.chars().next().unwrap_or('x');
    let (name, rivals) = match shape {
        0 => (format!("{given}.{surname}"), namesakes),
        1 => (format!("{given}{surname}"), namesakes),
        2 => (format!("{first}.{surname}"), initial),
        3 => (format!("{surname}.{given}"), namesakes),
        4 => (format!("{first}{surname}"), initial),
        5 => (given.clone(), owner.given_bearers * domain_share + 40.0),
        6 => (format!("{}{}", (*chance.pick(&WORDS)), ""), owner.people * domain_share / 200.0 + 40.0),
        7 => (format!("{given}_{surname}"), namesakes),
        _ => (surname.clone(), owner.surname_bearers * domain_share),
    };
    format!("{name}{}@{domain}", suffix(rivals, owner.birth_year, chance))
}

/// Nothing for a rare name; else a year or a number out of so many that two seldom meet.
fn suffix(rivals: f64, birth_year: i32, chance: &mut Chance) -> String {
    if chance.roll(0.75 / (1.0 + 4.0 * rivals)) {
        return String::new();
    }
    if rivals < 2.0 {
        let year = birth_year.rem_euclid(100);
        return if chance.roll(0.5) { format!("{year:02}") } else { chance.between(1, 99).to_string() };
    }
    #[expect(clippy::cast_possible_truncation, reason = "rivals are at most the people of the set")]
    let reach = (rivals * 30.0) as i64;
    chance.between(1, reach.max(99)).to_string()
}

/// The family's address, under the surname.
pub(crate) fn family_email(surname: &str, bearers: f64, chance: &mut Chance) -> String {
    let (domain, domain_share) = DOMAINS[chance.weighted(&DOMAINS.map(|(_, share)| share))];
    let start = *chance.pick(&["familie.", "fam.", "", "familie-", "haus.", ""]);
    format!("{start}{}{}@{domain}", local(surname), suffix(bearers * domain_share * 0.3, 1970, chance))
}

fn local(name: &str) -> String {
    let folded = unfold(&name.to_lowercase());
    folded
        .chars()
        .filter_map(|letter| match letter {
            'a'..='z' | '-' => Some(letter),
            _ => plain(letter),
        })
        .collect()
}

/// The letter without its accents, as far as the lists need it.
pub(crate) fn plain(letter: char) -> Option<char> {
    Some(match letter {
        'á' | 'à' | 'â' | 'ã' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'đ' => 'd',
        'é' | 'è' | 'ê' | 'ë' | 'ę' => 'e',
        'ğ' => 'g',
        'í' | 'ı' | 'î' | 'ï' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' => 'n',
        'ó' | 'ô' | 'õ' => 'o',
        'ş' | 'š' | 'ś' => 's',
        'ú' | 'û' => 'u',
        'ž' | 'ź' | 'ż' => 'z',
        _ => return None,
    })
}

/// The national significant number of a mobile phone, unique by index up to eleven million people with eight numbers each.
pub(crate) fn mobile(seed: u64, index: u64) -> String {
    let turned = (index.wrapping_mul(52_631_579) + mix(seed) % 90_000_000) % 90_000_000;
    let (head, tail) = (turned / 10_000_000, turned % 10_000_000);
    let head = if head >= 5 { head + 1 } else { head };
    format!("150{head} {tail:07}")
}

/// The national significant number of a landline in the network of the area code (written with its zero).
pub(crate) fn landline(area_code: &str, chance: &mut Chance) -> String {
    let area = &area_code[1..];
    let digits = 9_usize.saturating_sub(area.len()).max(4);
    let bound = 10_i64.pow(u32::try_from(digits).unwrap_or(5));
    format!("{area} 11{:0digits$}", chance.between(0, bound - 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::chance::Purpose;

    #[test]
    fn no_two_mobile_numbers_are_alike_and_none_has_a_prefix_in_use() {
        let numbers: BTreeSet<String> = (0..200_000).map(|index| mobile(3, index * 8)).collect();
        assert_eq!(numbers.len(), 200_000);
        assert!(
            numbers.iter().all(|number| number.starts_with("150") && !number.starts_with("1505") && number.len() == 12)
        );
    }

    #[test]
    fn landlines_have_eleven_digits_and_a_subscriber_that_no_network_gives_out() {
        let mut chance = Chance::new(1, Purpose::People, 0);
        for area_code in ["030", "0221", "03834", "035751"] {
            let number = landline(area_code, &mut chance);
            assert!(number.starts_with(&format!("{} 11", &area_code[1..])), "{number}");
            assert_eq!(number.len(), 12, "{number}");
        }
    }

    #[test]
    fn mail_addresses_of_a_common_name_seldom_meet() {
        let owner = Owner {
            given: "Thomas",
            surname: "Müller",
            birth_year: 1961,
            given_bearers: 20_000.0,
            surname_bearers: 10_000.0,
            people: 1_000_000.0,
        };
        let mut chance = Chance::new(2, Purpose::People, 0);
        // Two hundred people bear this name in a million.
        let addresses: BTreeSet<String> = (0..200).map(|_| email(&owner, &mut chance)).collect();
        assert!(addresses.len() > 180, "{}", addresses.len());
        assert!(addresses.iter().all(|address| address.is_ascii() && address.ends_with(".example")));
    }
}
