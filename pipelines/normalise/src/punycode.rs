//! Punycode of RFC 3492, decoded: `xn--mller-kva.de` is `müller.de`.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// The domain with every label in Punycode written out. A label that cannot be decoded stays.
pub(crate) fn to_unicode(domain: &str) -> Cow<'_, str> {
    if !domain.contains("xn--") {
        return Cow::Borrowed(domain);
    }
    let labels: Vec<String> = domain
        .split('.')
        .map(|label| label.strip_prefix("xn--").and_then(decode).unwrap_or_else(|| label.to_owned()))
        .collect();
    Cow::Owned(labels.join("."))
}

/// RFC 3492, section 6.2. Only letters, digits and hyphens in small letters and NFC are accepted, as IDNA asks.
fn decode(label: &str) -> Option<String> {
    const BASE: u32 = 36;
    let (basic, extended) = label.rsplit_once('-').unwrap_or(("", label));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code, mut position, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes();
    while digits.len() > 0 {
        let before = position;
        let (mut weight, mut step) = (1_u32, BASE);
        loop {
            let digit = digit(digits.next()?)?;
            position = position.checked_add(digit.checked_mul(weight)?)?;
            let threshold = step.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            step += BASE;
        }
        let length = u32::try_from(output.len()).ok()? + 1;
        bias = adapt(position - before, length, before == 0);
        code = code.checked_add(position / length)?;
        position %= length;
        output.insert(usize::try_from(position).ok()?, char::from_u32(code)?);
        position += 1;
    }
    let text: String = output.iter().collect();
    let sound = text.chars().all(|sign| sign.is_alphanumeric() || sign == '-')
        && text.nfkc().flat_map(char::to_lowercase).eq(text.chars())
        && !text.is_ascii();
    sound.then_some(text)
}

fn digit(byte: u8) -> Option<u32> {
    match byte {
        b'a'..=b'z' => Some(u32::from(byte - b'a')),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 26),
        _ => None,
    }
}

fn adapt(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / length;
    let mut steps = 0;
    while delta > 455 {
        delta /= 35;
        steps += 36;
    }
    steps + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_written_out() {
        for (label, expected) in [
            ("xn--mller-kva.de", "müller.de"),
            ("mail.xn--strae-oqa.de", "mail.straße.de"),
            ("xn--bcher-kva.example", "bücher.example"),
            ("web.de", "web.de"),
            ("xn--99999999.de", "xn--99999999.de"),
        ] {
            assert_eq!(to_unicode(label), expected);
        }
    }

    proptest! {
        #[test]
        fn no_label_makes_it_panic(label in "xn--[a-z0-9-]{0,20}|\\PC*") {
            let _ = to_unicode(&label);
        }
    }
}
