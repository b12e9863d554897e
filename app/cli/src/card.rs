//! Two records side by side, with their differences marked.

use kartei_schemas::org::Language;
use kartei_schemas::person::FieldKind;
use owo_colors::OwoColorize;

use crate::console::printable;
use crate::steward::{Night, name_of};

/// Characters that a value may take.
const VALUE_WIDTH: usize = 34;

/// The records of two rows, field by field: `=` where both hold the same, `≠` where they do not, and nothing where one
/// of them is silent.
pub(crate) fn card(night: &Night, rows: (usize, usize), language: Language) -> String {
    let run = &night.run;
    let heads = [rows.0, rows.1].map(|row| head(night, row, language));
    let mut lines = vec![(String::new(), heads, "")];
    for field in night.installation.project.schemas.person.columns().filter(|field| is_shown(field.kind)) {
        let values = [rows.0, rows.1].map(|row| run.value(row, &field.name).map(|value| short(&printable(&value))));
        let mark = match &values {
            [None, None] => continue,
            [Some(one), Some(other)] if one == other => "=",
            [Some(_), Some(_)] => "≠",
            _ => "",
        };
        let label = match language {
            Language::De => &field.label_de,
            Language::En => &field.label_en,
        };
        lines.push((label.clone(), values.map(|value| value.unwrap_or_else(|| "–".to_owned())), mark));
    }
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let label = widest(&mut lines.iter().map(|line| &line.0));
    let [left, right] = [0, 1].map(|side| widest(&mut lines.iter().map(|line| &line.1[side])));
    let mut text = String::new();
    for (name, [one, other], mark) in &lines {
        let (one, other) = (padded(one, left), padded(other, right));
        let row = match *mark {
            "≠" => format!("{}  {}  {}  {}", padded(name, label), one.bold(), other.bold(), mark.yellow()),
            _ => format!("{}  {one}  {other}  {}", padded(name, label), mark.dimmed()),
        };
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// A record's name, with how many others stand with it.
fn head(night: &Night, row: usize, language: Language) -> String {
    let others = night.run.cluster_of(row).len() - 1;
    let name = name_of(&night.run.record(row));
    match (others, language) {
        (0, _) => name,
        (others, Language::De) => format!("{name} (+{others} mit ihm)"),
        (others, Language::En) => format!("{name} (+{others} with it)"),
    }
}

/// Values that help to tell people apart.
const fn is_shown(kind: FieldKind) -> bool {
    !matches!(
        kind,
        FieldKind::Flag
            | FieldKind::OrgUnit
            | FieldKind::List
            | FieldKind::Consents
            | FieldKind::Answers
            | FieldKind::Attributes
    )
}

fn short(text: &str) -> String {
    if text.chars().count() <= VALUE_WIDTH {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(VALUE_WIDTH - 1).collect();
    short.push('…');
    short
}

fn padded(text: &str, width: usize) -> String {
    let room = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(room))
}
