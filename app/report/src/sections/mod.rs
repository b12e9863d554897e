//! The report's sections, in the order in which they are read.

mod change;
mod history;
mod intake;
mod linkage;
mod portrait;
mod run;

use crate::RunReport;
use crate::page::{Cell, Section, Tone};
use crate::voice::Voice;

/// All sections that have something to say.
pub(crate) fn all(report: &RunReport, voice: Voice) -> Vec<Section> {
    let sections = [
        intake::flow(report, voice),
        intake::sources(report, voice),
        change::persons(report, voice),
        change::changes(report, voice),
        change::consents(report, voice),
        linkage::pairs(report, voice),
        linkage::scores(report, voice),
        linkage::clusters(report, voice),
        linkage::overlap(report, voice),
        portrait::model(report, voice),
        portrait::studio(report, voice),
        change::survivorship(report, voice),
        change::review(report, voice),
        change::notices(report, voice),
        run::guards(report, voice),
        run::steps(report, voice),
        history::oddities(report, voice),
        history::timeline(report, voice),
    ];
    sections.into_iter().filter(|section| !section.parts.is_empty()).collect()
}

/// A number; zero is quiet.
fn count(number: u64, voice: Voice) -> Cell {
    Cell::toned(voice.number(number), if number == 0 { Tone::Quiet } else { Tone::Plain })
}

/// A number that is bad news unless it is zero.
fn trouble(number: u64, voice: Voice) -> Cell {
    Cell::toned(voice.number(number), if number == 0 { Tone::Quiet } else { Tone::Warn })
}

/// A share of a whole, as percent with a bar.
fn share(part: u64, whole: u64, voice: Voice) -> Cell {
    Cell::new(voice.percent(part, whole)).with_share(part, whole)
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}
