//! What notices say, and what they never say.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

use chrono::{TimeZone, Utc};
use kartei_mail::{
    ChangeLine, KindCount, Message, MessageError, Notice, OutboxMail, Sender, TemplateError, Templates, UnitCount,
    notices,
};
use kartei_schemas::org::{Language, Officer, OrgSchema, OrgUnit};
use kartei_schemas::org_tree::OrgTree;
use kartei_schemas::person::ChangeKind;
use proptest::prelude::*;

fn notice(language: Language) -> Notice {
    Notice {
        recipient: "amt@ov.example".to_owned(),
        language,
        unit: "Unterbezirk Musterland".to_owned(),
        persons: 1_234,
        members_only: false,
        counts: vec![
            KindCount { kind: ChangeKind::NewMember, persons: 12 },
            KindCount { kind: ChangeKind::Left, persons: 1 },
            KindCount { kind: ChangeKind::MovedIn, persons: 3 },
            KindCount { kind: ChangeKind::Contact, persons: 1_221 },
        ],
        units: vec![
            UnitCount { unit: "OV Musterstadt".to_owned(), persons: 1_200 },
            UnitCount { unit: "OV Klein & Groß <Dorf>".to_owned(), persons: 34 },
        ],
        link: "https://kartei.example/changes?run=42&unit=ub-musterland".to_owned(),
        run_id: 42,
    }
}

fn small(persons: u64, members_only: bool, language: Language) -> Notice {
    let counts = vec![KindCount { kind: ChangeKind::Address, persons }];
    Notice { persons, members_only, counts, units: Vec::new(), ..notice(language) }
}

fn outbox_mail(subject: &str, recipient: &str) -> OutboxMail {
    OutboxMail {
        id: 7,
        message_id: None,
        queued_at: Utc.with_ymd_and_hms(2026, 11, 24, 3, 1, 0).unwrap(),
        recipient: recipient.to_owned(),
        subject: subject.to_owned(),
        text: "text\n".to_owned(),
        html: "<p>html</p>\n".to_owned(),
        attempts: 0,
    }
}

#[test]
fn the_notice_reads_well_in_both_languages_and_both_forms() {
    let templates = Templates::embedded().unwrap();
    for (language, name) in [(Language::De, "de"), (Language::En, "en")] {
        let rendered = templates.notice(&notice(language)).unwrap();
        insta::assert_snapshot!(format!("notice_{name}_text"), format!("{}\n\n{}", rendered.subject, rendered.text));
        insta::assert_snapshot!(format!("notice_{name}_html"), rendered.html);
    }
}

#[test]
fn one_is_singular_and_two_are_plural() {
    let templates = Templates::embedded().unwrap();
    let subject =
        |persons, members_only, language| templates.notice(&small(persons, members_only, language)).unwrap().subject;
    assert_eq!(subject(1, true, Language::De), "1 Mitglied in Ihrer Gliederung geändert");
    assert_eq!(subject(2, true, Language::De), "2 Mitglieder in Ihrer Gliederung geändert");
    assert_eq!(subject(1, false, Language::De), "1 Person in Ihrer Gliederung geändert");
    assert_eq!(subject(1_000, false, Language::De), "1.000 Personen in Ihrer Gliederung geändert");
    assert_eq!(subject(1, true, Language::En), "1 member in your branch changed");
    assert_eq!(subject(2, true, Language::En), "2 members in your branch changed");
    assert_eq!(subject(1, false, Language::En), "1 person in your branch changed");
    assert_eq!(subject(2_000, false, Language::En), "2,000 people in your branch changed");
}

#[test]
fn every_kind_has_words_in_both_languages() {
    let templates = Templates::embedded().unwrap();
    let kinds = [
        ChangeKind::NewMember,
        ChangeKind::Left,
        ChangeKind::NewInterested,
        ChangeKind::Returned,
        ChangeKind::MovedIn,
        ChangeKind::MovedOut,
        ChangeKind::Name,
        ChangeKind::BirthDate,
        ChangeKind::Address,
        ChangeKind::Contact,
        ChangeKind::Consent,
        ChangeKind::Interest,
        ChangeKind::Merged,
        ChangeKind::Split,
        ChangeKind::Gone,
        ChangeKind::Other,
    ];
    let mut lines = String::new();
    for language in [Language::De, Language::En] {
        for persons in [1, 2] {
            let counts = kinds.iter().map(|&kind| KindCount { kind, persons }).collect();
            let rendered = templates.notice(&Notice { counts, units: Vec::new(), ..notice(language) }).unwrap();
            lines.extend(rendered.text.lines().filter(|line| line.starts_with("- ")).map(|line| format!("{line}\n")));
        }
    }
    assert_eq!(lines.lines().count(), 4 * kinds.len());
    insta::assert_snapshot!("kinds", lines);
}

#[test]
fn the_whole_mail_is_the_same_on_every_attempt() {
    let sender = Sender::new("kartei <kartei@verein.example>", Some("notices.kartei.verein.example")).unwrap();
    let rendered = Templates::embedded().unwrap().notice(&small(2, true, Language::De)).unwrap();
    let mut mail = outbox_mail(&rendered.subject, "amt@ov.example");
    let first = Message::new(&mail, &sender).unwrap().bytes();
    mail.attempts = 5;
    assert_eq!(Message::new(&mail, &sender).unwrap().bytes(), first);
    insta::assert_snapshot!("mail", String::from_utf8(first).unwrap().replace('\r', ""));
}

#[test]
fn a_header_cannot_be_smuggled_in() {
    let sender = Sender::new("kartei@verein.example", None).unwrap();
    let refused = |subject: &str, recipient: &str| Message::new(&outbox_mail(subject, recipient), &sender).unwrap_err();
    for subject in ["a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\0b"] {
        assert_eq!(refused(subject, "amt@ov.example"), MessageError::Subject, "{subject:?}");
    }
    for recipient in [
        "amt@ov.example\r\nBcc: x@y.example",
        "amt@ov.example\nRCPT TO:<x@y.example>",
        "amt@ov.example, x@y.example",
        "<amt@ov.example>",
        "amt@ov.example> SIZE=1",
        "amt",
        "",
        "amt@",
        "Amt <amt@ov.example>",
    ] {
        assert_eq!(refused("a", recipient), MessageError::Recipient, "{recipient:?}");
    }
    assert_eq!(Sender::new("kartei@verein.example\r\nBcc: x@y.example", None).unwrap_err(), MessageError::From);
    assert_eq!(Sender::new("kartei@verein.example", Some("a.b>\r\nX: y")).unwrap_err(), MessageError::ListId);
}

#[test]
fn a_unit_with_line_breaks_or_markup_in_its_name_stays_one_line_of_text() {
    let templates = Templates::embedded().unwrap();
    let unit = "OV\r\nBcc: x@y.example\n\n<script>alert(1)</script>".to_owned();
    let rendered = templates.notice(&Notice { unit, ..notice(Language::En) }).unwrap();
    assert!(!rendered.html.contains("<script>"));
    assert!(rendered.html.contains("&lt;script&gt;"));
    assert!(!rendered.text.lines().any(|line| line.starts_with("Bcc:")));
}

#[test]
fn a_link_that_is_no_web_address_is_refused() {
    let templates = Templates::embedded().unwrap();
    for link in
        ["javascript:alert(1)", "ftp://x.example", "https://", "https://x.example/\nBcc: y", "https://x/\"onclick="]
    {
        let error = templates.notice(&Notice { link: link.to_owned(), ..notice(Language::De) }).unwrap_err();
        assert!(matches!(error, TemplateError::Link { run_id: 42 }), "{link}");
    }
}

#[test]
fn a_template_in_the_folder_replaces_the_embedded_one_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notice.de.subject.txt"), "Neues aus {{ unit }}: {{ count }}\n").unwrap();
    let templates = Templates::with_folder(folder.path()).unwrap();
    assert_eq!(templates.notice(&notice(Language::De)).unwrap().subject, "Neues aus Unterbezirk Musterland: 1.234");
    assert_eq!(templates.notice(&notice(Language::En)).unwrap().subject, "1,234 people in your branch changed");
}

#[test]
fn a_template_that_asks_for_more_than_a_notice_has_is_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in ["Liebe {{ given_name }}", "{% if %}", "{{ unit", "\n"] {
        std::fs::write(folder.path().join("notice.en.subject.txt"), wrong).unwrap();
        let error = Templates::with_folder(folder.path()).unwrap_err();
        assert!(error.to_string().contains("notice.en.subject.txt"), "{error}");
    }
}

fn unit(id: &str, parent: Option<&str>) -> OrgUnit {
    OrgUnit {
        id: id.to_owned(),
        name: format!("Unit {id}"),
        parent: parent.map(str::to_owned),
        level: None,
        postal_codes: Vec::new(),
        aliases: Vec::new(),
    }
}

fn officer(unit: &str, kinds: Option<Vec<ChangeKind>>) -> Officer {
    Officer { unit: unit.to_owned(), email: format!("{unit}@org.example"), language: Language::En, kinds }
}

fn tree(officers: Vec<Officer>) -> OrgTree {
    let units = vec![
        unit("state", None),
        unit("north", Some("state")),
        unit("south", Some("state")),
        unit("north-1", Some("north")),
        unit("north-2", Some("north")),
    ];
    OrgTree::build(&OrgSchema { units, officers }).unwrap()
}

fn change<'run>(
    person_id: &'run str,
    kind: ChangeKind,
    before: Option<&'run str>,
    after: Option<&'run str>,
) -> ChangeLine<'run> {
    ChangeLine { person_id, kind, unit_before: before, unit_after: after, is_member: true }
}

fn counted(notice: &Notice) -> Vec<(ChangeKind, u64)> {
    notice.counts.iter().map(|count| (count.kind, count.persons)).collect()
}

#[test]
fn an_officer_hears_of_the_own_unit_and_those_below_and_of_no_others() {
    let tree = tree(["state", "north", "south", "north-1"].map(|unit| officer(unit, None)).to_vec());
    let changes = [
        change("P1", ChangeKind::Contact, Some("north-1"), Some("north-1")),
        change("P1", ChangeKind::Address, Some("north-1"), Some("north-1")),
        change("P2", ChangeKind::NewMember, None, Some("north-2")),
        change("P3", ChangeKind::Gone, Some("north-1"), None),
        change("P4", ChangeKind::Other, None, None),
    ];
    let tally = notices(&changes, &tree, "https://kartei.example/", 42);
    let told: Vec<_> = tally.notices.iter().map(|notice| (notice.unit.as_str(), notice.persons)).collect();
    assert_eq!(told, [("Unit state", 3), ("Unit north", 3), ("Unit north-1", 2)]);
    assert_eq!(tally.suppressed, 1);
    assert_eq!(tally.notices[2].link, "https://kartei.example/changes?run=42&unit=north-1");
    let below: Vec<_> = tally.notices[1].units.iter().map(|unit| (unit.unit.as_str(), unit.persons)).collect();
    assert_eq!(below, [("Unit north-1", 2), ("Unit north-2", 1)]);
}

#[test]
fn a_move_inside_a_unit_is_neither_in_nor_out_for_its_officer() {
    let tree = tree(["state", "north", "south"].map(|unit| officer(unit, None)).to_vec());
    let changes = [
        change("P1", ChangeKind::MovedIn, Some("north-1"), Some("north-2")),
        change("P1", ChangeKind::MovedOut, Some("north-1"), Some("north-2")),
        change("P2", ChangeKind::MovedIn, Some("north-1"), Some("south")),
        change("P2", ChangeKind::MovedOut, Some("north-1"), Some("south")),
    ];
    let tally = notices(&changes, &tree, "https://kartei.example", 1);
    let told: Vec<_> = tally.notices.iter().map(|notice| (notice.unit.as_str(), counted(notice))).collect();
    assert_eq!(
        told,
        [("Unit north", vec![(ChangeKind::MovedOut, 1)]), ("Unit south", vec![(ChangeKind::MovedIn, 1)]),]
    );
}

#[test]
fn an_officer_hears_only_of_what_was_asked_for() {
    let tree = tree(vec![officer("north", Some(vec![ChangeKind::Left])), officer("south", Some(vec![]))]);
    let changes = [
        change("P1", ChangeKind::Left, Some("north"), Some("north")),
        change("P2", ChangeKind::Contact, Some("north"), Some("north")),
        change("P3", ChangeKind::Left, Some("south"), Some("south")),
    ];
    let tally = notices(&changes, &tree, "https://kartei.example", 1);
    assert_eq!(tally.notices.len(), 1);
    assert_eq!((tally.notices[0].persons, counted(&tally.notices[0])), (1, vec![(ChangeKind::Left, 1)]));
    assert_eq!(tally.suppressed, 1);
}

/// Texts such as a person has: long enough not to be part of the template's own words by chance.
fn personal() -> impl Strategy<Value = Vec<String>> {
    let name = "[A-ZÄÖÜ][a-zäöüß]{5,12}-[A-Z][a-z]{5,10}";
    let mail = "[a-z]{5,9}\\.[a-z]{5,9}@[a-z]{4,8}\\.test";
    let phone = "\\+49 1[5-7][0-9] [0-9]{7}";
    let date = "19[0-9]{2}-[01][0-9]-[0-3][0-9]";
    let street = "[A-Z][a-z]{6,12}straße [0-9]{2}[a-f]";
    proptest::collection::vec(prop_oneof![name, mail, phone, date, street], 1..12)
}

proptest! {
    /// Whatever a caller takes for a person's id, and however often, none of it comes out again.
    #[test]
    fn nothing_of_a_person_is_ever_in_a_mail(person in personal(), kinds in proptest::collection::vec(0_usize..4, 12)) {
        let all = [ChangeKind::NewMember, ChangeKind::Contact, ChangeKind::Gone, ChangeKind::MovedIn];
        let changes: Vec<_> = person
            .iter()
            .zip(&kinds)
            .map(|(id, &kind)| change(id, all[kind], Some("north-1"), Some("north-2")))
            .collect();
        let tree = tree(["state", "north", "north-2"].map(|unit| officer(unit, None)).to_vec());
        let templates = Templates::embedded().unwrap();
        let sender = Sender::new("kartei@verein.example", None).unwrap();
        for notice in notices(&changes, &tree, "https://kartei.example", 42).notices {
            let rendered = templates.notice(&notice).unwrap();
            let mail = OutboxMail { text: rendered.text.clone(), html: rendered.html.clone(), ..outbox_mail(&rendered.subject, &notice.recipient) };
            let sent = String::from_utf8(Message::new(&mail, &sender).unwrap().bytes()).unwrap();
            for text in &person {
                for place in [&rendered.subject, &rendered.text, &rendered.html, &sent, &notice.link] {
                    prop_assert!(!place.contains(text.as_str()), "{text}");
                }
            }
        }
    }
}
