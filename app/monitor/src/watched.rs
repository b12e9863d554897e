//! What is watched, as the settings, the jobs and the schemas have it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use kartei_schemas::due::Due;
use kartei_schemas::duration::Span;
use kartei_schemas::jobs::JobsSchema;
use kartei_schemas::load::Schemas;
use kartei_schemas::org::Language;
use kartei_schemas::settings::{AlertSettings, Settings};

use crate::audience::Unheard;

/// What is watched.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The jobs, by name.
    pub jobs: BTreeMap<String, WatchedJob>,
    /// The sources that may grow stale.
    pub sources: Vec<WatchedSource>,
    /// Who is told.
    pub alerts: AlertSettings,
    /// The language of what is told.
    pub language: Language,
    /// The zone in which times are told.
    pub zone: Tz,
    /// The organisation's name.
    pub organisation: Option<String>,
    /// The machine or the address of the pages, so that two installations can be told apart.
    pub installation: String,
    /// Why nobody hears what is told, where that is so.
    pub unheard: Option<Unheard>,
}

/// What is watched now: jobs may be read again while a process serves. Clones are of the same.
#[derive(Debug, Clone)]
pub struct Watchlist(Arc<RwLock<Arc<Watched>>>);

impl Watchlist {
    /// Watches this.
    pub fn new(watched: Watched) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(watched))))
    }

    /// What is watched now.
    pub fn now(&self) -> Arc<Watched> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on watches this.
    pub fn replace(&self, watched: Watched) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(watched);
    }
}

/// A job.
#[derive(Debug, Clone)]
pub struct WatchedJob {
    /// Its name as people read it.
    pub label: String,
    /// It must be done so long after its due time.
    pub expect_within: Option<TimeDelta>,
    /// When it is due, where a schedule says so.
    pub due: Option<WatchedDue>,
}

/// When a job is due.
#[derive(Debug, Clone)]
pub struct WatchedDue {
    /// The schedule.
    pub due: Due,
    /// What it follows from, by which it is known whether planning has begun with it.
    pub expression: String,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedSource {
    /// Its name.
    pub name: String,
    /// Its name as people read it.
    pub label: String,
    /// It must bring something new at least so often.
    pub stale_after: TimeDelta,
}

impl Watched {
    /// What is watched in an installation.
    pub fn of(settings: &Settings, jobs: &JobsSchema, schemas: &Schemas) -> Self {
        let language = settings.alerts.language.unwrap_or(settings.locale.language);
        let spoken = |name: &str, german: Option<&String>, english: Option<&String>| {
            let label = if language == Language::De { german } else { english };
            label.cloned().unwrap_or_else(|| name.to_owned())
        };
        let job = |(name, job): (&String, &kartei_schemas::jobs::JobSchema)| {
            let label = spoken(name, job.label_de.as_ref(), job.label_en.as_ref());
            // A schedule that cannot be read has been refused before.
            let due = Due::of_job(job, &settings.locale.time_zone).ok().filter(|due| !due.is_never());
            let due = due.map(|due| WatchedDue { expression: due.expression_of(job), due });
            (name.clone(), WatchedJob { label, expect_within: job.expect_within.map(delta), due })
        };
        let sources = schemas.sources.iter().filter_map(|source| {
            let limit = source.freshness.warn_after.into_iter().chain(source.freshness.error_after).min()?;
            let label = spoken(&source.name, source.label_de.as_ref(), source.label_en.as_ref());
            Some(WatchedSource { name: source.name.clone(), label, stale_after: delta(limit) })
        });
        Self {
            jobs: jobs.jobs.iter().map(job).collect(),
            sources: sources.collect(),
            alerts: settings.alerts.clone(),
            language,
            zone: settings.locale.time_zone.parse().unwrap_or(Tz::UTC),
            organisation: schemas.org.roots().next().map(|unit| unit.name.clone()),
            installation: host_of(&settings.web.public_url).to_owned(),
            unheard: Unheard::by(settings),
        }
    }

    /// An instant as people read it: `25.11.2026, 04:00` or `25 Nov 2026, 04:00`.
    pub fn instant(&self, instant: DateTime<Utc>) -> String {
        let form = if self.language == Language::De { "%d.%m.%Y, %H:%M" } else { "%-d %b %Y, %H:%M" };
        instant.with_timezone(&self.zone).format(form).to_string()
    }
}

/// A span as chrono has it.
pub(crate) fn delta(span: Span) -> TimeDelta {
    i64::try_from(span.seconds()).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX)
}

/// The host of a web address.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}
