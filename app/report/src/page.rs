//! The report as sections of notes, tables and plots: built once, drawn as text and as HTML.

/// One section.
#[derive(Debug)]
pub(crate) struct Section {
    /// The anchor, the same in both languages.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) parts: Vec<Part>,
}

/// What a section is made of.
#[derive(Debug)]
pub(crate) enum Part {
    /// A sentence.
    Note(Cell),
    Table(Table),
    Plot(Plot),
    Graphs(Vec<Graph>),
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    /// What the table shows.
    pub(crate) caption: String,
    /// The first column's cells are the rows' headers; all others are set flush right.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Long tables are folded away on the page.
    pub(crate) folded: bool,
    /// Whether all columns hold words, so that none is set flush right.
    pub(crate) wordy: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// 0 to 1: drawn as a bar behind the text.
    pub(crate) share: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    /// Nothing to see: zeros and the like.
    Quiet,
    Good,
    Warn,
    Bad,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone, share: None }
    }

    pub(crate) fn with_share(mut self, part: u64, whole: u64) -> Self {
        self.share = (whole > 0).then(|| (part as f64 / whole as f64).clamp(0.0, 1.0));
        self
    }
}

/// A picture, with what a reader who cannot see it needs.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    /// The picture in one sentence.
    pub(crate) alt: String,
    pub(crate) drawing: Drawing,
}

#[derive(Debug)]
pub(crate) enum Drawing {
    Bars(Bars),
    Histogram(Histogram),
    UpSet(UpSet),
    Timeline(Timeline),
    Scales(Scales),
}

impl Drawing {
    /// The figures in words, for readers who cannot see the picture.
    pub(crate) fn figures(&self) -> String {
        let figures: Vec<_> = match self {
            Self::Bars(chart) => chart.bars.iter().map(|bar| format!("{}: {}", bar.label, bar.note)).collect(),
            Self::Histogram(_) => Vec::new(),
            Self::UpSet(chart) => chart.rows.iter().map(|row| chart.words(row)).collect(),
            Self::Timeline(chart) => chart.spans.iter().map(|span| span.words.clone()).collect(),
            Self::Scales(chart) => chart.rows.iter().map(|row| format!("{}: {}", row.label, row.note)).collect(),
        };
        figures.join("; ")
    }
}

/// Lying bars.
#[derive(Debug)]
pub(crate) struct Bars {
    pub(crate) bars: Vec<Bar>,
    /// Lengths by the logarithm, for numbers of very different size.
    pub(crate) is_logarithmic: bool,
}

impl Bars {
    /// The length of a bar, in the same unit for all.
    pub(crate) fn length(&self, bar: &Bar) -> f64 {
        if self.is_logarithmic { (bar.value + 1.0).log10() } else { bar.value }
    }

    pub(crate) fn longest(&self) -> f64 {
        self.bars.iter().map(|bar| self.length(bar)).fold(0.0, f64::max)
    }
}

/// One bar.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// The value as it is written beside the bar.
    pub(crate) note: String,
}

/// How many pairs have which score; the heights are logarithmic.
#[derive(Debug)]
pub(crate) struct Histogram {
    /// From, to, pairs.
    pub(crate) bins: Vec<(f64, f64, u64)>,
    pub(crate) review: f64,
    pub(crate) accept: f64,
    /// What the three zones are called, from low to high.
    pub(crate) zones: [&'static str; 3],
    pub(crate) axis: &'static str,
}

/// Which sets a row belongs to, and how large it is (Lex et al. 2014, "UpSet"), set lying.
#[derive(Debug)]
pub(crate) struct UpSet {
    pub(crate) sets: Vec<String>,
    pub(crate) rows: Vec<UpSetRow>,
}

impl UpSet {
    fn words(&self, row: &UpSetRow) -> String {
        let names: Vec<_> =
            self.sets.iter().zip(&row.inside).filter(|(_, inside)| **inside).map(|(name, _)| name.as_str()).collect();
        format!("{}: {}", names.join(" + "), row.note)
    }
}

#[derive(Debug)]
pub(crate) struct UpSetRow {
    /// One entry a set.
    pub(crate) inside: Vec<bool>,
    pub(crate) value: u64,
    pub(crate) note: String,
}

/// What ran when: one row a job.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// The jobs, from above.
    pub(crate) rows: Vec<String>,
    pub(crate) spans: Vec<Span>,
    /// Marks on the axis: a place from 0 to 1, and its words.
    pub(crate) marks: Vec<(f64, String)>,
}

/// One run.
#[derive(Debug)]
pub(crate) struct Span {
    /// The row, from 0.
    pub(crate) row: usize,
    /// Where it begins and ends, from 0 to 1.
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) tone: Tone,
    /// The run in words, for readers who cannot see it.
    pub(crate) words: String,
}

/// Bars to both sides of nothing, in groups: what speaks against lies to the left, what speaks for to the right.
#[derive(Debug)]
pub(crate) struct Scales {
    pub(crate) rows: Vec<ScalesRow>,
    /// What the two sides are called.
    pub(crate) sides: [&'static str; 2],
}

/// One bar, or the heading of a group where there is no value.
#[derive(Debug)]
pub(crate) struct ScalesRow {
    pub(crate) label: String,
    pub(crate) value: Option<f64>,
    pub(crate) note: String,
}

/// A small graph: records on a circle, and the pairs between them.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) title: String,
    /// The graph in one sentence.
    pub(crate) alt: String,
    pub(crate) nodes: Vec<GraphNode>,
    /// Places of two nodes, the probability, and how it is written.
    pub(crate) edges: Vec<GraphEdge>,
}

#[derive(Debug)]
pub(crate) struct GraphNode {
    pub(crate) label: String,
    /// Which of the sources, for the colour.
    pub(crate) colour: usize,
}

#[derive(Debug)]
pub(crate) struct GraphEdge {
    pub(crate) left: usize,
    pub(crate) right: usize,
    pub(crate) probability: f64,
    pub(crate) note: String,
    pub(crate) tone: Tone,
}
