//! What `kartei check` says about a source of files.

use chrono::{DateTime, Utc};
use kartei_connector::{Discovery, Failure, Finding, FreshnessState, Header, freshness, mapped_columns};
use kartei_schemas::source::{FilesSettings, SourceSchema};

use crate::connector::Advice;
use crate::discovering::discover;
use crate::inbox::{self, Patience};

/// Looks at the files, the columns and their age, and asks the family for its advice.
pub(crate) fn check(
    schema: &SourceSchema,
    settings: &FilesSettings,
    advice: Option<Advice>,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let discovery = match discover(schema, settings, (now, Patience::Leaves)) {
        Ok(discovery) => discovery,
        Err(error) => return vec![Finding::error("files", error.to_string(), error.hint())],
    };
    let mut findings = vec![Finding::ok("files", format!("`{}`: {}", discovery.origin, discovery.description))];
    findings.extend(folder(settings, now));
    findings.extend(columns(schema, &discovery));
    findings.push(age(schema, &discovery, now));
    findings.extend(advice.into_iter().flat_map(|advice| advice(schema, &discovery)));
    findings
}

/// Files that are being written, and names by which the order of the files cannot be told.
fn folder(settings: &FilesSettings, now: DateTime<Utc>) -> Vec<Finding> {
    let Ok(inbox) = inbox::look(settings, now, Patience::Leaves) else { return Vec::new() };
    let say = |name: &str| {
        let hint = "it is left alone until it has been quiet for `settle_seconds`";
        Finding::warning("files", format!("`{name}` is being written"), hint)
    };
    let mut findings: Vec<Finding> = inbox.unsettled.iter().map(|file| say(&file.name)).collect();
    if let Some(name) = inbox.undated.first() {
        let message = format!(
            "some names tell a day, and {} do not, such as `{name}`: those stand at the day on which they were written",
            inbox.undated.len()
        );
        let hint = "file times change with copying: give every name its day, such as `members-2026-01-31.csv`";
        findings.push(Finding::warning("order", message, hint));
    }
    findings
}

/// Mapped columns that are not there.
fn columns(schema: &SourceSchema, discovery: &Discovery) -> Vec<Finding> {
    let present: Vec<String> = discovery.columns.iter().map(|column| column.name.clone()).collect();
    let mapped = mapped_columns(schema);
    let missing: Vec<&String> = mapped.iter().filter(|name| !present.contains(name)).collect();
    if missing.is_empty() {
        return vec![Finding::ok("columns", format!("{} found, all mapped ones among them", discovery.columns.len()))];
    }
    let header = Header::new(&present, &mapped);
    let say = |name: &&String| {
        let hint = match header.nearest(name) {
            Some(nearest) => format!("is it `{nearest}`? then map that"),
            None => format!("it has {}", header.description()),
        };
        Finding::error("columns", format!("column `{name}` is mapped, and not in `{}`", discovery.origin), Some(hint))
    };
    missing.iter().map(say).collect()
}

fn age(schema: &SourceSchema, discovery: &Discovery, now: DateTime<Utc>) -> Finding {
    let found = freshness(discovery.modified, now, &schema.freshness);
    let hours = found.age.map_or_else(|| "of unknown age".to_owned(), |age| format!("{} h old", age.num_hours()));
    let message = format!("`{}` is {hours}", discovery.origin);
    let hint = "find out why no newer file has come";
    match found.state {
        FreshnessState::Fresh => Finding::ok("freshness", message),
        FreshnessState::Stale => Finding::warning("freshness", message, hint),
        FreshnessState::TooOld => Finding::error("freshness", message, Some(hint.into())),
    }
}
