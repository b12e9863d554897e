//! Persons as people look for them: found by text, shown, exported.

use std::fmt;

use chrono::{DateTime, Utc};
use futures::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::fold::fold;
use crate::session::{Row, Session, Statement, sql};
use crate::words::words;
use crate::{Result, Store, org};

words! {
    /// Whether a person is still there.
    PersonState {
        /// In at least one source.
        Active = "active",
        /// In no source any more; the id is kept for a return.
        Gone = "gone",
        /// Turned out to be another person, who bears the other id.
        Merged = "merged",
        /// Erased: nothing is left of the person but the id, so that it is never issued again.
        Erased = "erased",
    }
}

/// The text columns of a person, in the order of the table, with the fields of [`PersonRow`] of the same names.
macro_rules! text_columns {
    ($apply:ident) => {
        $apply!(
            /// The person who bears the id now, when two turned out to be one.
            merged_into,
            /// "Frau", "Herr".
            salutation,
            /// Academic titles.
            title,
            /// All given names.
            given_name,
            /// Surname with particles.
            surname,
            /// Surname at birth.
            birth_surname,
            /// "jun.", "sen.".
            name_suffix,
            /// `f`, `m` or `d`.
            sex,
            /// `1984-03-05`, or `1984`.
            birth_date,
            /// E-mail address.
            email,
            /// Mobile number, E.164.
            mobile,
            /// Landline number, E.164.
            phone,
            /// Street.
            street,
            /// House number with affix.
            house_number,
            /// c/o, Postfach.
            address_extra,
            /// PLZ.
            postal_code,
            /// Place.
            city,
            /// ISO 3166-1 alpha-2.
            country,
            /// Membership number.
            membership_number,
            /// The day of joining.
            joined_on,
            /// The day of leaving.
            left_on,
            /// The org unit's id.
            org_unit,
            /// Persons of one household share it.
            household_id,
        );
    };
}

macro_rules! person_row {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// A person as published.
        #[derive(Clone, PartialEq, Serialize, Deserialize)]
        pub struct PersonRow {
            /// The id, issued once.
            pub id: String,
            /// Whether the person is still there.
            pub state: PersonState,
            $($(#[$doc])* pub $name: Option<String>,)+
            /// Whether a source holds the person to be a member.
            pub is_member: Option<bool>,
            /// Whether the person is restricted: in no mail, export or notice.
            pub restricted: bool,
            /// A sorted array of texts.
            pub interests: Json,
            /// An array of consents.
            pub consents: Json,
            /// An array of answers.
            pub answers: Json,
            /// The sources that know the person, sorted.
            pub sources: Json,
            /// Records of the person.
            pub records: u64,
            /// When the person was first seen.
            pub first_seen: Option<DateTime<Utc>>,
            /// When the person changed last.
            pub updated_at: Option<DateTime<Utc>>,
        }

        pub(crate) fn from_row(row: &Row) -> Result<PersonRow> {
            Ok(PersonRow {
                id: row.text("id")?,
                state: row.word("state")?,
                $($name: row.optional_text(stringify!($name))?,)+
                is_member: row.optional_flag("is_member")?,
                restricted: row.optional_flag("restricted")?.unwrap_or(false),
                interests: row.json("interests")?,
                consents: row.json("consents")?,
                answers: row.json("answers")?,
                sources: row.json("sources")?,
                records: row.count("records")?,
                first_seen: row.optional_instant("first_seen")?,
                updated_at: row.optional_instant("updated_at")?,
            })
        }
    };
}

text_columns!(person_row);

impl fmt::Debug for PersonRow {
    /// Without personal data.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PersonRow").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// Which persons to export; they come by id.
#[derive(Debug, Clone, Default)]
pub struct ExportFilter {
    /// Also those who are gone or merged.
    pub all_states: bool,
    /// Only of this org unit and those below.
    pub org_unit: Option<String>,
    /// Only members, or only others.
    pub is_member: Option<bool>,
    /// Also those whose data are restricted.
    pub restricted: bool,
}

/// Persons fetched at once while exporting.
const PAGE_ROWS: u32 = 2_000;

impl Store {
    /// Persons whom the text describes: words of the name, an e-mail address or its beginning, a telephone number, a
    /// membership number, a PLZ, an id, or several of these. Every word must fit. By name, those still there first.
    pub async fn find_persons(&self, text: &str, limit: u32) -> Result<Vec<PersonRow>> {
        let terms: Vec<Term> = text.split_whitespace().filter_map(Term::read).collect();
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.read().await?;
        // By the beginning of the surname first, which the index serves; only then anywhere in the name.
        for anywhere in [false, true] {
            let mut statement = sql("select * from person where 1 = 1");
            for term in &terms {
                statement = term.condition(statement, anywhere);
            }
            statement = statement.and(" order by state, search_name, id limit ?").bind(limit);
            let rows = statement.rows(&mut session).await?;
            if !rows.is_empty() || anywhere || !terms.iter().any(|term| matches!(term, Term::Name(_))) {
                return rows.iter().map(from_row).collect();
            }
        }
        Ok(Vec::new())
    }

    /// A person; none when the id was never issued.
    pub async fn person(&self, id: &str) -> Result<Option<PersonRow>> {
        let mut session = self.read().await?;
        find(&mut session, id).await
    }

    /// How many persons there are, and how many of them are members.
    pub async fn count_persons(&self) -> Result<(u64, u64)> {
        let mut session = self.read().await?;
        let row =
            sql("select count(*) as persons, coalesce(sum(case when is_member then 1 else 0 end), 0) as members \
             from person where state = 'active'")
            .row(&mut session)
            .await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.count("persons")?, row.count("members")?)))
    }

    /// All persons of one publication, by id, a page at a time: a run that publishes meanwhile is not seen.
    pub fn export_persons(&self, filter: ExportFilter) -> impl Stream<Item = Result<Vec<PersonRow>>> + Send + '_ {
        let start = (None::<Session>, String::new(), filter);
        stream::try_unfold(start, move |(session, after, filter)| async move {
            let mut session = match session {
                Some(session) => session,
                None => self.snapshot().await?,
            };
            let rows = page(&after, &filter).rows(&mut session).await?;
            let Some(last) = rows.last() else { return Ok(None) };
            let after = last.text("id")?;
            let persons = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
            Ok(Some((persons, (Some(session), after, filter))))
        })
    }
}

fn page(after: &str, filter: &ExportFilter) -> Statement {
    let mut statement = match &filter.org_unit {
        Some(unit) => sql(org::SUBTREE)
            .and(" select * from person where org_unit in (select id from subtree) and id > ?")
            .bind(unit)
            .bind(after),
        None => sql("select * from person where id > ?").bind(after),
    };
    if !filter.all_states {
        statement = statement.and(" and state = 'active'");
    }
    if let Some(is_member) = filter.is_member {
        statement = statement.and(" and coalesce(is_member, false) = ?").bind(is_member);
    }
    if !filter.restricted {
        statement = statement.and(" and not coalesce(restricted, false)");
    }
    statement.and(" order by id limit ?").bind(PAGE_ROWS)
}

pub(crate) async fn find(session: &mut Session, id: &str) -> Result<Option<PersonRow>> {
    let row = sql("select * from person where id = ?").bind(id).row(session).await?;
    row.as_ref().map(from_row).transpose()
}

/// A word of a search.
enum Term {
    /// An e-mail address or its beginning.
    Email(String),
    /// A number: PLZ, membership number, or telephone number in the forms it may be stored in.
    Number { text: String, telephone: String },
    /// A membership number with letters, or an id.
    Code(String),
    /// A word of the name, folded.
    Name(String),
}

impl Term {
    fn read(word: &str) -> Option<Self> {
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        if word.contains('@') {
            Some(Self::Email(word.to_lowercase()))
        } else if digits.len() >= 3 && word.chars().all(|sign| sign.is_ascii_digit() || "+-/().".contains(sign)) {
            let telephone = match (word.starts_with('+'), digits.strip_prefix("00"), digits.strip_prefix('0')) {
                (true, _, _) => format!("+{digits}"),
                (_, Some(international), _) => format!("+{international}"),
                (_, _, Some(national)) => format!("+49{national}"),
                _ => format!("+{digits}"),
            };
            Some(Self::Number { text: word.to_owned(), telephone })
        } else if !digits.is_empty() {
            Some(Self::Code(word.to_owned()))
        } else {
            let folded = fold(word);
            (!folded.is_empty()).then_some(Self::Name(folded))
        }
    }

    fn condition(&self, statement: Statement, anywhere: bool) -> Statement {
        match self {
            Self::Email(address) => {
                statement.and(" and email >= ? and email < ?").bind(address).bind(format!("{address}\u{10ffff}"))
            }
            Self::Number { text, telephone } => statement
                .and(" and (postal_code = ? or membership_number = ? or mobile = ? or phone = ?)")
                .bind(text)
                .bind(text)
                .bind(telephone)
                .bind(telephone),
            Self::Code(code) => statement
                .and(" and (id = ? or membership_number = ? or membership_number = ?)")
                .bind(code.to_uppercase())
                .bind(code)
                .bind(code.to_uppercase()),
            Self::Name(name) if anywhere => statement.and(" and search_name like ?").bind(format!("%{name}%")),
            Self::Name(name) => {
                statement.and(" and search_name >= ? and search_name < ?").bind(name).bind(format!("{name}\u{10ffff}"))
            }
        }
    }
}
