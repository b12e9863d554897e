//! Whether a text that people wrote speaks of a person: a reason, a row in quarantine, a line of a log.

use std::collections::BTreeSet;

use crate::fold::fold;

/// A membership number or key that is shorter stands in texts that mean something else.
const SHORTEST_CODE: usize = 5;
/// A telephone number has more digits than a date or a PLZ.
const SHORTEST_NUMBER: usize = 7;

/// What only one person is called or reached by.
#[derive(Clone, Default)]
pub struct Marks {
    /// Mail addresses, lower case.
    pub(crate) mails: BTreeSet<String>,
    /// Telephone numbers: their last digits, without the country's or the area's zero.
    numbers: BTreeSet<String>,
    /// Surnames, folded.
    surnames: BTreeSet<String>,
    /// Single given names, folded.
    given: BTreeSet<String>,
    /// Membership numbers and keys, folded.
    codes: BTreeSet<String>,
}

impl std::fmt::Debug for Marks {
    /// Without personal data.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Marks").finish_non_exhaustive()
    }
}

impl Marks {
    /// Takes in a value of a person's field.
    pub fn add(&mut self, field: &str, value: &str) {
        match field {
            "email" => {
                self.mails.insert(value.to_lowercase());
            }
            "mobile" | "phone" => {
                let number = national(value);
                if number.len() >= SHORTEST_NUMBER {
                    self.numbers.insert(number);
                }
            }
            "surname" | "birth_surname" => {
                self.surnames.insert(fold(value));
            }
            "given_name" => self.given.extend(fold(value).split(' ').map(str::to_owned)),
            "membership_number" | "key" if value.len() >= SHORTEST_CODE => {
                self.codes.insert(fold(value));
            }
            _ => {}
        }
    }

    /// Leaves out an address or a number that others are reached by as well: it speaks of nobody in particular.
    pub fn leave_out(&mut self, value: &str) {
        self.mails.remove(&value.to_lowercase());
        self.numbers.remove(&national(value));
    }

    /// Whether a text speaks of the person.
    pub fn are_in(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        if self.mails.iter().any(|mail| !mail.is_empty() && lower.contains(mail.as_str())) {
            return true;
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if self.numbers.iter().any(|number| digits.contains(number.as_str())) {
            return true;
        }
        let folded = format!(" {} ", fold(text));
        let is_word = |word: &String| !word.is_empty() && folded.contains(&format!(" {word} "));
        self.codes.iter().any(is_word) || self.surnames.iter().any(is_word) && self.given.iter().any(is_word)
    }

    /// Whether a text names the person by surname, address or number alone: too much for a reason that is kept.
    pub fn are_hinted_at_in(&self, text: &str) -> bool {
        let folded = format!(" {} ", fold(text));
        let is_word = |word: &String| word.len() > 2 && folded.contains(&format!(" {word} "));
        self.are_in(text) || self.surnames.iter().chain(&self.given).any(is_word)
    }

    /// Words of which a text that speaks of the person holds at least one, as they may be written: to look no further
    /// than is needed.
    pub(crate) fn search_words(&self) -> Vec<String> {
        self.mails.iter().chain(&self.codes).chain(&self.numbers).chain(&self.surnames).cloned().collect()
    }
}

/// The digits of a telephone number without country code and leading zero.
fn national(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let rest = if number.starts_with('+') { digits.get(2..) } else { digits.strip_prefix('0') };
    rest.map_or_else(|| digits.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> Marks {
        let mut marks = Marks::default();
        for (field, value) in [
            ("email", "Erika@Mail.Example"),
            ("mobile", "+4915112345678"),
            ("surname", "von der Heide-Müller"),
            ("given_name", "Erika Maria"),
            ("membership_number", "M-90017"),
            ("postal_code", "01067"),
        ] {
            marks.add(field, value);
        }
        marks
    }

    #[test]
    fn a_text_speaks_of_a_person_by_address_number_code_or_full_name() {
        for text in [
            "says erika@mail.example",
            "called 0151 12345678",
            "number m-90017 is hers",
            "Erika von der Heide-Mueller called",
            "4711;Frau;Maria;VON DER HEIDE-MÜLLER;",
        ] {
            assert!(marks().are_in(text), "{text}");
        }
    }

    #[test]
    fn a_text_that_shares_a_word_speaks_of_somebody_else() {
        for text in ["Erika called", "lives in 01067", "Hans von der Heide-Müller", "phone call"] {
            assert!(!marks().are_in(text), "{text}");
        }
        assert!(marks().are_hinted_at_in("Erika called") && !marks().are_hinted_at_in("Art. 17, by letter"));
    }

    #[test]
    fn an_address_that_others_share_counts_no_more() {
        let mut marks = marks();
        marks.leave_out("erika@mail.example");
        marks.leave_out("+4915112345678");
        assert!(!marks.are_in("erika@mail.example, 015112345678"));
    }
}
