//! What headers mean, German and English, as registers, newsletters, surveys and test sets write them.

use kartei_schemas::frame;
use kartei_schemas::matching::Role;
use kartei_schemas::person::FieldKind;

use crate::text::fold;

/// What a header means: the field that the column fills (`""` for an extra column), how it is read, and its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) field: &'static str,
    pub(crate) kind: FieldKind,
    pub(crate) role: Role,
}

/// Field, kind, part, and the headers that mean it.
const MEANINGS: &[(&str, FieldKind, Role, &str)] = &[
    (
        frame::GIVEN_NAME,
        FieldKind::GivenName,
        Role::GivenName,
        "given_name given_names givenname givennames first_name firstname first_names firstnames forename forenames fname \
         vorname vornamen rufname middle_name middlename middle_names second_name zweiter_vorname weitere_vornamen \
         name_first first nombre prenom",
    ),
    (
        frame::SURNAME,
        FieldKind::Surname,
        Role::Surname,
        "surname surnames last_name lastname lname family_name familyname nachname familienname zuname name_last last sname \
         second_surname nom apellido",
    ),
    (
        frame::BIRTH_SURNAME,
        FieldKind::Surname,
        Role::BirthSurname,
        "birth_surname birth_name birthname maiden_name maidenname maiden former_name former_surname previous_surname \
         geburtsname geb_name geburts_name fruehere_namen frueherer_name nee",
    ),
    (
        "full_name",
        FieldKind::FullName,
        Role::FullName,
        "full_name fullname name complete_name person_name contact_name display_name vollstaendiger_name vor_und_nachname \
         name_vorname kontakt ansprechpartner name_voll gesamtname",
    ),
    (frame::SEX, FieldKind::Sex, Role::Sex, "sex gender geschlecht sex_code gender_code"),
    (
        frame::SALUTATION,
        FieldKind::Salutation,
        Role::Ignore,
        "salutation anrede briefanrede honorific name_prefix prefix mr_mrs",
    ),
    (frame::TITLE, FieldKind::Title, Role::Ignore, "title titel akademischer_titel akad_titel academic_title"),
    (
        frame::BIRTH_DATE,
        FieldKind::Date,
        Role::BirthDate,
        "birth_date birthdate date_of_birth dob birthday bday birth born geburtsdatum geburtstag geb_datum gebdatum gebdat \
         geb geb_dat geboren geboren_am year_of_birth birth_year yob geburtsjahr jahrgang date_birth",
    ),
    (
        frame::EMAIL,
        FieldKind::Email,
        Role::Email,
        "email e_mail mail email_address emailaddress e_mail_address mail_address email_adresse e_mail_adresse mailadresse \
         emailadresse email_1 email1 primary_email e_mail_1 kontakt_email",
    ),
    (
        frame::MOBILE,
        FieldKind::Phone,
        Role::Mobile,
        "mobile mobile_phone mobilephone mobile_number cell cellphone cell_phone handy handynummer handy_nr mobil mobilnummer \
         mobiltelefon mobil_nr mobilfunk telefon_mobil tel_mobil phone_mobile",
    ),
    (
        frame::PHONE,
        FieldKind::Phone,
        Role::Phone,
        "phone phone_number phonenumber phone_no telephone telephone_number tel telefon telefonnummer telefon_nr tel_nr \
         rufnummer festnetz festnetznummer landline home_phone telefon_privat tel_privat phone_1 phone1 telefon_festnetz \
         phone_home contact_number",
    ),
    (
        frame::STREET,
        FieldKind::Street,
        Role::Street,
        "street street_name streetname street_address address_1 address1 address_line_1 address_line1 addressline1 addr1 addr \
         strasse str strasse_hausnummer strasse_und_hausnummer strasse_hausnr strasse_nr strasse_hnr strassenname anschrift \
         res_street_address street_1 postal_address mail_addr1",
    ),
    (
        frame::HOUSE_NUMBER,
        FieldKind::HouseNumber,
        Role::HouseNumber,
        "house_number housenumber house_no house_num street_number street_no streetnumber hausnummer hausnr haus_nr hnr nr_haus \
         number_house",
    ),
    (
        frame::ADDRESS_EXTRA,
        FieldKind::Text,
        Role::Ignore,
        "adresszusatz zusatz address_extra address_supplement c_o co",
    ),
    (
        frame::POSTAL_CODE,
        FieldKind::PostalCode,
        Role::PostalCode,
        "postal_code postalcode postcode post_code postcode_fake zip zip_code zipcode plz postleitzahl",
    ),
    (
        frame::CITY,
        FieldKind::City,
        Role::City,
        "city town place suburb locality village municipality ort wohnort stadt ortschaft gemeinde city_town post_town place_name \
         ortsname res_city_desc",
    ),
    (
        "state",
        FieldKind::Text,
        Role::Region,
        "state state_code state_cd province region county bundesland kanton land_kreis landkreis kreis county_name",
    ),
    (frame::COUNTRY, FieldKind::Country, Role::Ignore, "country country_code land staat nation"),
    (
        "address",
        FieldKind::Address,
        Role::Street,
        "address adresse full_address anschrift_komplett postanschrift complete_address",
    ),
    (
        frame::MEMBERSHIP_NUMBER,
        FieldKind::Identifier,
        Role::Identifier,
        "membership_number member_number memberno member_no membership_no membership_id member_id mitgliedsnummer mitglieds_nr \
         mitgliedsnr mitglied_nr mitgliednr mitglieds_nummer mgl_nr",
    ),
    (
        "",
        FieldKind::Identifier,
        Role::Identifier,
        "soc_sec_id ssn social_security_number social_security national_id national_insurance_number nino nhs_number nhs_no \
         passport passport_number tax_id steuer_id steueridentifikationsnummer steuernummer sozialversicherungsnummer sv_nummer \
         iban versichertennummer voter_reg_num",
    ),
    (
        frame::UPDATED_AT,
        FieldKind::Instant,
        Role::Ignore,
        "updated_at updated modified last_modified modified_at changed geaendert geaendert_am aenderungsdatum last_update \
         created_at created angelegt angelegt_am erstellt erstellt_am timestamp",
    ),
    (frame::SOURCE, FieldKind::Text, Role::Source, "source source_dataset quelle herkunft data_source"),
];

/// Headers of columns that name a record.
const KEYS: &str = "key id unique_id uniqueid uid rec_id record_id recordid record rec_no recid row_id rowid row nr nummer no \
    number lfd lfd_nr laufende_nummer datensatz datensatz_nr index idx uuid guid kundennummer kunden_nr customer_id customer_no \
    contact_id kontakt_id person_id personid member_id mitgliedsnummer adressnummer adress_nr source_id external_id";

/// Headers of columns that say who the person is.
const TRUTHS: &str = "cluster cluster_id clusterid true_cluster truth true_id ground_truth entity entity_id entityid person \
    person_id personid match_id gold gold_id real_id true_person label duplicate_of dup_group group_id ncid";

/// A header in plain lower case, words joined by `_`.
pub(crate) fn plain(header: &str) -> String {
    let mut spaced = String::with_capacity(header.len() + 4);
    let mut before_is_lower = false;
    for letter in header.chars() {
        if letter.is_uppercase() && before_is_lower {
            spaced.push(' ');
        }
        before_is_lower = letter.is_lowercase();
        spaced.push(letter);
    }
    fold(&spaced).replace(' ', "_")
}

/// What a plain header means.
pub(crate) fn meaning(name: &str) -> Option<Meaning> {
    let find = |name: &str| {
        let (field, kind, role, _) = MEANINGS.iter().find(|(_, _, _, names)| has_word(names, name))?;
        Some(Meaning { field, kind: *kind, role: *role })
    };
    let stem = name.trim_end_matches(|end: char| end.is_ascii_digit() || end == '_');
    find(name)
        .or_else(|| find(&name.replace('_', "")))
        .or_else(|| (stem.len() > 2 && name.ends_with('1')).then(|| find(stem))?)
}

/// Whether a plain header names the records.
pub(crate) fn is_key(name: &str) -> bool {
    has_word(KEYS, name)
}

/// Whether a plain header names the persons.
pub(crate) fn is_truth(name: &str) -> bool {
    has_word(TRUTHS, name)
}

fn has_word(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|candidate| candidate == word)
}
