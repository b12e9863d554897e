//! Asks pair by pair, and writes each answer down at once.

use std::io::Write;

use kartei_matching::inference::Inference;
use kartei_schemas::judgement::Verdict;
use kartei_schemas::org::Language;
use owo_colors::OwoColorize;

use super::input::{Answer, Input};
use super::queue::Asked;
use super::words::{Tally, Words};
use crate::card::card;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::now;
use crate::steward::{Night, Signature, signed, word};

/// A session: the pairs, how far it has come, and what was said.
pub(super) struct Session<'a> {
    night: &'a mut Night,
    queue: Vec<Asked>,
    inference: Inference,
    /// The pair that is asked about.
    at: usize,
    /// What was done, the newest last.
    done: Vec<Done>,
    /// The reason for the next answer.
    reason: Option<String>,
    signature: &'a Signature,
    language: Language,
    words: Words,
    console: Console,
    input: Input,
}

/// What was done with a pair of the queue.
struct Done {
    place: usize,
    deed: Deed,
}

enum Deed {
    /// Said, with the judgement's number.
    Said(Verdict, i64),
    Skipped,
    /// Not asked, since the answer follows.
    Followed,
}

/// Whether the session goes on, and how.
enum Next {
    /// The same pair again, without its card.
    Ask,
    /// Another pair, or the same one with its card.
    Show,
    End,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        night: &'a mut Night,
        queue: Vec<Asked>,
        signature: &'a Signature,
        language: Language,
        console: Console,
    ) -> Self {
        let (words, input) = (Words::of(language), Input::of_surroundings());
        let inference = night.inference();
        let reason = signature.reason.clone();
        Self { night, queue, inference, at: 0, done: Vec::new(), reason, signature, language, words, console, input }
    }

    /// Asks until the queue or the answers are at their end.
    pub(super) async fn run(mut self) -> Outcome {
        if self.queue.is_empty() {
            self.console.remark(self.words.nothing);
            return Ok(Exit::Done);
        }
        let mut next = Next::Show;
        loop {
            if matches!(next, Next::Show) {
                self.pass_what_follows();
                if self.at < self.queue.len() {
                    self.show()?;
                }
            }
            let keys = if self.at < self.queue.len() { self.words.keys } else { self.words.last };
            write!(anstream::stdout().lock(), "{} > ", keys.dimmed())?;
            std::io::stdout().flush()?;
            let Some(answer) = self.input.next()? else { break };
            self.console.line(if matches!(self.input, Input::Keys) {
                answer.letter.to_string()
            } else {
                String::new()
            })?;
            next = self.act(answer).await?;
            if matches!(next, Next::End) {
                break;
            }
        }
        let tally = self.tally();
        self.console.line("")?;
        self.console.line(self.words.tally(tally))?;
        if tally.same + tally.different + tally.unsure > 0 {
            self.console.remark(self.words.next);
        }
        Ok(Exit::Done)
    }

    fn show(&self) -> Result<(), Failure> {
        let asked = &self.queue[self.at];
        let place = self.words.place(self.at + 1, self.queue.len(), asked.impact);
        self.console.line(format_args!("\n{}", place.bold()))?;
        self.console.line(card(self.night, asked.rows, self.language))
    }

    async fn act(&mut self, answer: Answer) -> Result<Next, Failure> {
        if self.at >= self.queue.len() && !matches!(answer.letter, 'z' | 'q') {
            self.console.line(self.words.not_understood)?;
            return Ok(Next::Ask);
        }
        if let Some(reason) = answer.reason {
            self.reason = Some(reason);
        }
        match answer.letter {
            'y' | 'j' => self.say(Verdict::Same).await,
            'n' => self.say(Verdict::Different).await,
            'u' => self.say(Verdict::Unsure).await,
            's' => {
                self.pass(Deed::Skipped);
                Ok(Next::Show)
            }
            'z' => self.undo().await,
            'e' => self.explain(),
            'p' => self.score(),
            'w' => {
                write!(anstream::stdout().lock(), "{}", self.words.reason)?;
                std::io::stdout().flush()?;
                self.reason = Input::text()?;
                Ok(Next::Ask)
            }
            'q' => Ok(Next::End),
            '?' | 'h' => {
                self.console.line(self.words.help)?;
                Ok(Next::Ask)
            }
            _ => {
                self.console.line(self.words.not_understood)?;
                Ok(Next::Ask)
            }
        }
    }

    async fn say(&mut self, verdict: Verdict) -> Result<Next, Failure> {
        let asked = &self.queue[self.at];
        let new = signed((&asked.left, &asked.right), verdict, &self.signature.by, self.reason.as_deref());
        let id = self.night.installation.store.add_judgement(&new, now()).await?;
        self.night.hear(new.judgement);
        self.inference = self.night.inference();
        self.reason.clone_from(&self.signature.reason);
        self.console.line(format_args!("→ {}", word(verdict)))?;
        self.pass(Deed::Said(verdict, id));
        Ok(Next::Show)
    }

    fn pass(&mut self, deed: Deed) {
        self.done.push(Done { place: self.at, deed });
        self.at += 1;
    }

    /// Passes pairs by whose answer follows by now.
    fn pass_what_follows(&mut self) {
        while let Some(asked) = self.queue.get(self.at) {
            let is_conflict = asked.reason == "judgement_conflict";
            if is_conflict || self.inference.of_pair(&asked.left, &asked.right).is_none() {
                break;
            }
            self.pass(Deed::Followed);
        }
    }

    /// Goes back to the pair that was answered or skipped last.
    async fn undo(&mut self) -> Result<Next, Failure> {
        loop {
            match self.done.pop() {
                None => {
                    self.console.line(self.words.nothing_to_undo)?;
                    return Ok(Next::Ask);
                }
                Some(Done { deed: Deed::Followed, .. }) => {}
                Some(Done { place, deed }) => {
                    self.at = place;
                    if let Deed::Said(_, id) = deed {
                        let store = &self.night.installation.store;
                        store.undo_judgement(id, &self.signature.by, Some("taken back in the review"), now()).await?;
                        self.night.judgements = store.active_judgements().await?;
                        self.inference = self.night.inference();
                    }
                    self.console.line(self.words.taken_back)?;
                    return Ok(Next::Show);
                }
            }
        }
    }

    fn explain(&self) -> Result<Next, Failure> {
        let rows = self.queue[self.at].rows;
        if let Some(explanation) = self.night.explainer.pair(rows.0, rows.1) {
            self.console.line(format_args!("{}\n", explanation.sentence(self.language)))?;
            self.console.line(explanation.text(self.language, true).trim_end())?;
        }
        Ok(Next::Ask)
    }

    fn score(&self) -> Result<Next, Failure> {
        let asked = &self.queue[self.at];
        let reason = asked.reason.replace('_', " ");
        let explanation = self.night.explainer.pair(asked.rows.0, asked.rows.1);
        if let Some(explanation) = explanation {
            self.console.line(format_args!(
                "{:.1} %, {:+.1} bits {reason}",
                explanation.probability * 100.0,
                explanation.weight
            ))?;
        }
        Ok(Next::Ask)
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally { left: self.queue.len() - self.at.min(self.queue.len()), ..Tally::default() };
        for done in &self.done {
            match done.deed {
                Deed::Said(Verdict::Same, _) => tally.same += 1,
                Deed::Said(Verdict::Different, _) => tally.different += 1,
                Deed::Said(Verdict::Unsure, _) => tally.unsure += 1,
                Deed::Skipped => tally.skipped += 1,
                Deed::Followed => tally.followed += 1,
            }
        }
        tally
    }
}
