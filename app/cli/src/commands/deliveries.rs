//! `kartei deliveries`: what the sources handed over, what of it waits and why, and what a human says of it.

use clap::{Args, Subcommand};
use comfy_table::Cell;
use kartei_jobs::GUARDS;
use kartei_store::{Delivery, DeliveryFilter, DeliveryState, Store};

use crate::console::{Console, Listing, number, optional, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::asker;
use crate::moment::Moments;

/// Lists what the sources handed over, and accepts, discards or takes back a delivery
#[derive(Debug, Args)]
#[command(
    after_help = "A delivery is what a source handed over at one time. What a guard stopped waits here with its \
reasons, until a later pull of its source supersedes it or a human decides; only what was accepted is ever published.

Examples:
  kartei deliveries                              what waits, and the newest others
  kartei deliveries show 17
  kartei deliveries accept 17 --reason \"the branch was closed\"
  kartei deliveries accept 17 --accept-guard max_gone_percent
  kartei deliveries discard 17 --reason \"a torn export\"
  kartei deliveries forget 12 --reason \"the wrong file\""
)]
pub(crate) struct Deliveries {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists deliveries, the newest first
    List {
        /// Only of this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<String>,
        /// Only in this state: staged, accepted, discarded, published, forgotten, folded; may be repeated
        #[arg(long, value_name = "STATE")]
        state: Vec<DeliveryState>,
        /// At most so many; 0: all
        #[arg(long, value_name = "N", default_value_t = 30)]
        limit: u32,
    },
    /// Shows one delivery, with what each guard saw
    Show {
        /// Its number
        id: i64,
    },
    /// Accepts what waits; the next run consolidates it
    Accept {
        /// Its number
        id: i64,
        /// Lets it pass this guard too, beside those that hold it back; may be repeated
        #[arg(long, value_name = "GUARD")]
        accept_guard: Vec<String>,
        #[command(flatten)]
        word: Word,
    },
    /// Discards what waits, or was accepted and is not published yet; the same content is passed over from then on
    Discard {
        /// Its number
        id: i64,
        #[command(flatten)]
        word: Word,
    },
    /// Takes back what was published: the next run computes as if it had never come
    Forget {
        /// Its number
        id: i64,
        /// Lets the next run pass this guard; may be repeated
        #[arg(long, value_name = "GUARD")]
        accept_guard: Vec<String>,
        #[command(flatten)]
        word: Word,
    },
}

/// Why.
#[derive(Debug, Args)]
struct Word {
    /// Why, in your words; it is kept with the delivery
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

pub(crate) async fn run(command: &Deliveries, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let moments = Moments::of(&configuration);
    let outcome = act(command, &store, (context, moments)).await;
    store.close().await;
    outcome
}

async fn act(command: &Deliveries, store: &Store, (context, moments): (&Context, Moments)) -> Outcome {
    let console = context.console;
    let everything = Action::List { source: None, state: Vec::new(), limit: 30 };
    match command.action.as_ref().unwrap_or(&everything) {
        Action::List { source, state, limit } => {
            let filter = DeliveryFilter { source: source.clone(), states: state.clone(), run_id: None, limit: *limit };
            list(store, &filter, (console, moments)).await?;
        }
        Action::Show { id } => show(&store.delivery(*id).await?, (console, moments))?,
        Action::Accept { id, accept_guard, word } => {
            known_guards(accept_guard)?;
            let by = asker();
            let by = if word.reason.is_empty() { by } else { format!("{by}: {}", word.reason) };
            let delivery = store.accept_delivery(*id, (&by, accept_guard), context.now).await?;
            let what = match delivery.state {
                DeliveryState::Accepted => "is accepted: the next run that consolidates takes it up",
                DeliveryState::Published => {
                    "is published already; what you accept is noted for the next pull of its source"
                }
                _ => "may come again: the next pull of its source reads it",
            };
            said(&delivery, what, console)?;
        }
        Action::Discard { id, word } => {
            let delivery = store.discard_delivery(*id, (&asker(), &word.reason), context.now).await?;
            said(&delivery, "is discarded, and passed over when the same content comes again", console)?;
        }
        Action::Forget { id, accept_guard, word } => {
            known_guards(accept_guard)?;
            let passing = (accept_guard.as_slice(), context.now);
            let delivery = store.forget_delivery(*id, (&asker(), &word.reason), passing).await?;
            said(&delivery, "is taken back: the next run computes as if it had never come", console)?;
        }
    }
    Ok(Exit::Done)
}

fn known_guards(names: &[String]) -> Result<(), Failure> {
    let Some(unknown) = names.iter().find(|name| !GUARDS.contains(&name.as_str())) else { return Ok(()) };
    let hint = kartei_schemas::problem::suggest(unknown, GUARDS);
    Err(Failure::wrong_use(format!("there is no guard `{unknown}`")).with_hint_if(hint))
}

fn said(delivery: &Delivery, what: &str, console: Console) -> Result<(), Failure> {
    if console.json() {
        return console.write_json(delivery);
    }
    console.line(format_args!("delivery {} of source `{}` {what}", delivery.id, delivery.source))
}

async fn list(store: &Store, filter: &DeliveryFilter, (console, moments): (Console, Moments)) -> Result<(), Failure> {
    let found = store.deliveries(filter).await?;
    let items: Vec<(Delivery, String)> =
        found.into_iter().map(|one| (one.clone(), moments.show(one.staged_at))).collect();
    if console.json() {
        let all: Vec<&Delivery> = items.iter().map(|(delivery, _)| delivery).collect();
        return console.write_json(&all);
    }
    console.list(&Listing {
        header: &["number", "source", "kind", "from", "staged", "state", "rows", "rejected", "gone", "why"],
        items: &items,
        row,
        nothing: "nothing has been delivered",
    })?;
    let waiting = items.iter().filter(|(delivery, _)| delivery.waits()).count();
    if waiting > 0 {
        console.hint("`kartei deliveries show NUMBER` tells why one waits; `accept` and `discard` decide it");
    }
    Ok(())
}

fn row((delivery, staged): &(Delivery, String)) -> Vec<Cell> {
    let state = if delivery.waits() { "waits".to_owned() } else { delivery.state.to_string() };
    vec![
        text(delivery.id),
        text(&delivery.source),
        text(delivery.kind),
        text(&delivery.origin),
        text(staged),
        text(state),
        number(delivery.counts.read),
        number(delivery.counts.rejected()),
        number(delivery.counts.gone),
        optional(delivery.reason.as_ref()),
    ]
}

fn show(delivery: &Delivery, (console, moments): (Console, Moments)) -> Result<(), Failure> {
    if console.json() {
        return console.write_json(delivery);
    }
    let counts = &delivery.counts;
    let run = |run: Option<i64>| run.map(|run| format!("run {run}"));
    let lines = [
        ("source", Some(delivery.source.clone())),
        ("kind", Some(delivery.kind.to_string())),
        ("from", Some(delivery.origin.clone())),
        ("changed at its origin", delivery.data_at.map(|at| moments.show(at))),
        ("staged", Some(moments.show(delivery.staged_at))),
        ("staged by", run(delivery.run_id)),
        ("state", Some(delivery.state.to_string())),
        ("why", delivery.reason.clone()),
        ("decided", delivery.decided_at.map(|at| moments.show(at))),
        ("decided by", delivery.decided_by.clone()),
        ("published by", run(delivery.published_by)),
        (
            "rows",
            Some(format!(
                "{} read, {} new, {} changed, {} unchanged, {} rejected; {} records gone",
                counts.read,
                counts.new,
                counts.changed,
                counts.unchanged,
                counts.rejected(),
                counts.gone
            )),
        ),
        ("guards let pass", (!delivery.accepted_guards.is_empty()).then(|| delivery.accepted_guards.join(", "))),
    ];
    console.line(format_args!("delivery {}", delivery.id))?;
    for (name, value) in lines {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            console.line(format_args!("  {name}: {}", crate::console::printable(&value)))?;
        }
    }
    if counts.keyless > 0 {
        let rows = counts.keyless;
        console
            .line(format_args!("  {rows} rows without a legible key: this listing says nothing about who is absent"))?;
    }
    if !delivery.verdicts.is_empty() {
        let mut verdicts = table(&["guard", "verdict", "found", "allowed", "what it saw"]);
        for verdict in &delivery.verdicts {
            verdicts.add_row(vec![
                text(&verdict.guard),
                text(&verdict.verdict),
                text(format!("{:.1}", verdict.actual)),
                text(format!("{:.1}", verdict.limit)),
                optional(verdict.message.as_ref()),
            ]);
        }
        console.table(&verdicts)?;
    }
    if delivery.waits() {
        let id = delivery.id;
        console.hint(format_args!(
            "`kartei deliveries accept {id}` lets the next run publish it, `discard {id}` puts it away"
        ));
    }
    Ok(())
}
