//! A rename that lands late, as on a disk that stalls. Only builds for tests have it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

static WANTED: Mutex<Vec<Wanted>> = Mutex::new(Vec::new());

struct Wanted {
    folder: PathBuf,
    part: String,
    met: Sender<()>,
    go: Receiver<()>,
}

/// A rename that waits until it is let go.
#[derive(Debug)]
pub struct Held {
    met: Receiver<()>,
    go: Sender<()>,
}

/// Holds the next rename below a folder of frames whose name has this part.
pub fn hold_rename(folder: &Path, part: &str) -> Held {
    let ((met, meeting), (go, going)) = (channel(), channel());
    let wanted = Wanted { folder: folder.to_owned(), part: part.to_owned(), met, go: going };
    WANTED.lock().unwrap_or_else(PoisonError::into_inner).push(wanted);
    Held { met: meeting, go }
}

impl Held {
    /// Whether the rename has come, and waits.
    pub fn is_met(&self) -> bool {
        self.met.try_recv().is_ok()
    }

    /// Lets it land.
    pub fn let_go(self) {
        // It may never have come.
        let _ = self.go.send(());
    }
}

pub(super) fn heed_rename(folder: &Path, name: &str) {
    let found = {
        let mut wanted = WANTED.lock().unwrap_or_else(PoisonError::into_inner);
        let place = wanted.iter().position(|wanted| wanted.folder == folder && name.contains(&wanted.part));
        place.map(|place| wanted.remove(place))
    };
    if let Some(wanted) = found {
        let _ = wanted.met.send(());
        // Also whoever forgets to let it go lets it go.
        let _ = wanted.go.recv();
    }
}
