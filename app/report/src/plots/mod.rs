//! The plots, drawn with plotters as SVG in two sizes: one for a desk, one for a phone.
//!
//! Colours are the light theme's; the page's style sheet changes them by their value where dark is preferred.

mod bars;
mod histogram;
mod scales;
mod timeline;
mod upset;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::page::{Drawing, Plot};
use crate::voice::Voice;

const INK: RGBColor = RGBColor(0x1f, 0x29, 0x33);
const MUTED: RGBColor = RGBColor(0x5b, 0x66, 0x73);
const LINE: RGBColor = RGBColor(0xdd, 0xe2, 0xe8);
const ACCENT: RGBColor = RGBColor(0x2f, 0x6f, 0xb3);
const GOOD: RGBColor = RGBColor(0x2b, 0x8a, 0x5a);
const WARN: RGBColor = RGBColor(0xd0, 0x85, 0x0c);
const BAD: RGBColor = RGBColor(0xc0, 0x39, 0x2b);
const FAINT: RGBColor = RGBColor(0x9a, 0xa7, 0xb5);

type Area<'text> = DrawingArea<SVGBackend<'text>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// The room that a plot has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// 860 pixels wide.
    Wide,
    /// 330 pixels wide.
    Narrow,
}

impl Room {
    const fn width(self) -> i32 {
        match self {
            Self::Wide => 860,
            Self::Narrow => 330,
        }
    }
}

/// The plot as an SVG element; none if it cannot be drawn, so that its sentence stands alone.
pub(crate) fn svg(plot: &Plot, room: Room, voice: Voice) -> Option<String> {
    match &plot.drawing {
        Drawing::Bars(chart) => draw(room, bars::height(chart, room), |area| bars::draw(chart, room, area)),
        Drawing::Histogram(chart) => {
            draw(room, histogram::height(room), |area| histogram::draw(chart, room, voice, area))
        }
        Drawing::Timeline(chart) => draw(room, timeline::height(chart, room), |area| timeline::draw(chart, room, area)),
        Drawing::UpSet(chart) => draw(room, upset::height(chart), |area| upset::draw(chart, room, area)),
        Drawing::Scales(chart) => draw(room, scales::height(chart), |area| scales::draw(chart, room, area)),
    }
}

fn draw(room: Room, height: i32, paint: impl FnOnce(&Area<'_>) -> Drawn) -> Option<String> {
    let mut text = String::new();
    {
        let size = (u32::try_from(room.width()).ok()?, u32::try_from(height).ok()?);
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        paint(&area).ok()?;
        area.present().ok()?;
    }
    Some(text)
}

/// Text of so many CSS pixels. plotters writes its font sizes divided by 1.24.
fn font(pixels: f64, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", pixels * 1.24).into_font().color(&colour)
}

/// About how wide a text is in pixels: 0.62 of its size a letter suits the widest of the usual sans-serif fonts.
#[expect(clippy::cast_possible_truncation, reason = "a few hundred pixels")]
fn text_width(text: &str, pixels: f64) -> i32 {
    (text.chars().count() as f64 * pixels * 0.62).ceil() as i32
}

/// A length in pixels for a value; what is not nothing has at least one pixel.
#[expect(clippy::cast_possible_truncation, reason = "between 0 and `room`")]
fn length(value: f64, most: f64, room: i32) -> i32 {
    if value <= 0.0 || most <= 0.0 { 0 } else { ((value / most * f64::from(room)).round() as i32).clamp(1, room) }
}
