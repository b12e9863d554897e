//! Tells what was found: what belongs together in one message, and no message too soon after the last.

use chrono::{DateTime, TimeDelta, Utc};
use kartei_mail::{AlertLine, AlertMail, Templates};
use kartei_schemas::settings::AlertKind;
use kartei_store::{Alert, CallKind, NewCall, NewMail, Store};
use serde_json::{Value as Json, json};

use crate::MonitorError;
use crate::watched::{Watched, delta};

/// A message names at most so many things: the rest is for `kartei alerts` to list.
const LONGEST: usize = 50;

/// Queues mail and webhook for what nobody has been told of, when the time for it has come: once the oldest has waited for
/// others as long as it should. Gives how many alerts that were.
pub async fn tell(
    store: &Store,
    watched: &Watched,
    templates: &Templates,
    (now, group_for): (DateTime<Utc>, TimeDelta),
) -> Result<u64, MonitorError> {
    let (untold, last) = store.untold_alerts().await?;
    let Some(oldest) = untold.iter().map(|alert| alert.noticed_at).min() else { return Ok(0) };
    let grouped_at = oldest + group_for;
    let allowed = last.map_or(grouped_at, |last| last + delta(watched.alerts.at_most_every));
    let is_tried = untold.iter().any(|alert| alert.kind == AlertKind::Test);
    if now < grouped_at.max(allowed) && !is_tried {
        return Ok(0);
    }
    let ids: Vec<i64> = untold.iter().map(|alert| alert.id).collect();
    let mut wanted: Vec<&Alert> = untold
        .iter()
        .filter(|alert| alert.kind == AlertKind::Test || watched.alerts.kinds.contains(&alert.kind))
        .collect();
    // The worst first; of equal ones the older.
    wanted.sort_by_key(|alert| AlertKind::ALL.iter().position(|kind| *kind == alert.kind));
    wanted.truncate(LONGEST);
    let (mut mails, mut calls) = (Vec::new(), Vec::new());
    if !wanted.is_empty() {
        let key = format!("alert:{}-{}", ids[0], ids[ids.len() - 1]);
        let mail = mail(&wanted, watched, now);
        let words = templates.alert(&mail)?;
        mails.extend(watched.alerts.mail_to.iter().map(|recipient| NewMail {
            deduplication_key: format!("{key}:{recipient}"),
            kind: "alert".to_owned(),
            recipient: recipient.clone(),
            subject: words.subject.clone(),
            text: words.text.clone(),
            html: words.html.clone(),
            message_id: None,
        }));
        calls.extend(watched.alerts.webhook.as_ref().map(|_| NewCall {
            deduplication_key: key,
            target: crate::calls::WEBHOOK.to_owned(),
            kind: CallKind::Alert,
            run_id: None,
            body: Some(body(&wanted, watched, &words.text)),
        }));
    }
    let count = wanted.len() as u64;
    Ok(if store.tell_alerts(&ids, (&mails, &calls), now).await? { count } else { 0 })
}

/// What is posted to the webhook. `text` is what chat programs show.
fn body(alerts: &[&Alert], watched: &Watched, text: &str) -> Json {
    let alert = |alert: &&Alert| {
        json!({
            "id": alert.id,
            "kind": alert.kind,
            "job": alert.job,
            "source": alert.source,
            "run": alert.run_id,
            "at": alert.at,
            "detail": alert.detail,
        })
    };
    let list: Vec<Json> = alerts.iter().map(alert).collect();
    json!({ "installation": watched.installation, "organisation": watched.organisation, "text": text, "alerts": list })
}

fn mail(alerts: &[&Alert], watched: &Watched, now: DateTime<Utc>) -> AlertMail {
    AlertMail {
        language: watched.language,
        organisation: watched.organisation.clone(),
        installation: watched.installation.clone(),
        lines: alerts.iter().map(|alert| line(alert, watched, now)).collect(),
    }
}

fn line(alert: &Alert, watched: &Watched, now: DateTime<Utc>) -> AlertLine {
    let text = |key: &str| alert.detail[key].as_str().map(str::to_owned);
    let instant = |key: &str| alert.detail[key].as_str()?.parse::<DateTime<Utc>>().ok();
    let span = match alert.kind {
        AlertKind::Stale => {
            instant("newest_data_at").and_then(|newest| u64::try_from((now - newest).num_seconds()).ok())
        }
        _ => alert.detail["limit_seconds"].as_u64(),
    };
    let job =
        alert.job.as_ref().map(|name| watched.jobs.get(name).map_or_else(|| name.clone(), |job| job.label.clone()));
    let label = |name: &String| {
        watched
            .sources
            .iter()
            .find(|source| source.name == *name)
            .map_or_else(|| name.clone(), |source| source.label.clone())
    };
    let subject = job.or_else(|| alert.source.as_ref().map(label)).unwrap_or_default();
    AlertLine {
        kind: alert.kind,
        subject,
        run_id: alert.run_id,
        at: watched.instant(alert.at),
        due: instant("due_at").map(|due| watched.instant(due)),
        span: span.map(|seconds| kartei_mail::span(seconds, watched.language)),
        reason: text("error"),
        hint: text("hint"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic here is a failed test")]
mod tests {
    use kartei_schemas::load::Schemas;
    use kartei_schemas::settings::Settings;
    use kartei_store::{Finding, NewAlert, StoreOptions};

    use super::*;

    #[tokio::test]
    async fn what_happens_together_waits_for_the_rest_and_is_one_mail_or_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("kartei.db").display());
        let store = Store::open(&StoreOptions::new(url)).await.unwrap();
        let mut settings = Settings::default();
        settings.alerts.mail_to.push("admin@example.org".to_owned());
        let watched = Watched::of(&settings, &serde_json::from_value(json!({})).unwrap(), &Schemas::default());
        let templates = Templates::embedded().unwrap();
        let second = |seconds: i64| DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap();
        for (number, found_at) in [(1_i64, 0), (2, 20), (3, 2_000)] {
            let alert = NewAlert {
                deduplication_key: number.to_string(),
                kind: AlertKind::Failed,
                job: Some("nightly".to_owned()),
                source: None,
                run_id: Some(number),
                at: second(found_at),
                detail: json!({}),
            };
            store
                .note_findings(&[Finding::Alert(alert)], ("alerts", second(found_at)), second(found_at))
                .await
                .unwrap();
            let (now, group_for) = if number == 3 { (2_000, TimeDelta::zero()) } else { (29, TimeDelta::seconds(30)) };
            let told = tell(&store, &watched, &templates, (second(now), group_for)).await.unwrap();
            assert_eq!(told, u64::from(number == 3), "alert {number}");
            if number == 2 {
                assert_eq!(tell(&store, &watched, &templates, (second(30), group_for)).await.unwrap(), 2);
            }
        }
        assert_eq!(store.outbox_depth(None).await.unwrap().queued, 2);
    }
}
