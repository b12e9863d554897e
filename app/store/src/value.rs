//! The values that a statement carries, in the types that both databases have.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Postgres, Sqlite};

use crate::instant;

/// One parameter, or null of its type: PostgreSQL wants to know the type of a null as well.
#[derive(Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Flag(Option<bool>),
    Instant(Option<DateTime<Utc>>),
    Json(Option<Json>),
}

impl Value {
    pub(crate) fn bind_sqlite(self, query: Query<'_, Sqlite, SqliteArguments>) -> Query<'_, Sqlite, SqliteArguments> {
        match self {
            Self::Text(value) => query.bind(value.map(without_nul)),
            Self::Integer(value) => query.bind(value),
            Self::Real(value) => query.bind(value),
            Self::Flag(value) => query.bind(value),
            Self::Instant(value) => query.bind(value.map(instant::to_text)),
            Self::Json(value) => query.bind(value.map(|json| json_without_nul(json).to_string())),
        }
    }

    pub(crate) fn bind_postgres(self, query: Query<'_, Postgres, PgArguments>) -> Query<'_, Postgres, PgArguments> {
        match self {
            Self::Text(value) => query.bind(value.map(without_nul)),
            Self::Integer(value) => query.bind(value),
            Self::Real(value) => query.bind(value),
            Self::Flag(value) => query.bind(value),
            Self::Instant(value) => query.bind(value),
            Self::Json(value) => query.bind(value.map(json_without_nul)),
        }
    }
}

/// PostgreSQL cannot hold U+0000, so that both hold U+FFFD in its place.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn json_without_nul(json: Json) -> Json {
    match json {
        Json::String(text) => Json::String(without_nul(text)),
        Json::Array(items) => items.into_iter().map(json_without_nul).collect(),
        Json::Object(entries) => {
            entries.into_iter().map(|(name, value)| (without_nul(name), json_without_nul(value))).collect()
        }
        other => other,
    }
}

macro_rules! value_from {
    ($($kind:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Self::$variant(Some(value.into()))
            }
        }
        impl From<Option<$kind>> for Value {
            fn from(value: Option<$kind>) -> Self {
                Self::$variant(value.map(Into::into))
            }
        }
    )+};
}

value_from!(
    &str => Text, String => Text, &String => Text,
    i64 => Integer, i32 => Integer, u32 => Integer,
    f64 => Real, bool => Flag, DateTime<Utc> => Instant, Json => Json,
);

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<Option<u64>> for Value {
    fn from(value: Option<u64>) -> Self {
        Self::Integer(value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)))
    }
}
