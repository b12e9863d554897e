//! What goes on beside the scheduler: the rounds that look and tell, figures over HTTP, and the service manager's watchdog.

use std::sync::Arc;
use std::time::Duration;

use kartei_jobs::pulse::Pulse;
use kartei_jobs::serve::OnJobs;
use kartei_jobs::{Project, Stop};
use kartei_monitor::endpoint::{self, Endpoint};
use kartei_monitor::{Beat, Rounds, Watched};
use kartei_schemas::settings::MonitoringSettings;
use kartei_store::Store;
use sd_notify::NotifyState;

use crate::commands::alerts::rounds_of;
use crate::console::Console;
use crate::failure::Failure;
use crate::installation::now;

/// What goes on beside the scheduler.
pub(crate) struct Watching {
    rounds: Rounds,
    beat: Beat,
    endpoint: Endpoint,
}

impl Watching {
    /// Makes everything ready, and listens. An address that the settings do not name and that is taken is no reason not to
    /// run jobs.
    pub(crate) async fn begin(
        (project, store): (&Project, &Store),
        (pulse, stop): (&Pulse, &Stop),
        console: Console,
    ) -> Result<Self, Failure> {
        let settings = &project.settings;
        let watched = Watched::of(settings, &project.jobs, &project.schemas);
        let rounds = rounds_of(watched, &settings.mail, store)?;
        let pulse = pulse.clone();
        let beat: Beat = Arc::new(move || pulse.last());
        let endpoint = Endpoint {
            store: store.clone(),
            data: project.data_folder(),
            watched: rounds.watched.clone(),
            beat: Arc::clone(&beat),
            clock: Arc::new(now),
            stale_after: endpoint::stale_after(&settings.monitoring),
        };
        match endpoint::listen(&settings.monitoring).await {
            Ok(None) => {}
            Ok(Some(listener)) => {
                if let Ok(address) = listener.local_addr() {
                    console.remark(format_args!("monitoring on http://{address}/metrics"));
                }
                let stop = stop.clone();
                tokio::spawn(endpoint.clone().serve(listener, async move { stop.asked().await }));
            }
            Err(error) if settings.monitoring.listen == MonitoringSettings::LISTEN => {
                tracing::warn!(error = %error, "no monitoring over http: another process has the port");
                console.remark(format_args!("no monitoring over HTTP: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Self { rounds, beat, endpoint })
    }

    /// What is to be told of jobs that were read again, so that those which were added are expected in time too.
    pub(crate) fn follow(&self, project: &Project) -> OnJobs {
        let (watched, settings, schemas) =
            (self.rounds.watched.clone(), project.settings.clone(), project.schemas.clone());
        Arc::new(move |jobs| watched.replace(Watched::of(&settings, jobs, &schemas)))
    }

    /// Goes on until the process is asked to end.
    pub(crate) async fn go_on(&self, stop: &Stop) {
        tokio::join!(self.rounds.serve(&self.beat, stop.asked()), self.feed_watchdog(stop));
    }

    /// Tells the service manager that all is well, for as long as the scheduler turns.
    async fn feed_watchdog(&self, stop: &Stop) {
        let Some(patience) = sd_notify::watchdog_enabled() else { return };
        let mut tick = tokio::time::interval((patience / 3).max(Duration::from_millis(100)));
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = stop.asked() => return,
            }
            if self.endpoint.turns() {
                notify(&[NotifyState::Watchdog]);
            }
        }
    }
}

/// Tells the service manager, where there is one, that jobs will be run from now on.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready, NotifyState::Status("running jobs when they are due")]);
}

/// Tells the service manager that the end has begun.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("ending: what is under way comes to its end")]);
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
