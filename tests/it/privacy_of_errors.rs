//! What goes wrong with a delivery is told to whoever looks after kartei, and never with a word of what it holds.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::app::TestApp;
use crate::organisation::MEMBERS;
use crate::watching::Listener;

/// Two members such as no other file of the organisation has.
const LOST_HEADER: &str = "98765001;Comtesse;Prof. Xanthippa;Xenodora;Quittenbaum;Quappenstein;17.02.1931;Quellgasse 97;\
                           01987;Quitzdorf;035891987;0151987001;xenodora@quitten.example;Ortsverein Quitzdorf;\
                           28.02.1951;29.02.1952;verquickt;28.02.1953 10:04:06\r\n\
                           98765002;Vicomte;Dr. Xaver-Xerxes;Xerxes;Quastenberg;Quastelhof;18.02.1932;Quergasse 98;\
                           01988;Quellenhof;035891988;0151987002;xerxes@quasten.example;Ortsverein Quellenhof;\
                           28.03.1951;29.03.1952;quittiert;28.03.1953 10:04:06\r\n";

/// What is said aloud of a night that fails: by the run, and by every command that one would ask next.
fn said_of_a_failed_night(app: &TestApp) -> Vec<(String, String)> {
    let run = app.night(2, &[]);
    assert_eq!(run.code, 1, "{run:#?}");
    app.run(&["alerts", "check"]).succeeds();
    let commands: [&[&str]; 8] = [
        &["runs"],
        &["runs", "show", "2"],
        &["runs", "show", "2", "--json"],
        &["runs", "logs", "2"],
        &["status"],
        &["alerts", "--json"],
        &["check"],
        &["doctor"],
    ];
    let mut said = vec![("run".to_owned(), format!("{}{}", run.stdout, run.stderr))];
    for command in commands {
        let ended = app.run(command);
        said.push((command.join(" "), format!("{}{}", ended.stdout, ended.stderr)));
    }
    said
}

/// Everything that lies in the folder but for what was delivered: store, logs, mails, reports.
fn written(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            if !matches!(entry.file_name().to_str(), Some("inbox" | "elsewhere")) {
                written(&path, found);
            }
        } else if entry.file_type().unwrap().is_file() {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
}

#[track_caller]
fn nowhere(file: &str, places: &[(String, String)]) {
    // Five digits stand in every instant, and five letters in many a word.
    let cells: Vec<&str> = file.split([';', '\r', '\n']).filter(|cell| cell.len() > 5).collect();
    assert!(cells.len() >= 3, "{file}");
    for cell in cells {
        for (place, text) in places {
            assert!(!text.contains(cell), "`{cell}` stands in {place}:\n{text}");
        }
    }
}

/// An organisation after its first night, that tells an admin by mail and calls a webhook.
fn watched(listener: &Listener) -> TestApp {
    let app = TestApp::after_a_night();
    app.write("webhook", &format!("{}/alerts\n", listener.url));
    let settings = app.read("kartei.toml");
    let alerts = "[alerts]\nmail_to = [\"admin@verein.example\"]\ngroup_for = \"0s\"\nat_most_every = \"0s\"\n";
    app.write("kartei.toml", &format!("{settings}\n{alerts}[alerts.webhook]\nurl_file = \"webhook\"\n"));
    app.run(&["alerts", "check"]).succeeds();
    app
}

#[test]
fn a_list_that_lost_its_header_is_told_of_without_a_cell_of_it() {
    let listener = Listener::start(&[204]);
    let app = watched(&listener);
    app.deliver_members(LOST_HEADER.as_bytes());
    let mut places = said_of_a_failed_night(&app);
    places.push(("webhook".to_owned(), listener.next().2));
    assert!(places[0].1.contains("18 columns, none of them known: is the header missing?"), "{}", places[0].1);
    assert!(places.iter().any(|(place, text)| place == "check" && text.contains("is the header missing?")));
    let told: Vec<String> = app.mails().into_iter().filter(|mail| mail.contains("admin@verein.example")).collect();
    assert!(told.len() == 1 && told[0].contains("is the header missing?"), "{told:#?}");
    written(&app.path(""), &mut places);
    nowhere(LOST_HEADER, &places);
}

#[test]
fn a_link_in_the_inbox_tells_nothing_of_what_it_leads_to() {
    let listener = Listener::start(&[204]);
    let app = watched(&listener);
    let secret = "Quarantänestation;Quecksilbervergiftung;quirin@quadrat.example\n";
    app.write("elsewhere/secret.csv", secret);
    fs::remove_file(app.path(MEMBERS)).unwrap();
    symlink(app.path("elsewhere/secret.csv"), app.path(MEMBERS)).unwrap();
    let mut places = said_of_a_failed_night(&app);
    places.push(("webhook".to_owned(), listener.next().2));
    assert!(places[0].1.contains("is a link, or leads out of its folder, and is not read"), "{}", places[0].1);
    written(&app.path(""), &mut places);
    nowhere(secret, &places);
}
