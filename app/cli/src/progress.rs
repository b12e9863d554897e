//! Shows how far a long piece of work has come: a bar on a terminal, a plain line now and then elsewhere, nothing when quiet.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::{Console, grouped};

/// Work that is done in less time than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// A plain line comes this often at most.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// A piece of work whose end may or may not be known. It can be moved from several threads.
pub(crate) struct Progress {
    console: Console,
    what: String,
    form: Form,
    done: AtomicU64,
    total: AtomicU64,
    last: Mutex<Instant>,
    begun: Instant,
}

enum Form {
    Hidden,
    Plain,
    Bar(ProgressBar),
}

impl Progress {
    /// Begins to show a piece of work, such as "rows pulled"; `total` is zero where the end is not known.
    pub(crate) fn begin(console: Console, what: &str, total: u64) -> Self {
        let form = match (console.quiet(), std::io::stderr().is_terminal()) {
            (true, _) => Form::Hidden,
            (false, false) => Form::Plain,
            (false, true) => Form::Bar(bar(what, total)),
        };
        let begun = Instant::now();
        Self {
            console,
            what: what.to_owned(),
            form,
            done: AtomicU64::new(0),
            total: AtomicU64::new(total),
            last: Mutex::new(begun),
            begun,
        }
    }

    /// So much is done, of so much; a total of zero leaves it as it was.
    pub(crate) fn set(&self, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        if total > 0 {
            self.total.store(total, Ordering::Relaxed);
        }
        match &self.form {
            Form::Hidden => {}
            Form::Bar(bar) => self.draw(bar, done, total),
            Form::Plain => self.plain(done),
        }
    }

    /// So much more is done.
    pub(crate) fn add(&self, more: u64) {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        self.set(done, 0);
    }

    /// Ends the work and takes the bar away; long work leaves a line.
    pub(crate) fn finish(self) {
        if let Form::Bar(bar) = &self.form {
            bar.finish_and_clear();
        }
        let seconds = self.begun.elapsed();
        if seconds >= PATIENCE {
            let done = grouped(self.done.load(Ordering::Relaxed));
            self.console.remark(format_args!("{done} {} in {:.1} s", self.what, seconds.as_secs_f64()));
        }
    }

    fn draw(&self, bar: &ProgressBar, done: u64, total: u64) {
        if bar.is_hidden() && self.begun.elapsed() >= PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        }
        if total > 0 {
            bar.set_length(total);
        }
        bar.set_position(done);
    }

    fn plain(&self, done: u64) {
        let Ok(mut last) = self.last.lock() else { return };
        if last.elapsed() < PLAIN_INTERVAL {
            return;
        }
        *last = Instant::now();
        let total = self.total.load(Ordering::Relaxed);
        let of = if total > 0 { format!(" of {}", grouped(total)) } else { String::new() };
        self.console.remark(format_args!("{}{of} {}", grouped(done), self.what));
    }
}

fn bar(what: &str, total: u64) -> ProgressBar {
    let (bar, template) = if total > 0 {
        (ProgressBar::new(total), "{msg:20} {bar:30.cyan/dim} {human_pos} / {human_len}  {per_sec}  {eta}")
    } else {
        (ProgressBar::no_length(), "{msg:20} {spinner} {human_pos}  {per_sec}")
    };
    bar.set_draw_target(ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}
