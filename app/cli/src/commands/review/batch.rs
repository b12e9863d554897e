//! Decisions by rule: first shown, then written down, each as a judgement with the rule as its reason.

use std::io::{IsTerminal, Write};

use kartei_matching::inference::Inference;
use kartei_schemas::judgement::{Judgement, Verdict};
use serde::Serialize;

use super::listed;
use super::queue::Asked;
use super::rule::Rule;
use crate::console::grouped;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::now;
use crate::steward::{Night, Signature, signed, word};

/// Pairs that a preview shows.
const SHOWN: usize = 20;

/// A rule and what it decides.
pub(super) struct Batch<'a> {
    pub(super) rule: &'a str,
    pub(super) verdict: Verdict,
    pub(super) dry_run: bool,
    pub(super) yes: bool,
    /// At most so many pairs; 0: all.
    pub(super) limit: usize,
    pub(super) signature: &'a Signature,
}

/// What came of it, for machines.
#[derive(Debug, Serialize)]
struct Decided<'a> {
    rule: &'a str,
    verdict: Verdict,
    waiting: usize,
    fitting: usize,
    /// Pairs that fit, but whose answer follows from others of them, or contradicts what was said before.
    following: usize,
    written: usize,
    pairs: &'a [Asked],
}

pub(super) async fn run(batch: &Batch<'_>, queue: &[Asked], night: &mut Night, context: &Context) -> Outcome {
    let rule = Rule::read(batch.rule, &night.explainer.levels()).map_err(|wrong| {
        Failure::wrong_use(format!("the rule is not understood: {wrong}"))
            .with_hint("`kartei review --help` has examples")
    })?;
    let (chosen, following) = choose(&rule, batch, queue, night);
    let console = context.console;
    if !console.json() {
        if !chosen.is_empty() {
            console.table(&listed(&chosen[..chosen.len().min(SHOWN)]))?;
        }
        if chosen.len() > SHOWN {
            console.line(format_args!("… and {} more", grouped((chosen.len() - SHOWN) as u64)))?;
        }
        console.line(format_args!(
            "{} of {} waiting pairs fit, to be judged {}; following from them: {}",
            grouped(chosen.len() as u64),
            grouped(queue.len() as u64),
            word(batch.verdict),
            grouped(following as u64)
        ))?;
    }
    let decides = !batch.dry_run && !chosen.is_empty() && is_wanted(batch, chosen.len())?;
    if decides {
        let reason = match &batch.signature.reason {
            Some(reason) => format!("{reason} (rule: {})", batch.rule),
            None => format!("rule: {}", batch.rule),
        };
        let pair =
            |asked: &Asked| signed((&asked.left, &asked.right), batch.verdict, &batch.signature.by, Some(&reason));
        let new: Vec<_> = chosen.iter().map(pair).collect();
        night.installation.store.add_judgements(&new, now()).await?;
    }
    if console.json() {
        console.write_json(&Decided {
            rule: batch.rule,
            verdict: batch.verdict,
            waiting: queue.len(),
            fitting: chosen.len(),
            following,
            written: if decides { chosen.len() } else { 0 },
            pairs: &chosen,
        })?;
    } else if decides {
        console.remark(format_args!("judgements written: {}; they count from the next run on", chosen.len()));
        console.hint("`kartei judgements undo --where-reason RULE` takes them back");
    }
    Ok(Exit::Done)
}

/// The pairs that fit and are not answered by those before them, and how many are.
fn choose(rule: &Rule, batch: &Batch<'_>, queue: &[Asked], night: &Night) -> (Vec<Asked>, usize) {
    let mut judgements = night.judgements.clone();
    let mut inference = night.inference();
    let mut chosen: Vec<Asked> = Vec::new();
    let mut following = 0;
    for asked in queue {
        if batch.limit > 0 && chosen.len() == batch.limit {
            break;
        }
        let Some(explanation) = night.explainer.pair(asked.rows.0, asked.rows.1) else { continue };
        if !rule.fits(asked, &explanation) {
            continue;
        }
        if inference.of_pair(&asked.left, &asked.right).is_some() {
            following += 1;
            continue;
        }
        let (left, right) = (asked.left.clone(), asked.right.clone());
        judgements.push(Judgement { left, right, verdict: batch.verdict });
        // Only what joins groups changes what follows for other pairs of the queue; thousands stay affordable.
        if batch.verdict == Verdict::Same || chosen.len().is_multiple_of(64) {
            inference = Inference::of(&judgements);
        }
        chosen.push(asked.clone());
    }
    (chosen, following)
}

/// Asks on a terminal; elsewhere only `--yes` will do.
fn is_wanted(batch: &Batch<'_>, count: usize) -> Result<bool, Failure> {
    if batch.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        let failure = Failure::wrong_use("a rule decides only with `--yes` where nobody can be asked");
        return Err(failure.with_hint("look at `--dry-run` first"));
    }
    write!(anstream::stderr().lock(), "judgements to write: {count}. Go on? [y/N] ")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "yes" | "j" | "ja"))
}
