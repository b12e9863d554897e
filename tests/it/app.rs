//! The command in a folder of its own, with verbs for what the stories do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder and the real command. The folder goes away with it.
pub(crate) struct TestApp {
    folder: TempDir,
}

/// How the command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl TestApp {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with the starter configuration.
    pub(crate) fn started() -> Self {
        let app = Self::empty();
        app.run(&["init"]).succeeds();
        app
    }

    /// Runs the command in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[])
    }

    /// Runs the command in the folder, with environment variables.
    pub(crate) fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
        let output = self.command(arguments).envs(environment.iter().copied()).output().unwrap();
        Ended::of(output)
    }

    /// The command in the folder, ready to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        command_in(self.folder.path(), arguments)
    }

    /// A program in the folder, without the surroundings of whoever runs the tests.
    pub(crate) fn start_of(&self, command: Command, arguments: &[&str]) -> Command {
        start_in(self.folder.path(), command, arguments)
    }

    /// A path inside the folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces the first such bytes in a file that must hold them.
    pub(crate) fn replace_bytes(&self, name: &str, from: &[u8], to: &[u8]) {
        let bytes = std::fs::read(self.path(name)).unwrap();
        std::fs::write(self.path(name), crate::organisation::replaced(&bytes, from, to)).unwrap();
    }

    /// Replaces a text in a file that must hold it.
    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no {from:?}");
        self.write(name, &text.replace(from, to));
    }
}

impl Ended {
    /// How a process ended; -1 where a signal ended it.
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The command must have ended well; its output.
    #[track_caller]
    pub(crate) fn succeeds(self) -> String {
        assert_eq!(self.code, 0, "{self:#?}");
        self.stdout
    }

    /// The command must have ended with this code; what it said on standard error.
    #[track_caller]
    pub(crate) fn fails_with(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:#?}");
        self.stderr
    }
}

/// The command in a folder, ready to be started.
pub(crate) fn command_in(folder: &Path, arguments: &[&str]) -> Command {
    start_in(folder, Command::new(env!("CARGO_BIN_EXE_kartei")), arguments)
}

fn start_in(folder: &Path, mut command: Command, arguments: &[&str]) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KARTEI_") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_BACKTRACE").env("NO_COLOR", "1");
    command.args(arguments).current_dir(folder);
    command
}
