//! Names: given names by birth cohort and sex, surnames with a long tail, the names of other cultures, short forms.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::chance::{Chance, Purpose, Table, mix};
use crate::shares;

const GIVEN_NAMES: &str = include_str!("../data/given_names.txt");
const SURNAMES: &str = include_str!("../data/surnames.txt");
const FOREIGN_NAMES: &str = include_str!("../data/foreign_names.txt");
const SHORT_FORMS: &str = include_str!("../data/short_forms.txt");
const STEMS: &str = include_str!("../data/stems.txt");

/// The first year of the first cohort; each lasts ten years.
const FIRST_COHORT: i32 = 1920;
const COHORTS: usize = 9;

/// Male or female, as names and salutations know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sex {
    Female = 0,
    Male = 1,
}

/// A drawn name and its share of all people who draw from the same table.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) share: f64,
}

/// A culture of names: 0 is German, the others index the foreign tables.
pub(crate) type Culture = usize;

/// All names.
pub(crate) struct Names {
    given: [Vec<Table<String>>; 2],
    surnames: Table<String>,
    foreign: Vec<Foreign>,
    cultures: Table<Culture>,
    short_forms: FxHashMap<&'static str, Vec<&'static str>>,
}

struct Foreign {
    given: [Table<String>; 2],
    surnames: Table<String>,
}

impl Names {
    /// Reads the embedded lists.
    pub(crate) fn load() -> Self {
        let foreign = foreign_tables();
        let mut cultures = vec![(0, 1.0 - shares::FOREIGN_NAMES.iter().sum::<f64>())];
        cultures.extend(shares::FOREIGN_NAMES.iter().enumerate().map(|(index, share)| (index + 1, *share)));
        cultures.truncate(foreign.len() + 1);
        Self {
            given: [given_tables('f'), given_tables('m')],
            surnames: surname_table(),
            foreign,
            cultures: Table::new(cultures),
            short_forms: short_forms(),
        }
    }

    /// A culture by its share.
    pub(crate) fn culture(&self, chance: &mut Chance) -> Culture {
        *self.cultures.draw(chance).0
    }

    /// A given name as parents of the culture chose it in the year.
    pub(crate) fn given(&self, culture: Culture, sex: Sex, year: i32, chance: &mut Chance) -> Name {
        let german = culture == 0 || (year > 1985 && chance.roll(shares::GERMAN_GIVEN_NAME_IN_SECOND_GENERATION));
        let table = if german {
            &self.given[sex as usize][cohort(year)]
        } else {
            &self.foreign[culture - 1].given[sex as usize]
        };
        let (text, share) = table.draw(chance);
        Name { text: text.clone(), share: if german { share } else { share * shares::FOREIGN_NAMES[culture - 1] } }
    }

    /// A surname of the culture.
    pub(crate) fn surname(&self, culture: Culture, chance: &mut Chance) -> Name {
        if culture == 0 {
            let (text, share) = self.surnames.draw(chance);
            return Name { text: text.clone(), share };
        }
        let (text, share) = self.foreign[culture - 1].surnames.draw(chance);
        Name { text: text.clone(), share: share * shares::FOREIGN_NAMES[culture - 1] }
    }

    /// The short and call forms of a given name, the most usual first.
    pub(crate) fn short_forms(&self, given: &str) -> &[&'static str] {
        self.short_forms.get(given).map_or(&[], Vec::as_slice)
    }
}

fn cohort(year: i32) -> usize {
    usize::try_from((year - FIRST_COHORT) / 10).unwrap_or(0).min(COHORTS - 1)
}

/// The tables of one sex, one a cohort: the listed names carry most of the weight, all others of the sex the rest.
fn given_tables(sex: char) -> Vec<Table<String>> {
    let mut listed: Vec<Vec<&'static str>> = vec![Vec::new(); COHORTS];
    let mut rare: Vec<&'static str> = Vec::new();
    for line in GIVEN_NAMES.lines().filter(|line| line.starts_with(sex)) {
        let mut words = line.split(' ').skip(1);
        match words.next().and_then(|word| word.parse::<i32>().ok()) {
            Some(year) => listed[cohort(year)] = distinct(words),
            None => rare.extend(words),
        }
    }
    let everyone = distinct(listed.iter().flatten().copied());
    (0..COHORTS).map(|index| cohort_table(&listed[index], &everyone, &rare, index)).collect()
}

fn cohort_table(
    listed: &[&'static str],
    everyone: &[&'static str],
    rare: &[&'static str],
    index: usize,
) -> Table<String> {
    let known: FxHashSet<&str> = listed.iter().copied().collect();
    let is_young = index >= 6;
    let mut tail: Vec<&str> = everyone.iter().copied().filter(|name| !known.contains(name)).collect();
    if is_young {
        let seen: FxHashSet<&str> = everyone.iter().copied().collect();
        tail.extend(rare.iter().copied().filter(|name| !known.contains(name) && !seen.contains(name)));
    }
    tail.sort_by_key(|name| mix(text_hash(name) ^ index as u64));
    let head_share = shares::LISTED_GIVEN_NAMES[index];
    let head = falling(listed, 3.0, 0.85, head_share);
    let tail = falling(&tail, 20.0, 0.7, 1.0 - head_share);
    Table::new(head.into_iter().chain(tail).collect())
}

/// Zipf–Mandelbrot weights `1 / (rank + offset)^exponent`, scaled to the share.
fn falling(names: &[&str], offset: f64, exponent: f64, share: f64) -> Vec<(String, f64)> {
    let raw: Vec<f64> = (1..=names.len()).map(|rank| (rank as f64 + offset).powf(-exponent)).collect();
    let total: f64 = raw.iter().sum();
    names.iter().zip(raw).map(|(name, weight)| ((*name).to_owned(), weight / total * share)).collect()
}

fn distinct(words: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut seen = FxHashSet::default();
    words.filter(|word| seen.insert(*word)).collect()
}

/// Ranked surnames, then the second list, then composed ones. A share of 1.9 % / (rank + 1.2)^0.75 fits German telephone
/// books: 1 % at rank 1, 0.3 % at 10, 0.06 % at 100, 0.01 % at 1,000, and it sums to one after some 45,000 names.
fn surname_table() -> Table<String> {
    let (ranked, more) = SURNAMES.split_once("= faker").unwrap_or((SURNAMES, ""));
    let words = ranked.lines().filter(|line| !line.starts_with('#')).flat_map(|line| line.split_whitespace());
    let mut names: Vec<String> = distinct(words).into_iter().map(str::to_owned).collect();
    let mut others: Vec<&str> = more.split_whitespace().collect();
    others.sort_by_key(|name| mix(text_hash(name)));
    names.extend(others.into_iter().map(str::to_owned));
    let mut seen: FxHashSet<String> = names.iter().cloned().collect();
    names.extend(composed_surnames().into_iter().filter(|name| seen.insert(name.clone())));
    names.truncate(shares::SURNAMES);
    let weighted =
        names.into_iter().enumerate().map(|(index, name)| (name, (index as f64 + 2.2).powf(-0.75))).collect();
    Table::new(weighted)
}

/// Rarer surnames put together from stems and endings, in an order fixed by chance: short endings come first more often.
fn composed_surnames() -> Vec<String> {
    let part = |label: &str| -> Vec<&'static str> {
        let line = STEMS.lines().find_map(|line| line.strip_prefix(label)).unwrap_or("");
        line.split_whitespace().collect()
    };
    let mut drawn: Vec<(f64, String)> = Vec::new();
    let mut chance = Chance::new(0, Purpose::Names, 0);
    for (stems, endings) in [("stems:", "endings:"), ("slavic:", "slavic_endings:")] {
        let endings = part(endings);
        for stem in part(stems) {
            for (rank, ending) in endings.iter().enumerate() {
                let repeats = stem.to_lowercase().ends_with(&ending[..1]) && ending.len() > 3;
                if !repeats {
                    drawn.push((chance.unit() * (rank as f64 + 6.0), format!("{stem}{ending}")));
                }
            }
        }
    }
    drawn.sort_by(|left, right| left.0.total_cmp(&right.0));
    drawn.into_iter().map(|(_, name)| name).collect()
}

fn foreign_tables() -> Vec<Foreign> {
    let mut lists: Vec<(&str, [Vec<&str>; 3])> = Vec::new();
    for line in FOREIGN_NAMES.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.splitn(3, ';');
        let (Some(culture), Some(kind), Some(words)) = (parts.next(), parts.next(), parts.next()) else { continue };
        if lists.last().is_none_or(|(last, _)| *last != culture) {
            lists.push((culture, Default::default()));
        }
        let slot = match kind {
            "f" => 0,
            "m" => 1,
            _ => 2,
        };
        if let Some((_, kinds)) = lists.last_mut() {
            kinds[slot] = words.split_whitespace().collect();
        }
    }
    lists
        .into_iter()
        .map(|(_, [female, male, surnames])| Foreign {
            given: [spaced(&female), spaced(&male)],
            surnames: spaced(&surnames),
        })
        .collect()
}

/// An underscore in the lists stands for a space inside one name.
fn spaced(words: &[&str]) -> Table<String> {
    Table::new(
        falling(words, 4.0, 0.8, 1.0).into_iter().map(|(name, weight)| (name.replace('_', " "), weight)).collect(),
    )
}

fn short_forms() -> FxHashMap<&'static str, Vec<&'static str>> {
    let lines = SHORT_FORMS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(": ")).map(|(full, short)| (full, short.split(' ').collect())).collect()
}

/// FNV-1a, fixed for ever: the order of rare names hangs on it.
pub(crate) fn text_hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surnames_fall_off_like_those_of_a_telephone_book() {
        let names = Names::load();
        let mut chance = Chance::new(1, Purpose::People, 0);
        let mut counts = FxHashMap::<String, u32>::default();
        for _ in 0..100_000 {
            *counts.entry(names.surname(0, &mut chance).text).or_default() += 1;
        }
        assert!((800..1_200).contains(&counts["Müller"]), "{}", counts["Müller"]);
        assert!(counts["Müller"] > 2 * counts["Wagner"]);
        assert!(counts.len() > 20_000, "a long tail: {} distinct surnames", counts.len());
    }

    #[test]
    fn given_names_follow_the_year_of_birth() {
        let names = Names::load();
        let mut chance = Chance::new(1, Purpose::People, 0);
        let mut count = |year: i32, name: &str| {
            (0..5_000).filter(|_| names.given(0, Sex::Female, year, &mut chance).text == name).count()
        };
        assert!(count(1935, "Helga") > 20 * count(1995, "Helga").max(1));
        assert!(count(1995, "Julia") > 20 * count(1935, "Julia").max(1));
    }
}
