//! golden and diff: one golden person a cluster, with an id that outlives the run, and what changed since the last.

use kartei_persons::{
    Diff, GoldenInput, Hearing, History, IdIssuer, Identity, IdentityRules, Ledger, Override, PersonId,
    PersonStatistics, Provenance, Touched, assign, diff,
};
use kartei_schemas::keyed::Keyed;
use kartei_store::frames::FrameSet;
use polars_core::prelude::*;
use serde::{Deserialize, Serialize};

use super::link::rows;
use super::{Step, compute};
use crate::align::align;
use crate::error::FlowError;
use crate::project::Project;

/// What the person steps found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Consolidated {
    /// Counts.
    pub statistics: PersonStatistics,
    /// The version of the schemas under which everybody was made.
    pub schema_version: String,
    /// Whether nothing was published before.
    pub initial: bool,
    /// What they left at rest.
    #[serde(default)]
    pub frames: FrameSet,
    /// Whether all that was ever heard of consents was heard in this run.
    #[serde(default)]
    pub heard_all: bool,
}

/// Makes the persons, and puts everything that publishing needs at rest.
pub async fn consolidate(step: &Step<'_>) -> Result<Consolidated, FlowError> {
    let input = Input::gather(step).await?;
    let (input, known) = compute(move || input.identify().map(|known| (input, known))).await?;
    // What is made comes to rest while the next is made of it.
    let (record_map, ledger) = (known.identity.record_map.clone(), known.ledger.frame().clone());
    let heard = (known.heard.height() < ledger.height()).then(|| known.heard.clone());
    let heard_all = heard.is_none();
    let resting = async {
        let laid = FrameSet::default().with("record_map", step.rest.put("record_map", record_map).await?);
        let laid = laid.with("consent_events", step.rest.put("consent_events", ledger).await?);
        // The first time these are all that were ever heard.
        match heard {
            Some(heard) => Ok(laid.with("heard", step.rest.put("heard", heard).await?)),
            None => Ok(laid),
        }
    };
    let (mut frames, outcome) = tokio::try_join!(resting, compute(move || input.work(known)))?;
    let statistics = PersonStatistics::gather(&outcome.identity, &outcome.golden, &outcome.diff);
    let initial = outcome.diff.initial;
    let renewed: Vec<String> = outcome.golden.renewed.iter().map(ToString::to_string).collect();
    let mut made = vec![
        ("renewed", df!("person_id" => renewed)?),
        ("values", outcome.golden.values),
        ("persons", outcome.diff.persons),
        ("gone", outcome.diff.gone),
        ("changes", outcome.diff.changes),
    ];
    // The first time these are all persons.
    if !initial {
        made.push(("upserts", outcome.diff.upserts));
    }
    for (what, frame) in made {
        frames = frames.with(what, step.rest.put(what, frame).await?);
    }
    let schema_version = step.project.schema_version();
    Ok(Consolidated { statistics, schema_version, initial, frames, heard_all })
}

/// All that the computation needs, so that it can go to a thread of its own.
struct Input {
    project: Project,
    now: chrono::DateTime<chrono::Utc>,
    secret: String,
    records: DataFrame,
    clusters: DataFrame,
    previous: Option<DataFrame>,
    previous_records: Option<DataFrame>,
    record_map: Option<DataFrame>,
    run: i64,
    words: Words,
    overrides: Vec<Override>,
    /// Ids that no record bears any more and that are never issued again.
    retired: Vec<PersonId>,
    /// Persons of whom an override was lifted, or a record erased, since the last run read them.
    lifted: Vec<PersonId>,
    same_schemas: bool,
}

/// Who everybody is, and what each has consented to.
struct Known {
    identity: Identity,
    ledger: Ledger,
    /// What was heard of consents for the first time.
    heard: DataFrame,
    /// The records that are new or changed; none where everybody must be made anew.
    changed: Option<Vec<bool>>,
}

struct Outcome {
    identity: Identity,
    golden: kartei_persons::Golden,
    diff: Diff,
}

impl Input {
    async fn gather(step: &Step<'_>) -> Result<Self, FlowError> {
        let secret = step.store.setting_or(kartei_store::SECRET, &new_secret(), step.now()).await?;
        // What is lifted while this is read is read by the next run, which asks from the beginning of this step on.
        let overrides = step.store.active_overrides().await?;
        let before = last_time(step).await?;
        Ok(Self {
            project: step.project.clone(),
            now: step.heard_at(),
            secret,
            records: step.rest.get("records").await?,
            clusters: step.rest.get("clusters").await?,
            previous: step.rest.published("persons").await?,
            previous_records: step.rest.published_records().await?,
            record_map: step.rest.published("record_map").await?,
            run: step.run.id,
            words: Words::gather(step).await?,
            overrides: overrides.into_iter().filter_map(an_override).collect(),
            retired: ids(&step.store.retired_ids().await?),
            lifted: lifted(step, before.as_ref()).await?,
            same_schemas: !step.options.is_full() && before.is_some_and(|before| has_same_schemas(step, &before)),
        })
    }

    fn identify(&self) -> Result<Known, FlowError> {
        let (identity, heard) = rayon::join(
            || self.identity(),
            || {
                let changed = self.changed()?;
                Ok::<_, FlowError>((self.hear(changed.as_deref())?, changed))
            },
        );
        let ((ledger, heard, is_whole), changed) = heard?;
        Ok(Known { identity: identity?, ledger, heard, changed: changed.filter(|_| is_whole) })
    }

    fn identity(&self) -> Result<Identity, FlowError> {
        let history = match &self.record_map {
            Some(map) => History::from_record_map(map)?,
            None => History::none(),
        };
        let history = history.with_issued(self.retired.iter().copied());
        let clusters = rows(&self.clusters, "cluster")?;
        let issuer = IdIssuer::new(self.secret.as_bytes());
        Ok(assign(&self.records, &clusters, &history, &issuer, &IdentityRules::default(), self.now)?)
    }

    /// All that was ever heard of consents, what of it was heard now, and whether there was a copy of it that is proven.
    fn hear(&self, changed: Option<&[bool]>) -> Result<(Ledger, DataFrame, bool), FlowError> {
        let is_whole = self.words.is_proven;
        let before = Ledger::from_frame(&self.words.told, Keyed::new(&self.secret))?.with_desk(&self.words.desk)?;
        let hearing = Hearing { changed: changed.filter(|_| is_whole), now: self.now, run: self.run };
        let (ledger, heard) = before.hear(&self.records, hearing)?;
        Ok((ledger, heard, is_whole))
    }

    fn work(&self, Known { identity, ledger, changed, .. }: Known) -> Result<Outcome, FlowError> {
        let households = rows(&self.clusters, "household")?;
        let issuer = IdIssuer::new(self.secret.as_bytes());
        let overridden: Vec<PersonId> =
            self.overrides.iter().map(|set| set.person).chain(self.lifted.clone()).collect();
        let touched = match &changed {
            Some(rows) => Touched::Only { rows, persons: &overridden },
            None => Touched::All,
        };
        let schemas = &self.project.schemas;
        let golden = kartei_persons::golden::build(&GoldenInput {
            records: &self.records,
            identity: &identity,
            households: &households,
            previous: self.previous.as_ref(),
            ledger: &ledger,
            overrides: &self.overrides,
            schema: &schemas.person,
            sources: &schemas.sources,
            tree: &schemas.org,
            issuer: &issuer,
            touched,
            provenance: Provenance::All,
            now: self.now,
        })?;
        let diff = diff(self.previous.as_ref(), &golden.persons, &identity, &schemas.person, self.now)?;
        Ok(Outcome { identity, golden, diff })
    }

    fn changed(&self) -> PolarsResult<Option<Vec<bool>>> {
        match &self.previous_records {
            Some(old) if self.same_schemas && self.previous.is_some() => Ok(Some(align(old, &self.records)?.changed)),
            _ => Ok(None),
        }
    }
}

/// All that was ever heard of consents. The store's table is the truth.
struct Words {
    /// What runs heard.
    told: DataFrame,
    /// What was heard elsewhere.
    desk: DataFrame,
    /// Whether `told` is the copy that the last run left, so that whoever did not change is known.
    is_proven: bool,
}

impl Words {
    /// The copy, if its rows and the sum of their marks are those of the table; else the table itself.
    async fn gather(step: &Step<'_>) -> Result<Self, FlowError> {
        let copy = if step.options.is_full() { None } else { step.rest.published("consent_events").await? };
        let desk = step.store.consent_events_of_desk().await?;
        let truth = step.store.consent_tally().await?;
        if let Some(copy) = copy {
            let (rows, marks) = kartei_persons::consent::tally(&copy)?;
            if (rows, marks) == (truth.rows, truth.marks) {
                return Ok(Self { told: copy, desk, is_proven: true });
            }
            tracing::warn!("the copy of what was heard of consents is not what the store has: it is made anew");
        }
        let is_proven = truth.rows == 0;
        Ok(Self { told: step.store.consent_events_told().await?, desk, is_proven })
    }
}

/// This step in the run that was published last.
async fn last_time(step: &Step<'_>) -> Result<Option<kartei_store::Step>, FlowError> {
    let Some(previous) = step.previous else { return Ok(None) };
    let view = step.store.run(previous).await?;
    Ok(view.and_then(|view| view.steps.into_iter().find(|step| step.name == "persons")))
}

fn has_same_schemas(step: &Step<'_>, before: &kartei_store::Step) -> bool {
    let version = before.output.get("schema_version").and_then(|version| version.as_str());
    version == Some(step.project.schema_version().as_str())
}

async fn lifted(step: &Step<'_>, before: Option<&kartei_store::Step>) -> Result<Vec<PersonId>, FlowError> {
    let Some(before) = before else { return Ok(Vec::new()) };
    let mut persons = step.store.overrides_lifted_since(before.started_at).await?;
    persons.extend(step.store.persons_to_renew(before.started_at).await?);
    Ok(ids(&persons))
}

fn ids(texts: &[String]) -> Vec<PersonId> {
    texts.iter().filter_map(|id| id.parse().ok()).collect()
}

fn an_override(entry: kartei_store::OverrideEntry) -> Option<Override> {
    Some(Override { person: entry.person_id.parse().ok()?, field: entry.field, value: entry.value })
}

/// A fresh installation's secret: 256 bits of chance, drawn once and kept in the store.
pub(crate) fn new_secret() -> String {
    let bytes: [u8; 32] = rand::random();
    bytes.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}
