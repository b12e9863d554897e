//! E-mail addresses: checked against RFC 5322, lower case, with typos of great providers' domains flagged.

use std::borrow::Cow;
use std::sync::LazyLock;

use email_address::{EmailAddress, Options};
use rustc_hash::FxHashSet;

use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::punycode;
use crate::text::{MAX_VALUE_LENGTH, clean_compatible, is_longer_than};

/// Domains at which many people have their address. One letter away from the first twenty is a typo.
pub const GREAT_DOMAINS: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "web.de",
    "gmx.de",
    "gmx.net",
    "t-online.de",
    "yahoo.de",
    "yahoo.com",
    "hotmail.de",
    "hotmail.com",
    "outlook.de",
    "outlook.com",
    "freenet.de",
    "icloud.com",
    "arcor.de",
    "aol.com",
    "live.de",
    "posteo.de",
    "mailbox.org",
    "online.de",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.org",
    "gmx.eu",
    "gmx.info",
    "gmx.biz",
    "mail.de",
    "mail.com",
    "email.de",
    "email.com",
    "me.com",
    "mac.com",
    "live.com",
    "msn.com",
    "aol.de",
    "ymail.com",
    "rocketmail.com",
    "kabelmail.de",
    "vodafone.de",
    "vodafonemail.de",
    "unitybox.de",
    "netcologne.de",
    "ewetel.net",
    "ewe.net",
    "osnanet.de",
    "versanet.de",
    "htp-tel.de",
    "kabelbw.de",
    "o2online.de",
    "o2mail.de",
    "1und1.de",
    "ok.de",
    "protonmail.com",
    "proton.me",
    "pm.me",
    "tutanota.de",
    "tutanota.com",
    "tuta.io",
    "mailbox.de",
    "bluewin.ch",
    "hispeed.ch",
    "aon.at",
    "chello.at",
    "a1.net",
    "mail.ru",
    "yandex.ru",
    "orange.fr",
    "laposte.net",
    "wanadoo.fr",
    "free.fr",
    "libero.it",
    "wp.pl",
    "o2.pl",
    "spd.de",
    "jusos.de",
    "cdu.de",
    "gruene.de",
];

/// How many of [`GREAT_DOMAINS`] are so common that one letter less or more is a typo.
const TYPO_TARGETS: usize = 20;

/// What stands before the `@` where nobody wants to tell an address.
pub const PLACEHOLDER_LOCAL_PARTS: &[&str] = &[
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "nomail",
    "no-mail",
    "noemail",
    "no-email",
    "none",
    "nobody",
    "keine",
    "keinemail",
    "keine-mail",
    "keineemail",
    "keine-email",
    "keine.mail",
    "keine.email",
    "kein",
    "unbekannt",
    "unknown",
    "ohne",
    "nix",
    "null",
    "xxx",
    "xx",
    "aaa",
    "asdf",
    "qwertz",
    "mustermann",
    "max.mustermann",
    "maxmustermann",
    "erika.mustermann",
    "dummy",
    "fake",
    "invalid",
    "na",
];

/// Domains that belong to nobody.
const PLACEHOLDER_DOMAINS: &[&str] = &[
    "example.com",
    "example.org",
    "example.net",
    "example.de",
    "test.de",
    "test.com",
    "angabe.de",
    "invalid.invalid",
    "mustermann.de",
    "domain.de",
    "email.invalid",
];

/// Local parts that belong to an office.
const ROLES: &[&str] = &[
    "info",
    "kontakt",
    "contact",
    "office",
    "buero",
    "post",
    "mail",
    "service",
    "support",
    "vorstand",
    "presse",
    "redaktion",
    "admin",
    "webmaster",
    "postmaster",
    "sekretariat",
    "verwaltung",
    "newsletter",
    "team",
    "hallo",
    "geschaeftsstelle",
];

static PLACEHOLDERS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| PLACEHOLDER_LOCAL_PARTS.iter().chain(PLACEHOLDER_DOMAINS).copied().collect());
static OFFICES: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| ROLES.iter().copied().collect());
static KNOWN_DOMAINS: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| GREAT_DOMAINS.iter().copied().collect());

/// Reads an address: `Anna <Anna@Web.DE>`, `mailto:anna@web.de`, `anna(at)web.de`. The result is in small letters; a
/// domain in Punycode is written out.
///
/// Placeholders such as `noreply@...` are nothing, with a warning. Typos of domains are flagged, never mended.
pub fn email(text: &str) -> Read<String> {
    Ok(email_borrowed(text)?.map(Cow::into_owned))
}

/// As [`email`], without a copy where nothing changes.
pub(crate) fn email_borrowed(text: &str) -> Read<Cow<'_, str>> {
    if is_longer_than(text, MAX_VALUE_LENGTH) {
        return Err(Reason::TooLong);
    }
    if let Some((local, domain)) = plain(text) {
        return Ok(judge(Cow::Borrowed(text), local, domain, Warnings::NONE));
    }
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    let (address, warnings) = bare(&cleaned);
    let Some((local, domain)) = address.rsplit_once('@') else { return Err(Reason::EmailWithoutAt) };
    let domain = punycode::to_unicode(domain.trim_end_matches('.'));
    let canonical = format!("{local}@{domain}");
    let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
    EmailAddress::parse_with_options(&canonical, options).map_err(|_| Reason::NotAnEmail)?;
    let top = domain.rsplit('.').next().unwrap_or_default();
    let sound = top.chars().count() >= 2 || is_domain_typo(&domain);
    if !sound || top.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reason::NotAnEmail);
    }
    Ok(judge(Cow::Owned(canonical.clone()), local, &domain, warnings))
}

/// The mailbox behind a canonical address: without a plus tag; Gmail without dots, and googlemail.com as gmail.com.
pub fn email_key(address: &str) -> Cow<'_, str> {
    let Some((local, domain)) = address.rsplit_once('@') else { return Cow::Borrowed(address) };
    let untagged = match local.split_once('+') {
        Some((before, _)) if !before.is_empty() => before,
        _ => local,
    };
    if matches!(domain, "gmail.com" | "googlemail.com") {
        if domain == "gmail.com" && untagged.len() == local.len() && !local.contains('.') {
            return Cow::Borrowed(address);
        }
        let mut key = String::with_capacity(address.len());
        key.extend(untagged.split('.'));
        key.push_str("@gmail.com");
        return Cow::Owned(key);
    }
    if untagged.len() == local.len() { Cow::Borrowed(address) } else { Cow::Owned(format!("{untagged}@{domain}")) }
}

/// An address in small ASCII letters with nothing unusual, as nearly all are: proven to be what the library accepts.
fn plain(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == b'@')?;
    let (local, domain) = (&text[..at], &text[at + 1..]);
    if local.len() > 64 || domain.len() > 63 {
        return None;
    }
    // Where a part begins, the byte before it counts as a dot.
    let mut before = b'.';
    for byte in local.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'+' => {}
            b'.' if before != b'.' => {}
            _ => return None,
        }
        before = byte;
    }
    if before == b'.' {
        return None;
    }
    before = b'.';
    let mut top = 0;
    for (place, byte) in domain.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => {}
            b'.' if before != b'.' && before != b'-' => top = place + 1,
            // Two hyphens may begin a label in Punycode.
            b'-' if before != b'.' && before != b'-' => {}
            _ => return None,
        }
        before = byte;
    }
    let end = &domain[top..];
    let sound = top > 0 && end.len() >= 2 && end.bytes().all(|byte| byte.is_ascii_lowercase());
    sound.then_some((local, domain))
}

/// The address alone, in small letters: without names, words, links and brackets around it; the first of several.
fn bare(text: &str) -> (String, Warnings) {
    let mut warnings = Warnings::NONE;
    let mut lower = text.to_lowercase();
    for sign in ["(at)", "[at]", "{at}", " at "] {
        if !lower.contains('@') {
            lower = lower.replacen(sign, "@", 1);
        }
    }
    for sign in ["(dot)", "[dot]", "{dot}", "(punkt)", "[punkt]"] {
        lower = lower.replace(sign, ".");
    }
    let mut found = candidates(&lower);
    if let Some(first) = found.next() {
        if found.any(|other| other != first) {
            warnings.add(Warning::SeveralValues);
        }
        return (first.to_owned(), warnings);
    }
    // Spaces beside the sign: "anna @ web.de".
    let mut address = lower.trim_matches(OUTER).to_owned();
    address.retain(|sign| !sign.is_whitespace());
    (address.trim_matches(OUTER).to_owned(), warnings)
}

/// Signs that stand around an address.
const OUTER: [char; 14] = [' ', '"', '\'', '(', ')', '[', ']', '<', '>', ',', ';', ':', '.', '|'];

/// The words of a text that look like addresses: one `@`, something before it, and a dot in what stands behind.
fn candidates(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split([' ', ',', ';', '<', '>', '(', ')', '[', ']', '|', '#', '/', '?', '"']);
    words.filter_map(|word| {
        let word = word.trim_matches(OUTER);
        let at = word.find('@')?;
        // "mailto:anna@web.de", "e-mail:anna@web.de"
        let start = word[..at].rfind([':', '=']).map_or(0, |colon| colon + 1);
        let (local, domain) = (&word[start..at], &word[at + 1..]);
        let is_one = !local.is_empty() && domain.contains('.') && !domain.contains('@');
        is_one.then_some(&word[start..])
    })
}

fn judge<'a>(address: Cow<'a, str>, local: &str, domain: &str, mut warnings: Warnings) -> Reading<Cow<'a, str>> {
    if PLACEHOLDERS.contains(local) || PLACEHOLDERS.contains(domain) || is_test(local, domain) {
        return Reading::nothing(Warnings::of(Warning::PlaceholderEmail));
    }
    if !local.is_ascii() {
        warnings.add(Warning::EmailNotAscii);
    }
    if OFFICES.contains(local) {
        warnings.add(Warning::EmailRole);
    }
    if is_domain_typo(domain) {
        warnings.add(Warning::EmailDomainTypo);
    }
    Reading::with(address, warnings)
}

/// test@test.de, a@a.de, abc@abc.com: the domain repeats what stands before the `@`.
fn is_test(local: &str, domain: &str) -> bool {
    let name = domain.rsplit_once('.').map_or(domain, |(name, _)| name);
    (local == name && (local.len() <= 3 || local == "test")) || (local == "test" && KNOWN_DOMAINS.contains(domain))
}

/// Whether the domain is one letter (or one swap) away from a great provider's, and none itself.
pub fn is_domain_typo(domain: &str) -> bool {
    if KNOWN_DOMAINS.contains(domain) {
        return false;
    }
    GREAT_DOMAINS[..TYPO_TARGETS].iter().any(|great| {
        great.len().abs_diff(domain.len()) <= 1
            && shares_ends(great, domain)
            && strsim::osa_distance(great, domain) == 1
    })
}

/// One edit leaves at least one end alone: a cheap test before the distance.
fn shares_ends(great: &str, domain: &str) -> bool {
    let (great, domain) = (great.as_bytes(), domain.as_bytes());
    great.len() < 3
        || domain.len() < 3
        || great[..2] == domain[..2]
        || great[great.len() - 2..] == domain[domain.len() - 2..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_have_one_form() {
        for (text, expected) in [
            ("Anna.Schmidt@Web.DE", "anna.schmidt@web.de"),
            (" anna@web.de ", "anna@web.de"),
            ("mailto:anna@web.de", "anna@web.de"),
            ("Anna Schmidt <anna@web.de>", "anna@web.de"),
            ("<anna@web.de>", "anna@web.de"),
            ("anna@web.de;", "anna@web.de"),
            ("anna @ web.de", "anna@web.de"),
            ("anna(at)web.de", "anna@web.de"),
            ("anna+spd@web.de", "anna+spd@web.de"),
            ("a.n.n.a@googlemail.com", "a.n.n.a@googlemail.com"),
            ("anna@müller.de", "anna@müller.de"),
            ("anna@xn--mller-kva.de", "anna@müller.de"),
            ("anna@MÜLLER.de", "anna@müller.de"),
            ("o'brien@web.de", "o'brien@web.de"),
            ("anna@web.de (privat)", "anna@web.de"),
            ("E-Mail: anna@web.de", "anna@web.de"),
            ("e-mail:anna@web.de", "anna@web.de"),
            ("anna@web.de#mailto:anna@web.de#", "anna@web.de"),
            ("[anna@web.de](mailto:anna@web.de)", "anna@web.de"),
            ("Anna Schmidt anna@web.de", "anna@web.de"),
            ("\"Schmidt, Anna\" <anna@web.de>", "anna@web.de"),
            ("'anna@web.de'", "anna@web.de"),
            ("anna@web.de?subject=x", "anna@web.de"),
        ] {
            assert_eq!(email(text).unwrap().value.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_a_problem() {
        assert_eq!(email("anna.web.de"), Err(Reason::EmailWithoutAt));
        for text in [
            "@web.de",
            "anna@",
            "anna@web",
            "an na b@@web.de",
            "anna@web..de",
            "anna@-web.de",
            "anna@127.0.0.1",
            ".anna@.de",
        ] {
            assert_eq!(email(text), Err(Reason::NotAnEmail), "{text}");
        }
        assert_eq!(email(&format!("{}@web.de", "x".repeat(10_000))), Err(Reason::TooLong));
    }

    #[test]
    fn typos_of_great_domains_are_flagged_and_not_mended() {
        for (domain, typo) in [
            ("gmial.com", true),
            ("t-onlin.de", true),
            ("web.d", true),
            ("gmx.ed", true),
            ("wbe.de", true),
            ("gmai.com", true),
            ("gmx.at", false),
            ("web.de", false),
            ("mail.de", false),
            ("live.com", false),
            ("mueller-bau.de", false),
        ] {
            assert_eq!(is_domain_typo(domain), typo, "{domain}");
        }
        let read = email("anna@gmial.com").unwrap();
        assert_eq!(read.value.as_deref(), Some("anna@gmial.com"));
        assert!(read.warnings.has(Warning::EmailDomainTypo));
    }

    #[test]
    fn placeholders_are_nothing_and_said() {
        for text in
            ["noreply@web.de", "test@test.de", "keine@angabe.de", "max.mustermann@gmx.de", "a@a.de", "anna@example.com"]
        {
            let read = email(text).unwrap();
            assert_eq!((read.value, read.warnings), (None, Warnings::of(Warning::PlaceholderEmail)), "{text}");
        }
        assert_eq!(email("").unwrap(), Reading::nothing(Warnings::NONE));
        assert_eq!(email("k.A.").unwrap().value, None);
    }

    #[test]
    fn offices_umlauts_and_several_addresses_are_said() {
        assert!(email("info@mueller.de").unwrap().warnings.has(Warning::EmailRole));
        assert!(email("müller@web.de").unwrap().warnings.has(Warning::EmailNotAscii));
        let read = email("anna@web.de; anna@gmx.de").unwrap();
        assert_eq!((read.value.as_deref(), read.warnings.has(Warning::SeveralValues)), (Some("anna@web.de"), true));
        let read = email("Anna <anna@web.de>; Karl Wirth <karl@gmx.de>").unwrap();
        assert_eq!((read.value.as_deref(), read.warnings.has(Warning::SeveralValues)), (Some("anna@web.de"), true));
    }

    #[test]
    fn the_key_is_the_mailbox() {
        for (address, key) in [
            ("a.n.na+spd@googlemail.com", "anna@gmail.com"),
            ("anna@gmail.com", "anna@gmail.com"),
            ("an.na@web.de", "an.na@web.de"),
            ("anna+x@web.de", "anna@web.de"),
        ] {
            assert_eq!(email_key(address), key);
        }
    }

    proptest! {
        #[test]
        fn a_canonical_address_is_its_own_canonical_address(text in "[A-Za-z0-9.+_'-]{0,10}@?[a-zäöü0-9.-]{0,12}\\.?(de|com|DE|xn--mller-kva)?|\\PC*") {
            if let Ok(Reading { value: Some(once), .. }) = email(&text) {
                prop_assert_eq!(email(&once).unwrap().value, Some(once.clone()));
                let key = email_key(&once).into_owned();
                prop_assert_eq!(email_key(&key), key.as_str());
            }
        }

        #[test]
        fn what_counts_as_plain_is_what_the_library_accepts(text in "[a-z0-9._+-]{1,12}@[a-z0-9.-]{1,12}\\.[a-z]{1,4}") {
            if plain(&text).is_some() {
                let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
                prop_assert!(EmailAddress::parse_with_options(&text, options).is_ok());
                prop_assert_eq!(bare(&text), (text.clone(), Warnings::NONE));
            }
        }
    }
}
