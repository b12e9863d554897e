//! The command `kartei`: reads the arguments, runs one command, and turns its outcome into an exit code.

mod archive;
mod arguments;
mod card;
mod commands;
mod configuration;
mod console;
mod context;
mod exit;
mod failure;
mod installation;
mod logging;
mod moment;
mod progress;
mod spreadsheet;
mod steward;
mod store;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use context::Context;
use exit::Exit;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Whatever is made from here on is for its owner alone, also what a library makes.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let arguments = Arguments::parse();
    arguments.global.color.write_global();
    #[expect(clippy::disallowed_methods, reason = "the clock is read here, once, and handed on")]
    let now = chrono::Utc::now();
    let context = Context::new(arguments.global, now);
    let exit = match commands::run(arguments.command, &context) {
        Ok(exit) => exit,
        Err(failure) if failure.is_closed_pipe() => Exit::Done,
        Err(failure) => {
            failure.print();
            failure.exit()
        }
    };
    logging::finish();
    exit.into()
}
