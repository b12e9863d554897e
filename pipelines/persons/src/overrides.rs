//! Manual overrides: what a human typed wins over every source until it is lifted.

use rustc_hash::FxHashMap;

use crate::PersonId;
use crate::identity::Entries;

/// One field of one person, as a human set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The person; after a merge it holds for the person that lives on, unless that one has its own. When the merge is
    /// undone, it is back with its own person.
    pub person: PersonId,
    /// The field.
    pub field: String,
    /// The canonical value; `None` says that the field is empty. Flags are `true` and `false`.
    pub value: Option<String>,
}

/// What a human set, by field and number of the person.
pub(crate) type ByField<'a> = FxHashMap<&'a str, FxHashMap<u32, Option<&'a str>>>;

/// Finds the persons for whom overrides hold now.
pub(crate) fn by_field<'a>(
    overrides: &'a [Override],
    entries: &Entries,
    find: impl Fn(PersonId) -> Option<u32>,
) -> ByField<'a> {
    let mut found: ByField<'a> = FxHashMap::default();
    let mut inherited = Vec::new();
    for one in overrides {
        match find(one.person) {
            Some(number) => {
                found.entry(one.field.as_str()).or_default().insert(number, one.value.as_deref());
            }
            None => inherited.push(one),
        }
    }
    if inherited.is_empty() {
        return found;
    }
    let mut heirs: FxHashMap<PersonId, PersonId> = FxHashMap::default();
    for (entry, former) in &entries.former {
        for former in former {
            let heir = entries.persons[*entry as usize];
            // Records of one former person may be with two by now; the smaller id inherits, whatever the map's order.
            heirs.entry(former.id).and_modify(|known| *known = heir.min(*known)).or_insert(heir);
        }
    }
    inherited.sort_by_key(|one| one.person);
    for one in inherited {
        if let Some(number) = heirs.get(&one.person).and_then(|heir| find(*heir)) {
            found.entry(one.field.as_str()).or_default().entry(number).or_insert(one.value.as_deref());
        }
    }
    found
}
