//! What a source's file must hold beyond its form.

use chrono::format::{Item, StrftimeItems};

use super::document::{Document, Segment};
use crate::person::{FieldKind, PersonSchema};
use crate::problem::{Problem, suggest};
use crate::source::{ConnectorSettings, Family, Mapping, MappingRule, SourceSchema};

/// What is wrong or doubtful.
pub(super) fn check(source: &SourceSchema, document: &Document, person: &PersonSchema) -> Vec<Problem> {
    let mut check = Check { source, document, person, problems: Vec::new() };
    check.name_and_key();
    check.trust();
    check.limits();
    check.zone();
    check.mappings();
    check.consents();
    check.survey();
    check.files();
    check.problems
}

/// Whether a text may name a source, a job or a field.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-' || one == '_')
}

struct Check<'a> {
    source: &'a SourceSchema,
    document: &'a Document,
    person: &'a PersonSchema,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn name_and_key(&mut self) {
        if !is_name(&self.source.name) {
            let message = format!("`{}` is no name for a source", self.source.name);
            let hint = "write lower case letters, digits, `-` and `_`, a letter first, as the file's name or as `name`";
            self.error(&["name".into()], message, Some(hint.to_owned()));
        }
        if self.source.name == crate::consent::DESK {
            let message =
                format!("`{}` is what kartei calls what was heard elsewhere than in a source", self.source.name);
            self.error(&["name".into()], message, Some("choose another name".to_owned()));
        }
        if self.source.key.iter().all(|column| column.trim().is_empty()) {
            let hint = "name the column, or the columns, that together tell one row from all others".to_owned();
            self.error(&["key".into()], "`key` names no column".to_owned(), Some(hint));
        }
        if self.source.fields.is_empty() && self.source.survey.is_none() {
            let hint = "write a line such as `surname = \"Nachname\"` for each column that says something of a person";
            self.error(&["fields".into()], "no column is mapped to a person's field".to_owned(), Some(hint.to_owned()));
        }
    }

    fn trust(&mut self) {
        if self.source.trust > 100 {
            self.error(&["trust".into()], format!("`trust` is {}, expected 0 to 100", self.source.trust), None);
        }
        for (field, trust) in &self.source.field_trust {
            let path = ["field_trust".into(), field.into()];
            self.known_field(field, &path);
            if *trust > 100 {
                self.error(&path, format!("`field_trust.{field}` is {trust}, expected 0 to 100"), None);
            }
        }
    }

    fn limits(&mut self) {
        let percentages = [
            (vec!["max_reject_percent".into()], Some(self.source.max_reject_percent)),
            (vec!["max_unreadable_percent".into()], Some(self.source.max_unreadable_percent)),
            (vec!["volume".into(), "max_drop_percent".into()], self.source.volume.max_drop_percent),
        ];
        for (path, percent) in percentages {
            if percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
                self.error(&path, "a percentage lies between 0 and 100".to_owned(), None);
            }
        }
        let freshness = &self.source.freshness;
        if let (Some(warn), Some(error)) = (freshness.warn_after, freshness.error_after)
            && warn > error
        {
            let message = format!("the warning after {warn} comes later than the error after {error}");
            self.problems.push(self.document.warning(&["freshness".into(), "warn_after".into()], message));
        }
    }

    fn zone(&mut self) {
        if let Some(zone) = &self.source.time_zone
            && let Some(hint) = super::settings::wrong_zone(zone)
        {
            self.error(&["time_zone".into()], format!("`time_zone` is `{zone}`, which is unknown"), Some(hint));
        }
    }

    fn mappings(&mut self) {
        for (field, mapping) in &self.source.fields {
            let path = ["fields".into(), field.into()];
            let Some(kind) = self.known_field(field, &path) else { continue };
            if let FieldKind::Consents | FieldKind::Answers = kind {
                let section = if kind == FieldKind::Consents { "[[consent]]" } else { "[survey]" };
                let message = format!("`{field}` cannot be mapped like other fields");
                self.error(&path, message, Some(format!("write it as a section {section}")));
            }
            match mapping {
                Mapping::Column(column) => self.columns(field, &[column], &path),
                Mapping::Rule(rule) => self.rule(field, kind, rule),
            }
        }
    }

    fn rule(&mut self, field: &str, kind: FieldKind, rule: &MappingRule) {
        let at = |key| ["fields".into(), field.into(), Segment::Key(key)];
        let given = [rule.column.is_some(), rule.columns.is_some(), rule.constant.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            let message = format!("`fields.{field}` needs exactly one of `column`, `columns` and `constant`");
            self.error(&["fields".into(), field.into()], message, None);
        }
        let columns: Vec<&String> = rule.column.iter().chain(rule.columns.iter().flatten()).collect();
        self.columns(field, &columns, &at("column")[..2]);
        if rule.split.is_some() != rule.part.is_some() || rule.part == Some(0) {
            let message = format!("`fields.{field}`: `split` and `part` go together, and parts count from 1");
            let hint = "such as `split = \",\"` and `part = 1`, or `part = -1` for the last".to_owned();
            self.error(&at("split"), message, Some(hint));
        }
        for (key, text) in [("split", &rule.split), ("list", &rule.list)] {
            if text.as_deref() == Some("") {
                self.error(&at(key), format!("`fields.{field}.{key}` is empty"), None);
            }
        }
        if rule.join.is_some() && rule.columns.is_none() {
            self.error(&at("join"), format!("`fields.{field}`: `join` needs `columns`"), None);
        }
        if rule.list.is_some() && kind != FieldKind::List {
            let message = format!("`fields.{field}` holds one value, not a list");
            let hint = "take one of several parts with `split` and `part`".to_owned();
            self.error(&at("list"), message, Some(hint));
        }
        if !rule.formats.is_empty() && !matches!(kind, FieldKind::Date | FieldKind::Instant) {
            self.error(&at("formats"), format!("`fields.{field}` is no date and needs no `formats`"), None);
        }
        for format in &rule.formats {
            if StrftimeItems::new(format).any(|item| matches!(item, Item::Error)) {
                let hint = "such as `%d.%m.%Y` or `%Y-%m-%d`".to_owned();
                self.error(&at("formats"), format!("`{format}` is no date format"), Some(hint));
            }
        }
    }

    fn columns(&mut self, field: &str, columns: &[&String], path: &[Segment<'_>]) {
        for column in columns {
            if column.trim().is_empty() {
                self.error(path, format!("`fields.{field}` names a column without a name"), None);
            } else if self.source.ignore.contains(column) {
                let message = format!("the column `{column}` is mapped to `{field}` and ignored at once");
                self.error(path, message, Some("take it out of `ignore`".to_owned()));
            }
        }
    }

    fn consents(&mut self) {
        for (index, consent) in self.source.consents.iter().enumerate() {
            let at = |key| ["consent".into(), index.into(), Segment::Key(key)];
            if !is_name(&consent.purpose) {
                let hint = "write lower case letters, digits, `-` and `_`, such as `newsletter`".to_owned();
                self.error(&at("purpose"), format!("`{}` is no name for a purpose", consent.purpose), Some(hint));
            }
            if consent.states.is_empty() {
                let hint = "such as `states = { yes = \"granted\", no = \"withdrawn\" }`".to_owned();
                self.error(&at("states"), "a consent without states says nothing".to_owned(), Some(hint));
            }
        }
    }

    fn survey(&mut self) {
        if self.source.family == Family::Survey && self.source.survey.is_none() {
            let message = "a survey without a section [survey]: its answers are kept as attributes only";
            let hint = "write `[survey]` with the survey's `name`";
            self.problems.push(self.document.warning(&["family".into()], message).with_hint(hint));
        }
    }

    fn files(&mut self) {
        let ConnectorSettings::Files(files) = &self.source.connector;
        let at = |key| ["connector".into(), Segment::Key(key)];
        if files.path.trim().is_empty() {
            self.error(&at("path"), "`connector.path` is empty".to_owned(), None);
        }
        if files.page_rows == 0 {
            self.error(&at("page_rows"), "`connector.page_rows` is 0: a page needs rows".to_owned(), None);
        }
        if files.delimiter.is_some() && files.delimiter == files.quote {
            self.error(&at("quote"), "`delimiter` and `quote` are the same character".to_owned(), None);
        }
    }

    /// The kind of a person's field, or an error that names the nearest one.
    fn known_field(&mut self, field: &str, path: &[Segment<'_>]) -> Option<FieldKind> {
        let kind = self.person.field(field).map(|field| field.kind);
        if kind.is_none() {
            let hint = suggest(field, self.person.fields.iter().map(|field| field.name.as_str()));
            self.error(path, format!("a person has no field `{field}`"), hint);
        }
        kind
    }

    fn error(&mut self, path: &[Segment<'_>], message: String, hint: Option<String>) {
        self.problems.push(self.document.error(path, message).with_hint_if(hint));
    }
}
