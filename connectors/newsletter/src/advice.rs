//! What a newsletter source should tell, and how to see that it does.

use kartei_connector::{Discovery, Finding};
use kartei_schemas::consent::ConsentState;
use kartei_schemas::source::SourceSchema;

/// The mail address and the consents: without a consent nobody may be written to.
pub(crate) fn advice(schema: &SourceSchema, _discovery: &Discovery) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !schema.fields.contains_key("email") {
        let hint = "map the column under `fields.email`";
        findings.push(Finding::warning("mail address", "no column is mapped to it", hint));
    }
    if schema.consents.is_empty() {
        let hint = "add a `[[consent]]` with `purpose`, `column` and `states`; without one nobody of this source may be \
                    written to";
        findings.push(Finding::warning("consent", "no column says who agreed to what", hint));
    }
    for consent in &schema.consents {
        let subject = format!("consent `{}`", consent.purpose);
        if !consent.states.values().any(|state| *state == ConsentState::Withdrawn) {
            let hint = "name the text that means unsubscribed under `states`; else it counts as a problem of the field";
            findings.push(Finding::warning(&subject, "no state means that it was withdrawn", hint));
        }
        if consent.at.is_none() {
            let hint = "name the column under `at`; of two sources that disagree, the later word counts";
            findings.push(Finding::warning(&subject, "no column says when it was given", hint));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("newsletter", "mail address and consents are mapped"));
    }
    findings
}
