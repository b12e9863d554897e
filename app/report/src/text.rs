//! The report for a terminal.

use std::fmt::Write as _;

use comfy_table::{
    Attribute, Cell as TextCell, CellAlignment, Color, ContentArrangement, LineStyle, Table as TextTable, TableStyle,
};
use kartei_schemas::org::Language;

use crate::RunReport;
use crate::page::{
    Bar, Bars, Cell, Drawing, Graph, Histogram, Part, Plot, Scales, Section, Table, Timeline, Tone, UpSet,
};
use crate::sections;
use crate::summary::{Mood, Summary, summarise};
use crate::voice::Voice;

/// Narrower than this, tables cannot be read.
const NARROWEST: usize = 40;
/// A line each; the page draws them all.
const MOST_GRAPHS: usize = 10;
/// Eighths of a block, for bars and sparklines.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The whole report as text of at most `width` columns, with ANSI colours where asked for.
pub fn render_text(report: &RunReport, language: Language, width: usize, colour: bool) -> String {
    let voice = Voice::new(report, language);
    let pen = Pen { width: width.max(NARROWEST), colour, language };
    let mut out = pen.summary(report, &summarise(report, language), voice);
    for section in sections::all(report, voice) {
        out.push('\n');
        out.push_str(&pen.section(&section));
    }
    out
}

/// Only what an admin reads first: the headline, what happened, and what needs a human.
pub fn render_summary(report: &RunReport, language: Language, width: usize, colour: bool) -> String {
    let voice = Voice::new(report, language);
    Pen { width: width.max(NARROWEST), colour, language }.summary(report, &summarise(report, language), voice)
}

#[derive(Debug, Clone, Copy)]
struct Pen {
    width: usize,
    colour: bool,
    language: Language,
}

impl Pen {
    fn summary(self, report: &RunReport, summary: &Summary, voice: Voice) -> String {
        let (mark, tone) = match summary.mood {
            Mood::Well => ("✓", Tone::Good),
            Mood::Look => ("!", Tone::Warn),
            Mood::Wrong => ("✗", Tone::Bad),
        };
        let run = &report.run;
        let header = format!(
            "kartei {} · {} {} · {} ({}) · {}",
            run.job,
            voice.say("Lauf", "run"),
            run.id,
            voice.instant(run.started_at),
            voice.zone_name(),
            voice.trigger(run.trigger),
        );
        let mut out = self.tone_lines(&self.wrap(&header, ""), Tone::Quiet);
        out.push('\n');
        out.push_str(&self.tone(&format!("{mark} {}", summary.headline), tone));
        out.push('\n');
        out.push_str(&self.wrap(&summary.sentence, "  "));
        if !summary.needs.is_empty() {
            let _ = writeln!(out, "\n{}", voice.say("Zu tun", "To do"));
            for need in &summary.needs {
                out.push_str(&self.wrap(need, "  • "));
            }
        }
        out
    }

    fn section(self, section: &Section) -> String {
        let mut out = format!("{}\n", self.bold(section.title));
        let mut was_note = true;
        for part in &section.parts {
            let is_note = matches!(part, Part::Note(_));
            if !(was_note && is_note) && out.lines().count() > 1 {
                out.push('\n');
            }
            was_note = is_note;
            match part {
                Part::Note(note) => out.push_str(&self.tone_lines(&self.wrap(&note.text, "  "), note.tone)),
                Part::Table(table) => out.push_str(&self.table(table)),
                Part::Plot(plot) => out.push_str(&self.plot(plot)),
                Part::Graphs(graphs) => out.push_str(&self.graphs(graphs)),
            }
        }
        out
    }

    fn table(self, table: &Table) -> String {
        let mut drawn = TextTable::new();
        drawn.load_style(TableStyle::new().header_separator(LineStyle::new(' ', '─', ' ', ' ')));
        drawn.set_content_arrangement(ContentArrangement::Dynamic);
        drawn.set_width(u16::try_from(self.width - 2).unwrap_or(u16::MAX));
        if self.colour {
            drawn.enforce_styling();
        } else {
            drawn.force_no_tty();
        }
        let aligned = |index: usize, cell: TextCell| {
            let is_left = index == 0 || table.wordy;
            cell.set_alignment(if is_left { CellAlignment::Left } else { CellAlignment::Right })
        };
        let header = table.columns.iter().enumerate().map(|(index, name)| {
            let cell = aligned(index, TextCell::new(name));
            if self.colour { cell.add_attribute(Attribute::Dim) } else { cell }
        });
        drawn.set_header(header);
        for row in &table.rows {
            drawn.add_row(row.iter().enumerate().map(|(index, cell)| aligned(index, self.cell(cell))));
        }
        let mut out = self.wrap(&table.caption, "  ");
        for line in drawn.lines() {
            let _ = writeln!(out, "  {}", line.trim_end());
        }
        out
    }

    fn cell(self, cell: &Cell) -> TextCell {
        let drawn = TextCell::new(&cell.text);
        if !self.colour {
            return drawn;
        }
        match cell.tone {
            Tone::Plain => drawn,
            Tone::Quiet => drawn.add_attribute(Attribute::Dim),
            Tone::Good => drawn.fg(Color::Green),
            Tone::Warn => drawn.fg(Color::Yellow),
            Tone::Bad => drawn.fg(Color::Red),
        }
    }

    fn plot(self, plot: &Plot) -> String {
        let mut out = self.wrap(plot.title, "  ");
        match &plot.drawing {
            Drawing::Bars(bars) => out.push_str(&self.bars(bars)),
            Drawing::Histogram(histogram) => out.push_str(&sparkline(histogram)),
            Drawing::UpSet(upset) => out.push_str(&self.upset(upset)),
            Drawing::Timeline(timeline) => out.push_str(&self.timeline(timeline)),
            Drawing::Scales(scales) => out.push_str(&self.scales(scales)),
        }
        out.push_str(&self.tone_lines(&self.wrap(&plot.alt, "  "), Tone::Quiet));
        out
    }

    fn bars(self, chart: &Bars) -> String {
        let longest =
            |text: fn(&Bar) -> &String| chart.bars.iter().map(|bar| text(bar).chars().count()).max().unwrap_or(0);
        let (label, note) = (longest(|bar| &bar.label), longest(|bar| &bar.note));
        let room = self.width.saturating_sub(label + note + 6).clamp(1, 40);
        let mut out = String::new();
        for bar in &chart.bars {
            let filled = filled(chart.length(bar), chart.longest(), room);
            let drawn = self.tone(&"█".repeat(filled), Tone::Quiet);
            out.push_str(format!("  {:<label$}  {:>note$}  {drawn}", bar.label, bar.note).trim_end());
            out.push('\n');
        }
        out
    }

    fn upset(self, upset: &UpSet) -> String {
        let mut out = String::new();
        for (index, set) in upset.sets.iter().enumerate() {
            let _ = writeln!(out, "  {}┌ {set}", "│ ".repeat(index));
        }
        let most = upset.rows.iter().map(|row| row.value as f64).fold(0.0, f64::max);
        let note = upset.rows.iter().map(|row| row.note.chars().count()).max().unwrap_or(0);
        let room = self.width.saturating_sub(upset.sets.len() * 2 + note + 5).clamp(1, 40);
        for row in &upset.rows {
            let dots: String = row.inside.iter().map(|&inside| if inside { "● " } else { "· " }).collect();
            let bar = self.tone(&"█".repeat(filled(row.value as f64, most, room)), Tone::Quiet);
            out.push_str(format!("  {dots} {:>note$}  {bar}", row.note).trim_end());
            out.push('\n');
        }
        out
    }

    /// A row a job: a block where a run was, as bad as the worst that fell into it.
    fn timeline(self, chart: &Timeline) -> String {
        let label = chart.rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
        let room = self.width.saturating_sub(label + 4).clamp(10, 72);
        let mut out = String::new();
        for (index, row) in chart.rows.iter().enumerate() {
            let mut cells = vec![None; room];
            for span in chart.spans.iter().filter(|span| span.row == index) {
                let (from, to) = (filled(span.from, 1.0, room - 1), filled(span.to, 1.0, room - 1));
                for cell in &mut cells[from..=to.max(from)] {
                    *cell = Some(cell.map_or(span.tone, |tone| worse(tone, span.tone)));
                }
            }
            let drawn: String = cells
                .iter()
                .map(|cell| cell.map_or_else(|| "·".to_owned(), |tone| self.tone(sign(tone), tone)))
                .collect();
            let _ = writeln!(out, "  {row:<label$}  {drawn}");
        }
        if let (Some(first), Some(last)) = (chart.marks.first(), chart.marks.last()) {
            let gap = room.saturating_sub(first.1.chars().count() + last.1.chars().count());
            let _ = writeln!(out, "  {:label$}  {}{:gap$}{}", "", first.1, "", last.1);
        }
        out
    }

    fn scales(self, chart: &Scales) -> String {
        let longest = |text: fn(&crate::page::ScalesRow) -> &String| {
            chart.rows.iter().map(|row| text(row).chars().count()).max().unwrap_or(0)
        };
        let (label, note) = (longest(|row| &row.label), longest(|row| &row.note));
        let room = (self.width.saturating_sub(label + note + 9) / 2).clamp(1, 20);
        let most = chart.rows.iter().filter_map(|row| row.value).map(f64::abs).fold(1.0, f64::max);
        let mut out = String::new();
        for row in &chart.rows {
            let Some(value) = row.value else {
                let _ = writeln!(out, "  {}", row.label);
                continue;
            };
            let bar = "█".repeat(filled(value.abs(), most, room));
            let (left, right) = if value < 0.0 { (bar, String::new()) } else { (String::new(), bar) };
            let drawn = self.tone(&format!("{left:>room$}│{right}"), Tone::Quiet);
            out.push_str(format!("    {:<label$}  {:>note$} {drawn}", row.label, row.note).trim_end());
            out.push('\n');
        }
        out
    }

    /// A terminal shows how the graphs hang together in a line each.
    fn graphs(self, graphs: &[Graph]) -> String {
        let mut out: String = graphs
            .iter()
            .take(MOST_GRAPHS)
            .map(|graph| self.wrap(&format!("{}: {}", graph.title, graph.alt), "  "))
            .collect();
        if let Some(more) = graphs.len().checked_sub(MOST_GRAPHS).filter(|more| *more > 0) {
            let rest = match self.language {
                Language::De => format!("{more} weitere zeigt die Seite (HTML)."),
                Language::En => format!("The page (HTML) shows {more} more."),
            };
            out.push_str(&self.wrap(&rest, "  "));
        }
        out
    }

    /// Wraps at white space; the following lines are indented as far as the first begins.
    fn wrap(self, text: &str, lead: &str) -> String {
        let indent = lead.chars().count();
        let mut out = String::new();
        let mut line = lead.to_owned();
        for word in text.split(' ') {
            let is_first = line.chars().count() == indent;
            if !is_first && line.chars().count() + 1 + word.chars().count() > self.width {
                out.push_str(&line);
                out.push('\n');
                line = " ".repeat(indent);
            } else if !is_first {
                line.push(' ');
            }
            line.push_str(word);
        }
        out.push_str(&line);
        out.push('\n');
        out
    }

    fn tone_lines(self, text: &str, tone: Tone) -> String {
        let toned: Vec<_> = text.lines().map(|line| self.tone(line, tone)).collect();
        toned.join("\n") + "\n"
    }

    fn bold(self, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            format!("{text}\n{}", "─".repeat(text.chars().count()))
        }
    }

    fn tone(self, text: &str, tone: Tone) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Quiet => 2,
            Tone::Good => 32,
            Tone::Warn => 33,
            Tone::Bad => 31,
        };
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

const fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "✗",
        Tone::Warn => "!",
        _ => "█",
    }
}

fn worse(one: Tone, other: Tone) -> Tone {
    let rank = |tone| match tone {
        Tone::Bad => 3,
        Tone::Warn => 2,
        Tone::Good => 1,
        Tone::Plain | Tone::Quiet => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// One sparkline; the heights are logarithmic. Below it the zones are marked.
fn sparkline(histogram: &Histogram) -> String {
    let most = histogram.bins.iter().map(|bin| (bin.2 as f64 + 1.0).log2()).fold(0.0, f64::max);
    let mut heights = String::new();
    let mut zones = String::new();
    for &(from, to, pairs) in &histogram.bins {
        let height = (pairs as f64 + 1.0).log2();
        heights.push(if pairs == 0 { ' ' } else { BLOCKS[filled(height, most, 8).saturating_sub(1)] });
        let middle = f64::midpoint(from, to);
        zones.push(if middle >= histogram.accept {
            '='
        } else if middle >= histogram.review {
            '?'
        } else {
            '.'
        });
    }
    let key = histogram.zones;
    format!("  {heights}\n  {zones}\n  . {}   ? {}   = {}\n", key[0], key[1], key[2])
}

/// How many of `room` cells a value fills; what is not nothing fills at least one.
fn filled(value: f64, most: f64, room: usize) -> usize {
    if value <= 0.0 || most <= 0.0 {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `room`")]
    let cells = (value / most * room as f64).round() as usize;
    cells.clamp(1, room)
}
