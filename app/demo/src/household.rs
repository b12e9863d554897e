//! Households: who lives together, bears one surname, shares a landline or a mail address.

use chrono::Datelike;

use crate::chance::{Chance, Purpose};
use crate::contact::{self, Owner};
use crate::names::{Culture, Sex};
use crate::person::{Birth, Person, day_in, sex};
use crate::shares;
use crate::world::{CHUNK, World};

/// The people of a chunk of the world, household after household.
pub(crate) fn people_of_chunk(world: &World, chunk: u64) -> Vec<Person> {
    let mut chance = Chance::new(world.seed, Purpose::People, chunk);
    let wanted = usize::try_from((world.people - chunk * CHUNK).min(CHUNK)).unwrap_or(0);
    let mut people: Vec<Person> = Vec::with_capacity(wanted);
    while people.len() < wanted {
        let mut household = household(world, &mut chance);
        household.truncate(wanted - people.len());
        let first = chunk * CHUNK + people.len() as u64;
        for person in &mut household {
            person.index = chunk * CHUNK + people.len() as u64;
            person.household = first;
            give_history(world, person, &mut chance);
            give_contacts(world, person, &mut chance);
            people.push(person.clone());
        }
        let start = people.len() - household.len();
        share_contacts(world, &mut people[start..], &mut chance);
    }
    recycle_numbers(world, &mut people, &mut chance);
    people
}

fn household(world: &World, chance: &mut Chance) -> Vec<Person> {
    let birth = Birth::anyone(world, chance);
    match chance.weighted(&shares::HOUSEHOLDS) {
        0 => single(world, &birth, chance),
        1 => couple(world, &birth, chance),
        2 => family(world, &birth, chance),
        3 => siblings(world, &birth, chance),
        4 => namesakes(world, &birth, chance),
        5 => strangers(world, birth.year.clamp(1970, 2005), 2 + chance.below(3), chance),
        _ => {
            let year = if chance.roll(0.6) { 2003 } else { 1936 };
            let residents = 6 + chance.below(19);
            strangers(world, year, residents, chance)
        }
    }
}

/// Someone alone, as new people are.
pub(crate) fn single(world: &World, birth: &Birth, chance: &mut Chance) -> Vec<Person> {
    let home = world.places.home(chance);
    let mut person = Person::born(world, birth, home, chance);
    if person.sex == Sex::Female && birth.year < 1985 && chance.roll(0.5) {
        let married = world.names.surname(birth.culture, chance);
        person.take_surname(&married.text, married.share);
    }
    vec![person]
}

fn couple(world: &World, birth: &Birth, chance: &mut Chance) -> Vec<Person> {
    let home = world.places.home(chance);
    let one = Person::born(world, birth, home.clone(), chance);
    let year = world.latest_birth_year(birth.year + i32::try_from(chance.between(-6, 6)).unwrap_or(0));
    let same_sex = chance.roll(0.03);
    let other_sex = if (birth.sex == Sex::Female) ^ same_sex { Sex::Male } else { Sex::Female };
    let culture = if chance.roll(0.85) { birth.culture } else { world.names.culture(chance) };
    let other = Person::born(world, &Birth { culture, sex: other_sex, year }, home, chance);
    // Mostly the woman takes the man's surname.
    let (mut keeps, mut takes) = if one.sex == Sex::Female && chance.roll(0.93) { (other, one) } else { (one, other) };
    match chance.weighted(&shares::COUPLE_NAMES) {
        0 => takes.take_surname(&keeps.surname, keeps.surname_share),
        1 => {
            let double = if chance.roll(0.5) {
                format!("{}-{}", takes.surname, keeps.surname)
            } else {
                format!("{}-{}", keeps.surname, takes.surname)
            };
            takes.take_surname(&double, takes.surname_share * keeps.surname_share);
        }
        _ => {}
    }
    if takes.birth_surname.is_some() && chance.roll(shares::MARRIED_WHILE_KNOWN) {
        takes.former_surname.clone_from(&takes.birth_surname);
    }
    keeps.birth_surname = None;
    if chance.roll(0.5) { vec![keeps, takes] } else { vec![takes, keeps] }
}

fn family(world: &World, birth: &Birth, chance: &mut Chance) -> Vec<Person> {
    let parent = Birth { culture: birth.culture, sex: birth.sex, year: birth.year.clamp(1930, 1984) };
    let mut members = if chance.roll(0.75) { couple(world, &parent, chance) } else { single(world, &parent, chance) };
    if chance.roll(0.3) && members.len() > 1 {
        members.pop();
    }
    let (surname, share) = (members[0].surname.clone(), members[0].surname_share);
    let home = members[0].home.clone();
    let children = 1 + chance.weighted(&[0.6, 0.32, 0.08]);
    let mut year = parent.year + i32::try_from(chance.between(21, 33)).unwrap_or(25);
    let mut twin_of: Option<chrono::NaiveDate> = None;
    for _ in 0..children {
        let born = parent.sibling(world, year, chance);
        let away = born.year < world.year() - 21 && chance.roll(shares::CHILD_MOVED_OUT);
        let place = if away && twin_of.is_none() { world.places.home_near(&home, chance) } else { home.clone() };
        let mut child = Person::born(world, &born, place, chance);
        child.surname.clone_from(&surname);
        child.surname_share = share;
        if let Some(birthday) = twin_of.take() {
            child.birth = birthday;
        } else if chance.roll(shares::TWINS * 2.0) {
            twin_of = Some(child.birth);
        }
        members.push(child);
        year += i32::try_from(chance.between(1, 6)).unwrap_or(2);
    }
    members
}

fn siblings(world: &World, birth: &Birth, chance: &mut Chance) -> Vec<Person> {
    let home = world.places.home(chance);
    let one = Person::born(world, birth, home.clone(), chance);
    let year = birth.year + i32::try_from(chance.between(-7, 7)).unwrap_or(1);
    let place = if chance.roll(0.5) { home } else { world.places.home_near(&one.home, chance) };
    let mut other = Person::born(world, &birth.sibling(world, year, chance), place, chance);
    other.surname.clone_from(&one.surname);
    other.surname_share = one.surname_share;
    if chance.roll(0.12) {
        other.birth = one.birth;
    }
    vec![one, other]
}

/// Father and son, or mother and daughter, of one given name and surname.
fn namesakes(world: &World, birth: &Birth, chance: &mut Chance) -> Vec<Person> {
    let elder = Birth {
        culture: birth.culture,
        sex: if chance.roll(0.85) { Sex::Male } else { Sex::Female },
        year: birth.year.min(1978),
    };
    let home = world.places.home(chance);
    let one = Person::born(world, &elder, home.clone(), chance);
    let year = world.latest_birth_year(elder.year + i32::try_from(chance.between(20, 38)).unwrap_or(28));
    let mut other = one.clone();
    other.birth = day_in(year, chance);
    other.title = "";
    other.home = if chance.roll(0.55) { home } else { world.places.home_near(&home, chance) };
    if chance.roll(0.5) {
        other.given.truncate(other.call + 1);
    }
    vec![one, other]
}

/// People of like age at one address who share nothing else.
fn strangers(world: &World, year: i32, residents: usize, chance: &mut Chance) -> Vec<Person> {
    let home = world.places.home(chance);
    let mut people = Vec::with_capacity(residents);
    for _ in 0..residents {
        let born = world.latest_birth_year(year + i32::try_from(chance.between(-5, 5)).unwrap_or(0));
        let birth = Birth { culture: world.names.culture(chance), sex: sex(chance), year: born };
        people.push(Person::born(world, &birth, home.clone(), chance));
    }
    people
}

fn give_history(world: &World, person: &mut Person, chance: &mut Chance) {
    if chance.roll(shares::MOVED) {
        let within = chance.roll(shares::MOVED_WITHIN_PLACE);
        let before = if within { world.places.home_near(&person.home, chance) } else { world.places.home(chance) };
        person.former_home = Some(before);
    }
}

/// Numbers and addresses of a person's own.
pub(crate) fn give_contacts(world: &World, person: &mut Person, chance: &mut Chance) {
    if chance.roll(shares::MOBILE) {
        person.mobile = Some(contact::mobile(world.seed, person.index * 8));
        if chance.roll(shares::NEW_MOBILE) {
            person.former_mobile = Some(contact::mobile(world.seed, person.index * 8 + 1));
        }
    }
    if chance.roll(shares::EMAIL[person.decade()]) {
        person.email = Some(own_email(world, person, chance));
        if chance.roll(shares::SECOND_EMAIL) {
            person.former_email = Some(own_email(world, person, chance));
        }
    }
}

/// An address under the person's own name, or the name before marrying.
pub(crate) fn own_email(world: &World, person: &Person, chance: &mut Chance) -> String {
    let people = world.people as f64;
    let old_name = person.birth_surname.as_deref().filter(|_| chance.roll(0.15));
    let owner = Owner {
        given: person.call_name(),
        surname: old_name.unwrap_or(&person.surname),
        birth_year: person.birth.year(),
        given_bearers: people * person.given_share * concentration(person.culture),
        surname_bearers: people * person.surname_share,
        people,
    };
    contact::email(&owner, chance)
}

/// How much likelier a given name is among those who bear the surname than among everyone: names go by age, sex and culture.
fn concentration(culture: Culture) -> f64 {
    match culture {
        0 => 0.15,
        foreign => 0.5 / shares::FOREIGN_NAMES[foreign - 1],
    }
}

/// One landline for those at the first one's address; in some households one mail address for two.
fn share_contacts(world: &World, household: &mut [Person], chance: &mut Chance) {
    let Some(first) = household.first().cloned() else { return };
    let crowd = household.len() > 6;
    let line = (!crowd && chance.roll(shares::LANDLINE)).then(|| landline_at(world, &first, chance));
    for person in household.iter_mut() {
        let at_home = person.home == first.home;
        person.landline = if at_home {
            line.clone()
        } else {
            chance.roll(shares::LANDLINE * 0.6).then(|| landline_at(world, person, chance))
        };
    }
    let related = household.len() > 1 && !crowd && household[1..].iter().any(|other| other.surname == first.surname);
    if related && chance.roll(shares::SHARED_EMAIL) {
        let shared = if chance.roll(0.4) || first.email.is_none() {
            contact::family_email(&first.surname, world.people as f64 * first.surname_share, chance)
        } else {
            first.email.clone().unwrap_or_default()
        };
        for person in household.iter_mut().filter(|person| person.home == first.home).take(2) {
            person.email = Some(shared.clone());
        }
    }
}

pub(crate) fn landline_at(world: &World, person: &Person, chance: &mut Chance) -> String {
    contact::landline(world.places.area(&person.home).dialling_code, chance)
}

/// Some mobile numbers were another's before, and some source still holds them there.
fn recycle_numbers(world: &World, people: &mut [Person], chance: &mut Chance) {
    for at in 0..people.len() {
        let from = chance.below(people.len());
        let again = chance.roll(shares::RECYCLED_MOBILE) && from != at && people[from].former_mobile.is_none();
        if again && people[at].mobile.is_some() && people[from].mobile.is_some() {
            let number = people[from].mobile.replace(contact::mobile(world.seed, people[from].index * 8 + 2));
            people[from].former_mobile.clone_from(&number);
            people[at].mobile = number;
        }
    }
}
