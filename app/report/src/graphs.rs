//! Small graphs as SVG: records on a circle, pairs between them. One size fits desk and phone; the style sheet colours them.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use crate::html::escaped;
use crate::page::{Graph, Tone};

const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 220.0;
/// About the width of a letter of a label.
const LETTER: f64 = 6.4;
/// So many graphs are open; the rest is folded away.
const OPEN: usize = 6;
/// Colours that the style sheet knows.
const COLOURS: usize = 6;
/// With more lines than this, their numbers would cover each other.
const MOST_NOTES: usize = 6;

/// All graphs side by side, the first few open.
pub(crate) fn draw(graphs: &[Graph], id: &str, more: &str) -> String {
    let mut out = String::new();
    let drawn: Vec<String> =
        graphs.iter().enumerate().map(|(number, graph)| draw_one(graph, &format!("{id}-{number}"))).collect();
    let (open, folded) = drawn.split_at(drawn.len().min(OPEN));
    let _ = writeln!(out, "<div class=\"graphs\">\n{}</div>", open.concat());
    if !folded.is_empty() {
        let _ = writeln!(
            out,
            "<details><summary>{more}: {}</summary>\n<div class=\"graphs\">\n{}</div>\n</details>",
            folded.len(),
            folded.concat()
        );
    }
    out
}

fn draw_one(graph: &Graph, id: &str) -> String {
    let places = places(graph.nodes.len());
    let mut out = format!(
        "<figure>\n<figcaption><h3>{}</h3></figcaption>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" role=\"img\" aria-labelledby=\"{id}\">\n<desc id=\"{id}\">{}</desc>\n",
        escaped(&graph.title),
        escaped(&words(graph)),
    );
    for edge in &graph.edges {
        let ((left_x, left_y), (right_x, right_y)) = (places[edge.left], places[edge.right]);
        let class = if edge.tone == Tone::Plain { "edge" } else { "edge weak" };
        let _ = writeln!(
            out,
            "<line class=\"{class}\" x1=\"{left_x:.1}\" y1=\"{left_y:.1}\" x2=\"{right_x:.1}\" y2=\"{right_y:.1}\" \
             stroke-width=\"{:.1}\"/>",
            1.0 + 3.0 * edge.probability.clamp(0.0, 1.0)
        );
    }
    if graph.edges.len() <= MOST_NOTES {
        for edge in &graph.edges {
            let ((left_x, left_y), (right_x, right_y)) = (places[edge.left], places[edge.right]);
            // A little off the middle, so that crossing lines keep their numbers apart.
            let (x, y) = (left_x * 0.56 + right_x * 0.44, left_y * 0.56 + right_y * 0.44);
            let _ =
                writeln!(out, "<text class=\"value\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>", y + 4.0, escaped(&edge.note));
        }
    }
    for (node, (x, y)) in graph.nodes.iter().zip(&places) {
        // Half the width of the label, so that none is cut off at the edge.
        let margin = (node.label.chars().count() as f64 * LETTER / 2.0).clamp(44.0, WIDTH / 2.0);
        let below = if *y < HEIGHT / 2.0 - 1.0 { y - 12.0 } else { y + 20.0 };
        let _ = writeln!(
            out,
            "<circle class=\"node of-{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\"/><text x=\"{:.1}\" y=\"{below:.1}\">{}</text>",
            node.colour % COLOURS,
            x.clamp(margin, WIDTH - margin),
            escaped(&node.label)
        );
    }
    let _ = writeln!(out, "</svg>\n<p class=\"alt\">{}</p>\n</figure>", escaped(&graph.alt));
    out
}

/// Places on an ellipse; two lie side by side.
fn places(count: usize) -> Vec<(f64, f64)> {
    let place = |number: usize| {
        let turn = TAU * (number as f64 / count as f64 - 0.25);
        (WIDTH / 2.0 + 92.0 * turn.cos(), HEIGHT / 2.0 + 74.0 * turn.sin())
    };
    if count == 2 { vec![(62.0, HEIGHT / 2.0), (WIDTH - 62.0, HEIGHT / 2.0)] } else { (0..count).map(place).collect() }
}

/// The graph for whoever cannot see it.
fn words(graph: &Graph) -> String {
    let name = |place: usize| graph.nodes[place].label.as_str();
    let pairs: Vec<String> =
        graph.edges.iter().map(|edge| format!("{} – {}: {}", name(edge.left), name(edge.right), edge.note)).collect();
    format!("{} {}", graph.alt, pairs.join("; "))
}
