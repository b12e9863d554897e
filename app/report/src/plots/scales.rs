//! Bars to both sides of a middle line, in groups with a heading each.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{ACCENT, Area, Drawn, INK, LINE, MUTED, Room, WARN, font, length, text_width};
use crate::page::Scales;

const FONT: f64 = 12.5;
const ROW: i32 = 21;
/// Room above the first group for the names of the sides.
const HEAD: i32 = 22;
/// Above each heading.
const GAP: i32 = 9;

pub(super) fn height(chart: &Scales) -> i32 {
    let headings = chart.rows.iter().filter(|row| row.value.is_none()).count();
    let rows = i32::try_from(chart.rows.len()).unwrap_or(0);
    HEAD + rows * ROW + i32::try_from(headings).unwrap_or(0) * GAP + 6
}

pub(super) fn draw(chart: &Scales, room: Room, area: &Area<'_>) -> Drawn {
    let widest = |text: fn(&crate::page::ScalesRow) -> &str| {
        chart.rows.iter().map(|row| text_width(text(row), FONT)).max().unwrap_or(0)
    };
    let note = widest(|row| &row.note);
    let label = match room {
        Room::Wide => widest(|row| &row.label).min(240),
        Room::Narrow => widest(|row| &row.label).min(130),
    };
    let half = (room.width() - label - 2 * note - 34) / 2;
    let middle = label + 12 + note + half;
    let most = chart.rows.iter().filter_map(|row| row.value).map(f64::abs).fold(1.0, f64::max);
    let side = |at: HPos| font(FONT, MUTED).pos(Pos::new(at, VPos::Center));
    area.draw_text(chart.sides[0], &side(HPos::Right), (middle - 8, HEAD / 2))?;
    area.draw_text(chart.sides[1], &side(HPos::Left), (middle + 8, HEAD / 2))?;
    area.draw(&PathElement::new([(middle, HEAD), (middle, height(chart) - 4)], LINE.stroke_width(1)))?;
    let mut top = HEAD;
    for row in &chart.rows {
        let Some(value) = row.value else {
            top += GAP;
            area.draw_text(
                &row.label,
                &font(FONT + 1.0, INK).pos(Pos::new(HPos::Left, VPos::Center)),
                (0, top + ROW / 2),
            )?;
            top += ROW;
            continue;
        };
        let (centre, reach) = (top + ROW / 2, length(value.abs(), most, half));
        let words = font(FONT, MUTED).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw_text(&shortened(&row.label, label - 12), &words, (12, centre))?;
        let (from, to, colour) =
            if value < 0.0 { (middle - reach, middle, WARN) } else { (middle, middle + reach, ACCENT) };
        if to > from {
            area.draw(&Rectangle::new([(from, top + 4), (to, top + ROW - 4)], colour.filled()))?;
        }
        let (at, x) = if value < 0.0 { (HPos::Right, from - 6) } else { (HPos::Left, to + 6) };
        area.draw_text(&row.note, &font(FONT, MUTED).pos(Pos::new(at, VPos::Center)), (x, centre))?;
        top += ROW;
    }
    Ok(())
}

/// A label that does not fit ends in an ellipsis.
fn shortened(label: &str, room: i32) -> String {
    if text_width(label, FONT) <= room {
        return label.to_owned();
    }
    let mut short: String = label.to_owned();
    while !short.is_empty() && text_width(&short, FONT) + text_width("…", FONT) > room {
        short.pop();
    }
    short.trim_end().to_owned() + "…"
}
