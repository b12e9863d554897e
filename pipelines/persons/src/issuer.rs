//! Person ids: opaque, issued once, made from a keyed hash so that nobody can tell the record from the id.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Crockford's base 32: no I, L, O, U, so that an id read aloud or copied by hand arrives.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 12;

/// A person's id: 60 bits, written as 12 characters of Crockford's base 32.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(NonZeroU64);

impl PersonId {
    /// The id's characters, without an allocation.
    pub fn characters(self) -> IdText {
        let mut text = [0; LENGTH];
        let mut rest = self.0.get();
        for place in text.iter_mut().rev() {
            *place = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        IdText(text)
    }

    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }
}

/// The twelve characters of an id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdText([u8; LENGTH]);

impl IdText {
    /// The characters as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The twelve characters.
impl fmt::Display for PersonId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.characters().as_str())
    }
}

/// The twelve characters: an id is opaque, so that it may stand in a log.
impl fmt::Debug for PersonId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Not an id: the text has another length, or characters that no id has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a person id has 12 characters of Crockford's base 32")]
pub struct NoPersonId;

/// Reads an id as a human may write it: lower case, O for 0, I and L for 1.
impl FromStr for PersonId {
    type Err = NoPersonId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != LENGTH {
            return Err(NoPersonId);
        }
        let mut number: u64 = 0;
        for byte in text.bytes() {
            let folded = match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let digit = ALPHABET.iter().position(|&letter| letter == folded).ok_or(NoPersonId)?;
            number = (number << 5) | digit as u64;
        }
        NonZeroU64::new(number).map(Self).ok_or(NoPersonId)
    }
}

/// Makes new ids with the installation's secret.
#[derive(Clone)]
pub struct IdIssuer {
    keyed: Hmac<Sha256>,
}

/// Without the secret.
impl fmt::Debug for IdIssuer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("IdIssuer")
    }
}

impl IdIssuer {
    /// An issuer with the installation's secret, which must never change: a cluster that is seen for the first time
    /// gets the same id on every attempt of a run only under the same secret.
    pub fn new(secret: &[u8]) -> Self {
        // The digest fits into HMAC's block whatever the secret's length is, and the rest of the block is zero.
        let digest = Sha256::digest(secret);
        let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
        key[..digest.len()].copy_from_slice(&digest);
        Self { keyed: Hmac::new(&key) }
    }

    /// The first id for a person anchored in a record that is not `taken`: HMAC-SHA-256 (RFC 2104) of source, key and
    /// a counter, cut to 60 bits.
    pub fn person(&self, source: &str, key: &str, taken: impl Fn(PersonId) -> bool) -> PersonId {
        self.issue("person", [source, key], taken)
    }

    /// The first id for a household anchored in a person that is not `taken`.
    pub(crate) fn household(&self, anchor: PersonId, taken: impl Fn(PersonId) -> bool) -> PersonId {
        self.issue("household", [anchor.characters().as_str(), ""], taken)
    }

    fn issue(&self, what: &str, anchor: [&str; 2], taken: impl Fn(PersonId) -> bool) -> PersonId {
        let mut counter: u64 = 0;
        loop {
            let mut hash = self.keyed.clone();
            for part in [what, anchor[0], anchor[1]] {
                // The length stands before each part, so that ("ab", "c") and ("a", "bc") are two anchors.
                hash.update(&(part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
            hash.update(&counter.to_le_bytes());
            let bytes = hash.finalize().into_bytes();
            let number = bytes[..8].iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)) >> 4;
            if let Some(id) = NonZeroU64::new(number).map(PersonId)
                && !taken(id)
            {
                return id;
            }
            counter += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_has_twelve_characters_and_reads_back_as_it_was_written() {
        let id = IdIssuer::new(b"secret").person("members", "4711", |_| false);
        let text = id.to_string();
        assert_eq!(text.len(), 12);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_lowercase().parse(), Ok(id));
    }

    #[test]
    fn the_same_record_gets_the_same_id_and_another_secret_gives_another() {
        let id = IdIssuer::new(b"secret").person("members", "4711", |_| false);
        assert_eq!(id, IdIssuer::new(b"secret").person("members", "4711", |_| false));
        assert_ne!(id, IdIssuer::new(b"other").person("members", "4711", |_| false));
    }

    #[test]
    fn the_border_between_source_and_key_counts() {
        let issuer = IdIssuer::new(b"secret");
        assert_ne!(issuer.person("ab", "c", |_| false), issuer.person("a", "bc", |_| false));
    }

    #[test]
    fn an_id_that_was_issued_before_is_not_issued_again() {
        let issuer = IdIssuer::new(b"secret");
        let first = issuer.person("members", "4711", |_| false);
        let second = issuer.person("members", "4711", |id| id == first);
        assert_ne!(first, second);
    }

    #[test]
    fn text_of_another_length_or_with_a_u_is_no_id() {
        for text in ["", "0123456789A", "0123456789ABC", "0123456789AU", "000000000000", "0123456789Aü"] {
            assert_eq!(text.parse::<PersonId>(), Err(NoPersonId), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_survives_writing_and_reading(number in 1_u64..(1 << 60)) {
            let id = PersonId(NonZeroU64::new(number).unwrap());
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }
}
