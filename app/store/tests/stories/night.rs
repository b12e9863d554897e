//! A small night: frames as the pipeline makes them, and a publication of them.

use kartei_schemas::judgement::RecordId;
use kartei_schemas::org::{Language, Officer, OrgSchema, OrgUnit};
use kartei_schemas::person::ChangeKind;
use kartei_store::frames::{FrameRef, FrameSet};
use kartei_store::{Lease, NewMail, NewReviewItem, Publication, Published, Result, Store};
use polars_core::prelude::*;
use serde_json::{Value, json};

use crate::minute;

/// All that a publication names.
pub(crate) struct Night {
    pub(crate) base: Option<i64>,
    pub(crate) whole: bool,
    pub(crate) persons: DataFrame,
    pub(crate) gone: DataFrame,
    pub(crate) records: DataFrame,
    pub(crate) erased: Option<DataFrame>,
    pub(crate) values: DataFrame,
    pub(crate) renewed: Vec<String>,
    pub(crate) changes: DataFrame,
    pub(crate) deliveries: Vec<i64>,
    pub(crate) forgotten: Vec<i64>,
    pub(crate) consents: Option<DataFrame>,
    pub(crate) review: Vec<NewReviewItem>,
    pub(crate) mails: Vec<NewMail>,
    pub(crate) org: Option<OrgSchema>,
    pub(crate) statistics: Value,
    pub(crate) frames: FrameSet,
}

impl Night {
    /// Three persons, four records: the first night.
    pub(crate) fn first() -> Self {
        Self {
            base: None,
            whole: false,
            persons: three_persons(),
            gone: gone(&[]),
            records: records(&[
                ("leads", "9", "A0000000000A"),
                ("members", "1", "A0000000000A"),
                ("members", "2", "B0000000000B"),
                ("members", "3", "C0000000000C"),
            ]),
            erased: None,
            values: values(&[
                ("A0000000000A", "surname", "Müller", "members", "1", true),
                ("A0000000000A", "surname", "Mueller", "leads", "9", false),
            ]),
            renewed: ["A0000000000A", "B0000000000B", "C0000000000C"].map(str::to_owned).to_vec(),
            changes: changes(&[]),
            deliveries: Vec::new(),
            forgotten: Vec::new(),
            consents: None,
            review: vec![review("1", "2"), review("3", "2")],
            mails: vec![mail("first")],
            org: Some(org()),
            statistics: json!({ "persons": 3 }),
            frames: FrameSet::default().with("records", frame_ref("runs/1-1/records")),
        }
    }

    /// Nothing is new.
    pub(crate) fn quiet(base: i64) -> Self {
        Self {
            base: Some(base),
            whole: false,
            persons: three_persons().slice(0, 0),
            gone: gone(&[]),
            records: records(&[]),
            erased: None,
            values: values(&[]),
            renewed: Vec::new(),
            changes: changes(&[]),
            deliveries: Vec::new(),
            forgotten: Vec::new(),
            consents: None,
            review: Vec::new(),
            mails: Vec::new(),
            org: None,
            statistics: json!({}),
            frames: FrameSet::default(),
        }
    }

    pub(crate) async fn publish(&self, store: &Store, lease: &Lease, minutes: i64) -> Result<Published> {
        let publication = Publication {
            base: self.base,
            whole: self.whole,
            persons: &self.persons,
            gone: &self.gone,
            records: &self.records,
            erased: self.erased.as_ref(),
            values: &self.values,
            renewed: &self.renewed,
            changes: &self.changes,
            deliveries: &self.deliveries,
            forgotten: &self.forgotten,
            unreadable: &[],
            readable: &[],
            heard_at: minute(minutes),
            consents: self.consents.as_ref(),
            review: &self.review,
            mails: &self.mails,
            org: self.org.as_ref(),
            statistics: &self.statistics,
            frames: &self.frames,
        };
        store.publish(lease, &publication, minute(minutes)).await
    }
}

/// A reference to a frame that is nowhere.
pub(crate) fn frame_ref(name: &str) -> FrameRef {
    FrameRef { name: name.to_owned(), bytes: 1_234, rows: 4, hash: format!("{:032x}", name.len()) }
}

pub(crate) fn three_persons() -> DataFrame {
    df!(
        "id" => ["A0000000000A", "B0000000000B", "C0000000000C"],
        "given_name" => [Some("Anna Maria"), Some("Bernd"), Some("Çelik\tTab\\N")],
        "surname" => [Some("Müller"), Some("Sand"), None],
        "birth_surname" => [None, Some("Groß"), None],
        "email" => [Some("anna@example.org"), None, Some("c@example.org")],
        "mobile" => [Some("+491701234567"), None, None],
        "postal_code" => [Some("01067"), Some("20095"), None],
        "membership_number" => [Some("M-17"), Some("4711"), None],
        "is_member" => [Some(true), Some(true), None],
        "org_unit" => [Some("ov-nord"), Some("ov-sued"), None],
        "interests" => [Some(r#"["Bildung","Umwelt"]"#), None, Some(r#"["a\u0000b"]"#)],
        "consents" => [Some(r#"[{"purpose":"newsletter","state":"granted"}]"#), None, None],
        "sources" => [Some(r#"["leads","members"]"#), Some(r#"["members"]"#), Some(r#"["members"]"#)],
        "records" => [2_u32, 1, 1],
        "first_seen" => [minute(0).timestamp_millis(), minute(0).timestamp_millis(), minute(0).timestamp_millis()],
        "updated_at" => [Some(minute(1).timestamp_millis()), None, None],
    )
    .unwrap()
}

pub(crate) fn gone(rows: &[(&str, Option<&str>)]) -> DataFrame {
    let (ids, into): (Vec<&str>, Vec<Option<&str>>) = rows.iter().copied().unzip();
    df!("person_id" => ids, "merged_into" => into).unwrap()
}

pub(crate) fn records(rows: &[(&str, &str, &str)]) -> DataFrame {
    df!(
        "source" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "key" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "person_id" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
    )
    .unwrap()
}

pub(crate) fn values(rows: &[(&str, &str, &str, &str, &str, bool)]) -> DataFrame {
    df!(
        "person_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "field" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "value" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "source" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "key" => rows.iter().map(|row| row.4).collect::<Vec<_>>(),
        "survives" => rows.iter().map(|row| row.5).collect::<Vec<_>>(),
        "reason" => rows.iter().map(|_| "source_trust").collect::<Vec<_>>(),
    )
    .unwrap()
}

/// Person, kind, org unit before, org unit after.
pub(crate) fn changes(rows: &[(&str, &str, Option<&str>, Option<&str>)]) -> DataFrame {
    df!(
        "person_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "kind" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "field" => rows.iter().map(|_| Some("postal_code")).collect::<Vec<_>>(),
        "old" => rows.iter().map(|_| Some("01067")).collect::<Vec<_>>(),
        "new" => rows.iter().map(|_| None::<&str>).collect::<Vec<_>>(),
        "org_unit_before" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "org_unit_after" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
    )
    .unwrap()
}

pub(crate) fn review(left: &str, right: &str) -> NewReviewItem {
    let record = |key: &str| RecordId { source: "members".to_owned(), key: key.to_owned() };
    NewReviewItem {
        left: record(left),
        right: record(right),
        reason: "between_thresholds".to_owned(),
        probability: 0.5,
        impact: 2,
    }
}

pub(crate) fn mail(key: &str) -> NewMail {
    NewMail {
        deduplication_key: key.to_owned(),
        kind: "notice".to_owned(),
        recipient: "officer@example.org".to_owned(),
        subject: "3 Änderungen".to_owned(),
        text: "text".to_owned(),
        html: "<p>html</p>".to_owned(),
        message_id: None,
    }
}

pub(crate) fn org() -> OrgSchema {
    let unit = |id: &str, parent: Option<&str>| OrgUnit {
        id: id.to_owned(),
        name: id.to_uppercase(),
        parent: parent.map(str::to_owned),
        level: None,
        postal_codes: vec!["01*".to_owned()],
        aliases: Vec::new(),
    };
    let officer = Officer {
        unit: "land".to_owned(),
        email: "officer@example.org".to_owned(),
        language: Language::En,
        kinds: Some(vec![ChangeKind::MovedIn]),
    };
    OrgSchema {
        units: vec![unit("land", None), unit("ov-sued", Some("land")), unit("ov-nord", Some("land"))],
        officers: vec![officer],
    }
}
