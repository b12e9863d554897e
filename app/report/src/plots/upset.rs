//! Which sources know a person: dots for the combination, a bar for how many (Lex et al. 2014, "UpSet"), set lying so
//! that names and numbers stay level.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{ACCENT, Area, Drawn, INK, LINE, MUTED, Room, font, length, text_width};
use crate::page::UpSet;

const FONT: f64 = 13.0;
const ROW: i32 = 24;
/// Between the dots of two sets.
const STEP: i32 = 24;
const NAME_ROW: i32 = 19;

fn head(chart: &UpSet) -> i32 {
    i32::try_from(chart.sets.len()).unwrap_or(0) * NAME_ROW + 6
}

pub(super) fn height(chart: &UpSet) -> i32 {
    head(chart) + i32::try_from(chart.rows.len()).unwrap_or(0) * ROW + 4
}

pub(super) fn draw(chart: &UpSet, room: Room, area: &Area<'_>) -> Drawn {
    let head = head(chart);
    let column = |index: usize| i32::try_from(index).map(|index| 10 + index * STEP);
    for (index, set) in chart.sets.iter().enumerate() {
        let (x, y) = (column(index)?, i32::try_from(index)? * NAME_ROW + NAME_ROW / 2);
        let bottom = head + i32::try_from(chart.rows.len())? * ROW;
        area.draw(&PathElement::new([(x, y), (x, bottom)], LINE.stroke_width(1)))?;
        area.draw(&PathElement::new([(x, y), (x + 7, y)], LINE.stroke_width(1)))?;
        area.draw_text(set, &font(FONT, INK).pos(Pos::new(HPos::Left, VPos::Center)), (x + 11, y))?;
    }
    let left = column(chart.sets.len())?;
    let note = chart.rows.iter().map(|row| text_width(&row.note, FONT)).max().unwrap_or(0);
    let most = chart.rows.iter().map(|row| row.value as f64).fold(0.0, f64::max);
    for (index, row) in chart.rows.iter().enumerate() {
        let y = head + i32::try_from(index)? * ROW + ROW / 2;
        let inside: Vec<i32> = row
            .inside
            .iter()
            .enumerate()
            .filter(|(_, inside)| **inside)
            .map(|(set, _)| column(set))
            .collect::<Result<_, _>>()?;
        for set in 0..row.inside.len() {
            area.draw(&Circle::new((column(set)?, y), 4, LINE.filled()))?;
        }
        if let (Some(&first), Some(&last)) = (inside.first(), inside.last()) {
            area.draw(&PathElement::new([(first, y), (last, y)], ACCENT.stroke_width(2)))?;
        }
        for x in &inside {
            area.draw(&Circle::new((*x, y), 6, ACCENT.filled()))?;
        }
        let right = left + length(row.value as f64, most, room.width() - left - note - 12);
        area.draw(&Rectangle::new([(left, y - 8), (right.max(left + 1), y + 8)], ACCENT.filled()))?;
        area.draw_text(&row.note, &font(FONT, MUTED).pos(Pos::new(HPos::Left, VPos::Center)), (right + 8, y))?;
    }
    Ok(())
}
