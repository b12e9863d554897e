//! Words that mark a record: of which sex its person is, which of two generations of one name; and that its name is made up.

use crate::columns::MISSING;
use crate::records::slot;
use crate::text::fold;

/// Of rows whose name is made up, only what somebody can be reached by is taken at its word.
pub(crate) fn keep_contacts_only(slots: &mut [Vec<u32>], rows: &[usize]) {
    const REACHED_BY: [usize; 3] = [slot::EMAIL, slot::LOCAL_PART, slot::MOBILE];
    for (_, values) in slots.iter_mut().enumerate().filter(|(slot, _)| !REACHED_BY.contains(slot)) {
        for row in rows {
            if let Some(value) = values.get_mut(*row) {
                *value = MISSING;
            }
        }
    }
}

/// The older or the younger of two of one name.
pub(crate) fn generation_of(text: &str) -> u32 {
    match fold(text).as_str() {
        "sen" | "senior" | "sr" | "snr" | "d ae" | "der aeltere" | "i" => 1,
        "jun" | "junior" | "jr" | "jnr" | "d j" | "der juengere" | "ii" => 2,
        _ => MISSING,
    }
}

/// 1 for women, 2 for men.
pub(crate) fn sex_of(text: &str) -> u32 {
    match text.to_lowercase().as_str() {
        "f" | "w" | "female" | "weiblich" | "frau" | "mrs" | "ms" => 1,
        "m" | "male" | "männlich" | "herr" | "mr" => 2,
        _ => MISSING,
    }
}
