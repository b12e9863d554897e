//! `kartei init`: a commented starter configuration.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use kartei_schemas::starter;
use serde::Serialize;

use crate::console::Console;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};

/// Writes a commented starter configuration; never overwrites a file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei init
  kartei init my-organisation")]
pub(crate) struct Init {
    /// The folder
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// What became of one file.
#[derive(Debug, Serialize)]
struct Written {
    path: String,
    written: bool,
}

pub(crate) fn run(command: &Init, context: &Context) -> Outcome {
    let mut files = Vec::with_capacity(starter::FILES.len());
    for file in starter::FILES {
        let written = write_new(&command.dir.join(file.path), file.text)?;
        files.push(Written { path: file.path.to_owned(), written });
    }
    let inbox = command.dir.join("inbox");
    std::fs::create_dir_all(&inbox).during(format_args!("the folder {} cannot be made", inbox.display()))?;
    tell(&files, &command.dir, context.console)
}

/// Writes a file unless there is one; says whether it was written.
fn write_new(path: &Path, text: &str) -> Result<bool, Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).during(format_args!("the folder {} cannot be made", folder.display()))?;
    }
    let failed = || format!("{} cannot be written", path.display());
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).during(failed())?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Failure::because(failed(), &error)),
    }
}

fn tell(files: &[Written], folder: &Path, console: Console) -> Outcome {
    if console.json() {
        console.write_json(&files)?;
        return Ok(Exit::Done);
    }
    for file in files {
        let what = if file.written { "written" } else { "kept" };
        console.line(format_args!("{what:<8} {}", folder.join(&file.path).display()))?;
    }
    let kept = files.iter().filter(|file| !file.written).count();
    if kept > 0 {
        console.remark(format_args!("{kept} files were there already and stay as they are"));
    }
    console.hint(format_args!(
        "put your exports into {}, say in schemas/sources/ which column is what, remove the examples there that you \
         have no export for, and run `kartei check -c {}`",
        folder.join("inbox").display(),
        folder.display()
    ));
    Ok(Exit::Done)
}
