//! The layer between the real command and the system: built from C once, and steered through a page of shared memory.

use std::fs::File;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use chrono::TimeDelta;

/// The calls that make something durable, or send it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bytes into a file.
    Write,
    /// A file is synchronised.
    Sync,
    /// A name is given or taken.
    Name,
    /// Bytes to a server.
    Send,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Write, Self::Sync, Self::Name, Self::Send];
}

const CLOCK_OFFSET: u64 = 0;
const DISK_FULL: u64 = 1;
const STOP_KIND: u64 = 2;
const STOP_BEFORE: u64 = 3;
const CALLS: u64 = 4;
const HOLD_KIND: u64 = 8;
const HOLD_BEFORE: u64 = 9;
const HELD: u64 = 10;
const SLOTS: u64 = 11;

/// The page of one process.
pub(crate) struct Page {
    file: File,
    path: PathBuf,
}

impl Page {
    /// A page of zeros: nothing is done.
    pub(crate) fn new(path: PathBuf) -> Self {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        file.set_len(SLOTS * 8).unwrap();
        // The database's server runs under a user of its own.
        file.set_permissions(std::fs::Permissions::from_mode(0o666)).unwrap();
        Self { file, path }
    }

    /// Puts a command on top of the layer.
    pub(crate) fn steer(&self, command: &mut Command) {
        command.env("LD_PRELOAD", library()).env("FAULT_PAGE", &self.path);
    }

    /// Shifts the clock.
    pub(crate) fn shift_clock(&self, offset: TimeDelta) {
        self.write(CLOCK_OFFSET, offset.num_nanoseconds().unwrap());
    }

    /// Fills the disk, or makes room again.
    pub(crate) fn fill_disk(&self, full: bool) {
        self.write(DISK_FULL, full.into());
    }

    /// Stops the process before a call, counted from 1.
    pub(crate) fn stop_before(&self, kind: Kind, call: i64) {
        self.write(STOP_KIND, kind as i64);
        self.write(STOP_BEFORE, call);
    }

    /// Holds up one thread before a call, counted from 1, while all others go on; 0 lets it go.
    pub(crate) fn hold_before(&self, kind: Kind, call: i64) {
        self.write(HOLD_KIND, kind as i64);
        self.write(HOLD_BEFORE, call);
    }

    /// Whether a thread is held up.
    pub(crate) fn is_holding(&self) -> bool {
        self.read(HELD) == 1
    }

    /// How many calls there were.
    pub(crate) fn calls(&self, kind: Kind) -> i64 {
        self.read(CALLS + kind as u64)
    }

    fn read(&self, slot: u64) -> i64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, slot * 8).unwrap();
        i64::from_ne_bytes(bytes)
    }

    fn write(&self, slot: u64, value: i64) {
        self.file.write_all_at(&value.to_ne_bytes(), slot * 8).unwrap();
    }
}

/// The layer as a library, compiled when it is first asked for.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/it/chaos/fault_layer.c");
        // In a folder that the database's user may read.
        let folder = std::env::temp_dir().join(format!("kartei-fault-layer-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let library = folder.join("fault_layer.so");
        let compiler = Command::new("cc")
            .args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output()
            .unwrap();
        assert!(compiler.status.success(), "{}", String::from_utf8_lossy(&compiler.stderr));
        library
    })
}
