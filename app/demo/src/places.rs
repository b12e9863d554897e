//! Places: real PLZ with their places, area codes and states, and streets that belong to each PLZ.

use crate::chance::{Chance, Purpose, Table, mix};

const PLACES: &str = include_str!("../data/places.txt");
const STREETS: &str = include_str!("../data/streets.txt");

/// A postal area.
pub(crate) struct Area {
    pub(crate) postal_code: &'static str,
    pub(crate) state: &'static str,
    pub(crate) dialling_code: &'static str,
    pub(crate) places: Vec<&'static str>,
}

/// Where a household lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    /// Index of the postal area.
    pub(crate) area: usize,
    pub(crate) city: &'static str,
    pub(crate) street: &'static str,
    pub(crate) house_number: String,
}

/// All places.
pub(crate) struct Places {
    pub(crate) areas: Vec<Area>,
    by_population: Table<usize>,
    streets: Vec<&'static str>,
    street_ranks: Table<usize>,
    seed: u64,
}

impl Places {
    /// Reads the embedded lists; the seed decides which streets a PLZ has.
    pub(crate) fn load(seed: u64) -> Self {
        let areas: Vec<Area> = PLACES.lines().filter(|line| !line.starts_with('#')).filter_map(read_area).collect();
        let mut codes_of_place = rustc_hash::FxHashMap::<&str, u32>::default();
        for area in &areas {
            *codes_of_place.entry(area.places[0]).or_default() += 1;
        }
        let weights = areas.iter().enumerate();
        let weights =
            weights.map(|(index, area)| (index, population(area.postal_code, codes_of_place[area.places[0]])));
        let streets: Vec<&'static str> = STREETS.lines().filter(|line| !line.starts_with(['#', '='])).collect();
        let street_ranks = (0..streets.len()).map(|rank| (rank, (rank as f64 + 6.0).powf(-0.8))).collect();
        Self {
            by_population: Table::new(weights.collect()),
            areas,
            streets,
            street_ranks: Table::new(street_ranks),
            seed,
        }
    }

    /// The area of a home.
    pub(crate) fn area(&self, home: &Home) -> &Area {
        &self.areas[home.area]
    }

    /// A home anywhere, by population.
    pub(crate) fn home(&self, chance: &mut Chance) -> Home {
        let area = *self.by_population.draw(chance).0;
        self.home_in(area, chance)
    }

    /// Another home near this one: the same place, so another PLZ of it where it has several.
    pub(crate) fn home_near(&self, home: &Home, chance: &mut Chance) -> Home {
        let name = self.areas[home.area].places[0];
        let same = |index: &usize| self.areas.get(*index).is_some_and(|area| area.places[0] == name);
        let offset = usize::try_from(chance.between(0, 4)).unwrap_or(0);
        let area = [home.area + offset, home.area.saturating_sub(offset)].into_iter().find(same).unwrap_or(home.area);
        self.home_in(area, chance)
    }

    fn home_in(&self, area: usize, chance: &mut Chance) -> Home {
        let places = &self.areas[area].places;
        let city = if chance.roll(0.8) { places[0] } else { *chance.pick(places) };
        Home { area, city, street: self.street(area, chance), house_number: house_number(chance) }
    }

    /// One of the hundred or so streets of the area.
    fn street(&self, area: usize, chance: &mut Chance) -> &'static str {
        let slot = chance.below(110) as u64;
        let mut choice = Chance::new(self.seed, Purpose::Streets, mix(area as u64) ^ slot);
        self.streets[self.street_ranks.draw_index(&mut choice)]
    }
}

fn read_area(line: &'static str) -> Option<Area> {
    let mut parts = line.split(';');
    let (postal_code, state, dialling_code) = (parts.next()?, parts.next()?, parts.next()?);
    let places: Vec<&str> = parts.collect();
    (!places.is_empty()).then_some(Area { postal_code, state, dialling_code, places })
}

/// A weight for the people in a postal area: those of cities are full, those of the country vary with a long tail.
fn population(postal_code: &str, codes_of_place: u32) -> f64 {
    let noise = (mix(crate::names::text_hash(postal_code)) >> 11) as f64 / (1_u64 << 53) as f64;
    match codes_of_place {
        0 | 1 => 0.12 + 1.9 * noise * noise,
        2..=5 => 0.7 + noise,
        _ => 1.1 + 1.2 * noise,
    }
}

/// Low numbers are the most frequent; one in nine has a letter.
fn house_number(chance: &mut Chance) -> String {
    let reach = if chance.roll(0.75) { 40 } else { 160 };
    let number = 1 + chance.below(reach).min(chance.below(reach));
    let affix = if chance.roll(0.11) { *chance.pick(&["a", "b", "c", "d"]) } else { "" };
    format!("{number}{affix}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_postal_area_has_five_digits_a_place_and_a_local_dialling_code() {
        let places = Places::load(1);
        let codes: BTreeSet<&str> = places.areas.iter().map(|area| area.postal_code).collect();
        assert_eq!(codes.len(), places.areas.len());
        assert!(codes.len() > 8_000);
        for area in &places.areas {
            let code = area.dialling_code;
            let is_local = code.len() >= 3
                && code.starts_with('0')
                && !["00", "01", "0700", "0800", "0900"].iter().any(|other| code.starts_with(other));
            assert!(is_local && area.postal_code.len() == 5 && !area.places[0].is_empty(), "{}", area.postal_code);
        }
    }

    #[test]
    fn an_area_has_streets_of_its_own_that_come_again() {
        let places = Places::load(1);
        let mut chance = Chance::new(1, Purpose::People, 0);
        let streets: BTreeSet<&str> = (0..2_000).map(|_| places.home_in(17, &mut chance).street).collect();
        assert!((40..=110).contains(&streets.len()), "{}", streets.len());
    }
}
