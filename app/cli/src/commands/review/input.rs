//! Answers: single keys on a terminal, lines everywhere else.

use std::io::{BufRead, IsTerminal, Read};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

/// An answer: its letter, and the reason that follows it on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) letter: char,
    pub(super) reason: Option<String>,
}

/// Where answers come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Input {
    Keys,
    Lines,
}

impl Input {
    /// Keys where both ends are a terminal.
    pub(super) fn of_surroundings() -> Self {
        let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        if is_terminal { Self::Keys } else { Self::Lines }
    }

    /// The next answer; none at the end of the input.
    pub(super) fn next(self) -> std::io::Result<Option<Answer>> {
        match self {
            Self::Keys => key(),
            Self::Lines => line(),
        }
    }

    /// A line of text, such as a reason.
    pub(super) fn text() -> std::io::Result<Option<String>> {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_line(&mut text)?;
        let text = text.trim().to_owned();
        Ok((read > 0 && !text.is_empty()).then_some(text))
    }
}

/// Ctrl-C and Ctrl-D, as a raw terminal sends them, end the session; the terminal is put right in any case.
fn key() -> std::io::Result<Option<Answer>> {
    const CTRL_C: u8 = 3;
    const CTRL_D: u8 = 4;
    enable_raw_mode()?;
    let mut byte = [0];
    let read = std::io::stdin().lock().read(&mut byte);
    disable_raw_mode()?;
    match (read?, byte[0]) {
        (0, _) | (_, CTRL_C | CTRL_D) => Ok(None),
        (_, byte) => Ok(Some(Answer { letter: char::from(byte).to_ascii_lowercase(), reason: None })),
    }
}

fn line() -> std::io::Result<Option<Answer>> {
    let mut text = String::new();
    if std::io::stdin().lock().read_line(&mut text)? == 0 {
        return Ok(None);
    }
    Ok(Some(read(&text)))
}

/// The first letter decides; what follows the first word is the reason.
fn read(line: &str) -> Answer {
    let line = line.trim();
    let letter = line.chars().next().map_or(' ', |letter| letter.to_ascii_lowercase());
    let reason = line.split_once(char::is_whitespace).map(|(_, reason)| reason.trim().to_owned());
    Answer { letter, reason: reason.filter(|reason| !reason.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_letter_and_a_reason() {
        let answer = |letter, reason: Option<&str>| Answer { letter, reason: reason.map(str::to_owned) };
        assert_eq!(read("y"), answer('y', None));
        assert_eq!(read("Yes  same handwriting \n"), answer('y', Some("same handwriting")));
        assert_eq!(read("n twins"), answer('n', Some("twins")));
        assert_eq!(read("\n"), answer(' ', None));
    }
}
