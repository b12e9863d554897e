//! What `person.toml` must hold beyond its form.

use std::collections::HashSet;

use super::document::Document;
use crate::person::{FieldKind, PersonField, PersonSchema, Survival};
use crate::problem::Problem;

/// What is wrong or doubtful.
pub(super) fn check(schema: &PersonSchema, document: &Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    let shipped = PersonSchema::default();
    let mut seen = HashSet::new();
    for (index, field) in schema.fields.iter().enumerate() {
        let at = |key| [("field").into(), index.into(), key];
        let name = &field.name;
        if !super::source::is_name(name) {
            let problem = document.error(&at("name".into()), format!("`{name}` is no name for a field"));
            problems.push(problem.with_hint("write lower case letters, digits and `_`, a letter first"));
        }
        if !seen.insert(name.as_str()) {
            problems.push(document.error(&at("name".into()), format!("the field `{name}` stands here twice")));
        }
        if let Some(known) = shipped.field(name)
            && known.kind != field.kind
        {
            let message = format!("the field `{name}` must keep its kind");
            let hint = "its column has a type of its own; give a field of another kind another name";
            problems.push(document.error(&at("kind".into()), message).with_hint(hint));
        }
        if let Some(message) = unfit(field) {
            problems.push(document.error(&at("survive".into()), message));
        }
    }
    for field in &shipped.fields {
        if schema.field(&field.name).is_none() {
            let message = format!("the field `{}` is missing", field.name);
            let hint = "the shipped fields may be relabelled and survive otherwise, but not be left out";
            problems.push(document.error(&[], message).with_hint(hint));
        }
    }
    problems
}

/// Why a field of this kind cannot survive that way.
fn unfit(field: &PersonField) -> Option<String> {
    let several = matches!(field.kind, FieldKind::List | FieldKind::Answers);
    match field.survive {
        Survival::Union if !several => {
            Some(format!("the field `{}` holds one value and cannot survive by `union`", field.name))
        }
        Survival::Strictest if field.kind != FieldKind::Consents => {
            Some(format!("the field `{}` holds no consents and cannot survive by `strictest`", field.name))
        }
        survive if field.kind == FieldKind::Consents && survive != Survival::Strictest => {
            Some(format!("the field `{}` holds consents and survives by `strictest` only", field.name))
        }
        _ => None,
    }
}
