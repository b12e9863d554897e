//! The columns of the frames that pass between the steps: the contract of the pipeline.
//!
//! A *received* frame, as a connector hands it over, has text columns only: `key`, optionally `updated_at`, and the
//! source's own columns. A *normalised* frame has one row a record and the columns named here, all nullable text
//! unless said otherwise; a column that a source does not fill may be missing. Rows are sorted by source and key.

/// The source's name; never null.
pub const SOURCE: &str = "source";
/// The record's key inside its source; never null.
pub const KEY: &str = "key";
/// When the source last changed the row, else when it was first received in this form: milliseconds UTC, `Int64`.
pub const UPDATED_AT: &str = "updated_at";
/// xxh3 of the received row, `UInt64`; the row is unchanged when this is.
pub const FINGERPRINT: &str = "fingerprint";
/// `f`, `m` or `d`, from salutation or a column of its own.
pub const SEX: &str = "sex";
/// "Frau", "Herr".
pub const SALUTATION: &str = "salutation";
/// Academic titles, canonical: "Prof. Dr.".
pub const TITLE: &str = "title";
/// All given names in the order received, in display case: "Anna Maria", "Karl-Heinz".
pub const GIVEN_NAME: &str = "given_name";
/// Surname with particles, in display case: "von der Heide", "Müller-Lüdenscheidt".
pub const SURNAME: &str = "surname";
/// Surname at birth.
pub const BIRTH_SURNAME: &str = "birth_surname";
/// `1984-03-05`, or `1984` where only the year is known.
pub const BIRTH_DATE: &str = "birth_date";
/// "jun.", "sen.", "d. Ä.": what tells father and son of one name apart.
pub const NAME_SUFFIX: &str = "name_suffix";
/// Canonical e-mail address, lower case.
pub const EMAIL: &str = "email";
/// The e-mail address in the form in which two addresses are one mailbox: without plus tag, Gmail without dots.
pub const EMAIL_KEY: &str = "email_key";
/// Mobile number, E.164.
pub const MOBILE: &str = "mobile";
/// Landline number, E.164.
pub const PHONE: &str = "phone";
/// Street, canonical ("Hauptstraße").
pub const STREET: &str = "street";
/// House number with affix, canonical ("12a").
pub const HOUSE_NUMBER: &str = "house_number";
/// c/o, Postfach, Hinterhaus.
pub const ADDRESS_EXTRA: &str = "address_extra";
/// PLZ.
pub const POSTAL_CODE: &str = "postal_code";
/// Place.
pub const CITY: &str = "city";
/// ISO 3166-1 alpha-2.
pub const COUNTRY: &str = "country";
/// Membership number.
pub const MEMBERSHIP_NUMBER: &str = "membership_number";
/// Whether the source holds the person to be a member; Boolean.
pub const IS_MEMBER: &str = "is_member";
/// The day of joining.
pub const JOINED_ON: &str = "joined_on";
/// The day of leaving.
pub const LEFT_ON: &str = "left_on";
/// The unit to which the membership belongs, as the source names it.
pub const ORG_UNIT: &str = "org_unit";
/// Sorted JSON array of texts.
pub const INTERESTS: &str = "interests";
/// JSON array of [`crate::consent::Consent`].
pub const CONSENTS: &str = "consents";
/// JSON array of [`crate::answer::Answer`].
pub const ANSWERS: &str = "answers";
/// JSON object: the unmapped columns.
pub const ATTRIBUTES: &str = "attributes";
/// JSON object: person field → text as received, for fields whose canonical form differs from it.
pub const RECEIVED: &str = "received";
/// JSON array of short codes: what is doubtful about the record, e.g. `email_domain_typo`.
pub const WARNINGS: &str = "warnings";
