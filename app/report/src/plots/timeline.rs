//! What ran when: a row a job, a bar a run. On a phone the job stands above its bars.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, BAD, Drawn, FAINT, GOOD, INK, LINE, MUTED, Room, WARN, font, text_width};
use crate::page::{Timeline, Tone};

const FONT: f64 = 13.0;
const AXIS: i32 = 24;
const BAR: i32 = 14;
/// A run of a second among days is seen too.
const THINNEST: i32 = 3;

const fn row_height(room: Room) -> i32 {
    match room {
        Room::Wide => 28,
        Room::Narrow => 42,
    }
}

pub(super) fn height(chart: &Timeline, room: Room) -> i32 {
    i32::try_from(chart.rows.len()).unwrap_or(0) * row_height(room) + AXIS
}

pub(super) fn draw(chart: &Timeline, room: Room, area: &Area<'_>) -> Drawn {
    let label = chart.rows.iter().map(|row| text_width(row, FONT)).max().unwrap_or(0);
    let left = if room == Room::Wide { label + 12 } else { 0 };
    let place = |share: f64| left + length_of(share, room.width() - left - 1);
    let bottom = height(chart, room) - AXIS;
    for (share, words) in &chart.marks {
        let x = place(*share);
        area.draw(&PathElement::new([(x, 0), (x, bottom)], LINE))?;
        let side = if *share > 0.85 { HPos::Right } else { HPos::Left };
        area.draw_text(words, &font(11.0, MUTED).pos(Pos::new(side, VPos::Top)), (x + 2, bottom + 4))?;
    }
    for (index, row) in chart.rows.iter().enumerate() {
        let top = i32::try_from(index)? * row_height(room);
        let (at, anchor) = match room {
            Room::Wide => ((label, top + row_height(room) / 2), Pos::new(HPos::Right, VPos::Center)),
            Room::Narrow => ((0, top + 2), Pos::new(HPos::Left, VPos::Top)),
        };
        area.draw_text(row, &font(FONT, INK).pos(anchor), at)?;
    }
    for span in &chart.spans {
        let top = i32::try_from(span.row)? * row_height(room) + row_height(room) - BAR - 7;
        let (from, to) = (place(span.from), place(span.to));
        let colour = match span.tone {
            Tone::Good => GOOD,
            Tone::Warn => WARN,
            Tone::Bad => BAD,
            Tone::Plain | Tone::Quiet => FAINT,
        };
        let bar = Rectangle::new([(from, top), (to.max(from + THINNEST), top + BAR)], colour.filled());
        area.draw(&bar)?;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "between 0 and `room`")]
fn length_of(share: f64, room: i32) -> i32 {
    (share.clamp(0.0, 1.0) * f64::from(room)).round() as i32
}
