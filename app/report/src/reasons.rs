//! The words for why a row or a value was not taken.

use std::borrow::Cow;

use crate::voice::Voice;

/// Code, German, English: the rows' reasons of `kartei-connector`, then the values' of `kartei-normalise`.
const REASONS: [(&str, &str, &str); 30] = [
    ("ragged_row", "falsche Zahl von Spalten", "wrong number of columns"),
    ("missing_key", "Schlüssel fehlt", "key is missing"),
    ("duplicate_key", "Schlüssel kommt doppelt vor", "key occurs twice"),
    ("nul_byte", "Nullbyte im Text", "NUL byte in the text"),
    ("field_too_large", "Feld ist viel zu groß", "field is far too large"),
    ("invalid_encoding", "unlesbare Zeichen", "unreadable characters"),
    ("invalid_json", "kein gültiges JSON", "not valid JSON"),
    ("cell_error", "fehlerhafte Formel", "failed formula"),
    ("missing_column", "Spalte fehlt", "column is missing"),
    ("too_long", "zu lang", "too long"),
    ("not_a_name", "kein Name", "not a name"),
    ("email_in_name", "E-Mail-Adresse statt Name", "e-mail address instead of a name"),
    ("company_in_name", "Firma statt Name", "company instead of a name"),
    ("not_a_date", "kein Datum", "not a date"),
    ("in_the_future", "in der Zukunft", "in the future"),
    ("too_long_ago", "zu lange her", "too long ago"),
    ("not_an_instant", "kein Zeitpunkt", "not a point in time"),
    ("email_without_at", "ohne @", "without @"),
    ("not_an_email", "keine E-Mail-Adresse", "not an e-mail address"),
    ("phone_with_letters", "Buchstaben in der Nummer", "letters in the number"),
    ("phone_too_short", "Nummer zu kurz", "number too short"),
    ("not_a_phone", "keine Telefonnummer", "not a phone number"),
    ("not_a_postal_code", "keine Postleitzahl", "not a postal code"),
    ("not_a_city", "kein Ort", "not a place"),
    ("not_a_street", "keine Straße", "not a street"),
    ("not_a_house_number", "keine Hausnummer", "not a house number"),
    ("unknown_country", "unbekanntes Land", "unknown country"),
    ("not_a_flag", "weder ja noch nein", "neither yes nor no"),
    ("unknown_salutation", "unbekannte Anrede", "unknown salutation"),
    ("unknown_consent_state", "unbekannter Stand der Einwilligung", "unknown state of consent"),
];

impl Voice {
    /// Why a row or a value was not taken; a code that is not known here is shown as it is.
    pub(crate) fn reason(self, code: &str) -> Cow<'_, str> {
        let known = REASONS.iter().find(|reason| reason.0 == code);
        known.map_or_else(|| Cow::Owned(code.replace('_', " ")), |reason| Cow::Borrowed(self.say(reason.1, reason.2)))
    }
}
