//! Mail into a folder: what an install does that nobody has set up.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

use chrono::{TimeZone, Utc};
use kartei_mail::{OutboxMail, Outcome, SetupError, Transport, deliver};
use kartei_schemas::settings::MailSettings;

fn mail(id: i64) -> OutboxMail {
    OutboxMail {
        id,
        message_id: None,
        queued_at: Utc.with_ymd_and_hms(2026, 11, 24, 3, 1, 0).unwrap(),
        recipient: "erika.musterfrau@ov.example".to_owned(),
        subject: "Hinweis".to_owned(),
        text: "text".to_owned(),
        html: "<p>html</p>".to_owned(),
        attempts: 0,
    }
}

fn settings(folder: &std::path::Path) -> MailSettings {
    MailSettings { folder: folder.join("mail"), ..MailSettings::default() }
}

#[tokio::test]
async fn each_mail_is_one_file_whose_name_tells_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let transport = Transport::new(&settings(folder.path())).unwrap();
    transport.check().await.unwrap();
    let now = Utc.with_ymd_and_hms(2026, 11, 24, 3, 2, 0).unwrap();
    let mails = [mail(1), mail(2)];
    for mail in mails.iter().chain(&mails) {
        assert_eq!(deliver(&transport, mail, now).await.outcome, Outcome::Sent);
    }
    let mut names: Vec<_> = std::fs::read_dir(folder.path().join("mail"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["kartei.1.1a20b7fe1e0.eml", "kartei.2.1a20b7fe1e0.eml"], "a mail sent twice is one file");
    let text = std::fs::read_to_string(folder.path().join("mail").join(&names[0])).unwrap();
    assert!(text.contains("To: erika.musterfrau@ov.example"));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_tried_again_later() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mail"), "a file, not a folder").unwrap();
    let transport = Transport::new(&settings(folder.path())).unwrap();
    let now = Utc.with_ymd_and_hms(2026, 11, 24, 3, 2, 0).unwrap();
    let delivery = deliver(&transport, &mail(1), now).await;
    assert!(matches!(delivery.outcome, Outcome::Retry { .. }) && !delivery.unreachable, "{delivery:?}");
    assert!(matches!(transport.check().await, Err(SetupError::Folder { .. })));
}

#[test]
fn what_is_logged_of_a_mail_holds_no_address() {
    assert!(!format!("{:?}", mail(1)).contains("erika"));
}
