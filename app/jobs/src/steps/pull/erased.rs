//! Rows of erased persons come no further than this: they are counted, and put nowhere.

use std::collections::HashSet;

use kartei_connector::Page;
use kartei_normalise::Context;
use kartei_schemas::frame::{BIRTH_DATE, EMAIL, GIVEN_NAME, KEY, MOBILE, PHONE, POSTAL_CODE, SURNAME};
use kartei_schemas::person::PersonSchema;
use kartei_schemas::source::SourceSchema;
use kartei_store::{Tombstones, Traits};
use polars_core::prelude::*;

use crate::error::FlowError;
use crate::stage::LINE;

/// Takes the rows in quarantine out of a page that are an erased person's, and says how many.
pub(super) fn sift_rejects(tombstones: &Tombstones, source: &str, page: &mut Page) -> u64 {
    if tombstones.is_empty() {
        return 0;
    }
    let before = page.rejects.len();
    page.rejects.retain(|reject| {
        let is_known = reject.key.as_deref().is_some_and(|key| tombstones.holds_record(source, key));
        !is_known && !tombstones.holds_reject(source, &reject.raw)
    });
    (before - page.rejects.len()) as u64
}

/// The rows that are nobody's who was erased. Only rows that are new or changed are looked at: those of an erased person
/// are known no more.
pub(super) fn sift_rows(
    tombstones: &Tombstones,
    (source, person): (&SourceSchema, &PersonSchema),
    rows: DataFrame,
    context: &Context,
) -> Result<DataFrame, FlowError> {
    if tombstones.is_empty() || rows.height() == 0 {
        return Ok(rows);
    }
    let keys = rows.column(KEY)?.str()?;
    let by_key = keys.iter().map(|key| !key.is_some_and(|key| tombstones.holds_record(&source.name, key)));
    let rows = rows.filter(&by_key.collect::<BooleanChunked>())?;
    if rows.height() == 0 {
        return Ok(rows);
    }
    // The rows are brought into canonical form once more when they are taken up; few come on a night after the first.
    let told = if rows.column(LINE).is_ok() { rows.drop(LINE)? } else { rows.clone() };
    let known = kartei_normalise::normalise(&told, source, person, context)?.frame;
    let erased = erased_keys(tombstones, &known)?;
    if erased.is_empty() {
        return Ok(rows);
    }
    let stays = rows.column(KEY)?.str()?.iter().map(|key| !key.is_some_and(|key| erased.contains(key)));
    let stays: BooleanChunked = stays.collect();
    Ok(rows.filter(&stays)?)
}

fn cell(column: Option<&StringChunked>, row: usize) -> Option<&str> {
    column.and_then(|column| column.get(row))
}

fn erased_keys(tombstones: &Tombstones, known: &DataFrame) -> PolarsResult<HashSet<String>> {
    let column = |name: &str| -> PolarsResult<Option<StringChunked>> {
        known.column(name).ok().map(|column| column.str().cloned()).transpose()
    };
    let [given, surname, birth, place] =
        [column(GIVEN_NAME)?, column(SURNAME)?, column(BIRTH_DATE)?, column(POSTAL_CODE)?];
    let contacts = [column(EMAIL)?, column(MOBILE)?, column(PHONE)?];
    let keys = known.column(KEY)?.str()?;
    let mut erased = HashSet::new();
    for row in 0..known.height() {
        let [email, mobile, phone] = &contacts;
        let traits = Traits {
            given_name: cell(given.as_ref(), row),
            surname: cell(surname.as_ref(), row),
            birth_date: cell(birth.as_ref(), row),
            postal_code: cell(place.as_ref(), row),
            contacts: [email, mobile, phone].map(|column| cell(column.as_ref(), row)),
        };
        if tombstones.holds_person(&traits)
            && let Some(key) = keys.get(row)
        {
            erased.insert(key.to_owned());
        }
    }
    Ok(erased)
}
