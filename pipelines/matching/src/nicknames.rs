//! Short forms and pet names, German and English: Hans is Johannes, Uschi is Ursula, Bob is Robert.
//! Compiled for this crate from general knowledge of both languages.

use rustc_hash::FxHashMap;

/// Each line is a full form and what may stand for it. A name may be in several groups.
const GROUPS: &str = "\
johannes hans hannes johann jonny hansi jo
johann hans hannes hansi jo
johannes jan johan jens
hanna hannah johanna hanne hannelore
ursula uschi ulla ursel uschka
elisabeth elsbeth lisa lisbeth elli else elsa elise liesl liesel betty sissi lilly lisl bettina
elizabeth elisabeth liz lizzie beth betty betsy eliza lizzy libby bess
katharina kathrin katrin kathi kati katja karin cathrin catrin käthe kaethe trine rina kathy
catherine katherine kathryn kate katie kathy cathy kat kitty
margarete margareta margarethe grete gretel gretchen greta rita marga meta margit margret gitta grit
margaret maggie meg peggy marge margie madge daisy greta rita
maria marie mia mitzi mieke marion mareike ria
mary molly polly mae may
josef joseph sepp beppo jupp josi seppi
joseph joe joey jos
friedrich fritz fredi friedel fiete frieder
frederick fred freddie freddy
wilhelm willi willy helmut wim
william will bill billy willie liam willy wm
wilhelmine minna mina wilma
heinrich heinz heiner heini hein harry henrik
henry harry hal hank
karl carl kalle charly karlchen
charles charlie chuck charly chas
karlheinz karl heinz kalle
franz francis franzl frank
francis frank fran frankie
franziska franzi fanny sissy ziska
ludwig lutz lui wiggerl
georg jörg joerg schorsch jürgen juergen
george georgie
michael michi micha michel mike michl
michael mike mick mickey micky mikey
matthias mathias matze hias matthes matt
matthew matt matty
andreas andi andy anderl
andrew andy drew
thomas tom tommy thommy
stefan stephan steffen steff
stephen steven steve stevie
christian chris christl kristian
christopher christoph chris christof kit topher stoffel
christine christina kristina kristin tina christa christel chris christin kirsten
alexander alex sascha alexandr sandro sander alec lex
alexandra alex sandra sascha alexa sandy
nikolaus klaus claus nick nico niko niklas nicolas
nicholas nick nicky nic
maximilian max maxi maxl
maximiliane maxi
sebastian basti bastian wastl seb
benjamin ben benny benni benji
daniel dani danny dan
daniela dani ela
manuela ela manu
manuel manu emanuel
michaela michi ela
gabriele gabi gaby gabriela
gabriel gabe gabi
susanne susi sanne suse susanna
susan sue susie suzie suzanne susanna
sabine bine bina
stefanie stephanie steffi stefani
stephanie steph stephie
petra pe peti
peter pit pete piet
barbara bärbel baerbel babsi barbel babs barb
brigitte gitti gitta birgit britta gitte biggi
monika moni mona
angelika geli angela angie
renate reni nate
rosemarie rosi rosmarie rosa
theresia therese resi theresa teresa thea resl
theresa tess tessa terry
regina gina regine
andrea andi
antonia toni antonie
anton toni tonio
anthony tony ant
anna anni anne änne aenne annika anja antje anke annchen
anne annie ann anna nan nancy
annemarie anne marie annmarie
charlotte lotte lotti charly
charlotte lottie charley
dorothea dora dorothee thea doris dörte doerte dorle
dorothy dot dottie dolly dora
magdalena lena leni magda
helene lena leni helena hella lene ellen
helen nell nellie helena ellen
eleanor ellie nell nora ella elle
eleonore ella lore nora leonore
caroline karoline caro line lina carolin karolin
caroline carrie carol caz
christiane jane christel
friederike rike friedel fritzi ricke
ulrike uli ulli rike ricky
ulrich uli ulli ule
hildegard hilde hilda
gertrud trude gerti gerda traudel trudi
waltraud traudel traudl trude walli
edeltraud traudel edel
irmgard irma irmi
ingeborg inge inga inka
heidemarie heidi
adelheid heidi heide
dietrich dieter dirk dierk
dieter didi
günter guenter guenther gunter günther
günther guenter
gerhard gerd gert hardy
gerd gerhard
bernhard bernd berni bernie hardy
bernard bernie
eberhard ebi hardy
reinhard reini hardy reinhart
reinhold reini holdi
rudolf rudi rolf rudolph
rudolph rudy rolf
albert bert albrecht bertl
albert al bert bertie
robert bob bobby rob robbie bert robin rupert
hubert bert hubsi
herbert bert herb
norbert bert nobbi
eduard edi ede
edward ed eddie ted teddy ned
edmund ed eddie ned
edwin ed eddie
theodor theo teddy
theodore theo ted teddy
leonhard leo hartl lenny
leonard leo len lenny
leopold leo poldi
lorenz lenz laurenz enzo
lawrence larry laurence lawrie
martin mäx maddin
martha marta
valentin valtin veltin
vinzenz vinz vincent
vincent vince vinnie
walter walt waldi
wolfgang wolf wolfi wolle
werner wernher
winfried winni fried
wladimir wolodja vladimir vlad
siegfried sigi siggi
sieglinde sigi linde
sigrid siri siggi
tobias tobi toby
timotheus timo tim
timothy tim timmy
philipp phil lipp flipp philip
philip phil pip phillip
patrick pat paddy rick
patricia pat patty trish tricia patti
patrizia pat
pauline paula lina
jakob jacob jockel köbes
jacob jake jack
james jim jimmy jamie jem
john jack johnny jon ian
jonathan jon jonny nathan
joshua josh
joachim jochen achim jojo
jeremias jerry
jeremy jerry
gerald jerry gerry
jerome jerry
gregor grischa
gregory greg
kurt konrad curt
konrad conny conrad kuno
cornelia conny nele corinna nelly
constanze conny
richard rick ricky ritchie dick richie rich
raimund ray
raymond ray
ronald ron ronnie ronny
donald don donnie
david dave davy davey
samuel sam sammy
samantha sam
susanna sanna
simon sim
nathaniel nat nate nathan
victoria vicky tori vickie viktoria vicki
viktoria vicky vicki
viktor vic
victor vic
veronika vroni vera nika
virginia ginny ginger
jennifer jenny jen jenni
jessica jess jessie
judith jutta judy
rebecca becky becca bec
rebekka becky
sarah sara sally sal
rachel rae
deborah deb debbie debby
pamela pam
penelope penny
philippa pippa pip
abigail abby abbie gail
amanda mandy
amelia amy millie mia
emily em emmy millie
emilie emmi milli
emma em emmi
isabella bella isa izzy isabel isabelle
isabelle isa bella
florence flo florrie
florian flo flori
lukas lucas luca luke luki
lucy lucie lucia
luise louise lulu loisl isa
alois loisl luis aloys
aloisia loisl
ferdinand ferdi nando
fabian fabi
felix lix
fatima fatma
mehmet mehmed muhammed
mohammed muhammad mohammad mohamed muhammed mo
mustafa musti
ibrahim ibo
hasan hassan
hüseyin hussein huesein
yusuf josef jusuf
aleksander alexander olek
katarzyna kasia
malgorzata gosia
krzysztof krzys
stanislaw staszek
zsuzsanna zsuzsa
natalia natascha natalie
nadja nadeschda
tatjana tanja
tanja tatjana
swetlana sweta
jekaterina katja
dimitri dmitri dima
sergej serge serjoscha
jewgeni eugen schenja
eugen eugene gene
eugene gene
geoffrey jeff geoff jeffrey
harold harry hal
arthur art artie
archibald archie
alfred alf alfie fred fredi
manfred manni fred manne
gottfried friedel götz goetz
gottlieb liebl
hermann männe manni
armin hermann
jasmin jasi yasmin
jacqueline jacky jackie
jaqueline jacky
nicole nici nicki
sylvia silvia silvie
silke cäcilie
cäcilie cilli zilli silke
cecilia cecily cissy
sophie sofie sophia sofia fia
wendy gwendolyn
roswitha rosi witha
rosalinde rosi linde
christoph stoffel toffel
zacharias zach
zachary zach zack
oliver olli ollie oli
olaf olav ole
nathalie nat natalie
melanie mel melli
melissa mel
miriam mirjam miri
marianne janne anne
marlene leni marlen lena
madeleine maddie madeline
mathilde tilda tilly hilde
leopoldine poldi
juliane jule julia
julia jule juli
julian jule jules
justus jus
henriette jette henny etta
herta hertha
hedwig hede hedi hedda
anneliese anneli liese anni
annelore lore
lieselotte lilo liselotte lotte liesel
liselotte lilo lieselotte
eva evi ev evchen
evelyn evi eve evie
ernst erni
erwin erni
ewald waldi
oswald ossi waldi
oskar ossi oscar
ottilie tilly
otto otti
pascal pasci
guido veit
vitus veit
";

/// A group that a name is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    number: u16,
    /// Whether the name is the full form.
    is_full: bool,
}

/// Whether one of two names is a short form of the other; or both are short forms of one name, and not both names of their own, as
/// Lisa and Bettina are.
pub(crate) fn stand_for_each_other(left: &[Group], right: &[Group], both_usual: bool) -> bool {
    let is_one =
        |one: &Group, other: &Group| one.number == other.number && (one.is_full || other.is_full || !both_usual);
    left.iter().any(|one| right.iter().any(|other| is_one(one, other)))
}

/// Name → its groups.
pub(crate) struct Nicknames {
    groups: FxHashMap<String, Vec<Group>>,
}

impl Nicknames {
    /// The built-in groups.
    pub(crate) fn built_in() -> Self {
        let mut groups: FxHashMap<String, Vec<Group>> = FxHashMap::default();
        for (number, line) in (0_u16..).zip(GROUPS.lines()) {
            for (place, name) in line.split_whitespace().enumerate() {
                let entry = groups.entry(crate::text::fold(name)).or_default();
                if entry.last().is_none_or(|last| last.number != number) {
                    entry.push(Group { number, is_full: place == 0 });
                }
            }
        }
        Self { groups }
    }

    /// The groups that a folded name is in.
    pub(crate) fn of(&self, name: &str) -> &[Group] {
        self.groups.get(name).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_one(left: &str, right: &str) -> bool {
        let names = Nicknames::built_in();
        stand_for_each_other(names.of(left), names.of(right), true)
    }

    #[test]
    fn short_forms_stand_for_their_names() {
        assert!(are_one("hans", "johannes") && are_one("uschi", "ursula") && are_one("bob", "robert"));
    }

    #[test]
    fn unrelated_names_and_two_short_forms_of_one_name_do_not() {
        assert!(!are_one("martina", "jutta") && !are_one("xaver", "uwe"));
        assert!(!are_one("lisa", "bettina") && !are_one("heinz", "harry") && !are_one("anja", "antje"));
    }
}
