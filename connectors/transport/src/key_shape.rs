//! What the keys of a file look like, so that one can be told among the cells of a row that has lost its columns.

use kartei_connector::KEY_SEPARATOR;
use rustc_hash::FxHashSet;

/// Keys of so many rows are looked at.
const ROWS: usize = 1_000;
/// A key that takes more shapes than this has none.
const MOST_SHAPES: usize = 64;

/// The shapes of a file's keys: letters and digits as such, each digit one, letters in runs.
#[derive(Debug, Default)]
pub(crate) struct KeyShapes {
    rows: usize,
    /// By the number of the key's part.
    parts: Vec<FxHashSet<String>>,
}

impl KeyShapes {
    /// Takes in the key of a sound row.
    pub(crate) fn learn(&mut self, key: &str) {
        if self.rows >= ROWS || key.is_empty() {
            return;
        }
        self.rows += 1;
        for (number, part) in key.split(KEY_SEPARATOR).enumerate() {
            if self.parts.len() <= number {
                self.parts.push(FxHashSet::default());
            }
            let shapes = &mut self.parts[number];
            if shapes.len() <= MOST_SHAPES {
                shapes.insert(shape(part));
            }
        }
    }

    /// The one of some cells that looks like this part of a key; none where several do, or none.
    pub(crate) fn only_one<'c>(&self, part: usize, cells: impl Iterator<Item = &'c str>) -> Option<&'c str> {
        let shapes = self.parts.get(part).filter(|shapes| shapes.len() <= MOST_SHAPES)?;
        let mut like = cells.filter(|cell| !cell.is_empty() && shapes.contains(&shape(cell)));
        let found = like.next()?;
        like.all(|other| other == found).then_some(found)
    }
}

fn shape(text: &str) -> String {
    let mut shape = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '0'..='9' => shape.push('9'),
            sign if sign.is_alphabetic() => {
                if !shape.ends_with('a') {
                    shape.push('a');
                }
            }
            sign => shape.push(sign),
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(keys: &[&str]) -> KeyShapes {
        let mut shapes = KeyShapes::default();
        for key in keys {
            shapes.learn(key);
        }
        shapes
    }

    #[test]
    fn the_only_cell_that_looks_like_a_key_is_it() {
        let shapes = shapes(&["M-0815", "M-4711"]);
        assert_eq!(shapes.only_one(0, ["Eva", "M-1234", "01067"].into_iter()), Some("M-1234"));
        assert_eq!(shapes.only_one(0, ["M-1234", "M-9999"].into_iter()), None);
        assert_eq!(shapes.only_one(0, ["M-12345", "Eva"].into_iter()), None);
    }

    #[test]
    fn each_part_of_a_key_has_shapes_of_its_own() {
        let shapes = shapes(&["Ulm\u{1f}17", "Bonn\u{1f}18"]);
        let cells = || ["Kiel", "19", "01067"].into_iter();
        assert_eq!((shapes.only_one(0, cells()), shapes.only_one(1, cells())), (Some("Kiel"), Some("19")));
        assert_eq!(KeyShapes::default().only_one(0, cells()), None, "nothing is known of the keys yet");
    }
}
