//! The schemas of a source and of a person, resolved against the columns that were received.

use std::collections::{BTreeMap, BTreeSet};

use kartei_schemas::frame;
use kartei_schemas::person::{FieldKind, PersonSchema};
use kartei_schemas::source::{Mapping, MappingRule, SourceSchema};
use polars_core::prelude::{DataFrame, DataType};

use super::{FieldProblem, NormaliseError};
use crate::problem::Reason;

/// What is to be done with each row.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) source: &'a SourceSchema,
    pub(super) fields: Vec<FieldPlan>,
    /// Columns, by name, that are kept as attributes.
    pub(super) attributes: Vec<String>,
    /// Column and question.
    pub(super) questions: Vec<(String, String)>,
    /// The column that tells when a row changed.
    pub(super) updated_at: Option<String>,
    /// Named by the schema, and not received.
    pub(super) missing: Vec<FieldProblem>,
    /// The columns of the result.
    pub(super) columns: Vec<(String, DataType)>,
}

/// How one person field comes about.
#[derive(Debug)]
pub(super) struct FieldPlan {
    pub(super) name: String,
    pub(super) kind: FieldKind,
    pub(super) origin: Origin,
    pub(super) rule: MappingRule,
    /// The source's columns, for problems.
    pub(super) label: Option<String>,
}

/// Where a field's text comes from; columns that were not received are left out.
#[derive(Debug)]
pub(super) enum Origin {
    Column(String),
    Columns(Vec<String>, String),
    Constant(String),
    Missing,
}

/// Resolves the schemas.
pub(super) fn plan<'a>(
    received: &DataFrame,
    source: &'a SourceSchema,
    person: &PersonSchema,
) -> Result<Plan<'a>, NormaliseError> {
    check_text_columns(received, source)?;
    let present: BTreeSet<&str> = received.columns().iter().map(|column| column.name().as_str()).collect();
    let mut missing = Missing { source: &source.name, present: &present, found: Vec::new() };
    let mut used: BTreeSet<String> = source.key.iter().chain(&source.ignore).cloned().collect();
    used.extend([frame::KEY, frame::UPDATED_AT, frame::FINGERPRINT].map(str::to_owned));
    let mut fields = Vec::new();
    for (name, mapping) in &source.fields {
        let field = field_plan(name, mapping, source, person, &mut missing)?;
        used.extend(columns_of(mapping));
        fields.push(field);
    }
    // A record's country decides how its postal code and numbers are read.
    fields.sort_by_key(|field| field.kind != FieldKind::Country);
    for consent in &source.consents {
        for column in std::iter::once(&consent.column).chain(&consent.at).chain(&consent.proof) {
            missing.check(frame::CONSENTS, column);
            used.insert(column.clone());
        }
    }
    let updated_at = updated_at(source, &mut missing);
    used.extend(source.updated_at.clone());
    if let Some(survey) = &source.survey {
        for column in survey.questions.keys().chain(&survey.date) {
            missing.check(frame::ANSWERS, column);
            used.insert(column.clone());
        }
    }
    let mut rest: Vec<String> =
        present.iter().filter(|name| !used.contains(**name)).map(|name| (*name).to_owned()).collect();
    let questions = questions(source, &mut rest, &present);
    let columns = super::columns(person);
    Ok(Plan { source, fields, attributes: rest, questions, updated_at, missing: missing.found, columns })
}

fn check_text_columns(received: &DataFrame, source: &SourceSchema) -> Result<(), NormaliseError> {
    for column in received.columns() {
        let fingerprint = column.name() == frame::FINGERPRINT && column.dtype() == &DataType::UInt64;
        if column.dtype() != &DataType::String && !fingerprint {
            return Err(NormaliseError::NotText {
                source_name: source.name.clone(),
                column: column.name().to_string(),
            });
        }
    }
    Ok(())
}

struct Missing<'a> {
    source: &'a str,
    present: &'a BTreeSet<&'a str>,
    found: Vec<FieldProblem>,
}

impl Missing<'_> {
    /// Whether the column was received; if not, it is reported.
    fn check(&mut self, field: &str, column: &str) -> bool {
        let present = self.present.contains(column);
        if !present {
            self.found.push(FieldProblem {
                source: self.source.to_owned(),
                row: None,
                key: None,
                field: field.to_owned(),
                column: Some(column.to_owned()),
                reason: Reason::MissingColumn,
            });
        }
        present
    }
}

fn field_plan(
    name: &str,
    mapping: &Mapping,
    source: &SourceSchema,
    person: &PersonSchema,
    missing: &mut Missing<'_>,
) -> Result<FieldPlan, NormaliseError> {
    let Some(field) = person.fields.iter().find(|field| field.name == name) else {
        let nearest = person
            .fields
            .iter()
            .map(|field| (strsim::osa_distance(&field.name, name), &field.name))
            .min()
            .filter(|(distance, _)| *distance <= 3)
            .map(|(_, nearest)| nearest.clone());
        return Err(NormaliseError::UnknownField { source_name: source.name.clone(), field: name.to_owned(), nearest });
    };
    let wrong = || NormaliseError::Mapping { source_name: source.name.clone(), field: name.to_owned() };
    if matches!(field.kind, FieldKind::Consents | FieldKind::Answers | FieldKind::Attributes) {
        return Err(NormaliseError::Composed { source_name: source.name.clone(), field: name.to_owned() });
    }
    let rule = match mapping {
        Mapping::Column(column) => MappingRule { column: Some(column.clone()), ..MappingRule::default() },
        Mapping::Rule(rule) => rule.clone(),
    };
    let origin = match (&rule.column, &rule.columns, &rule.constant) {
        (Some(column), None, None) if missing.check(name, column) => Origin::Column(column.clone()),
        (Some(_), None, None) => Origin::Missing,
        (None, Some(columns), None) => {
            let found = columns.iter().filter(|column| missing.check(name, column)).cloned().collect();
            Origin::Columns(found, rule.join.clone().unwrap_or_else(|| " ".to_owned()))
        }
        (None, None, Some(constant)) => Origin::Constant(constant.clone()),
        _ => return Err(wrong()),
    };
    let label = Some(columns_of(mapping).join(", ")).filter(|label| !label.is_empty());
    Ok(FieldPlan { name: name.to_owned(), kind: field.kind, origin, rule, label })
}

fn columns_of(mapping: &Mapping) -> Vec<String> {
    match mapping {
        Mapping::Column(column) => vec![column.clone()],
        Mapping::Rule(rule) => rule.column.iter().chain(rule.columns.iter().flatten()).cloned().collect(),
    }
}

/// The connector's own `updated_at`, else the column that the schema names.
fn updated_at(source: &SourceSchema, missing: &mut Missing<'_>) -> Option<String> {
    if missing.present.contains(frame::UPDATED_AT) {
        return Some(frame::UPDATED_AT.to_owned());
    }
    source.updated_at.clone().filter(|column| missing.check(frame::UPDATED_AT, column))
}

/// Column and question of a survey; without questions in the schema, every column that is left over is one.
fn questions(source: &SourceSchema, rest: &mut Vec<String>, present: &BTreeSet<&str>) -> Vec<(String, String)> {
    let Some(survey) = &source.survey else { return Vec::new() };
    if survey.questions.is_empty() {
        return std::mem::take(rest).into_iter().map(|column| (column.clone(), column)).collect();
    }
    let stated: BTreeMap<&String, &String> = survey.questions.iter().collect();
    stated
        .into_iter()
        .filter(|(column, _)| present.contains(column.as_str()))
        .map(|(column, question)| (column.clone(), question.clone()))
        .collect()
}
