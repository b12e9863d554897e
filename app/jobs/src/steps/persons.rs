//! golden and diff: one golden person a cluster, with an id that outlives the run, and what changed since the last.

use kartei_persons::{
    Diff, GoldenInput, History, IdIssuer, Identity, IdentityRules, Ledger, Override, PersonId, PersonStatistics,
    Provenance, Touched, assign, diff,
};
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
}

/// Makes the persons, and puts everything that publishing needs at rest.
pub async fn consolidate(step: &Step<'_>) -> Result<Consolidated, FlowError> {
    let input = Input::gather(step).await?;
    let (input, known) = compute(move || input.identify().map(|known| (input, known))).await?;
    // What is made comes to rest while the next is made of it.
    let (record_map, ledger) = (known.identity.record_map.clone(), known.ledger.frame().clone());
    let resting = async {
        let laid = FrameSet::default().with("record_map", step.rest.put("record_map", record_map).await?);
        Ok(laid.with("ledger", step.rest.put("ledger", ledger).await?))
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
    Ok(Consolidated { statistics, schema_version: step.project.schema_version(), initial, frames })
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
    ledger: Option<DataFrame>,
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
        let secret = step.store.setting_or("person_id_secret", &new_secret(), step.now()).await?;
        // What is lifted while this is read is read by the next run, which asks from the beginning of this step on.
        let overrides = step.store.active_overrides().await?;
        let before = last_time(step).await?;
        Ok(Self {
            project: step.project.clone(),
            now: step.as_of(),
            secret,
            records: step.rest.get("records").await?,
            clusters: step.rest.get("clusters").await?,
            previous: step.rest.published("persons").await?,
            previous_records: step.rest.published_records().await?,
            record_map: step.rest.published("record_map").await?,
            ledger: step.rest.published("ledger").await?,
            overrides: overrides.into_iter().filter_map(an_override).collect(),
            retired: ids(&step.store.retired_ids().await?),
            lifted: lifted(step, before.as_ref()).await?,
            same_schemas: !step.options.is_full() && before.is_some_and(|before| has_same_schemas(step, &before)),
        })
    }

    fn identify(&self) -> Result<Known, FlowError> {
        let (identity, (ledger, changed)) = rayon::join(|| self.identity(), || (self.heard(), self.changed()));
        Ok(Known { identity: identity?, ledger: ledger?, changed: changed? })
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

    fn heard(&self) -> Result<Ledger, FlowError> {
        let heard = match &self.ledger {
            Some(frame) => Ledger::from_frame(frame)?,
            None => Ledger::default(),
        };
        Ok(heard.hear(&self.records, self.now)?)
    }

    fn work(&self, Known { identity, ledger, changed }: Known) -> Result<Outcome, FlowError> {
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
