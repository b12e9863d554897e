//! The organisation: states, districts and branches over the real PLZ, and the officers who look after them.

use kartei_schemas::org::{Language, Officer, OrgSchema, OrgUnit};
use kartei_schemas::person::ChangeKind;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::chance::{Chance, Purpose};
use crate::noise::unfold;
use crate::places::Places;
use crate::shares;

const STATES: [(&str, &str); 16] = [
    ("BW", "Baden-Württemberg"),
    ("BY", "Bayern"),
    ("BE", "Berlin"),
    ("BB", "Brandenburg"),
    ("HB", "Bremen"),
    ("HH", "Hamburg"),
    ("HE", "Hessen"),
    ("MV", "Mecklenburg-Vorpommern"),
    ("NI", "Niedersachsen"),
    ("NW", "Nordrhein-Westfalen"),
    ("RP", "Rheinland-Pfalz"),
    ("SL", "Saarland"),
    ("SN", "Sachsen"),
    ("ST", "Sachsen-Anhalt"),
    ("SH", "Schleswig-Holstein"),
    ("TH", "Thüringen"),
];
/// The root's id.
const ROOT: &str = "bund";
/// Officers' addresses end here; the domain is reserved and reaches nobody.
const DOMAIN: &str = "partei.example";

/// The tree and which branch owns which postal area.
pub(crate) struct Organisation {
    /// As `org.toml` has it.
    pub(crate) schema: OrgSchema,
    /// Position in `branches` by postal area.
    branch_of_area: Vec<usize>,
    branches: Vec<String>,
}

impl Organisation {
    /// The tree for so many people: a branch for every 150 of them, between one a state and some 2,500.
    pub(crate) fn over(places: &Places, people: u64, seed: u64) -> Self {
        let mut planner = Planner {
            places,
            schema: OrgSchema::default(),
            branch_of_area: vec![0; places.areas.len()],
            branches: Vec::new(),
            names: FxHashSet::default(),
            ids: FxHashSet::default(),
        };
        planner.add(ROOT.to_owned(), "Bundesverband".to_owned(), None, "root");
        let branches = usize::try_from((people / 150).clamp(16, 2_500)).unwrap_or(16);
        for (code, name) in STATES {
            planner.state(code, name, branches);
        }
        let Planner { mut schema, branch_of_area, branches, .. } = planner;
        schema.officers = officers(&schema.units, seed);
        Self { schema, branch_of_area, branches }
    }

    /// The name of the branch that holds a membership; some belong to a neighbouring one.
    pub(crate) fn branch_name(&self, area: usize, style: u64) -> &str {
        let own = self.branch_of_area[area];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of ten thousand")]
        let strays = (style / 64) % 10_000 < (shares::OTHER_BRANCH * 10_000.0) as u64;
        let branch = if strays { (own + 1) % self.branches.len() } else { own };
        &self.branches[branch]
    }
}

struct Planner<'a> {
    places: &'a Places,
    schema: OrgSchema,
    branch_of_area: Vec<usize>,
    branches: Vec<String>,
    names: FxHashSet<String>,
    ids: FxHashSet<String>,
}

impl Planner<'_> {
    fn add(&mut self, id: String, name: String, parent: Option<String>, level: &str) {
        self.ids.insert(id.clone());
        self.names.insert(name.clone());
        let level = Some(level.to_owned());
        self.schema.units.push(OrgUnit { id, name, parent, level, postal_codes: Vec::new(), aliases: Vec::new() });
    }

    fn state(&mut self, code: &str, name: &str, branches: usize) {
        let id = format!("lv-{}", code.to_lowercase());
        self.add(id.clone(), format!("Landesverband {name}"), Some(ROOT.to_owned()), "state");
        let areas: Vec<usize> =
            (0..self.places.areas.len()).filter(|area| self.places.areas[*area].state == code).collect();
        let own_branches = portion(branches, areas.len(), self.places.areas.len());
        let districts = own_branches.div_ceil(9).min(40);
        for part in segments(&areas, districts) {
            self.district(&id, part, own_branches.div_ceil(districts));
        }
    }

    fn district(&mut self, state: &str, areas: &[usize], branches: usize) {
        let place = self.main_place(areas);
        let (id, name) = self.unique("kv", "Kreisverband", place, areas[0]);
        self.add(id.clone(), name, Some(state.to_owned()), "district");
        for part in segments(areas, branches) {
            let place = self.main_place(part);
            let (branch, name) = self.unique("ov", "Ortsverein", place, part[0]);
            let number = self.branches.len();
            self.add(branch, name.clone(), Some(id.clone()), "branch");
            if let Some(unit) = self.schema.units.last_mut() {
                unit.postal_codes = ranges(self.places, part);
                unit.aliases = vec![format!("OV-{number:04}")];
            }
            self.branches.push(name);
            for area in part {
                self.branch_of_area[*area] = number;
            }
        }
    }

    /// The place with the most postal areas.
    fn main_place(&self, areas: &[usize]) -> &'static str {
        let mut counts = FxHashMap::<&'static str, usize>::default();
        for area in areas {
            *counts.entry(self.places.areas[*area].places[0]).or_default() += 1;
        }
        let most = counts.values().copied().max().unwrap_or(0);
        let names = areas.iter().map(|area| self.places.areas[*area].places[0]);
        names.into_iter().find(|name| counts[name] == most).unwrap_or("")
    }

    /// An id and a name that no other unit has; the PLZ tells two of one place apart.
    fn unique(&self, prefix: &str, kind: &str, place: &str, area: usize) -> (String, String) {
        let plain = (format!("{prefix}-{}", slug(place)), format!("{kind} {place}"));
        if !self.ids.contains(&plain.0) && !self.names.contains(&plain.1) {
            return plain;
        }
        let code = self.places.areas[area].postal_code;
        (format!("{}-{code}", plain.0), format!("{} {code}", plain.1))
    }
}

fn portion(whole: usize, part: usize, of: usize) -> usize {
    (whole * part).div_ceil(of.max(1)).clamp(1, part.max(1))
}

/// The list cut into so many pieces of like length; fewer where it is short.
fn segments(areas: &[usize], pieces: usize) -> impl Iterator<Item = &[usize]> {
    areas.chunks(areas.len().div_ceil(pieces.max(1)).max(1))
}

/// PLZ that follow each other in the whole country's list as one range.
fn ranges(places: &Places, areas: &[usize]) -> Vec<String> {
    let mut written = Vec::new();
    for run in areas.chunk_by(|left, right| left + 1 == *right) {
        let code = |area: Option<&usize>| area.map_or("", |area| places.areas[*area].postal_code);
        let (first, last) = (code(run.first()), code(run.last()));
        written.push(if first == last { first.to_owned() } else { format!("{first}-{last}") });
    }
    written
}

fn slug(place: &str) -> String {
    let folded = unfold(&place.to_lowercase());
    let letters = folded.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let joined: String = letters.collect();
    joined.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Every unit above the branches has an officer, and three branches in ten; some want English, some want few kinds.
fn officers(units: &[OrgUnit], seed: u64) -> Vec<Officer> {
    let mut chance = Chance::new(seed, Purpose::Organisation, 0);
    let mut officers = Vec::new();
    for unit in units {
        if unit.level.as_deref() == Some("branch") && !chance.roll(0.3) {
            continue;
        }
        let language = if chance.roll(0.12) { Language::En } else { Language::De };
        let kinds = chance
            .roll(0.4)
            .then(|| vec![ChangeKind::NewMember, ChangeKind::Left, ChangeKind::MovedIn, ChangeKind::MovedOut]);
        officers.push(Officer {
            unit: unit.id.clone(),
            email: format!("vorsitz.{}@{DOMAIN}", unit.id),
            language,
            kinds,
        });
    }
    officers
}
