//! How often things happen: every rate and share of the generator, named. `docs/demo.md` tells them in prose.

/// Surnames drawn from; the ranked ones carry 30 %, the composed tail nearly half.
pub(crate) const SURNAMES: usize = 45_000;
/// Shares of people whose names are Turkish, Polish, Russian, Arabic, Balkan, Italian, Greek, Iberian, Romanian and
/// Bulgarian, Vietnamese; the rest have German names.
pub(crate) const FOREIGN_NAMES: [f64; 10] = [0.030, 0.022, 0.022, 0.014, 0.014, 0.008, 0.005, 0.005, 0.006, 0.002];
/// Of those with foreign names born after 1985, this share has a German given name.
pub(crate) const GERMAN_GIVEN_NAME_IN_SECOND_GENERATION: f64 = 0.35;
/// What the listed given names of each cohort, 1920 to 2000, carry; naming grew more varied.
pub(crate) const LISTED_GIVEN_NAMES: [f64; 9] = [0.90, 0.90, 0.90, 0.88, 0.86, 0.82, 0.78, 0.72, 0.64];

/// Birth decades from 1920 on, by weight: an organisation is older than the country.
pub(crate) const BIRTH_DECADES: [f64; 9] = [0.5, 7.0, 15.0, 21.0, 20.0, 12.0, 11.5, 9.5, 3.5];
/// Share of women.
pub(crate) const FEMALE: f64 = 0.46;
/// Share of people with a second given name.
pub(crate) const SECOND_GIVEN_NAME: f64 = 0.26;
/// Of those with two given names, this share is called by the second.
pub(crate) const CALLED_BY_SECOND_NAME: f64 = 0.14;
/// Doctors, professors and the like.
pub(crate) const TITLE: f64 = 0.045;

/// Kinds of household by weight, a household each: single, couple, family, adult siblings, father and son (or mother and
/// daughter) of one name, shared flat, student hostel or home for the elderly.
pub(crate) const HOUSEHOLDS: [f64; 7] = [0.8467, 0.095, 0.033, 0.008, 0.006, 0.011, 0.0003];
/// Couples: one shared surname; one of them with a double name; two surnames.
pub(crate) const COUPLE_NAMES: [f64; 3] = [0.68, 0.09, 0.23];
/// Families in which two children are twins.
pub(crate) const TWINS: f64 = 0.05;
/// Children above 21 who live at an address of their own.
pub(crate) const CHILD_MOVED_OUT: f64 = 0.55;
/// Households with a landline.
pub(crate) const LANDLINE: f64 = 0.68;
/// People with a mobile phone.
pub(crate) const MOBILE: f64 = 0.88;
/// People with an e-mail address, by birth decade.
pub(crate) const EMAIL: [f64; 9] = [0.25, 0.45, 0.68, 0.84, 0.93, 0.97, 0.99, 0.99, 0.99];
/// People with a second address that some source holds.
pub(crate) const SECOND_EMAIL: f64 = 0.15;
/// Couples and families, of those with an address, who share one.
pub(crate) const SHARED_EMAIL: f64 = 0.14;
/// People who moved while they were known.
pub(crate) const MOVED: f64 = 0.11;
/// Of those who moved, the share that stayed in the same place.
pub(crate) const MOVED_WITHIN_PLACE: f64 = 0.45;
/// Married people whose surname changed while they were known.
pub(crate) const MARRIED_WHILE_KNOWN: f64 = 0.13;
/// People with another mobile number than before.
pub(crate) const NEW_MOBILE: f64 = 0.12;
/// Mobile numbers that belonged to someone else before, who is still held under it.
pub(crate) const RECYCLED_MOBILE: f64 = 0.004;

/// People by number of sources that know them, one to four.
pub(crate) const SOURCES_A_PERSON: [f64; 4] = [0.775, 0.170, 0.045, 0.010];
/// Weight of each source: membership, newsletter, survey, leads.
pub(crate) const SOURCE_WEIGHTS: [f64; 4] = [0.40, 0.31, 0.09, 0.20];
/// A second record of the same person inside a source.
pub(crate) const DUPLICATE: [f64; 4] = [0.010, 0.025, 0.020, 0.045];
/// Records that a source still holds as they were before a move, a marriage, a new number.
pub(crate) const STALE: [f64; 4] = [0.20, 0.45, 0.25, 0.35];

/// Spelling errors a record: each of given name, surname, street, place.
pub(crate) const TYPO: [f64; 4] = [0.009, 0.022, 0.028, 0.030];
/// Errors in a birth date: one digit, or day and month swapped.
pub(crate) const BIRTH_DATE_ERROR: f64 = 0.012;
/// 1 January in place of an unknown day.
pub(crate) const FIRST_OF_JANUARY: f64 = 0.008;
/// Wrong digit in a phone number; wrong letter in an e-mail address; wrong PLZ.
pub(crate) const CONTACT_ERROR: f64 = 0.007;
/// Given name and surname in each other's column.
pub(crate) const SWAPPED_NAMES: [f64; 4] = [0.002, 0.010, 0.008, 0.014];
/// Umlauts written as ae, oe, ue, ss.
pub(crate) const UMLAUT_UNFOLDED: [f64; 4] = [0.03, 0.10, 0.08, 0.10];
/// Umlauts without their dots.
pub(crate) const UMLAUT_STRIPPED: f64 = 0.006;
/// UTF-8 read as Windows-1252.
pub(crate) const MOJIBAKE: [f64; 4] = [0.001, 0.002, 0.0, 0.006];
/// All in capitals, or all in lower case.
pub(crate) const CAPITALS: [f64; 4] = [0.006, 0.010, 0.015, 0.020];
pub(crate) const LOWER_CASE: [f64; 4] = [0.0, 0.050, 0.040, 0.090];
/// The given name as a short form.
pub(crate) const SHORT_FORM: [f64; 4] = [0.02, 0.10, 0.09, 0.11];
/// The given name as an initial.
pub(crate) const INITIAL: [f64; 4] = [0.001, 0.012, 0.012, 0.015];
/// All given names of those who have several, instead of the call name.
pub(crate) const ALL_GIVEN_NAMES: [f64; 4] = [0.55, 0.05, 0.06, 0.05];
/// Half of a double surname.
pub(crate) const HALF_SURNAME: [f64; 4] = [0.02, 0.15, 0.15, 0.20];

/// Membership: birth date, birth surname of those who changed it, landline, mobile, e-mail, each of those who have one.
pub(crate) const MEMBERSHIP_FILLED: [f64; 5] = [0.975, 0.45, 0.66, 0.70, 0.85];
/// Members who left and are still listed.
pub(crate) const LEFT: f64 = 0.07;
/// Members of a branch that does not own their PLZ.
pub(crate) const OTHER_BRANCH: f64 = 0.04;
/// Newsletter: given name, surname, PLZ, birth date.
pub(crate) const NEWSLETTER_FILLED: [f64; 4] = [0.82, 0.78, 0.36, 0.02];
/// Newsletter states: subscribed, pending, unsubscribed, cleaned.
pub(crate) const NEWSLETTER_STATES: [f64; 4] = [0.80, 0.05, 0.12, 0.03];
/// Survey: name, e-mail, PLZ, year of birth, phone.
pub(crate) const SURVEY_FILLED: [f64; 5] = [0.94, 0.70, 0.86, 0.60, 0.14];
/// Leads by what they give: name and mail; name and PLZ; name and phone; mail alone; name, address and phone; name, mail and PLZ;
/// name alone with the place.
pub(crate) const LEAD_SHAPES: [f64; 7] = [0.30, 0.11, 0.11, 0.05, 0.14, 0.25, 0.04];
/// Leads and newsletter rows that are no person: placeholders, keyboard walks, celebrities.
pub(crate) const JUNK: [f64; 4] = [0.0, 0.002, 0.003, 0.006];

/// A night: the share of people to whom something happens; a third of it no source hears of, which leaves 1 % of records.
pub(crate) const NIGHTLY: f64 = 0.0155;
/// What happens: new person, moved, married, left, unsubscribed, corrected, new contact, deleted, re-used number.
pub(crate) const EVENTS: [f64; 9] = [0.22, 0.17, 0.06, 0.10, 0.12, 0.16, 0.12, 0.03, 0.02];

/// The most rows of a survey workbook: an XLSX sheet holds 1,048,576 with its header.
pub(crate) const SURVEY_ROWS: u64 = 1_000_000;
