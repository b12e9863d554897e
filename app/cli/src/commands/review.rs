//! `kartei review`: the doubtful pairs, the most valuable first; asked one by one, or decided by a rule.

mod batch;
mod input;
mod queue;
mod rule;
mod session;
mod words;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use kartei_schemas::judgement::Verdict;

use crate::console::{number, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::steward::{Night, Signature, Spoken, name_of};
use queue::Asked;

/// Asks about doubtful pairs, or decides them by a rule
#[derive(Debug, Args)]
#[command(after_help = "On a terminal one key decides; otherwise each line of standard input is one answer, and what \
follows its first letter is the reason: y (one person), n (two), u (unsure), s (skip), z (undo), e (explain), p (show \
the score), q (end). Pairs whose answer follows from judgements are not asked.

A rule is made of conditions joined by `and`: probability, household, weight, impact (numbers), reason (uncertain, cut, \
key_conflict, judgement_conflict), source, and every comparison with its levels, such as birth_date>=one_digit.

Examples:
  kartei review
  kartei review --order value --by anna
  kartei review --list --json
  kartei review --accept-where 'probability>=0.9 and reason=uncertain' --dry-run
  kartei review --reject-where 'household>=0.9 and given_name=different' --yes
  kartei review --only sample.csv")]
pub(crate) struct Review {
    /// Lists the queue instead of asking
    #[arg(long)]
    list: bool,
    /// In which order
    #[arg(long, value_name = "ORDER", default_value = "impact")]
    order: Order,
    /// At most so many pairs; 0: all
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: usize,
    /// Asks about the pairs of this CSV (`left,right`) instead of the queue
    #[arg(long, value_name = "FILE", conflicts_with_all = ["accept_where", "reject_where"])]
    only: Option<PathBuf>,
    /// Takes every pair for one person that fits the rule
    #[arg(long, value_name = "RULE", conflicts_with = "reject_where")]
    accept_where: Option<String>,
    /// Takes every pair for two persons that fits the rule
    #[arg(long, value_name = "RULE")]
    reject_where: Option<String>,
    /// Shows what a rule would decide, and decides nothing
    #[arg(long)]
    dry_run: bool,
    /// Does not ask before a rule decides
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    signature: Signature,
    /// The language; left out: `locale.language`
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<Spoken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Records that the answer would move, then doubt
    Impact,
    /// Doubt alone
    Doubt,
    /// What an answer is worth: error that it would avoid, and how little is known of pairs like it
    Value,
}

pub(crate) async fn run(command: &Review, context: &Context) -> Outcome {
    let mut night = Night::open(context).await?;
    let mut queue = match &command.only {
        Some(file) => queue::of_file(file, &night)?,
        None => queue::of_store(&night).await?,
    };
    if command.only.is_none() {
        queue::order(&mut queue, command.order);
    }
    let rule = match (&command.accept_where, &command.reject_where) {
        (Some(rule), _) => Some((rule, Verdict::Same)),
        (_, Some(rule)) => Some((rule, Verdict::Different)),
        _ => None,
    };
    if let Some((rule, verdict)) = rule {
        let batch = batch::Batch {
            rule,
            verdict,
            dry_run: command.dry_run,
            yes: command.yes,
            limit: command.limit,
            signature: &command.signature,
        };
        return batch::run(&batch, &queue, &mut night, context).await;
    }
    if command.limit > 0 {
        queue.truncate(command.limit);
    }
    if command.list || context.console.json() {
        return list(&queue, context);
    }
    let language = night.language(command.language);
    session::Session::new(&mut night, queue, &command.signature, language, context.console).run().await
}

fn list(queue: &[Asked], context: &Context) -> Outcome {
    if context.console.json() {
        context.console.write_json(&queue)?;
        return Ok(Exit::Done);
    }
    if queue.is_empty() {
        context.console.remark("no pair waits for a decision");
        return Ok(Exit::Done);
    }
    context.console.table(&listed(queue))?;
    Ok(Exit::Done)
}

/// Pairs as a table.
fn listed(queue: &[Asked]) -> comfy_table::Table {
    let mut shown = table(&["record", "record", "probability", "moves", "why it is asked"]);
    for asked in queue {
        shown.add_row(vec![
            text(name_of(&asked.left)),
            text(name_of(&asked.right)),
            text(format!("{:.1} %", asked.probability * 100.0)),
            number(asked.impact),
            text(asked.reason.replace('_', " ")),
        ]);
    }
    shown
}
