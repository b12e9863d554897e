//! `kartei completions`: the shell's completions, on standard output.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::failure::Outcome;

/// Writes completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei completions bash > ~/.local/share/bash-completion/completions/kartei
  kartei completions zsh > ~/.zfunc/_kartei
  kartei completions fish > ~/.config/fish/completions/kartei.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(command: &Completions) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(command.shell, &mut Arguments::command(), "kartei", &mut text);
    std::io::Write::write_all(&mut std::io::stdout().lock(), &text)?;
    Ok(Exit::Done)
}
