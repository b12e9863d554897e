//! A PostgreSQL server that may be restarted and stopped, under the same clock as the command.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::chaos::fault_layer::Page;
use crate::on_postgres::postgres;

/// A server in a folder of its own. It ends with the harness.
pub(crate) struct Server {
    folder: PathBuf,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    /// A small shell that ends the server when its standard input ends: with this process at the latest.
    guard: Child,
    /// The layer under it.
    pub(crate) page: Page,
}

impl Server {
    pub(crate) fn start() -> Self {
        let programs = postgres::programs().unwrap();
        let user = postgres::unprivileged_user();
        // Short, since the path of a socket may have 107 bytes at most.
        let folder = tempfile::Builder::new().prefix("kartei-chaos-").tempdir_in("/tmp").unwrap().keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        let page = Page::new(folder.join("page"));
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.arg("-D").arg(folder.join("data"));
        initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        let made = as_user(&mut initdb, user).current_dir("/").output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let guard = launch(&folder, &programs, user, &page);
        Self { folder, programs, user, guard, page }
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }

    /// Ends it as a crash would, and starts it again.
    pub(crate) fn restart(&mut self) {
        self.end();
        self.guard = launch(&self.folder, &self.programs, self.user, &self.page);
    }

    fn end(&mut self) {
        drop(self.guard.stdin.take());
        self.guard.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn as_user(command: &mut Command, user: Option<(u32, u32)>) -> &mut Command {
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command.process_group(0)
}

fn launch(folder: &Path, programs: &Path, user: Option<(u32, u32)>, page: &Page) -> Child {
    let script = r#"
        "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=100 \
            -c shared_buffers=32MB >>"$2/log" 2>&1 &
        server=$!
        cat >/dev/null
        kill -QUIT "$server"
        wait "$server"
    "#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(programs).arg(folder);
    page.steer(&mut shell);
    as_user(&mut shell, user).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // What a crash left says nothing of the server to come.
    let state = folder.join("data/postmaster.pid");
    let _ = std::fs::remove_file(&state);
    let guard = shell.spawn().unwrap();
    let begun = Instant::now();
    // The last line of the file says whether the server takes connections.
    let is_ready = |text: String| text.lines().last().is_some_and(|line| line.trim() == "ready");
    while !is_ready(std::fs::read_to_string(&state).unwrap_or_default()) {
        assert!(begun.elapsed() < Duration::from_mins(1), "PostgreSQL did not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    guard
}
