//! The histogram of scores with both thresholds.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, Drawn, FAINT, GOOD, INK, LINE, MUTED, Room, WARN, font, text_width};
use crate::page::Histogram;
use crate::voice::Voice;

const FONT: f64 = 12.0;
/// Room above the chart for the key and the thresholds' numbers.
const HEAD: i32 = 46;

pub(super) const fn height(room: Room) -> i32 {
    match room {
        Room::Wide => 320,
        Room::Narrow => 260,
    }
}

pub(super) fn draw(chart: &Histogram, room: Room, voice: Voice, area: &Area<'_>) -> Drawn {
    let low = chart.bins.first().map_or(0.0, |bin| bin.0);
    let high = chart.bins.last().map_or(1.0, |bin| bin.1).max(low + f64::EPSILON);
    let most = chart.bins.iter().map(|bin| bin.2).max().unwrap_or(1) as f64;
    key(chart, area)?;
    let mut plane = ChartBuilder::on(area)
        .margin_top(HEAD)
        .margin_right(text_width("00,00", FONT))
        .x_label_area_size(42)
        .y_label_area_size(text_width(&voice.decimal(most * 2.0, 0), FONT) + 10)
        .build_cartesian_2d(low..high, (0.7..most * 1.6).log_scale())?;
    let is_fine = high - low <= 8.0;
    let places = usize::from(is_fine);
    plane
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(LINE)
        .axis_style(LINE)
        .x_labels(if room == Room::Wide { 11 } else { 6 })
        .y_labels(5)
        .x_desc(chart.axis)
        .axis_desc_style(font(FONT, MUTED))
        .label_style(font(FONT, MUTED))
        .x_label_formatter(&|x| voice.decimal(*x, places))
        .y_label_formatter(&|y| voice.decimal(*y, 0))
        .draw()?;
    let gap = (high - low) / 1_500.0;
    plane.draw_series(chart.bins.iter().filter(|bin| bin.2 > 0).map(|&(from, to, pairs)| {
        Rectangle::new([(from + gap, 0.7), (to - gap, pairs as f64)], zone_colour(chart, from, to).filled())
    }))?;
    // Each number stands on the outer side of its line, so that near thresholds do not overlap.
    let sides = [(chart.review, WARN, HPos::Right, -4), (chart.accept, GOOD, HPos::Left, 4)];
    for (threshold, colour, side, shift) in sides.into_iter().filter(|side| (low..=high).contains(&side.0)) {
        let line = [(threshold, 0.7), (threshold, most * 1.6)];
        plane.draw_series(std::iter::once(DashedPathElement::new(line, 4, 3, INK)))?;
        let (x, y) = plane.backend_coord(&(threshold, most * 1.6));
        let number = font(FONT, colour).pos(Pos::new(side, VPos::Bottom));
        area.draw_text(&voice.decimal(threshold, 2), &number, (x + shift, y - 2))?;
    }
    Ok(())
}

fn zone_colour(chart: &Histogram, from: f64, to: f64) -> RGBColor {
    let middle = f64::midpoint(from, to);
    if middle >= chart.accept {
        GOOD
    } else if middle >= chart.review {
        WARN
    } else {
        FAINT
    }
}

/// The three zones, named above the chart, where nothing can overlap them.
fn key(chart: &Histogram, area: &Area<'_>) -> Drawn {
    let mut left = 2;
    for (name, colour) in chart.zones.into_iter().zip([FAINT, WARN, GOOD]) {
        area.draw(&Rectangle::new([(left, 3), (left + 12, 15)], colour.filled()))?;
        let words = font(FONT, INK).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw_text(name, &words, (left + 17, 9))?;
        left += 17 + text_width(name, FONT) + 16;
    }
    Ok(())
}
