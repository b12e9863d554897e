//! Names, each distinct one taken apart once, and how two of them compare.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::nicknames::Nicknames;
use crate::similarity::{is_typo, jaro_winkler};
use crate::text::{fold, fold_stripped, joined};

/// Words inside a surname that say nothing of the person.
const PARTICLES: [&str; 30] = [
    "von", "van", "vom", "zu", "zum", "zur", "de", "der", "den", "dem", "del", "della", "di", "da", "dos", "du", "la",
    "le", "al", "el", "ben", "ibn", "freiherr", "freifrau", "graf", "graefin", "baron", "und", "ten", "ter",
];

/// At most so many words of a name are looked at.
const MOST_WORDS: usize = 4;

/// One word of a name.
struct Word {
    text: Box<str>,
    stripped: Option<Box<str>>,
    groups: Box<[u16]>,
}

/// A distinct name: its words without particles, by number.
struct Name {
    words: [u32; MOST_WORDS],
    count: u8,
}

impl Name {
    fn words(&self) -> &[u32] {
        &self.words[..usize::from(self.count)]
    }
}

/// All distinct names of the records, given names and surnames alike. Number 0 is the missing name.
pub(crate) struct Names {
    all: Vec<Name>,
    texts: Vec<Box<str>>,
    joined: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, u32>,
    words: Vec<Word>,
    word_numbers: FxHashMap<Box<str>, u32>,
    nicknames: Arc<Nicknames>,
}

/// How two given names compare, by growing agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum GivenLevel {
    Different = 1,
    Similar,
    Initial,
    Nickname,
    OneOfSeveral,
    Typo,
    First,
    Exact,
}

/// How two surnames compare, by growing agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum SurnameLevel {
    Different = 1,
    Similar,
    Initial,
    Near,
    Part,
    Typo,
    Exact,
}

/// Whether the word at a place joins the names of two people, and no particles of one surname: "von und zu".
fn joins_people(words: &[&str], place: usize) -> bool {
    let is_name =
        |place: Option<usize>| place.and_then(|place| words.get(place)).is_some_and(|word| !PARTICLES.contains(word));
    words[place] == "und" && is_name(place.checked_sub(1)) && is_name(Some(place + 1))
}

/// Whether a folded name is that of several people.
fn names_several(text: &str) -> bool {
    text.contains(" und ")
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            all: vec![Name { words: [0; MOST_WORDS], count: 0 }],
            texts: vec!["".into()],
            joined: vec!["".into()],
            numbers: FxHashMap::default(),
            words: Vec::new(),
            word_numbers: FxHashMap::default(),
            nicknames: Arc::new(Nicknames::built_in()),
        }
    }

    /// The number of a name as written; 0 where it is a placeholder or empty.
    pub(crate) fn number(&mut self, written: &str) -> u32 {
        let folded = fold(written);
        let all: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        let is_telling = |place: &usize| !PARTICLES.contains(&all[*place]) || joins_people(&all, *place);
        let telling: Vec<&str> = (0..all.len()).filter(is_telling).map(|place| all[place]).collect();
        let words = if telling.is_empty() { all } else { telling };
        let text = words.join(" ");
        if text.is_empty() || crate::placeholders::is_name(&text) {
            return 0;
        }
        if let Some(number) = self.numbers.get(text.as_str()) {
            return *number;
        }
        let stripped = fold_stripped(written);
        let stripped = (stripped != folded).then_some(stripped);
        let mut name = Name { words: [0; MOST_WORDS], count: 0 };
        for word in words.iter().take(MOST_WORDS) {
            let variant = stripped.as_deref().and_then(|other| stripped_word(other, &folded, word));
            name.words[usize::from(name.count)] = self.word_number(word, variant);
            name.count += 1;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(name);
        self.joined.push(joined(&text).into());
        self.texts.push(text.as_str().into());
        self.numbers.insert(text.into(), number);
        number
    }

    fn word_number(&mut self, word: &str, stripped: Option<&str>) -> u32 {
        if let Some(number) = self.word_numbers.get(word) {
            let known = &mut self.words[*number as usize];
            if known.stripped.is_none() {
                known.stripped = stripped.map(Into::into);
            }
            return *number;
        }
        let number = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        let groups = self.nicknames.of(word).into();
        self.words.push(Word { text: word.into(), stripped: stripped.map(Into::into), groups });
        self.word_numbers.insert(word.into(), number);
        number
    }

    /// How many distinct names there are, the missing one included.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The folded text of a name.
    pub(crate) fn text(&self, name: u32) -> &str {
        &self.texts[name as usize]
    }

    /// The folded words of a name, particles left out.
    pub(crate) fn words(&self, name: u32) -> impl Iterator<Item = &str> {
        self.all[name as usize].words().iter().map(|word| &*self.words[*word as usize].text)
    }

    /// How two known given names compare.
    pub(crate) fn compare_given(&self, left: u32, right: u32) -> GivenLevel {
        if left == right {
            return if self.joined[left as usize].len() == 1 { GivenLevel::Initial } else { GivenLevel::Exact };
        }
        let (left_name, right_name) = (&self.all[left as usize], &self.all[right as usize]);
        if self.joined[left as usize] == self.joined[right as usize] {
            return GivenLevel::Exact;
        }
        // "Hans und Eva" is neither Hans nor Eva.
        if names_several(&self.texts[left as usize]) != names_several(&self.texts[right as usize]) {
            return GivenLevel::Different;
        }
        let mut best = GivenLevel::Different;
        for (left_place, left_word) in left_name.words().iter().enumerate() {
            for (right_place, right_word) in right_name.words().iter().enumerate() {
                let both_first = left_place == 0 && right_place == 0;
                best = best.max(self.compare_given_words(*left_word, *right_word, both_first));
            }
        }
        if best == GivenLevel::First && left_name.count == right_name.count && left_name.count == 1 {
            return GivenLevel::Exact;
        }
        best
    }

    fn compare_given_words(&self, left: u32, right: u32, both_first: bool) -> GivenLevel {
        let (left_word, right_word) = (&self.words[left as usize], &self.words[right as usize]);
        if left == right || is_same_stripped(left_word, right_word) {
            return match (left_word.text.len(), both_first) {
                (1, _) => GivenLevel::Initial,
                (_, true) => GivenLevel::First,
                (_, false) => GivenLevel::OneOfSeveral,
            };
        }
        let (left, right) = (&*left_word.text, &*right_word.text);
        if left.len() == 1 || right.len() == 1 {
            let agrees = both_first && left.as_bytes()[0] == right.as_bytes()[0];
            return if agrees { GivenLevel::Initial } else { GivenLevel::Different };
        }
        if left_word.groups.iter().any(|group| right_word.groups.contains(group)) {
            return GivenLevel::Nickname;
        }
        let similarity = jaro_winkler(left, right, 0.8);
        if similarity >= 0.93 || is_typo(left, right) {
            GivenLevel::Typo
        } else if is_short_form(left, right) {
            GivenLevel::Nickname
        } else if similarity >= 0.8 {
            GivenLevel::Similar
        } else {
            GivenLevel::Different
        }
    }

    /// How two known surnames compare.
    pub(crate) fn compare_surnames(&self, left: u32, right: u32) -> SurnameLevel {
        if left == right || self.joined[left as usize] == self.joined[right as usize] {
            return if self.joined[left as usize].len() == 1 { SurnameLevel::Initial } else { SurnameLevel::Exact };
        }
        let (left_name, right_name) = (&self.all[left as usize], &self.all[right as usize]);
        let is_single = left_name.count == 1 && right_name.count == 1;
        let mut best = SurnameLevel::Different;
        for left_word in left_name.words() {
            for right_word in right_name.words() {
                let level = self.compare_surname_words(*left_word, *right_word);
                let level = match level {
                    SurnameLevel::Exact if !is_single => SurnameLevel::Part,
                    SurnameLevel::Typo if !is_single => SurnameLevel::Near,
                    level => level,
                };
                best = best.max(level);
            }
        }
        if !is_single && best < SurnameLevel::Typo && is_typo(&self.joined[left as usize], &self.joined[right as usize])
        {
            return SurnameLevel::Typo;
        }
        best
    }

    fn compare_surname_words(&self, left: u32, right: u32) -> SurnameLevel {
        let (left_word, right_word) = (&self.words[left as usize], &self.words[right as usize]);
        if left == right || is_same_stripped(left_word, right_word) {
            return if left_word.text.len() == 1 { SurnameLevel::Initial } else { SurnameLevel::Exact };
        }
        let (left, right) = (&*left_word.text, &*right_word.text);
        if left.len() == 1 || right.len() == 1 {
            let agrees = left.as_bytes()[0] == right.as_bytes()[0];
            return if agrees { SurnameLevel::Initial } else { SurnameLevel::Different };
        }
        let similarity = jaro_winkler(left, right, 0.8);
        if similarity >= 0.95 || is_typo(left, right) {
            SurnameLevel::Typo
        } else if similarity >= 0.88 {
            SurnameLevel::Near
        } else if similarity >= 0.8 {
            SurnameLevel::Similar
        } else {
            SurnameLevel::Different
        }
    }
}

/// `Rob` for `Robert`, `Josi` for `Josephine`, `Rosi` for `Rosa`: three letters or more that begin the other name, which is
/// no shorter, and a pet's ending.
fn is_short_form(left: &str, right: &str) -> bool {
    let begins = |short: &str, long: &str| {
        let stem = short.strip_suffix("ie").or_else(|| short.strip_suffix(['i', 'y'])).unwrap_or(short);
        short.len() <= long.len() && [short, stem].iter().any(|stem| stem.len() >= 3 && long.starts_with(stem))
    };
    begins(left, right) || begins(right, left)
}

fn is_same_stripped(left: &Word, right: &Word) -> bool {
    match (&left.stripped, &right.stripped) {
        (None, None) => false,
        (Some(left), None) => **left == *right.text,
        (None, Some(right)) => *left.text == **right,
        (Some(left), Some(right)) => left == right,
    }
}

fn stripped_word<'a>(stripped: &'a str, folded: &str, word: &str) -> Option<&'a str> {
    let place = folded.split(' ').position(|candidate| candidate == word)?;
    stripped.split(' ').nth(place).filter(|variant| *variant != word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn given(left: &str, right: &str) -> GivenLevel {
        let mut names = Names::new();
        let (left, right) = (names.number(left), names.number(right));
        assert_eq!(names.compare_given(left, right), names.compare_given(right, left));
        names.compare_given(left, right)
    }

    #[test]
    fn the_given_names_of_a_couple_are_neither_of_the_two() {
        for one in ["Hans", "Eva", "Hans Peter"] {
            assert_eq!(given("Hans und Eva", one), GivenLevel::Different, "{one}");
        }
        assert_eq!(given("Hans und Eva", "Hans und Eva"), GivenLevel::Exact);
        assert_eq!(given("Hans und Eva", "Eva und Hans"), GivenLevel::OneOfSeveral);
    }

    fn surname(left: &str, right: &str) -> SurnameLevel {
        let mut names = Names::new();
        let (left, right) = (names.number(left), names.number(right));
        assert_eq!(names.compare_surnames(left, right), names.compare_surnames(right, left));
        names.compare_surnames(left, right)
    }

    #[test]
    fn given_names_agree_in_many_ways() {
        assert_eq!(given("Karl-Heinz", "Karlheinz"), GivenLevel::Exact);
        assert_eq!(given("Jürgen", "Jurgen"), GivenLevel::Exact);
        assert_eq!(given("Anna Maria", "Anna"), GivenLevel::First);
        assert_eq!(given("Anna Maria", "Maria"), GivenLevel::OneOfSeveral);
        assert_eq!(given("Hans", "Johannes"), GivenLevel::Nickname);
        assert_eq!(given("A.", "Anna"), GivenLevel::Initial);
        assert_eq!(given("Katrhin", "Kathrin"), GivenLevel::Typo);
        assert_eq!(given("Martina", "Jutta"), GivenLevel::Different);
    }

    #[test]
    fn surnames_agree_without_particles_and_in_parts() {
        assert_eq!(surname("von der Heide", "Heide"), SurnameLevel::Exact);
        assert_eq!(surname("Müller", "Mueller"), SurnameLevel::Exact);
        assert_eq!(surname("Müller", "Muller"), SurnameLevel::Exact);
        assert_eq!(surname("Müller-Lüdenscheidt", "Müller"), SurnameLevel::Part);
        assert_eq!(surname("Schmidt", "Schmitd"), SurnameLevel::Typo);
        assert_eq!(surname("Schmidt", "Özdemir"), SurnameLevel::Different);
    }

    proptest! {
        #[test]
        fn names_compare_the_same_both_ways(left in "[abA]{2,5}(i|y|ie|a)?( [a-e]{1,8})?", right in "[abA]{2,5}(i|y|ie|a)?(-[a-e]{1,8})?") {
            // Both helpers compare both ways.
            given(&left, &right);
            surname(&left, &right);
        }
    }
}
