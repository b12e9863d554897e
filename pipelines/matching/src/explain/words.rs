//! Comparisons and levels in German and English.

use kartei_schemas::org::Language;

/// What is compared, as people call it; extra columns keep their own name.
pub(super) fn comparison(name: &str, language: Language) -> &str {
    let (de, en) = match name {
        "given_name" => ("Vorname", "given name"),
        "surname" => ("Nachname", "surname"),
        "sex" => ("Geschlecht", "sex"),
        "birth_date" => ("Geburtsdatum", "birth date"),
        "email" => ("E-Mail", "e-mail"),
        "mobile" => ("Mobilnummer", "mobile"),
        "phone" => ("Festnetz", "landline"),
        "address" => ("Anschrift", "address"),
        "mail_name" => ("Name in der E-Mail", "name in the e-mail"),
        "membership_number" => ("Mitgliedsnummer", "membership number"),
        other => return other,
    };
    in_language((de, en), language)
}

/// How it compares. A level without words of its own is shown as it is written.
pub(super) fn level(name: &str, language: Language) -> String {
    known(name).map_or_else(|| name.replace('_', " "), |words| in_language(words, language).to_owned())
}

fn in_language(words: (&'static str, &'static str), language: Language) -> &'static str {
    match language {
        Language::De => words.0,
        Language::En => words.1,
    }
}

fn known(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "missing" => ("fehlt", "missing"),
        "different" => ("verschieden", "different"),
        "similar" => ("entfernt ähnlich", "remotely alike"),
        "near" => ("ähnlich", "alike"),
        "typo" => ("Tippfehler", "typing error"),
        "exact" => ("gleich", "the same"),
        "initial" => ("Anfangsbuchstabe", "initial"),
        "nickname" => ("Kurzform", "short form"),
        "one_of_several" => ("einer von mehreren", "one of several"),
        "first" => ("erster Vorname gleich", "first one the same"),
        "swapped" => ("vertauscht", "swapped"),
        "part" => ("ein Teil gleich", "one part the same"),
        "two_digits" => ("zwei Ziffern anders", "two digits differ"),
        "same_year" => ("gleiches Jahr", "same year"),
        "year_only" => ("nur das Jahr bekannt, gleich", "only the year known, the same"),
        "two_parts" => ("zwei von drei Teilen gleich", "two of three parts the same"),
        "one_digit" => ("eine Ziffer anders", "one digit differs"),
        "same_name" => ("gleicher Name, anderer Anbieter", "same name, other provider"),
        "same_local_part" => ("gleich vor dem @", "the same before the @"),
        "far" => ("weit auseinander", "far apart"),
        "same_region" => ("gleiche Gegend", "same area"),
        "same_city" => ("gleicher Ort", "same place"),
        "same_postal_code" => ("gleiche PLZ", "same postal code"),
        "place_only" => ("nur der Ort bekannt, gleich", "only the place known, the same"),
        "street_elsewhere" => ("gleiche Straße anderswo", "same street elsewhere"),
        "house_elsewhere" => ("gleiche Straße und Hausnummer anderswo", "same street and number elsewhere"),
        "same_street" => ("gleiche Straße", "same street"),
        "near_house" => ("beinahe gleiches Haus", "nearly the same house"),
        "same_house" => ("gleiches Haus", "same house"),
        "contradicts" => ("widerspricht", "contradicts"),
        "family" => ("Familienadresse", "a family's address"),
        "surname" => ("passt zum Nachnamen", "fits the surname"),
        "given" => ("passt zum Vornamen", "fits the given name"),
        "both" => ("passt zu beiden Namen", "fits both names"),
        _ => return None,
    })
}

/// A probability as people read it: `99,8 %`, `99.8 %`.
pub(super) fn percent(probability: f64, language: Language) -> String {
    let (above, below) = match language {
        Language::De => ("über", "unter"),
        Language::En => ("above", "below"),
    };
    let text = if probability > 0.999 {
        format!("{above} 99.9 %")
    } else if probability < 0.001 {
        format!("{below} 0.1 %")
    } else if (0.1..0.9).contains(&probability) {
        format!("{:.0} %", probability * 100.0)
    } else {
        format!("{:.1} %", probability * 100.0)
    };
    match language {
        Language::De => text.replace('.', ","),
        Language::En => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::Subject;

    #[test]
    fn every_level_of_every_comparison_has_words() {
        for subject in Subject::all() {
            for level in subject.levels() {
                assert!(known(level).is_some(), "{}.{level} has no words", subject.name());
            }
        }
    }

    #[test]
    fn a_probability_is_never_said_to_be_certain() {
        assert_eq!(percent(0.99999, Language::De), "über 99,9 %");
        assert_eq!(percent(0.9876, Language::De), "98,8 %");
        assert_eq!(percent(0.47, Language::En), "47 %");
        assert_eq!(percent(0.0, Language::En), "below 0.1 %");
    }
}
