//! Keyed hashes: what must be found again without being kept, such as the address that a withdrawal is about.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a hash that are kept.
const BYTES: usize = 16;

/// Hashes texts under the installation's secret: whoever lacks it can neither read nor guess what was hashed.
#[derive(Clone)]
pub struct Keyed(Hmac<Sha256>);

impl Keyed {
    /// A hasher under a secret, which is prepared once.
    pub fn new(secret: &str) -> Self {
        // HMAC takes a key of any length.
        Self(
            Hmac::new_from_slice(secret.as_bytes())
                .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default())),
        )
    }

    /// The hash of a text of a kind, as a number. Equal texts of two kinds have different hashes.
    pub fn number(&self, kind: &str, text: &str) -> u128 {
        let mut mac = self.0.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().take(BYTES).fold(0, |number, byte| number << 8 | u128::from(*byte))
    }

    /// The hash of a text of a kind, as 32 hexadecimal digits.
    pub fn hex(&self, kind: &str, text: &str) -> String {
        format!("{:032x}", self.number(kind, text))
    }
}

/// Without the secret.
impl std::fmt::Debug for Keyed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Keyed")
    }
}

/// HMAC-SHA256 of a text of a kind under a secret, its first 16 bytes as hexadecimal digits.
pub fn keyed_hash(secret: &str, kind: &str, text: &str) -> String {
    Keyed::new(secret).hex(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_secret_kind_and_text() {
        let hash = keyed_hash("secret", "mail", "anna@example.org");
        assert_eq!(hash.len(), 32);
        assert_eq!(hash, keyed_hash("secret", "mail", "anna@example.org"));
        for other in [
            keyed_hash("secrets", "mail", "anna@example.org"),
            keyed_hash("secret", "phone", "anna@example.org"),
            keyed_hash("secret", "mail", "anne@example.org"),
            keyed_hash("secret", "mai", "lanna@example.org"),
        ] {
            assert_ne!(hash, other);
        }
    }
}
