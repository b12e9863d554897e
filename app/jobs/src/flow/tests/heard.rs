//! What people say is dated by when it is heard: by no due time, whatever kind of run hears it.

use kartei_schemas::consent::ConsentState;
use kartei_schemas::source::ConsentMapping;
use kartei_store::{NewConsentEvent, PersonRow};

use super::*;

/// A house whose list tells of a newsletter, too.
async fn house() -> House {
    let mut house = House::new().await;
    house.project.settings.guards.max_changed_percent = 100.0;
    let source = &mut house.project.schemas.sources[0];
    let states = [("ja", ConsentState::Granted), ("nein", ConsentState::Withdrawn)];
    source.consents.push(ConsentMapping {
        purpose: "newsletter".to_owned(),
        column: "Newsletter".to_owned(),
        states: states.map(|(word, state)| (word.to_owned(), state)).into_iter().collect(),
        at: Some("Seit".to_owned()),
        proof: None,
    });
    source.fields.insert("email".to_owned(), kartei_schemas::source::Mapping::Column("Mail".to_owned()));
    house
}

impl House {
    /// The list of a night: Anna says this, since then.
    fn says(&self, night: u64, word: &str, since: &str) {
        let path = self.folder.path().join(format!("inbox/members-{night}.csv"));
        let anna = format!("1;Anna;Sand;Kiel;anna@sand.example;{word};{since}\n");
        let bernd = "2;Bernd;Wald;Bonn;bernd@wald.example;ja;2026-01-01T00:00:00Z\n";
        fs::write(&path, format!("Nummer;Vorname;Nachname;Ort;Mail;Newsletter;Seit\n{anna}{bernd}")).unwrap();
        let written = at(night) - TimeDelta::hours(1);
        File::options().write(true).open(path).unwrap().set_modified(written.into()).unwrap();
    }

    /// A run of this cause on a night, for a due time of its own.
    async fn run_of(&self, cause: Cause, night: u64, due_at: DateTime<Utc>) -> Ended {
        let new = NewRun {
            job: "nightly".to_owned(),
            cause,
            due_at,
            asked_by: "test".to_owned(),
            reason: None,
            parameters: RunOptions::default().to_parameters(),
            retry_of: None,
            start_at: at(night),
            concurrency: Vec::new(),
            after_run: None,
            attended: false,
        };
        let run = self.store.create_run(&new, at(night)).await.unwrap();
        self.go_on(run.id, night, (&Stop::default(), &Unwatched)).await
    }

    async fn anna(&self) -> PersonRow {
        self.store.find_persons("Sand", 1).await.unwrap().remove(0)
    }

    async fn state(&self) -> String {
        let consents = self.anna().await.consents;
        assert_eq!(consents.as_array().map(Vec::len), Some(1), "{consents}");
        consents[0]["state"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_withdrawal_without_a_time_is_heard_alike_in_every_kind_of_run() {
    for cause in [Cause::AdHoc, Cause::Schedule, Cause::Backfill, Cause::Retry, Cause::After] {
        let house = house().await;
        house.says(1, "ja", "2026-10-20T12:00:00Z");
        assert!(house.night(1).await.error.is_none());
        assert_eq!(house.state().await, "granted");
        house.says(2, "nein", "");
        // Due long before the grant was given.
        let ended = house.run_of(cause, 2, at(2) - TimeDelta::days(300)).await;
        assert!(ended.error.is_none(), "{cause:?}: {:?}", ended.error);
        assert_eq!(house.state().await, "withdrawn", "{cause:?}");
        assert!(house.night(3).await.error.is_none());
        assert_eq!(house.state().await, "withdrawn", "{cause:?}, and the night after");
        assert_eq!(house.anna().await.updated_at, Some(at(2)), "{cause:?}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_dates_nothing_before_the_last_publication() {
    let house = house().await;
    house.says(1, "ja", "2026-10-20T12:00:00Z");
    house.night(9).await;
    house.says(2, "nein", "");
    assert!(house.night(2).await.error.is_none());
    let events = house.store.consent_events_of(&house.anna().await.id).await.unwrap();
    assert_eq!(events.iter().map(|event| event.heard_at).collect::<Vec<_>>(), [at(9), at(9)]);
    assert_eq!(house.store.published().await.unwrap().unwrap().published_at, at(9));
}

#[tokio::test]
async fn what_is_heard_elsewhere_between_two_nights_is_taken_in_by_the_next() {
    let house = house().await;
    house.says(1, "ja", "2026-10-20T12:00:00Z");
    house.night(1).await;
    let anna = house.anna().await;
    let event = NewConsentEvent {
        person_id: anna.id.clone(),
        purpose: "newsletter".to_owned(),
        state: ConsentState::Withdrawn,
        said_at: None,
        address_hash: None,
        proof: Some("by telephone".to_owned()),
        by_whom: "anna".to_owned(),
    };
    house.store.add_consent_event(&event, at(1) + TimeDelta::hours(2)).await.unwrap();
    // Nothing else is new, and nobody's record changed.
    for night in 2..=3 {
        assert!(house.night(night).await.error.is_none());
        assert_eq!(house.state().await, "withdrawn", "night {night}");
    }
    assert_eq!(house.anna().await.consents[0]["source"], "desk");
}

#[tokio::test]
async fn a_night_without_news_hears_nothing() {
    let house = house().await;
    house.says(1, "ja", "");
    for night in 1..=4 {
        assert!(house.night(night).await.error.is_none());
    }
    assert_eq!(house.store.consent_tally().await.unwrap().rows, 2);
}
