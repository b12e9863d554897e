//! The tables: the same in both databases, each column with its comment, and never older than the program thinks.

use std::collections::BTreeMap;

use kartei_store::{Store, StoreError, StoreOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

use crate::support::Place;
use crate::{Teller, stories};

stories!(
    a_store_that_is_newer_than_the_program_is_refused,
    processes_that_start_at_once_migrate_once,
    a_store_that_is_up_to_date_is_left_alone,
    a_store_that_is_looked_at_from_outside_is_not_brought_up_to_date,
);

/// Runs one statement and gives the first column of its rows as text.
pub(crate) async fn ask(place: &Place, statement: &str) -> Vec<String> {
    let text = AssertSqlSafe(statement.to_owned());
    if let Some(path) = place.url.strip_prefix("sqlite:") {
        let mut connection = SqliteConnection::connect(path).await.unwrap();
        let rows = sqlx::query(text).fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(0)).collect()
    } else {
        let mut connection = PgConnection::connect(&place.url).await.unwrap();
        let rows = sqlx::query(text).fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(0)).collect()
    }
}

/// The names of all indexes.
pub(crate) async fn indexes(teller: &Teller) -> Vec<String> {
    let statement = match teller.store.kind() {
        "sqlite" => "select name from sqlite_schema where type = 'index'",
        _ => "select indexname::text from pg_indexes where schemaname = current_schema()",
    };
    ask(&teller.place, statement).await
}

async fn a_store_that_is_newer_than_the_program_is_refused(teller: Teller) {
    let version = teller.store.version().await.unwrap();
    teller.store.close().await;
    let newer = "insert into schema_migration (version, name) values (99990101000000, 'from the future')";
    ask(&teller.place, newer).await;
    let error = Store::open(&StoreOptions::new(&teller.place.url)).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99_990_101_000_000, known } if known == version));
    assert!(error.hint().unwrap().contains("install the newer kartei"));
}

async fn processes_that_start_at_once_migrate_once(teller: Teller) {
    let place = if teller.store.kind() == "sqlite" { Place::sqlite() } else { Place::postgres().await };
    let options = StoreOptions::new(&place.url);
    let (one, two, three) = tokio::join!(Store::open(&options), Store::open(&options), Store::open(&options));
    one.unwrap();
    two.unwrap();
    three.unwrap();
    let applied = "select name from schema_migration order by version";
    assert_eq!(ask(&place, applied).await, ask(&teller.place, applied).await);
}

async fn a_store_that_is_up_to_date_is_left_alone(teller: Teller) {
    let before = ask(&teller.place, "select cast(applied_at as text) from schema_migration").await;
    let again = teller.another_process().await;
    assert_eq!(again.version().await.unwrap(), teller.store.version().await.unwrap());
    assert_eq!(ask(&teller.place, "select cast(applied_at as text) from schema_migration").await, before);
}

async fn a_store_that_is_looked_at_from_outside_is_not_brought_up_to_date(teller: Teller) {
    let known = teller.store.version().await.unwrap();
    teller.store.close().await;
    let forgotten = format!("delete from schema_migration where version = {known}");
    ask(&teller.place, &forgotten).await;
    for _ in 0..2 {
        let inspection = Store::inspect(&StoreOptions::new(&teller.place.url)).await.unwrap();
        assert_eq!(inspection.known, known);
        assert!(inspection.found < known, "found {}", inspection.found);
    }
}

#[tokio::test]
async fn looking_at_a_store_that_is_not_there_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kartei.db");
    Store::inspect(&StoreOptions::new(format!("sqlite:{}", path.display()))).await.unwrap_err();
    assert!(!path.exists());
}

/// Table and column → comment.
type Comments = BTreeMap<(String, String), String>;

async fn sqlite_comments() -> Comments {
    let teller = Teller::begin(Place::sqlite()).await;
    let mut comments = Comments::new();
    for definition in
        ask(&teller.place, "select sql from sqlite_schema where type = 'table' and name not like 'sqlite_%'").await
    {
        let table = definition.split_whitespace().nth(2).unwrap().to_owned();
        let columns = ask(&teller.place, &format!("select name from pragma_table_info('{table}')")).await;
        for column in columns {
            let comment = sqlite_comment(&definition, &column).unwrap_or_default().to_owned();
            comments.insert((table.clone(), column), comment);
        }
    }
    comments
}

/// The comment of a column: behind it, or inside where it was added later.
fn sqlite_comment<'a>(definition: &'a str, column: &str) -> Option<&'a str> {
    let added = definition.split_once(&format!(" {column} /* ")).and_then(|(_, rest)| rest.split_once(" */"));
    let line = || definition.lines().find(|line| line.split_whitespace().next() == Some(column));
    let behind = || line()?.split_once(" -- ").map(|(_, comment)| comment);
    added.map(|(comment, _)| comment).or_else(behind)
}

async fn postgres_comments() -> Comments {
    let teller = Teller::begin(Place::postgres().await).await;
    let statement = "select table_name || '.' || column_name || '.' || \
         coalesce(col_description(format('%I', table_name)::regclass, ordinal_position), '') \
         from information_schema.columns where table_schema = current_schema()";
    let rows = ask(&teller.place, statement).await;
    rows.iter()
        .map(|row| {
            let mut parts = row.splitn(3, '.').map(str::to_owned);
            let name = (parts.next().unwrap(), parts.next().unwrap());
            (name, parts.next().unwrap())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_have_the_same_columns_and_each_says_what_it_is() {
    let (sqlite, postgres) = (sqlite_comments().await, postgres_comments().await);
    assert!(sqlite.len() > 150, "found {} columns", sqlite.len());
    for ((table, column), comment) in &sqlite {
        assert!(!comment.is_empty(), "{table}.{column} has no comment");
    }
    assert_eq!(sqlite, postgres);
}
