//! `kartei evaluate` on clusters whose faults are known.

use crate::app::TestApp;

/// Two right pairs of three found and of four true ones.
fn app_with_files() -> TestApp {
    let app = TestApp::empty();
    app.write("clusters.csv", "source,record,person\na,1,x\na,2,x\nb,1,y\nb,2,y\nb,3,z\na,3,z\n");
    app.write("truth.csv", "source,record,person\na,1,p\na,2,p\nb,1,q\nb,2,q\nb,3,q\na,3,r\n");
    app
}

#[test]
fn pairs_are_counted_over_clusters() {
    let app = app_with_files();
    let text = app.run(&["evaluate", "--clusters", "clusters.csv", "--truth", "truth.csv", "--json"]).succeeds();
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&found["found_pairs"], &found["true_pairs"], &found["right_pairs"]), (&3.into(), &4.into(), &2.into()));
    assert!((found["f1"].as_f64().unwrap() - 4.0 / 7.0).abs() < 1e-9, "{found}");
}

#[test]
fn a_table_names_homonym_and_synonym_faults() {
    let app = app_with_files();
    let text = app.run(&["evaluate", "--clusters", "clusters.csv", "--truth", "truth.csv"]).succeeds();
    for expected in ["precision", "B-cubed", "Homonymfehler", "Synonymfehler", "clusters found"] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn columns_of_the_truth_can_be_named_and_sources_left_out() {
    let app = app_with_files();
    app.write("clusters.csv", "source,record,person\npeople,1,x\npeople,2,x\n");
    app.write("labels.csv", "\u{feff}rec_id, cluster\n1, a\n2, a\n");
    let arguments = ["evaluate", "--clusters", "clusters.csv", "--truth", "labels.csv", "--json"];
    let named = [&arguments[..], &["--record", "rec_id", "--person", "cluster"]].concat();
    let found: serde_json::Value = serde_json::from_str(&app.run(&named).succeeds()).unwrap();
    assert_eq!(found["right_pairs"], 1);
    let said = app.run(&arguments).fails_with(2);
    assert!(said.contains("has no column `record`") && said.contains("rec_id, cluster"), "{said}");
}

#[test]
fn a_record_that_is_two_persons_is_refused_with_its_line() {
    let app = app_with_files();
    app.write("truth.csv", "record,person\n1,p\n1,q\n");
    app.write("clusters.csv", "record,person\n1,x\n");
    let said = app.run(&["evaluate", "--clusters", "clusters.csv", "--truth", "truth.csv"]).fails_with(1);
    assert!(said.contains("truth.csv:3: the record stands here twice"), "{said}");
}

#[test]
fn sources_of_other_names_are_named_on_both_sides() {
    let app = app_with_files();
    app.write("truth.csv", "source,record,person\nfebrl,1,p\nfebrl,2,p\n");
    let said = app.run(&["evaluate", "--clusters", "clusters.csv", "--truth", "truth.csv"]).fails_with(1);
    assert!(said.contains("no record of the clusters is in the truth"), "{said}");
    assert!(said.contains("the clusters' `source` is a, b, the truth's is febrl"), "{said}");
}
