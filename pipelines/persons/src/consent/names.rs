//! Given names as an event keeps them: hashes of single words, enough to say whether two names conflict.

use kartei_schemas::keyed::Keyed;
use rustc_hash::FxHashMap;

/// Digits of each hash: names are few, and one chance in four thousand million is small enough.
const DIGITS: usize = 8;

/// The hashes of given names, parted by dots; each name is hashed once.
#[derive(Default)]
pub(super) struct NameHashes<'a>(FxHashMap<&'a str, Option<String>>);

impl<'a> NameHashes<'a> {
    /// Adds a name to those that are known.
    pub(super) fn add(&mut self, keyed: &Keyed, name: &'a str) {
        self.0.entry(name).or_insert_with(|| hashes(keyed, name));
    }

    /// The hashes of a name that was added; none where it has no whole word.
    pub(super) fn of(&self, name: Option<&str>) -> Option<&str> {
        self.0.get(name?)?.as_deref()
    }
}

fn hashes(keyed: &Keyed, name: &str) -> Option<String> {
    let folded = fold(name);
    let words = folded.split(|sign: char| !sign.is_alphanumeric()).filter(|word| word.chars().count() > 1);
    let hashes: Vec<String> = words.map(|word| keyed.hex("given_name", word)[..DIGITS].to_owned()).collect();
    (!hashes.is_empty()).then(|| hashes.join("."))
}

/// Lower case, with umlauts written out: `Jürgen` and `Juergen` are one name.
fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len() + 4);
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'ä' => folded.push_str("ae"),
            'ö' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            'é' | 'è' | 'ê' => folded.push('e'),
            other => folded.push(other),
        }
    }
    folded
}

/// Whether one name may be the other: all words of one are among the other's, as with a call name.
pub(super) fn agree(one: &str, other: &str) -> bool {
    let within = |one: &str, other: &str| one.split('.').all(|word| other.split('.').any(|theirs| theirs == word));
    one == other || within(one, other) || within(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreeing(one: &str, other: &str) -> bool {
        let keyed = Keyed::new("secret");
        let hashed = [one, other].map(|name| hashes(&keyed, name));
        hashed[0].as_deref().zip(hashed[1].as_deref()).is_none_or(|(one, other)| agree(one, other))
    }

    #[test]
    fn other_names_conflict_and_call_names_and_spellings_do_not() {
        for (one, other) in [("Andrea", "Andreas"), ("Anna Maria", "Anna Lena"), ("Hans-Peter", "Hans-Jürgen")] {
            assert!(!agreeing(one, other), "{one}, {other}");
        }
        for (one, other) in
            [("Anna Maria", "Maria"), ("Jürgen", "JUERGEN"), ("Hans-Peter", "Hans Peter"), ("A.", "Berta")]
        {
            assert!(agreeing(one, other), "{one}, {other}");
        }
    }
}
