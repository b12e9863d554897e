//! Names of firms, associations and authorities, which are no people.

/// Words that only the names of firms, associations and authorities hold, in lower case. Beside others, not alone.
pub(crate) const COMPANY_WORDS: &[&str] = &[
    "gmbh",
    "ggmbh",
    "kgaa",
    "e.v.",
    "e.v",
    "ev.",
    "e.k.",
    "e.u.",
    "ltd.",
    "inc.",
    "llc",
    "plc",
    "b.v.",
    "s.a.r.l.",
    "s.r.l.",
    "s.p.a.",
    "s.r.o.",
    "verein",
    "ortsverein",
    "kreisverband",
    "landesverband",
    "unterbezirk",
    "stiftung",
    "verlag",
    "kanzlei",
    "praxis",
    "apotheke",
    "bäckerei",
    "firma",
    "fa.",
    "stadtverwaltung",
    "gemeindeverwaltung",
    "redaktion",
    "sekretariat",
    "geschäftsstelle",
    "fraktion",
    "gewerkschaft",
    "hausverwaltung",
    "association",
    "foundation",
    "corporation",
    "university",
    "stichting",
    "vereniging",
    "fundación",
    "fondation",
    "fundacja",
    "sparkasse",
    "volksbank",
    "raiffeisenbank",
    "universität",
    "hochschule",
    "kindergarten",
    "feuerwehr",
    "pfarramt",
    "finanzamt",
    "jugendamt",
    "landratsamt",
    "autohaus",
    "gasthof",
    "gasthaus",
    "haftungsbeschränkt",
    "hotel",
    "restaurant",
];

/// What the words of firms end in, where something stands before it: "Förderverein", "Grundschule".
const COMPANY_ENDINGS: &[&str] = &[
    "verein",
    "verband",
    "gesellschaft",
    "genossenschaft",
    "gemeinde",
    "gemeinschaft",
    "feuerwehr",
    "stiftung",
    "vereinigung",
    "apotheke",
    "praxis",
    "kanzlei",
    "verwaltung",
    "schule",
    "sparkasse",
    "initiative",
    "agentur",
    "versicherung",
    "bäckerei",
    "metzgerei",
    "gärtnerei",
];

/// Legal forms in the case in which they are written: people are called Eg, Ug and Inc, too.
const LEGAL_FORMS: &[&str] = &[
    "KG", "OHG", "oHG", "GbR", "GBR", "UG", "eG", "AG", "SE", "mbH", "MBH", "mbB", "PartG", "Ltd", "LTD", "Inc", "INC",
    "BV", "NV", "SARL", "SAS", "Srl", "SRL", "SpA", "SL", "Oy", "AB", "ApS", "A/S", "AS", "Corp", "Corp.",
];

/// How clubs call themselves, in front of their name.
const CLUBS: &[&str] = &[
    "TSV", "SV", "FC", "SC", "TuS", "TUS", "TV", "VfL", "VfB", "VfR", "SpVgg", "SpVg", "SG", "TSG", "DJK", "ASV",
    "BSV", "FSV", "KSV", "MTV", "RSV", "SSV", "TTC", "TC", "HSV", "USV", "ESV", "PSV", "SVG", "FV", "FF", "BSG",
    "CVJM", "DRK", "DLRG", "AWO", "THW", "NABU", "BUND", "SPD", "CDU", "CSU", "FDP", "ÖVP", "SPÖ", "FPÖ", "VHS",
];

/// Whether the text names a firm, an association or an authority: two words or more, one of them telling.
pub(crate) fn is_company(text: &str) -> bool {
    let joined = with_joined_forms(text);
    let words: Vec<&str> = joined.split([' ', ',', '(', ')']).filter(|word| !word.is_empty()).collect();
    let [first, .., last] = words.as_slice() else { return false };
    let has_small = text.chars().any(char::is_lowercase);
    let is_telling = |word: &&str| {
        let lower = word.to_lowercase();
        let has_ending = |ending: &&str| lower.len() > ending.len() + 2 && lower.ends_with(ending);
        COMPANY_WORDS.contains(&lower.as_str()) || COMPANY_ENDINGS.iter().any(has_ending)
    };
    // In a text of capitals alone a name of two letters may be a person's.
    let is_form =
        |word: &&str| LEGAL_FORMS.contains(word) && (has_small || word.len() > 2 || matches!(*word, "KG" | "AG"));
    let is_club = CLUBS.contains(first) && (has_small || first.len() > 2 || words.len() > 2);
    let has_partner = words.windows(2).any(|two| matches!(two[0], "&" | "und" | "u." | "+") && is_partner(two[1]));
    if let [given, family] = words.as_slice()
        && is_given_name(given)
        && !is_form(family)
        && !family.contains('.')
    {
        return false;
    }
    let is_authority = matches!(*first, "Gemeinde" | "Stadt" | "Landkreis" | "Marktgemeinde" | "Stadtgemeinde");
    is_club
        || is_authority
        || is_form(last)
        || has_partner
        || words.iter().any(is_telling)
        || words.windows(2).any(|two| is_form(&two[0]) && matches!(two[1], "&" | "i.G." | "Co." | "Co"))
        || (first.ends_with('.')
            && first.trim_end_matches('.').bytes().all(|byte| byte.is_ascii_digit())
            && CLUBS.contains(&words[1]))
}

/// Whether a word is a given name that many bear: then what stands behind it is a surname, though firms use it.
fn is_given_name(word: &str) -> bool {
    let folded = crate::text::fold(word);
    COMMON_GIVEN_NAMES.split(' ').any(|name| name == folded)
}

/// Given names that many bear, folded.
const COMMON_GIVEN_NAMES: &str = "alexander alfred ali alina alma andrea andreas angela angelika anja anke anna anne annette anni anton \
    armin arne astrid axel barbara beate benjamin bernd bernhard bettina bianca birgit bjoern bruno carina carl carla carmen carola \
    carsten charlotte christa christel christian christiane christina christine christoph clara claudia cornelia dagmar daniel daniela \
    david dennis detlef dieter dirk dominik dora doris edith elena elfriede elisabeth elke ella else emil emilia emma erich erik erika \
    erna ernst erwin esther eva fabian felix florian frank franz franziska frieda friedrich fritz gabriele georg gerd gerda gerhard \
    gertrud gisela gregor gudrun guenter gustav hanna hannah hannelore hans harald hartmut heidi heike heiko heinrich heinz helene helga \
    helmut herbert hermann hilde hildegard holger horst hubert ida ilse ines inge ingeborg ingo ingrid irene iris irmgard jakob jan jana \
    jennifer jens jessica joachim johann johanna johannes john jonas joerg josef juergen julia julian jutta kai karin karl karla karsten \
    katharina kathrin katja katrin kerstin klaus konrad kurt lars laura lea lena leo leon leonie lieselotte lina linda lisa lothar lotte \
    louis louisa ludwig luis luisa luka lukas maja manfred manuela marc marcel marco marcus margarete maria marianne marie marina mario \
    marion mark markus marlene martha martin martina mary matthias max maximilian melanie mia michael michaela mike mila miriam monika \
    moritz nadine nicole niklas nina nora norbert oliver olga oskar otto patrick paul paula petra peter philipp rainer ralf ralph regina \
    reiner reinhard renate richard rita robert robin roland rolf rosa rosemarie rudolf ruth sabine sabrina sandra sarah sebastian sepp \
    siegfried sigrid silke silvia simon simone sofia sonja sophie stefan stefanie steffen stephan susanne sven sybille tanja theo theodor \
    thomas thorsten tim timo tobias tom torsten udo ulf ulla ulrich ulrike ursula ute uwe vanessa vera verena viktor viktoria volker \
    waltraud walter werner wilhelm wilma wolfgang yvonne";

fn is_partner(word: &str) -> bool {
    matches!(
        word,
        "Co" | "Co." | "CO" | "CO." | "Cie" | "Cie." | "Söhne" | "Sohn" | "Sons" | "Partner" | "Tochter" | "Gebr."
    )
}

/// "e. V." as "e.V.", "m. b. H." as "mbH", "Sp. z o.o." as one.
fn with_joined_forms(text: &str) -> String {
    const FORMS: &[(&str, &str)] = &[
        ("e. V.", "e.V."),
        ("e. v.", "e.V."),
        ("E. V.", "e.V."),
        (" e V", " e.V."),
        (" eV", " e.V."),
        ("e. K.", "e.K."),
        ("e. G.", "eG"),
        ("e.G.", "eG"),
        ("m. b. H.", "mbH"),
        ("m.b.H.", "mbH"),
        ("Sp. z o.o.", "GmbH"),
        ("Sp. z o. o.", "GmbH"),
        ("A.Ş.", "AG"),
        ("S.A.", "AG"),
        ("S. A.", "AG"),
    ];
    let mut joined = text.to_owned();
    if !text.contains(['.', ' ']) {
        return joined;
    }
    for (apart, form) in FORMS {
        // At the end, or before another word: "eVita" is none.
        if let Some(place) = joined.find(apart)
            && joined[place + apart.len()..].chars().next().is_none_or(|next| !next.is_alphabetic())
        {
            joined.replace_range(place..place + apart.len(), form);
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firms_associations_and_authorities_are_known() {
        for text in [
            "Bäckerei Müller GmbH",
            "TSV Oberlindach e. V.",
            "TSV Niederlindach e.V.",
            "SPD Ortsverein Mitte",
            "Meyer KG",
            "MEYER KG",
            "Meyer GmbH & Co. KG",
            "Wohnbau eG",
            "Meyer & Söhne",
            "Förderverein der Grundschule",
            "1. FC Oberlindach",
            "Freiwillige Feuerwehr Ulm",
            "Jansen B.V.",
            "Kirchengemeinde St. Martin",
            "Nowak Sp. z o.o.",
            "Gesangverein e V",
        ] {
            assert!(is_company(text), "{text}");
        }
    }

    #[test]
    fn people_with_surnames_that_firms_use_are_people() {
        for text in [
            "Anna Eg",
            "Sören Eg",
            "ANNA EG",
            "Peter Ug",
            "Inc",
            "Verlag",
            "Hans Se",
            "Eva Co",
            "Ali As",
            "Anna Schule",
            "Peter Stiftung",
            "Hans Verlag",
        ] {
            assert!(!is_company(text), "{text}");
        }
    }
}
