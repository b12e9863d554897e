//! One PostgreSQL server for each test process, on a socket in a temporary folder.
//!
//! The server is a child of a small shell that waits for the end of its standard input, which this process holds: it
//! ends when this process ends, in whichever way, and takes the folder with it.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs, thread};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A running server.
struct Server {
    folder: PathBuf,
    _guard: Child,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

const MISSING: &str = "these tests need PostgreSQL: `initdb` and `postgres` are neither in PATH nor in \
                       /usr/lib/postgresql/*/bin (Debian: `apt-get install postgresql`)";

/// Makes a database and gives its URL.
pub(crate) async fn fresh_database() -> String {
    let server = SERVER.get_or_init(start);
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&url(&server.folder, "postgres")).await.expect("the server answers");
    let create = AssertSqlSafe(format!("create database {name}"));
    sqlx::query(create).execute(&mut admin).await.expect("a database is made");
    url(&server.folder, &name)
}

fn url(folder: &Path, database: &str) -> String {
    format!("postgres://postgres@localhost/{database}?host={}", folder.display())
}

fn start() -> Server {
    let programs = programs().expect(MISSING);
    // Short, since the path of a socket may have 107 bytes at most.
    let folder = tempfile::Builder::new().prefix("kartei-pg-").tempdir_in("/tmp").expect("a folder").keep();
    let user = unprivileged_user();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("the folder is closed to others");
    if let Some((uid, gid)) = user {
        chown(&folder, Some(uid), Some(gid)).expect("the folder is given away");
    }
    let script = r#"
        "$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$2/log" 2>&1 || exit 1
        "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
            -c synchronous_commit=off -c max_connections=200 -c shared_buffers=64MB >>"$2/log" 2>&1 &
        server=$!
        cat >/dev/null
        kill -QUIT "$server"
        wait "$server"
        rm -rf "$2"
    "#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(&programs).arg(&folder).current_dir("/").env("LC_ALL", "C.UTF-8");
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // A group of its own, so that Ctrl-C reaches it only by the end of this process.
    shell.process_group(0);
    if let Some((uid, gid)) = user {
        shell.uid(uid).gid(gid);
    }
    let mut guard = shell.spawn().expect("a shell starts");
    wait_until_ready(&folder, &mut guard);
    Server { folder, _guard: guard }
}

fn wait_until_ready(folder: &Path, guard: &mut Child) {
    for _ in 0..1_200 {
        // The last line of the file says whether the server takes connections.
        let state = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        if state.lines().last().is_some_and(|line| line.trim() == "ready") {
            return;
        }
        if guard.try_wait().expect("the shell can be asked").is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    panic!("PostgreSQL did not start:\n{log}");
}

/// The folder of the server's programs: the newest of the usual places, else from PATH.
pub(crate) fn programs() -> Option<PathBuf> {
    let usual =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let mut found: Vec<PathBuf> = usual.filter(|folder| has_programs(folder)).collect();
    found.sort();
    found.pop().or_else(|| env::split_paths(&env::var_os("PATH")?).find(|folder| has_programs(folder)))
}

fn has_programs(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// PostgreSQL does not run as root: `postgres`, or whoever else there is without rights.
pub(crate) fn unprivileged_user() -> Option<(u32, u32)> {
    if id(&["-u"])? != 0 {
        return None;
    }
    ["postgres", "nobody"].iter().find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)))
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
