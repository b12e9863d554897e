//! `person.toml`: the fields of a person, their types, how each survives a merge, and who is told when one changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The text of the shipped `person.toml`.
pub const SHIPPED: &str = include_str!("../person.toml");

/// All fields of a person, in the order in which people read them.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonSchema {
    /// The fields, each named once.
    #[serde(rename = "field")]
    pub fields: Vec<PersonField>,
}

impl PersonSchema {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&PersonField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields that are columns of a person, without those that only say how a source's column is read.
    pub fn columns(&self) -> impl Iterator<Item = &PersonField> {
        self.fields.iter().filter(|field| !field.kind.is_composite())
    }
}

/// The shipped `person.toml`.
impl Default for PersonSchema {
    #[expect(clippy::expect_used, reason = "the text is compiled in, and a test reads it")]
    fn default() -> Self {
        toml::from_str(SHIPPED).expect("the shipped person.toml is valid")
    }
}

/// One field of a person.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonField {
    /// The column's name in every frame and table, e.g. `birth_date`.
    pub name: String,
    /// How the received text is read, compared and stored.
    pub kind: FieldKind,
    /// Which value wins where records disagree.
    #[serde(default)]
    pub survive: Survival,
    /// The kind of change reported when this field changes; left out: the change is recorded but nobody is told.
    #[serde(default)]
    pub change: Option<ChangeKind>,
    /// The field's name on a German page.
    pub label_de: String,
    /// The field's name on an English page.
    pub label_en: String,
}

/// How a field's text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Any text; white space is folded, nothing else.
    Text,
    /// "Frau", "Herr", "Divers".
    Salutation,
    /// `f`, `m` or `d`.
    Sex,
    /// "Dr.", "Prof. Dr.".
    Title,
    /// One or more given names.
    GivenName,
    /// A surname with its particles.
    Surname,
    /// Given name and surname in one text, in either order.
    FullName,
    /// A day (`1984-03-05`) or, where no more is known, a year (`1984`).
    Date,
    /// A point in time.
    Instant,
    /// An e-mail address.
    Email,
    /// A telephone number of either sort; mobile numbers go to `mobile`, others to `phone`.
    Phone,
    /// Street and, unless it has a column of its own, house number.
    Street,
    /// House number with its affix.
    HouseNumber,
    /// Five digits in Germany.
    PostalCode,
    /// A place.
    City,
    /// ISO 3166-1 alpha-2.
    Country,
    /// PLZ and place in one text.
    PostalCodeCity,
    /// A whole address in one text.
    Address,
    /// A trusted key such as a membership number: compared as a whole, never fuzzily.
    Identifier,
    /// Yes or no.
    Flag,
    /// The id of an org unit.
    OrgUnit,
    /// Several short values, as a sorted JSON array.
    List,
    /// Consents, as a JSON array of [`crate::consent::Consent`].
    Consents,
    /// Survey answers, as a JSON array of [`crate::answer::Answer`].
    Answers,
    /// Unmapped columns, as a JSON object.
    Attributes,
}

impl FieldKind {
    /// Whether the kind fills several fields and is none itself: a whole name, a whole address, PLZ and place.
    pub const fn is_composite(self) -> bool {
        matches!(self, Self::FullName | Self::PostalCodeCity | Self::Address)
    }
}

/// Which value of a field wins where the records of one person disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Survival {
    /// The value of the most trusted source; ties go to the most recent.
    #[default]
    SourceTrust,
    /// The value of the record that was updated last.
    MostRecent,
    /// The value that most records hold; ties as in `source_trust`.
    Majority,
    /// The value with most parts: "Anna Maria" before "Anna", a full date before a year.
    MostComplete,
    /// The longest text.
    Longest,
    /// All values of all records (list fields).
    Union,
    /// Per purpose the newest event, and of equally new ones the stricter (consents).
    Strictest,
}

/// What sort of change a person went through, in an officer's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A person became a member.
    NewMember,
    /// A member left.
    Left,
    /// A person known from elsewhere became an interested non-member.
    NewInterested,
    /// A person who was in no source any more is back.
    Returned,
    /// A person came into the unit from another.
    MovedIn,
    /// A person left the unit for another.
    MovedOut,
    /// Name, title or salutation.
    Name,
    /// Birth date.
    BirthDate,
    /// Postal address inside the unit.
    Address,
    /// E-mail or telephone.
    Contact,
    /// A consent was given or withdrawn.
    Consent,
    /// Interests or survey answers.
    Interest,
    /// Two persons turned out to be one.
    Merged,
    /// One person turned out to be two.
    Split,
    /// The person is in no source any more.
    Gone,
    /// Anything else that the person schema names.
    Other,
}
