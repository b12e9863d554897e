//! The waterfall drawn: as aligned text with bars, and as SVG. Neither holds a value of a record, so that both can be
//! handed on.

use std::fmt::Write as _;

use kartei_schemas::org::Language;

use super::Explanation;
use super::words::{comparison, level, percent};

/// Columns that the bars take.
const BAR_COLUMNS: usize = 44;

/// Pixels of the SVG: its width, a row's height, and where the bars begin.
const WIDTH: f64 = 860.0;
const ROW: f64 = 26.0;
const BARS_FROM: f64 = 430.0;

/// One bar of the waterfall: from the sum before to the sum after.
struct Bar {
    name: String,
    level: String,
    added: f64,
    from: f64,
    to: f64,
    is_sum: bool,
}

impl Explanation {
    /// The waterfall as text, as wide as some 100 columns; with `color` in green and red.
    pub fn text(&self, language: Language, color: bool) -> String {
        let bars = self.bars(language);
        let scale = Scale::of(&bars, self.threshold());
        let (names, levels) = (widest(&bars, |bar| &bar.name), widest(&bars, |bar| &bar.level));
        let mut text = String::new();
        for bar in &bars {
            let name = padded(&bar.name, names);
            let level = padded(&bar.level, levels);
            let added = signed(bar.added, language);
            let line = format!("{name}  {level}  {added:>6}  {}", scale.row(bar, color));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        let missing: Vec<&str> = self
            .steps
            .iter()
            .filter(|step| step.is_missing())
            .map(|step| comparison(&step.comparison, language))
            .collect();
        if !missing.is_empty() {
            let nothing = match language {
                Language::De => "nichts zu vergleichen",
                Language::En => "nothing to compare",
            };
            let _ = writeln!(text, "{nothing}: {}", missing.join(", "));
        }
        let classes = match language {
            Language::De => ["eine Person", "ein Haushalt", "Fremde", "zusammengeführt ab", "gefragt ab"],
            Language::En => ["one person", "one household", "strangers", "merged from", "asked from"],
        };
        let shares = [self.probability, self.household, self.stranger, self.merge_threshold, self.review_threshold];
        let said: Vec<String> =
            classes.iter().zip(shares).map(|(class, share)| format!("{class} {}", percent(share, language))).collect();
        let _ = writeln!(text, "{}; {}", said[..3].join(", "), said[3..].join(", "));
        text
    }

    /// The waterfall as an SVG document, readable on light and dark ground, with the sentence as its description.
    pub fn svg(&self, language: Language) -> String {
        let bars = self.bars(language);
        let scale = Scale::of(&bars, self.threshold());
        let height = ROW * (bars.len() as f64 + 1.5);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"why\">\n<title id=\"why\">{}</title>\n<style>{STYLE}</style>\n",
            escaped(&self.sentence(language))
        );
        let place = |bits: f64| BARS_FROM + scale.share(bits) * (WIDTH - BARS_FROM - 20.0);
        for (class, bits) in [("zero", 0.0), ("threshold", self.threshold())] {
            let x = place(bits);
            let bottom = height - ROW;
            let _ = writeln!(svg, "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"8\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>");
        }
        for (index, bar) in bars.iter().enumerate() {
            let y = ROW * (index as f64 + 0.5);
            let (left, right) = (place(bar.from.min(bar.to)), place(bar.from.max(bar.to)));
            let class = class_of(bar);
            let _ = writeln!(
                svg,
                "<text x=\"12\" y=\"{0:.1}\">{1}</text><text class=\"level\" x=\"170\" y=\"{0:.1}\">{2}</text>\
                 <text class=\"added\" x=\"{3:.1}\" y=\"{0:.1}\">{4}</text>\
                 <rect class=\"{class}\" x=\"{left:.1}\" y=\"{5:.1}\" width=\"{6:.1}\" height=\"{7:.1}\"/>",
                y + ROW * 0.68,
                escaped(&bar.name),
                escaped(&bar.level),
                BARS_FROM - 12.0,
                signed(bar.added, language),
                y + 4.0,
                (right - left).max(1.5),
                ROW - 8.0,
            );
        }
        let label = match language {
            Language::De => "zusammengeführt ab hier",
            Language::En => "merged from here on",
        };
        let _ = writeln!(
            svg,
            "<text class=\"note\" x=\"{:.1}\" y=\"{:.1}\">{label} →</text>\n</svg>",
            place(self.threshold()),
            height - ROW * 0.4
        );
        svg
    }

    /// The merge threshold in bits.
    fn threshold(&self) -> f64 {
        let likely = self.merge_threshold.clamp(1e-6, 1.0 - 1e-6);
        (likely / (1.0 - likely)).log2()
    }

    fn bars(&self, language: Language) -> Vec<Bar> {
        let words = match language {
            Language::De => ["vor dem Vergleich", "auch ein Haushalt passt", "aus Entscheidungen gelernt", "zusammen"],
            Language::En => ["before comparing", "a household fits too", "learnt from judgements", "together"],
        };
        let mut sum = 0.0;
        let mut bars = Vec::new();
        let mut add = |name: &str, level: String, added: f64| {
            bars.push(Bar { name: name.to_owned(), level, added, from: sum, to: sum + added, is_sum: false });
            sum += added;
        };
        add(words[0], String::new(), self.prior);
        for step in self.steps.iter().filter(|step| !step.is_missing()) {
            let name = comparison(&step.comparison, language);
            let mut said = level(&step.level, language);
            if step.rarity.abs() >= 0.3 {
                let (rare, common) = match language {
                    Language::De => ("selten", "häufig"),
                    Language::En => ("rare", "common"),
                };
                let which = if step.rarity > 0.0 { rare } else { common };
                let _ = write!(said, ", {which} {}", signed(step.rarity, language));
            }
            add(name, said, step.total());
        }
        if self.housemates < -0.05 {
            add(words[1], String::new(), self.housemates);
        }
        if self.calibration.abs() >= 0.05 {
            add(words[2], String::new(), self.calibration);
        }
        bars.push(Bar {
            name: words[3].to_owned(),
            level: String::new(),
            added: self.weight,
            from: 0.0,
            to: self.weight,
            is_sum: true,
        });
        bars
    }
}

/// From bits to places.
struct Scale {
    least: f64,
    most: f64,
    threshold: f64,
}

impl Scale {
    fn of(bars: &[Bar], threshold: f64) -> Self {
        let ends = || bars.iter().flat_map(|bar| [bar.from, bar.to]).chain([0.0, threshold]);
        Self { least: ends().fold(0.0, f64::min), most: ends().fold(1.0, f64::max), threshold }
    }

    fn share(&self, bits: f64) -> f64 {
        (bits - self.least) / (self.most - self.least)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of some 40 columns")]
    fn column(&self, bits: f64) -> usize {
        (self.share(bits).clamp(0.0, 1.0) * (BAR_COLUMNS - 1) as f64).round() as usize
    }

    /// The bar on its line, with the threshold and, where nothing covers it, the zero.
    fn row(&self, bar: &Bar, color: bool) -> String {
        let (from, to) = (self.column(bar.from.min(bar.to)), self.column(bar.from.max(bar.to)));
        let (sign, paint) = match class_of(bar) {
            "more" => ('█', "\u{1b}[32m"),
            "less" => ('░', "\u{1b}[31m"),
            _ => ('▓', "\u{1b}[1m"),
        };
        let mut line = String::new();
        for column in 0..BAR_COLUMNS {
            let covered = (from..=to).contains(&column);
            if covered && column == from && color {
                line.push_str(paint);
            }
            line.push(match column {
                _ if covered => sign,
                _ if column == self.column(0.0) => '│',
                _ if column == self.column(self.threshold) => '┊',
                _ => ' ',
            });
            if column == to && color {
                line.push_str("\u{1b}[0m");
            }
        }
        line.trim_end().to_owned()
    }
}

fn class_of(bar: &Bar) -> &'static str {
    if bar.is_sum {
        "sum"
    } else if bar.added >= 0.0 {
        "more"
    } else {
        "less"
    }
}

const STYLE: &str = "text{font:14px system-ui,sans-serif;fill:#1f2933}.level,.note{fill:#5b6673}\
.added{text-anchor:end}.note{font-size:12px}.more{fill:#2b8a5a}.less{fill:#c0392b}.sum{fill:#2f6fb3}\
.zero{stroke:#9aa7b5}.threshold{stroke:#d0850c;stroke-dasharray:4 3}\
@media(prefers-color-scheme:dark){text{fill:#e6ebf0}.level,.note{fill:#9aa7b5}}";

fn signed(bits: f64, language: Language) -> String {
    let bits = if bits.abs() < 0.05 { 0.0 } else { bits };
    let text = format!("{bits:+.1}");
    match language {
        Language::De => text.replace('.', ","),
        Language::En => text,
    }
}

fn widest(bars: &[Bar], part: impl Fn(&Bar) -> &String) -> usize {
    bars.iter().map(|bar| part(bar).chars().count()).max().unwrap_or(0)
}

fn padded(text: &str, width: usize) -> String {
    let room = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(room))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
