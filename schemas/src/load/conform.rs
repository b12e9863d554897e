//! Holds a document against the JSON Schema of its type and finds everything that does not conform, where serde would
//! stop at the first.

use std::str::FromStr;

use serde_json::Value as Json;
use toml_edit::Value;

use super::document::Document;
use super::node::Node;
use crate::duration::Span;
use crate::problem::{Problem, nearest, suggest};

/// Every key and value of the document that the schema does not allow.
pub(super) fn check(document: &Document, schema: &Json) -> Vec<Problem> {
    let mut walk = Walk { document, root: schema, problems: Vec::new() };
    walk.node(document.root(), schema, &Place::default());
    walk.problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
    walk.problems
}

struct Walk<'a> {
    document: &'a Document,
    root: &'a Json,
    problems: Vec<Problem>,
}

/// Where the walk is: the path as people write it, and the nearest known line.
#[derive(Clone, Default)]
struct Place {
    path: String,
    line: Option<usize>,
}

impl<'a> Walk<'a> {
    fn node(&mut self, node: Node<'_>, schema: &'a Json, place: &Place) {
        let mut forms = Vec::new();
        self.forms(schema, &mut forms);
        let words: Vec<&str> = forms.iter().flat_map(|form| words_of(form)).collect();
        if !words.is_empty() && words.len() >= forms.len() {
            return self.word(node, &words, place);
        }
        let sort = node.sort();
        let fitting: Vec<&'a Json> = forms.iter().copied().filter(|form| accepts(form, sort)).collect();
        match fitting[..] {
            [] if forms.is_empty() => {}
            [] => self.wrong_sort(&forms, sort, place),
            [only] => self.form(node, only, place),
            _ => self.tagged(node, &fitting, place),
        }
    }

    /// The forms that a value may have: references followed, alternatives side by side, "nothing at all" left out.
    fn forms(&self, schema: &'a Json, found: &mut Vec<&'a Json>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let pointer = reference.trim_start_matches('#');
            if let Some(target) = self.root.pointer(pointer) {
                self.forms(target, found);
            }
            return;
        }
        let alternatives = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        match alternatives {
            Some(alternatives) => alternatives.iter().for_each(|one| self.forms(one, found)),
            None if schema["type"] == "null" => {}
            None => found.push(schema),
        }
    }

    /// One out of a list of words.
    fn word(&mut self, node: Node<'_>, words: &[&str], place: &Place) {
        match node.value().and_then(Value::as_str) {
            Some(word) if words.contains(&word) => {}
            Some(word) => {
                let message = format!("`{}` is `{word}`, expected {}", place.path, either(words));
                let hint = nearest(word, words.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                self.add(Problem::error(self.document.file(), place.line, message).with_hint_if(hint));
            }
            None => {
                let message = format!("`{}` is {}, expected {}", place.path, name_of(node.sort()), either(words));
                self.add(Problem::error(self.document.file(), place.line, message));
            }
        }
    }

    /// Several tables are possible: the one whose constant key has the value that stands here.
    fn tagged(&mut self, node: Node<'_>, forms: &[&'a Json], place: &Place) {
        let tag = forms[0]["properties"].as_object().and_then(|properties| {
            properties.iter().find(|(_, property)| property["const"].is_string()).map(|(key, _)| key.as_str())
        });
        let Some(tag) = tag else { return };
        let tags: Vec<&str> = forms.iter().filter_map(|form| form["properties"][tag]["const"].as_str()).collect();
        let Some((value, span)) = node.entry(tag) else {
            let message = format!("`{}` lacks the key `{tag}`: {}", place.path, either(&tags));
            return self.add(Problem::error(self.document.file(), place.line, message));
        };
        let word = value.value().and_then(Value::as_str);
        match forms.iter().find(|form| form["properties"][tag]["const"].as_str() == word) {
            Some(form) => self.form(node, form, place),
            None => self.word(value, &tags, &self.below(place, tag, span)),
        }
    }

    fn form(&mut self, node: Node<'_>, form: &'a Json, place: &Place) {
        if let Some(list) = node.list() {
            for (index, element) in list.into_iter().enumerate() {
                let line = element.span().map(|span| self.document.line_at(span.start)).or(place.line);
                let path = format!("{}[{}]", place.path, index + 1);
                self.node(element, &form["items"], &Place { path, line });
            }
        } else if node.table().is_some() {
            self.table(node, form, place);
        } else if let Some(value) = node.value() {
            self.value(value, form, place);
        }
    }

    fn table(&mut self, node: Node<'_>, form: &'a Json, place: &Place) {
        let Some(table) = node.table() else { return };
        let properties = form["properties"].as_object();
        let others = &form["additionalProperties"];
        for (key, _) in table.iter() {
            let Some((entry, span)) = node.entry(key) else { continue };
            let below = self.below(place, key, span);
            match properties.and_then(|properties| properties.get(key)) {
                Some(schema) => self.node(entry, schema, &below),
                None if others.is_object() => self.node(entry, others, &below),
                None if others.as_bool() == Some(false) => {
                    let known = properties.into_iter().flat_map(|properties| properties.keys());
                    let hint = suggest(key, known.map(String::as_str));
                    let message = format!("unknown key `{}`", below.path);
                    self.add(Problem::error(self.document.file(), below.line, message).with_hint_if(hint));
                }
                None => {}
            }
        }
        for required in form["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !table.contains_key(required) {
                let path = self.below(place, required, None).path;
                let hint = form["properties"][required]["description"].as_str().map(first_line);
                let problem = Problem::error(self.document.file(), place.line, format!("`{path}` is missing"));
                self.add(problem.with_hint_if(hint));
            }
        }
    }

    fn value(&mut self, value: &Value, form: &'a Json, place: &Place) {
        if let (Some(number), Some(least)) = (value.as_integer(), form["minimum"].as_f64()) {
            let most = form["maximum"].as_f64().unwrap_or(f64::INFINITY);
            if (number as f64) < least || (number as f64) > most {
                let range =
                    if most.is_finite() { format!("from {least} to {most}") } else { format!("from {least} up") };
                let message = format!("`{}` is {number}, expected a number {range}", place.path);
                self.add(Problem::error(self.document.file(), place.line, message));
            }
        }
        if let (Some(text), Some("span")) = (value.as_str(), form["format"].as_str())
            && let Err(wrong) = Span::from_str(text)
        {
            self.add(Problem::error(self.document.file(), place.line, format!("`{}`: {wrong}", place.path)));
        }
        if let (Some(text), Some(most)) = (value.as_str(), form["maxLength"].as_u64())
            && text.chars().count() as u64 != most
        {
            let message = format!("`{}` is a text of {} characters, expected {most}", place.path, text.chars().count());
            self.add(Problem::error(self.document.file(), place.line, message));
        }
    }

    fn wrong_sort(&mut self, forms: &[&'a Json], sort: &str, place: &Place) {
        let mut expected: Vec<&str> = forms.iter().flat_map(|form| sorts_of(form)).map(name_of).collect();
        expected.dedup();
        let message = format!("`{}` is {}, expected {}", place.path, name_of(sort), expected.join(" or "));
        self.add(Problem::error(self.document.file(), place.line, message));
    }

    fn below(&self, place: &Place, key: &str, span: Option<std::ops::Range<usize>>) -> Place {
        let dot = if place.path.is_empty() { "" } else { "." };
        let line = span.map(|span| self.document.line_at(span.start)).or(place.line);
        Place { path: format!("{}{dot}{key}", place.path), line }
    }

    fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// The words that a form allows, where it allows nothing but words.
fn words_of(form: &Json) -> Vec<&str> {
    let constant = form["const"].as_str().into_iter();
    constant.chain(form["enum"].as_array().into_iter().flatten().filter_map(Json::as_str)).collect()
}

/// The sorts of values that a form allows.
fn sorts_of(form: &Json) -> Vec<&str> {
    match &form["type"] {
        Json::String(sort) => vec![sort],
        Json::Array(sorts) => sorts.iter().filter_map(Json::as_str).filter(|sort| *sort != "null").collect(),
        _ => Vec::new(),
    }
}

fn accepts(form: &Json, sort: &str) -> bool {
    let sorts = sorts_of(form);
    sorts.is_empty() || sorts.contains(&sort) || (sort == "integer" && sorts.contains(&"number"))
}

/// A sort in words.
fn name_of(sort: &str) -> &str {
    match sort {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        "instant" => "a date",
        other => other,
    }
}

fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [firsts @ .., last] => {
            let firsts: Vec<String> = firsts.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", firsts.join(", "))
        }
    }
}

/// The first line of a description, as a hint.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut letters = line.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
