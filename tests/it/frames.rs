//! What the publication names is there, whole and unchanged, or the night stops; and the store knows its data folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::app::TestApp;
use crate::on_postgres::postgres;
use crate::organisation::{day, lines};

/// All frames below a folder of the data folder, with their names.
fn frames(app: &TestApp, place: &str) -> Vec<(String, PathBuf)> {
    let data = app.path("data");
    let mut found = Vec::new();
    let mut folders = vec![data.join(place)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(&data).unwrap().with_extension("");
                found.push((name.to_string_lossy().into_owned(), entry.path()));
            }
        }
    }
    found.sort();
    found
}

/// Does something to the file of a frame, whose bytes are given.
type Harm = fn(&Path, &[u8]);

const HARMS: [(&str, Harm); 3] = [
    ("removed", |path, _| fs::remove_file(path).unwrap()),
    ("cut short", |path, whole| fs::write(path, &whole[..whole.len() - 1]).unwrap()),
    ("changed by a bit", |path, whole| {
        let mut other = whole.to_vec();
        other[whole.len() / 2] ^= 1;
        fs::write(path, other).unwrap();
    }),
];

/// Harms each of the frames in turn: the night stops, names it, and changes nothing; and the frame is put back.
fn each_is_missed(app: &TestApp, files: &[(String, PathBuf)], nights: &mut std::ops::RangeFrom<u32>) {
    let before = app.exported();
    for (name, path) in files {
        let whole = fs::read(path).unwrap();
        for (what, harm) in HARMS {
            harm(path, &whole);
            let said = app.night(nights.next().unwrap(), &[]).fails_with(1);
            assert!(said.contains(&format!("`{name}`")), "{name} {what}: {said}");
            assert!(said.contains("kartei restore") && !said.contains("anew"), "{name} {what}: {said}");
            assert_eq!(app.exported(), before, "{name} {what}");
            fs::write(path, &whole).unwrap();
            // As the backup had it: for its owner alone.
            fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        }
    }
}

#[test]
fn each_frame_of_the_publication_that_is_lost_or_changed_stops_the_night_by_name_and_put_back_the_next_goes_well() {
    let app = TestApp::after_a_night();
    let published = frames(&app, "runs");
    assert!(published.len() >= 5, "{published:?}");
    app.another_night_arrives(2);
    let mut nights = 2..;
    each_is_missed(&app, &published, &mut nights);
    // What the stopped nights have pulled waits, and is missed as well.
    let first: Vec<String> = frames(&TestApp::after_a_night(), "batches").into_iter().map(|(name, _)| name).collect();
    let waiting: Vec<_> = frames(&app, "batches").into_iter().filter(|(name, _)| !first.contains(name)).collect();
    assert!(!waiting.is_empty());
    each_is_missed(&app, &waiting, &mut nights);
    let before = app.exported();
    app.night(nights.next().unwrap(), &[]).succeeds();
    assert_ne!(app.exported(), before);
    assert_eq!(app.run(&["doctor"]).code, 0);
}

#[test]
fn with_the_persons_missing_and_a_third_of_the_members_gone_nothing_is_taken_for_a_first_night() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    let rows = lines(&app.members());
    let kept: Vec<u8> = rows.iter().take(rows.len() * 2 / 3).flat_map(|row| [row.as_slice(), b"\n"].concat()).collect();
    app.deliver_members(&kept);
    let (name, path) = frames(&app, "runs").into_iter().find(|(name, _)| name.ends_with("/persons")).unwrap();
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        let ended = app.night(2, &["--accept-guard", "max_drop_percent"]);
        assert_ne!(ended.code, 0, "{ended:?}");
        assert!(ended.stderr.contains(&format!("`{name}`")), "{ended:?}");
        assert_eq!(app.exported(), before);
    }
    fs::write(path, whole).unwrap();
    let ended = app.night(3, &["--accept-guard", "max_drop_percent"]);
    assert!(ended.stderr.contains("max_gone_percent"), "the guards look: {ended:?}");
    assert_eq!(app.exported(), before);
}

#[test]
fn a_backup_with_waiting_pages_of_a_source_that_was_removed_holds_what_the_store_names() {
    let app = TestApp::after_a_night();
    let persons = frames(&app, "runs").into_iter().find(|(name, _)| name.ends_with("/persons")).unwrap().1;
    let whole = fs::read(&persons).unwrap();
    app.another_night_arrives(2);
    fs::remove_file(&persons).unwrap();
    app.night(2, &[]).fails_with(1);
    fs::write(&persons, whole).unwrap();
    let source = fs::read_dir(app.path("schemas/sources")).unwrap().map(Result::unwrap);
    let leads =
        source.map(|entry| entry.path()).find(|path| fs::read_to_string(path).unwrap().contains("\"leads\"")).unwrap();
    fs::remove_file(leads).unwrap();
    app.night(3, &[]).succeeds();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("backup");
    app.run(&["backup", target.to_str().unwrap()]).succeeds();
    let back = TestApp::empty();
    back.run(&["restore", target.to_str().unwrap()]).succeeds();
    assert_eq!(back.exported(), app.exported());
    assert_eq!(back.run(&["doctor"]).code, 0);
}

/// A store as the stories reach it: the variables of the command, and its address.
struct Place {
    environment: Vec<(&'static str, String)>,
    url: String,
}

impl Place {
    fn both(app: &TestApp) -> [Self; 2] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = runtime.block_on(postgres::fresh_database());
        let here = Self { environment: Vec::new(), url: format!("sqlite:{}", app.path("kartei.db").display()) };
        [here, Self { environment: vec![("KARTEI__STORE__URL", url.clone())], url }]
    }

    fn run(&self, app: &TestApp, arguments: &[&str]) -> crate::app::Ended {
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        app.run_with(arguments, &environment)
    }

    /// Changes rows by hand.
    fn change(&self, statements: &[&str]) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for statement in statements {
                let query = sqlx::query(AssertSqlSafe((*statement).to_owned()));
                if self.environment.is_empty() {
                    query.execute(&mut SqliteConnection::connect(&self.url).await.unwrap()).await.unwrap();
                } else {
                    sqlx::query(AssertSqlSafe((*statement).to_owned()))
                        .execute(&mut PgConnection::connect(&self.url).await.unwrap())
                        .await
                        .unwrap();
                }
            }
        });
    }
}

#[test]
fn rows_that_were_changed_by_hand_are_named_by_the_doctor_and_written_anew_by_a_full_run() {
    let app = TestApp::before_the_first_night(120);
    for place in Place::both(&app) {
        place.run(&app, &["run", "--as-of", &day(1)]).succeeds();
        let before = place.run(&app, &["persons", "export"]).succeeds();
        assert!(place.run(&app, &["doctor"]).succeeds().contains("nothing is wrong"));
        place.change(&[
            "update person set city = 'Anderswo' where id = (select min(id) from person)",
            "delete from person where id = (select max(id) from person)",
            "update person set state = 'gone' where id = (select min(id) from person where id > (select min(id) from person))",
            "delete from person_value where person_id = (select min(id) from person)",
            "update person_record set person_id = 'X' where source = (select min(source) from person_record) \
             and key = (select min(key) from person_record where source = (select min(source) from person_record))",
        ]);
        // An ordinary night looks at what is new alone.
        place.run(&app, &["run", "--as-of", &day(2)]).succeeds();
        let ended = place.run(&app, &["doctor", "--json"]);
        assert_eq!(ended.code, 1);
        let found: Value = serde_json::from_str(&ended.stdout).unwrap();
        let of = |area: &str| found.as_array().unwrap().iter().filter(|one| one["area"] == area).count();
        assert_eq!((of("persons"), of("records")), (2, 1), "{found:#}");
        assert!(found.to_string().contains("(city)") && !found.to_string().contains("Anderswo"), "{found:#}");
        assert!(found.to_string().contains("kartei run --full"));
        place.run(&app, &["run", "--full", "--as-of", &day(3)]).succeeds();
        assert!(place.run(&app, &["doctor"]).succeeds().contains("nothing is wrong"));
        assert_eq!(place.run(&app, &["persons", "export"]).succeeds(), before);
        fs::remove_dir_all(app.path("data")).unwrap();
    }
}

#[test]
fn two_processes_on_one_store_need_one_data_folder_and_the_one_without_it_claims_nothing() {
    let app = TestApp::before_the_first_night(120);
    let [here, there] = Place::both(&app);
    for (place, other) in [(there, "elsewhere"), (here, "elsewhere-too")] {
        place.run(&app, &["run", "--as-of", &day(1)]).succeeds();
        let before = place.run(&app, &["persons", "export"]).succeeds();
        let foreign = |arguments: &[&str]| {
            let folder = format!("data.folder={other}");
            place.run(&app, &[arguments, &["--set", &folder]].concat())
        };
        let said = foreign(&["run", "--as-of", &day(2)]).fails_with(1);
        assert!(said.contains("is not the data folder of this store"), "{said}");
        let ended = foreign(&["check"]);
        assert!(ended.code == 1 && ended.stdout.contains("is not the data folder of this store"), "{ended:?}");
        let ended = foreign(&["doctor"]);
        assert!(ended.code == 1 && ended.stdout.contains("is not the data folder of this store"), "{ended:?}");
        assert!(foreign(&["status"]).succeeds().contains("is not the data folder of this store"));
        assert!(!app.path(other).exists(), "no folder is made");
        assert_eq!(place.run(&app, &["runs", "--json"]).succeeds().matches("\"due_at\"").count(), 1, "no run was made");
        assert_eq!(place.run(&app, &["persons", "export"]).succeeds(), before);
        place.run(&app, &["run", "--as-of", &day(3)]).succeeds();
        fs::remove_dir_all(app.path("data")).unwrap();
        let said = place.run(&app, &["run", "--as-of", &day(4)]).fails_with(1);
        assert!(said.contains("is not the data folder of this store"), "{said}");
    }
}

#[test]
fn a_new_store_does_not_take_the_folder_of_another() {
    let app = TestApp::after_a_night();
    for name in ["kartei.db", "kartei.db-wal", "kartei.db-shm"] {
        let _ = fs::remove_file(app.path(name));
    }
    let said = app.night(2, &[]).fails_with(1);
    assert!(said.contains("it belongs to another store, and this one is new"), "{said}");
    fs::remove_dir_all(app.path("data")).unwrap();
    app.night(3, &[]).succeeds();
}

/// A store as an older program has left it: the tables of its time, and where it was used a run.
fn older_store(app: &TestApp, is_used: bool) {
    let url = format!("sqlite:{}?mode=rwc", app.path("kartei.db").display());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/sqlite");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        for file in files {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let (version, what) = name.split_once('_').unwrap();
            if version < "20261129" {
                let text = fs::read_to_string(&file).unwrap();
                sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
                let row = format!("insert into schema_migration (version, name) values ({version}, '{what}')");
                sqlx::query(AssertSqlSafe(row)).execute(&mut connection).await.unwrap();
            }
        }
        if is_used {
            let run = "insert into run (job, cause, state, due_at, asked_by, parameters, created_at, attempt) values \
                       ('nightly', 'schedule', 'succeeded', '2026-01-01T00:00:00.000Z', 'scheduler', '{}', \
                       '2026-01-01T00:00:00.000Z', 1)";
            sqlx::query(run).execute(&mut connection).await.unwrap();
        }
    });
}

#[test]
fn a_store_of_an_older_program_is_refused_with_a_clear_word_and_an_empty_one_is_brought_up_to_date_by_check() {
    let app = TestApp::before_the_first_night(40);
    older_store(&app, false);
    for looking in [["runs"], ["status"], ["rejects"]] {
        let said = app.run(&looking).fails_with(1);
        assert!(said.contains("the store is older than this program") && said.contains("kartei check"), "{said}");
    }
    let checked = app.run(&["check"]).succeeds();
    assert!(checked.contains("its tables were of version 20261125070000, and are now of"), "{checked}");
    app.run(&["runs"]).succeeds();
    app.night(1, &[]).succeeds();

    let app = TestApp::before_the_first_night(40);
    older_store(&app, true);
    let told = "was made by an older kartei that is not compatible";
    let checked = app.run(&["check"]);
    assert!(checked.code == 1 && checked.stdout.contains(told), "{checked:?}");
    let said = app.night(1, &[]).fails_with(1);
    assert!(said.contains(told) && said.contains("begin anew with an empty store"), "{said}");
}
