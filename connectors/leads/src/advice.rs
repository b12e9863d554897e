//! What a source of contacts should tell, and how to see that it does.

use kartei_connector::{Discovery, Finding};
use kartei_schemas::source::SourceSchema;

/// A way to reach the people, a way to find their unit, and what they agreed to.
pub(crate) fn advice(schema: &SourceSchema, _discovery: &Discovery) -> Vec<Finding> {
    let mut findings = Vec::new();
    let has = |names: &[&str]| names.iter().any(|name| schema.fields.contains_key(*name));
    if !has(&["email", "mobile", "phone", "street"]) {
        let hint = "map at least one of `email`, `mobile`, `phone` and `street`";
        findings.push(Finding::warning("contact", "no column says how to reach anybody", hint));
    }
    if !has(&["postal_code", "org_unit"]) {
        let hint = "map `postal_code`: it decides which unit an interested person belongs to";
        findings.push(Finding::warning("unit", "no column says where anybody lives", hint));
    }
    if schema.consents.is_empty() {
        let hint = "add a `[[consent]]` if the form asks for one; without it these people get no mailing";
        findings.push(Finding::warning("consent", "no column says who agreed to what", hint));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("contacts", "contact, place and consent are mapped"));
    }
    findings
}
