//! Lying bars: label, bar, number. On a phone the label stands above its bar.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{ACCENT, Area, Drawn, INK, LINE, MUTED, Room, font, length, text_width};
use crate::page::Bars;

const FONT: f64 = 13.0;

const fn row_height(room: Room) -> i32 {
    match room {
        Room::Wide => 26,
        Room::Narrow => 38,
    }
}

pub(super) fn height(chart: &Bars, room: Room) -> i32 {
    let rows = i32::try_from(chart.bars.len()).unwrap_or(0);
    rows * row_height(room) + 4
}

pub(super) fn draw(chart: &Bars, room: Room, area: &Area<'_>) -> Drawn {
    let widest = |text: fn(&crate::page::Bar) -> &str| {
        chart.bars.iter().map(|bar| text_width(text(bar), FONT)).max().unwrap_or(0)
    };
    let note = widest(|bar| &bar.note);
    let label = widest(|bar| &bar.label);
    for (index, bar) in chart.bars.iter().enumerate() {
        let top = i32::try_from(index)? * row_height(room) + 2;
        match room {
            Room::Wide => {
                let left = label + 12;
                let right = left + length(chart.length(bar), chart.longest(), room.width() - left - note - 14);
                let middle = top + row_height(room) / 2;
                let words = font(FONT, INK).pos(Pos::new(HPos::Right, VPos::Center));
                area.draw_text(&bar.label, &words, (label, middle))?;
                if right > left {
                    area.draw(&Rectangle::new([(left, top + 4), (right, top + 22)], ACCENT.filled()))?;
                }
                let number = font(FONT, MUTED).pos(Pos::new(HPos::Left, VPos::Center));
                area.draw_text(&bar.note, &number, (right + 8, middle))?;
            }
            Room::Narrow => {
                let words = font(FONT, INK).pos(Pos::new(HPos::Left, VPos::Top));
                area.draw_text(&bar.label, &words, (0, top))?;
                let number = font(FONT, MUTED).pos(Pos::new(HPos::Right, VPos::Top));
                area.draw_text(&bar.note, &number, (room.width(), top))?;
                let right = length(chart.length(bar), chart.longest(), room.width());
                area.draw(&Rectangle::new([(0, top + 20), (room.width(), top + 28)], LINE.filled()))?;
                if right > 0 {
                    area.draw(&Rectangle::new([(0, top + 20), (right, top + 28)], ACCENT.filled()))?;
                }
            }
        }
    }
    Ok(())
}
