//! HTML entities: `&uuml;` and `&#252;` are the letters that they stand for.

/// The text with the letters in place of their entities; none where it holds no entity.
pub(crate) fn resolve(text: &str) -> Option<String> {
    if !may_hold(text) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_changed = false;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let entity = behind.split_once(';').filter(|(name, _)| (2..=8).contains(&name.len()));
        if let Some((letters, after)) = entity.and_then(|(name, after)| Some((letters(name)?, after))) {
            out.push_str(&letters);
            rest = after;
            is_changed = true;
        } else {
            out.push('&');
            rest = behind;
        }
    }
    out.push_str(rest);
    is_changed.then_some(out)
}

/// Whether a text may hold one. Never wrong when false.
pub(crate) fn may_hold(text: &str) -> bool {
    text.split_once('&').is_some_and(|(_, behind)| behind.contains(';'))
}

/// What an entity stands for; a letter with a mark as both, which are composed later.
fn letters(name: &str) -> Option<String> {
    const MARKS: &[(&str, char)] = &[
        ("uml", '\u{308}'),
        ("acute", '\u{301}'),
        ("grave", '\u{300}'),
        ("circ", '\u{302}'),
        ("tilde", '\u{303}'),
        ("cedil", '\u{327}'),
        ("ring", '\u{30a}'),
        ("caron", '\u{30c}'),
        ("breve", '\u{306}'),
        ("ogon", '\u{328}'),
        ("dblac", '\u{30b}'),
    ];
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        let sign = code.ok().and_then(char::from_u32)?;
        return Some(if sign.is_control() { ' ' } else { sign }.to_string());
    }
    let whole = match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "apos" | "rsquo" | "lsquo" | "sbquo" => "'",
        "nbsp" | "ensp" | "emsp" | "thinsp" => " ",
        "ndash" | "mdash" => "-",
        "quot" | "ldquo" | "rdquo" | "bdquo" | "laquo" | "raquo" => "\"",
        "szlig" => "ß",
        "aelig" => "æ",
        "AElig" => "Æ",
        "oelig" => "œ",
        "OElig" => "Œ",
        "oslash" => "ø",
        "Oslash" => "Ø",
        "lstrok" => "ł",
        "Lstrok" => "Ł",
        "inodot" | "imath" => "ı",
        "eth" => "ð",
        "thorn" => "þ",
        "euro" => "€",
        "hellip" => "…",
        "middot" => "·",
        _ => "",
    };
    if !whole.is_empty() || matches!(name, "shy" | "zwnj" | "zwj") {
        return Some(whole.to_owned());
    }
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let (_, mark) = MARKS.iter().find(|(mark, _)| *mark == &name[1..])?;
    Some(format!("{letter}{mark}"))
}

#[cfg(test)]
mod tests {
    use crate::text::clean_compatible;

    #[test]
    fn entities_are_the_letters_that_they_stand_for() {
        for (text, expected) in [
            ("J&uuml;rgen", "Jürgen"),
            ("&Auml;u&szlig;erer Ring", "Äußerer Ring"),
            ("J&#252;rgen M&#xFC;ller", "Jürgen Müller"),
            ("Ren&eacute; Fran&ccedil;ois", "René François"),
            ("Meyer &amp; Sohn", "Meyer & Sohn"),
            ("M&amp;uuml;ller", "Müller"),
            ("Meyer & Sohn; Kiel", "Meyer & Sohn; Kiel"),
            ("a&b;c", "a&b;c"),
        ] {
            assert_eq!(clean_compatible(text), expected);
        }
    }
}
