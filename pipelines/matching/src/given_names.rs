//! Given names that are frequent by general knowledge, with their sex; what the records teach beside them; and when two given
//! names are one name in two spellings. Two names that are both frequent are no slip of the pen of each other.

use rustc_hash::FxHashMap;

/// Names that women and girls bear, folded.
const FEMALE: &str = "\
adelheid agnes alexandra alice alina amalia amelie amy andrea angela angelika anita anja anke anna anne anneliese annemarie annette \
anni antje antonia astrid ayse barbara beate beatrice berta bettina bianca birgit birgitta birte brigitta brigitte britta carina \
carla carmen carola carolin caroline catherine celine charlotte christa christel christiane christina christine clara claudia \
cornelia corinna dagmar daniela debbie deborah denise diana doris dorothea dorothee edeltraud edith elena elfriede eleanor elif \
elisa elisabeth elise elizabeth elke ella ellen elsa else emilia emily emine emma erika erna esther eva evelyn fatma felicitas \
florence frances franziska frauke frieda friederike gabriele gabriela gerda gerlinde gertrud gisela grace greta gudrun hanna hannah \
hannelore hanne hatice hedwig heide heidemarie heidi heike helen helena helene helga henriette herta hilda hilde hildegard ida ilona ilse ina \
ines inga inge ingeborg ingrid irene iris irma irmgard isabel isabell isabella jacqueline jana jane janet janina jasmin jennifer jessica joan \
johanna josephine jutta judith julia juliana juliane karen karin karla karolin karoline katharina kathrin katja katrin kerstin kirsten \
klara kristin kristina lara laura lea lena leni leonie lieselotte lina linda lisa lotte louisa louise lucia lucy luisa luise lydia magda \
magdalena maike manuela mandy mareike margaret margarete margarethe margit margot margret margrit maria marianne marie marina marion marlene marlies \
marta martha martina mary mathilda mathilde maya meike melanie melissa meryem mia michaela michelle miriam mirjam mona monica monika nadine \
nadja nancy natalia natalie natascha nele nicole nina nora olga ottilie pamela patricia paula pauline petra pia rebecca regina \
regine renate ricarda rita romy rosa rose rosemarie rosina roswitha ruth sabine sabrina sandra sara sarah selma sibylle sieglinde \
sigrid silke silvia simone sina sonja sophia sophie stefanie stephanie susan susanna susanne svenja svetlana sybille sylvia tamara \
tanja tatjana teresa thea theresa theresia tina ulrike ursula uta ute valentina valerie vanessa vera verena veronika victoria viktoria viola \
virginia waltraud wanda wiebke wilhelmine wilma yasemin yvonne zeynep";

/// Names that men and boys bear, folded.
const MALE: &str = "\
aaron achim adam adolf ahmet albert albrecht alexander alfred ali alois andre andreas andrew anthony anton armin arne arno arnold \
arthur artur august axel bastian ben benedikt benjamin bernd bernhard bert bjoern boris bruno burkhard carl carsten charles \
christian christof christoph christopher clemens claus cornelius daniel david detlef dennis dieter dietmar dietrich dirk \
dominik donald eberhard eckhard edgar edmund eduard edward edwin egon elias emil emre enrico eric erich erik ernst erwin eugen ewald \
fabian felix ferdinand finn florian frank franz frederick fridolin friedhelm friedrich fritz gabriel georg george gerald gerd gerhard \
gottfried gregor guenter guenther guido gunnar gunter gunther gustav hannes hans harald harry hartmut hasan heiko heiner heinrich heinz \
helge helmut hendrik henning henry herbert hermann hinrich holger horst hubert hugo hueseyin ibrahim ingo ivan jakob james jan jannik jens \
jeremy joachim jochen joerg johann johannes john jonas jonathan joseph josef juergen julian julius justus kai karl karsten kevin \
klaus klemens knut konrad konstantin kurt lars lennart leo leon leonard leonhard leopold linus lorenz lothar louis ludwig luis lukas lutz malte manfred \
manuel marc marcel marco marcus mario mark markus martin mathias matthew matthias maurice max maximilian mehmet michael mirko moritz murat \
mustafa nicolas niels niklas nikolaus nils noah norbert ole oliver olaf oskar osman oswald oscar otto pascal patrick paul peter philip \
philipp rainer ralf ralph ramazan raphael raimund reiner reinhard reinhold rene richard robert roger roland rolf roman ronald \
rudi rudolf ruediger samuel sebastian siegfried siegmund simon stefan steffen stephan steven sven theo theodor thomas thorsten till tim timo tobias \
tom torben torsten udo ulf ulrich uwe valentin veit victor viktor vincent volker volkmar waldemar walter wenzel werner wilfried wilhelm \
willi william willy winfried wolf wolfgang wolfram xaver yusuf";

/// Whom a given name belongs to, as far as one sex bears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Bearers {
    /// Both sexes, or nobody knows.
    #[default]
    Any,
    Women,
    Men,
}

/// What is known of a given name.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known {
    pub(crate) bearers: Bearers,
    /// Frequent by general knowledge.
    pub(crate) is_usual: bool,
    /// Records that bear it, and of those whose sex is known, those of each sex.
    pub(crate) count: u32,
    pub(crate) women: u32,
    pub(crate) men: u32,
}

/// So many records of a name say whose it is, if hardly any of them says otherwise.
const FEWEST_BEARERS: u32 = 5;
const MOST_OTHERS: f64 = 0.03;

/// A name with so many records is a name of its own beside another that is no more than so many times as frequent.
const FEWEST_OF_OWN: u32 = 5;
const MOST_TIMES: u32 = 50;

impl Known {
    /// What the records teach goes before general knowledge.
    pub(crate) fn learn(&mut self) {
        let (women, men) = (self.women, self.men);
        if women + men >= FEWEST_BEARERS {
            let most = MOST_OTHERS * f64::from(women + men);
            self.bearers = match (f64::from(men) <= most, f64::from(women) <= most) {
                (true, false) => Bearers::Women,
                (false, true) => Bearers::Men,
                _ => Bearers::Any,
            };
        }
    }

    /// Whether one is a woman's name and the other a man's.
    pub(crate) fn is_of_other_sex(self, other: Self) -> bool {
        let sexes = [self.bearers, other.bearers];
        sexes.contains(&Bearers::Women) && sexes.contains(&Bearers::Men)
    }

    /// Whether the records hold both so often that neither is a slip of the pen.
    pub(crate) fn are_two_names(self, other: Self) -> bool {
        let (fewer, more) = (self.count.min(other.count), self.count.max(other.count));
        fewer >= FEWEST_OF_OWN && more / fewer <= MOST_TIMES
    }
}

/// The names that are frequent by general knowledge.
pub(crate) fn usual() -> FxHashMap<&'static str, Known> {
    let known = |bearers| move |name| (name, Known { bearers, is_usual: true, ..Known::default() });
    let women = FEMALE.split_whitespace().map(known(Bearers::Women));
    women.chain(MALE.split_whitespace().map(known(Bearers::Men))).collect()
}

/// A spelling that variants of one name share: Stephan and Stefan, Kathrin and Katrin, Marcus and Markus, Sara and Sarah.
pub(crate) fn spelling(name: &str) -> String {
    let mut plain = name.to_owned();
    for (from, to) in [("sch", "$"), ("chr", "kr"), ("ph", "f"), ("ck", "k"), ("th", "t"), ("dt", "t"), ("ie", "i")] {
        plain = plain.replace(from, to);
    }
    let mut letters = String::with_capacity(plain.len());
    for letter in plain.chars() {
        let last = letters.chars().last();
        let letter = match letter {
            'c' => 'k',
            'y' | 'j' => 'i',
            'z' => 's',
            'w' => 'v',
            'h' if last.is_some_and(|last| last != 'k') => continue,
            other => other,
        };
        if last != Some(letter) {
            letters.push(letter);
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_a_name_are_spelled_alike_and_other_names_are_not() {
        for (one, other) in [
            ("stephan", "stefan"),
            ("kathrin", "katrin"),
            ("marcus", "markus"),
            ("sarah", "sara"),
            ("christina", "kristina"),
        ] {
            assert_eq!(spelling(one), spelling(other));
        }
        for (one, other) in [("andrea", "andreas"), ("jan", "jana"), ("lena", "lina"), ("julia", "julian")] {
            assert_ne!(spelling(one), spelling(other));
        }
    }

    #[test]
    fn no_name_is_a_womans_and_a_mans_by_general_knowledge() {
        let count = FEMALE.split_whitespace().chain(MALE.split_whitespace()).count();
        assert_eq!(usual().len(), count);
    }

    #[test]
    fn the_records_teach_whose_a_name_is() {
        let mut known = Known { women: 40, men: 1, ..Known::default() };
        known.learn();
        assert_eq!(known.bearers, Bearers::Women);
        let mut known = Known { women: 40, men: 12, bearers: Bearers::Women, ..Known::default() };
        known.learn();
        assert_eq!(known.bearers, Bearers::Any);
    }
}
