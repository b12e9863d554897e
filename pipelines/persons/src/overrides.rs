//! Manual overrides: what a human typed wins over every source until it is lifted.

use crate::PersonId;

/// One field of one person, as a human set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The person; after a merge it holds for the person that lives on, unless that one has its own.
    pub person: PersonId,
    /// The field.
    pub field: String,
    /// The canonical value; `None` says that the field is empty.
    pub value: Option<String>,
}
