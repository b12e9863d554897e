//! What the loaders say about files that are right, and about files that are wrong.

use super::*;

mod jobs;

const SOURCE: &str = r#"
family = "membership"
key = ["Mitgliedsnummer"]
[connector]
product = "files"
path = "inbox/members-*.csv"
[fields]
surname = "Nachname"
"#;

fn read_source(text: &str) -> Result<Checked<SourceSchema>, Problems> {
    source(Path::new("sources/members.toml"), text, &PersonSchema::default(), Path::new("/configuration"))
}

fn complaint<T: std::fmt::Debug>(result: Result<Checked<T>, Problems>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_source_takes_its_name_from_its_file_and_its_paths_from_the_configuration() {
    let (found, warnings) = read_source(SOURCE).unwrap();
    let ConnectorSettings::Files(files) = &found.connector;
    assert_eq!(found.name, "members");
    assert_eq!(files.base, Path::new("/configuration"));
    assert_eq!(warnings, []);
}

#[test]
fn every_fault_of_form_is_named_with_its_line_and_the_nearest_name() {
    let text = r#"
familly = "membership"
key = "Nummer"
trust = 300
on_drift = "repot"
label_de = 5
[conector]
product = "files"
[freshness]
warn_after = "two days"
[fields]
surname = { colunm = "Nachname" }
email = 3
"#;
    insta::assert_snapshot!(complaint(read_source(text)));
}

#[test]
fn every_fault_of_a_connector_is_named() {
    let text = r#"
family = "letters"
key = ["Nr"]
[connector]
product = "files"
pfad = "inbox/*.csv"
listing = "full"
delimiter = ";;"
page_rows = -1
[fields]
surname = "Nachname"
[[consent]]
purpose = "newsletter"
column = "Status"
states = { ja = "grantd" }
"#;
    insta::assert_snapshot!(complaint(read_source(text)));
}

#[test]
fn every_fault_of_meaning_is_named() {
    let text = r#"
name = "My Members"
family = "membership"
key = []
trust = 101
max_reject_percent = 140
ignore = ["Vorname"]
[field_trust]
emial = 5
[connector]
product = "files"
path = "x.csv"
page_rows = 0
delimiter = ";"
quote = ";"
[fields]
vorname = "Vorname"
given_name = "Vorname"
surname = { column = "Nachname", constant = "Müller" }
city = { column = "Ort", list = "," }
email = { column = "Mail", split = "," }
joined_on = { column = "Eintritt", formats = ["%Q.%m"] }
mobile = { column = "Handy", formats = ["%d"] }
consents = "Status"
phone = { join = "/" }
[[consent]]
purpose = "News Letter"
column = "Status"
states = {}
"#;
    insta::assert_snapshot!(complaint(read_source(text)));
}

#[test]
fn broken_toml_names_the_line() {
    insta::assert_snapshot!(complaint(read_source("family = \"leads\"\nkey = [\"a\"\n[connector]\n")));
    insta::assert_snapshot!(complaint(read_source("key = [\"a\"]\nkey = [\"b\"]\n")));
}

#[test]
fn a_byte_order_mark_before_a_file_does_no_harm() {
    let (found, _) = read_source(&format!("\u{feff}{SOURCE}")).unwrap();
    assert_eq!(found.family, crate::source::Family::Membership);
}

#[test]
fn an_organisation_names_all_that_keeps_it_from_holding_together() {
    let text = r#"
[[unit]]
id = "a"
name = "A"
parent = "c"
[[unit]]
id = "b"
name = "B"
parent = "a"
[[unit]]
id = "c"
name = "C"
parent = "b"
[[unit]]
id = "ov-nord"
name = "Nord"
parent = "kv-lubeck"
postal_codes = ["2355", "23560-23550", "23*"]
[[unit]]
id = "kv-luebeck"
name = "Lübeck"
aliases = ["Nordkreis"]
[[unit]]
id = "kv-luebeck"
name = "Lübeck noch einmal"
aliases = ["nordkreis"]
[[officer]]
unit = "ov-nrod"
email = "nobody"
"#;
    insta::assert_snapshot!(complaint(org(Path::new("org.toml"), text)));
}

#[test]
fn areas_that_two_units_side_by_side_own_are_named_with_units_and_postal_codes() {
    let text = r#"
[[unit]]
id = "kv"
name = "Kreis"
postal_codes = ["23*"]
[[unit]]
id = "ov-nord"
name = "Nord"
parent = "kv"
postal_codes = ["23550-23560", "23569"]
[[unit]]
id = "ov-sued"
name = "Süd"
parent = "kv"
postal_codes = ["2356*", "23558-23559"]
"#;
    insta::assert_snapshot!(complaint(org(Path::new("org.toml"), text)));
}

#[test]
fn the_shipped_person_fields_pass_their_own_check() {
    let (schema, warnings) = person(Path::new("person.toml"), crate::person::SHIPPED).unwrap();
    assert_eq!(schema, PersonSchema::default());
    assert_eq!(warnings, []);
    let columns: Vec<&str> = schema.columns().map(|field| field.name.as_str()).collect();
    assert_eq!(columns.first(), Some(&"salutation"));
    assert_eq!(columns.last(), Some(&"answers"));
    assert!(!columns.contains(&"full_name"));
}

#[test]
fn a_person_schema_must_keep_the_shipped_fields_and_their_kinds() {
    let text = crate::person::SHIPPED
        .replace("name = \"email\"", "name = \"e_mail\"")
        .replace("name = \"city\"\nkind = \"city\"", "name = \"city\"\nkind = \"date\"\nsurvive = \"union\"")
        .replacen("survive = \"source_trust\"\nchange = \"address\"\nlabel_de = \"Ort\"", "label_de = \"Ort\"", 1);
    insta::assert_snapshot!(complaint(person(Path::new("person.toml"), &text)));
}

#[test]
fn jobs_name_sources_steps_and_zones_that_exist() {
    let text = r#"
[job.nightly]
schedule = "0 4 * *"
time_zone = "Europe/Berln"
steps = ["publish", "pull"]
sources = ["member"]
[job.Weekly]
schedule = ["0 6 * * MON", "@daily"]
steps = []
[job.leads]
steps = ["pull"]
families = ["leads"]
"#;
    let (members, _) = read_source(SOURCE).unwrap();
    insta::assert_snapshot!(complaint(jobs(Path::new("jobs.toml"), text, &[members])));
}

#[test]
fn a_step_that_does_not_exist_is_named_with_the_steps_that_do() {
    let text = "[job.nightly]\nsteps = [\n  \"pull\",\n  \"consolidat\",\n]\n";
    insta::assert_snapshot!(complaint(jobs(Path::new("jobs.toml"), text, &[])));
}

#[test]
fn settings_that_cannot_be_are_named_without_their_secrets() {
    let text = r#"
[store]
url = "mysql://kartei:hunter2@localhost/kartei"
[mail]
transport = "smtp"
from = "kartei"
[web]
public_url = "kartei.example.org"
[guards]
max_gone_percent = 101
[locale]
time_zone = "Berlin"
country = "Germany"
"#;
    let (found, _) = settings(Path::new("kartei.toml"), text).unwrap();
    let problems = check_settings(&found);
    let paths: Vec<String> = problems.iter().map(|problem| problem.path.join(".")).collect();
    let expected = [
        "store.url",
        "mail.from",
        "mail.transport",
        "guards.max_gone_percent",
        "locale.time_zone",
        "locale.country",
        "web.public_url",
    ];
    assert_eq!(paths, expected);
    assert!(!format!("{found:?}{problems:?}").contains("hunter2"));
}

#[test]
fn all_files_of_a_folder_are_read_and_all_that_is_wrong_with_them_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join("schemas").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("sources/one.toml", &SOURCE.replace("surname", "surnam"));
    write("sources/two.toml", &SOURCE.replace("family", "familie"));
    write("sources/notes.txt", "not a source");
    write("org.toml", "[[unit]]\nid = \"a\"\nname = \"A\"\nparent = \"b\"\n");
    let said = Schemas::load(folder.path()).unwrap_err().to_string();
    let said = said.replace(&folder.path().display().to_string(), "");
    insta::assert_snapshot!(said);

    write("sources/one.toml", SOURCE);
    write("sources/two.toml", &format!("name = \"one\"\n{SOURCE}"));
    write("org.toml", "");
    let said = Schemas::load(folder.path()).unwrap_err().to_string();
    assert!(said.contains("the source `one` exists already in"), "{said}");
}

#[test]
fn an_empty_folder_means_the_shipped_schemas() {
    let folder = tempfile::tempdir().unwrap();
    let schemas = Schemas::load(folder.path()).unwrap();
    assert_eq!(schemas.person, PersonSchema::default());
    assert!(schemas.sources.is_empty() && schemas.org.is_empty());
}
