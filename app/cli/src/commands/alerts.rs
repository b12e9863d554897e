//! `kartei alerts`: what there was to tell, and whether it arrives.

use std::time::Duration;

use clap::{Args, Subcommand};
use comfy_table::Cell;
use kartei_jobs::Ended;
use kartei_mail::{Templates, Transport};
use kartei_monitor::calls::Caller;
use kartei_monitor::{MonitorError, Rounds, Unheard, Watched, Watchlist, alerts};
use kartei_store::{Alert, AlertFilter, Store};

use crate::configuration::Configuration;
use crate::console::{Console, optional, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::{Installation, now, worker};
use crate::moment::Moments;

/// So long may a run at the terminal take to tell of itself.
const TELLING: Duration = Duration::from_secs(30);

/// Lists what admins were told, or tries whether alerts arrive
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei alerts                what was told, and what waits
  kartei alerts --standing     what has not been resolved
  kartei alerts test           sends one to everybody, to see whether it arrives
  kartei alerts check          looks, tells and sends once: `kartei run` does so by itself when it has ended")]
pub(crate) struct Alerts {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only troubles that have not been resolved
    #[arg(long)]
    standing: bool,
    /// At most so many; 0: all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Sends an alert to everybody who gets alerts
    Test,
    /// Looks for what there is to tell, and tells it, once
    Check,
}

pub(crate) async fn run(command: &Alerts, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = match command.action {
        None => crate::store::open_existing(&configuration).await?,
        Some(_) => crate::store::open_as_it_is(&configuration).await?,
    };
    let outcome = match command.action {
        None => list(command, &store, context, Moments::of(&configuration)).await,
        Some(Action::Test) => test(&configuration, &store, context).await,
        Some(Action::Check) => check(&configuration, &store, context).await,
    };
    store.close().await;
    outcome
}

/// Looks, tells and sends once.
async fn check(configuration: &Configuration, store: &Store, context: &Context) -> Outcome {
    let rounds = rounds(configuration, store)?;
    let round = rounds.once().await?;
    if context.console.json() {
        context.console.write_json(&round)?;
        return Ok(Exit::Done);
    }
    let unheard = rounds.watched.now().unheard;
    match unheard {
        Some(unheard) if round.told > 0 => {
            context.console.remark(format_args!("{} found; {}", counted(round.told, "alert"), unheard.reason));
            context.console.hint(unheard.hint);
        }
        _ => context.console.remark(format_args!("{} told", counted(round.told, "alert"))),
    }
    if round.waiting > 0 {
        let waiting = counted(round.waiting, "alert");
        context.console.remark(format_args!("{waiting} more to tell, once `alerts.at_most_every` has passed"));
    }
    Ok(Exit::Done)
}

/// Tells of a run that has just ended in this process, which will not be there to do it later: within a bounded time, and
/// whatever comes of it is no part of the run.
pub(super) async fn tell_of_run(installation: &Installation, ended: &Ended, console: Console) {
    let project = &installation.project;
    let watched = Watched::of(&project.settings, &project.jobs, &project.schemas);
    let told = match rounds_of(watched, &project.settings.mail, &installation.store) {
        Ok(rounds) => tokio::time::timeout(TELLING, rounds.once()).await,
        Err(failure) => {
            console.remark("nobody could be told of this run:");
            return failure.print();
        }
    };
    match told {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(error = %error, "nobody could be told of this run"),
        Err(_) => {
            tracing::warn!(seconds = TELLING.as_secs(), "telling of this run takes too long: it is left for later");
        }
    }
    if let Some(unheard) = Unheard::by(&project.settings).filter(|_| ended.error.is_some()) {
        console.remark(unheard.reason);
        console.hint(unheard.hint);
    }
}

/// `1 alert`, `2 alerts`.
fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

async fn list(command: &Alerts, store: &Store, context: &Context, moments: Moments) -> Outcome {
    let alerts = store.alerts(&AlertFilter { standing: command.standing, limit: command.limit }).await?;
    if context.console.json() {
        context.console.write_json(&alerts)?;
    } else if alerts.is_empty() {
        context.console.remark("there was nothing to tell");
    } else {
        let mut table = table(&["alert", "when", "what", "job or source", "run", "told", "resolved", "why"]);
        for alert in &alerts {
            table.add_row(row(alert, moments));
        }
        context.console.table(&table)?;
    }
    Ok(Exit::Done)
}

fn row(alert: &Alert, moments: Moments) -> Vec<Cell> {
    vec![
        text(alert.id),
        text(moments.show(alert.at)),
        text(alert.kind),
        optional(alert.job.as_ref().or(alert.source.as_ref())),
        optional(alert.run_id),
        text(moments.show_if(alert.told_at)),
        text(moments.show_if(alert.resolved_at)),
        optional(alert.detail["guard"].as_str().or(alert.detail["error"].as_str())),
    ]
}

/// Sends an alert to everybody, and says what became of it.
async fn test(configuration: &Configuration, store: &Store, context: &Context) -> Outcome {
    let settings = &configuration.settings.alerts;
    if settings.mail_to.is_empty() && settings.webhook.is_none() {
        let failure = Failure::new("nobody gets alerts: `[alerts]` names neither an address nor a webhook");
        return Err(failure.with_hint("write `mail_to = [\"admin@example.org\"]` under [alerts] in kartei.toml"));
    }
    let rounds = rounds(configuration, store)?;
    let before = (store.outbox_depth(None).await?, store.call_depth().await?);
    alerts::try_out(store, now()).await?;
    rounds.once().await?;
    let after = (store.outbox_depth(None).await?, store.call_depth().await?);
    let mails = after.0.sent - before.0.sent;
    let calls = after.1.sent - before.1.sent;
    let waiting = after.0.queued + after.0.failed + after.1.queued + after.1.failed;
    let failed = waiting.saturating_sub(before.0.queued + before.0.failed + before.1.queued + before.1.failed);
    context.console.remark(format_args!("{} sent, {} made", counted(mails, "mail"), counted(calls, "call")));
    if failed > 0 {
        let failure = Failure::new(format!("{} did not go out", counted(failed, "message")));
        return Err(failure.with_hint("`kartei doctor` says why; what waits is tried again by `kartei serve`"));
    }
    Ok(Exit::Done)
}

/// What the rounds need, by the settings.
pub(super) fn rounds(configuration: &Configuration, store: &Store) -> Result<Rounds, Failure> {
    let schemas = configuration.schemas()?;
    let (jobs, _) = configuration.jobs(&schemas.sources)?;
    rounds_of(Watched::of(&configuration.settings, &jobs, &schemas), &configuration.settings.mail, store)
}

/// The same, of what is watched already.
pub(super) fn rounds_of(
    watched: Watched,
    mail: &kartei_schemas::settings::MailSettings,
    store: &Store,
) -> Result<Rounds, Failure> {
    let templates = match &mail.templates {
        Some(folder) => Templates::with_folder(folder),
        None => Templates::embedded(),
    };
    Ok(Rounds {
        store: store.clone(),
        templates: templates.map_err(MonitorError::from)?,
        transport: Transport::new(mail).map_err(MonitorError::from)?,
        caller: Caller::new(&watched.alerts)?,
        watched: Watchlist::new(watched),
        worker: worker(0),
        clock: std::sync::Arc::new(now),
    })
}

impl From<MonitorError> for Failure {
    fn from(error: MonitorError) -> Self {
        Self::from_error(&error).with_hint_if(error.hint())
    }
}
