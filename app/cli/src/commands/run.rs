//! `kartei run`: one run of a job now, in this process.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use kartei_jobs::{GUARDS, RunOptions};
use kartei_monitor::alerts;
use kartei_schemas::jobs::{PARAMS, ParamValue};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::installation::{Asked, Installation};

/// Runs a job now, in this process
#[expect(clippy::struct_field_names, reason = "the fields are named as the flags are")]
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei run                                     the nightly job
  kartei run nightly --dry-run                   what the night would change
  kartei run hourly-leads --source web-form      one source of a job
  kartei run nightly --accept-guard max_gone_percent
  kartei run nightly --full                      makes all anew from the deliveries, and writes all persons

When it has ended badly, those whom [alerts] names are told before the command ends.")]
pub(crate) struct Run {
    /// The job
    #[arg(default_value = "nightly")]
    pub(crate) job: String,
    /// Pulls only this source; may be repeated
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Vec<String>,
    /// Makes everything anew from the deliveries, and writes all persons, whatever stands in the store
    #[arg(long)]
    pub(crate) full: bool,
    /// Replaces a parameter of the job; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = param)]
    pub(crate) param: Vec<(String, ParamValue)>,
    /// Does all but publish and mail, and shows what would change
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Runs for a due time of the past: an instant, or a day (midnight UTC). What people say is dated by when it is heard
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) as_of: Option<DateTime<Utc>>,
    /// Lets a guard pass this once, for all or for one source or delivery (`GUARD=members`, `GUARD=17`); may be repeated
    #[arg(long, value_name = "GUARD[=SOURCE|DELIVERY]")]
    pub(crate) accept_guard: Vec<String>,
    /// Why, in your words; it is kept with the run
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

pub(crate) async fn run(command: &Run, context: &Context) -> Outcome {
    if let Some(unknown) =
        command.accept_guard.iter().map(|name| kartei_jobs::guard_named(name)).find(|name| !GUARDS.contains(name))
    {
        let hint = kartei_schemas::problem::suggest(unknown, GUARDS);
        return Err(Failure::wrong_use(format!("there is no guard `{unknown}`")).with_hint_if(hint));
    }
    check_params(&command.param)?;
    if command.as_of.is_some_and(|as_of| as_of > context.now) {
        let failure = Failure::wrong_use("`--as-of` lies in the future");
        return Err(failure.with_hint("write a time that has been; what is due in the future comes by itself"));
    }
    let installation = Installation::open(context).await?;
    let jobs = &installation.project.jobs.jobs;
    if !jobs.contains_key(&command.job) {
        let hint = kartei_schemas::problem::suggest(&command.job, jobs.keys().map(String::as_str));
        return Err(Failure::wrong_use(format!("there is no job `{}`", command.job)).with_hint_if(hint));
    }
    let sources = &installation.project.schemas.sources;
    if let Some(unknown) = command.source.iter().find(|name| !sources.iter().any(|source| source.name == **name)) {
        let hint = kartei_schemas::problem::suggest(unknown, sources.iter().map(|source| source.name.as_str()));
        return Err(Failure::wrong_use(format!("there is no source `{unknown}`")).with_hint_if(hint));
    }
    let options = RunOptions {
        sources: command.source.clone(),
        params: params(command),
        dry_run: command.dry_run,
        accept_guards: command.accept_guard.clone(),
    };
    let due_at = command.as_of.unwrap_or(context.now);
    // Who watches has begun before the run, so that its beginning and its end are seen.
    alerts::begin(&installation.store, context.now).await?;
    let ended = installation
        .run(&Asked { job: &command.job, options, due_at, reason: command.reason.clone() }, context)
        .await?;
    let outcome = installation.show(&ended, context);
    if !command.dry_run {
        super::alerts::tell_of_run(&installation, &ended, context.console).await;
    }
    installation.store.close().await;
    outcome
}

/// The parameters that were asked for.
fn params(command: &Run) -> BTreeMap<String, ParamValue> {
    let full = command.full.then(|| ("full".to_owned(), ParamValue::Flag(true)));
    command.param.iter().cloned().chain(full).collect()
}

/// A parameter that no step knows would be left unread.
fn check_params(params: &[(String, ParamValue)]) -> Result<(), Failure> {
    for (name, value) in params {
        if !PARAMS.contains(&name.as_str()) {
            let hint = kartei_schemas::problem::suggest(name, PARAMS);
            let hint = hint.or_else(|| Some(format!("the parameters are: {}", PARAMS.join(", "))));
            return Err(Failure::wrong_use(format!("there is no parameter `{name}`")).with_hint_if(hint));
        }
        if !matches!(value, ParamValue::Flag(_)) {
            return Err(Failure::wrong_use(format!("the parameter `{name}` is neither true nor false")));
        }
    }
    Ok(())
}

pub(super) fn param(text: &str) -> Result<(String, ParamValue), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.trim().to_owned(), ParamValue::from_text(value)))
}

/// An instant as RFC 3339 has it, or a day, which begins at midnight UTC.
pub(super) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc());
    let exact = DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc());
    exact
        .or_else(day)
        .ok_or_else(|| "write an instant such as 2026-03-01T04:00:00Z, or a day such as 2026-03-01".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_with_its_offset_and_a_day_from_midnight() {
        assert_eq!(instant("2026-03-01T04:00:00+01:00").unwrap().to_rfc3339(), "2026-03-01T03:00:00+00:00");
        assert_eq!(instant("2026-03-01").unwrap().to_rfc3339(), "2026-03-01T00:00:00+00:00");
        assert!(instant("01.03.2026").is_err());
    }

    #[test]
    fn parameters_are_read_by_their_look() {
        assert_eq!(param("full=true").unwrap(), ("full".to_owned(), ParamValue::Flag(true)));
        assert_eq!(param("name=a=b").unwrap(), ("name".to_owned(), ParamValue::Text("a=b".to_owned())));
        assert!(param("full").is_err());
    }
}
