//! Rows that cannot be read: data for the quarantine, never an error.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A row that went into quarantine.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowReject {
    /// The file's name without its folder.
    pub origin: String,
    /// The line of a text file, the row of a sheet, the number of an element; counted from 1.
    pub line: Option<u64>,
    /// The column at fault, where one is.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: RejectReason,
    /// More about it, without personal data, e.g. `12 fields instead of 15`.
    pub detail: String,
    /// The record's key as far as it can be read: a record in quarantine is not gone.
    pub key: Option<String>,
    /// The row, kept for a retry and never logged: a JSON object of its columns, a JSON array of its cells where the
    /// columns cannot be told, else its text. Cut off after 64 KiB.
    pub raw: String,
}

impl fmt::Debug for RowReject {
    /// Leaves out `raw` and `key`, which are personal data.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RowReject")
            .field("origin", &self.origin)
            .field("line", &self.line)
            .field("column", &self.column)
            .field("reason", &self.reason)
            .field("detail", &self.detail)
            .finish_non_exhaustive()
    }
}

/// Why a row went into quarantine. The codes are stable: they are stored, counted and compared over years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// A row has more or fewer fields than the header.
    RaggedRow,
    /// A key column is empty.
    MissingKey,
    /// A complete listing holds another row with this key and other contents.
    DuplicateKey,
    /// A cell holds a NUL byte.
    NulByte,
    /// A cell is larger than any text of a person can be.
    FieldTooLarge,
    /// Bytes that are not text in the file's encoding.
    InvalidEncoding,
    /// Not a JSON object.
    InvalidJson,
    /// A formula that failed, such as `#REF!`.
    CellError,
}

impl RejectReason {
    /// All reasons, for lists and texts.
    pub const ALL: [Self; 8] = [
        Self::RaggedRow,
        Self::MissingKey,
        Self::DuplicateKey,
        Self::NulByte,
        Self::FieldTooLarge,
        Self::InvalidEncoding,
        Self::InvalidJson,
        Self::CellError,
    ];

    /// The stable code, as stored and listed.
    pub const fn code(self) -> &'static str {
        match self {
            Self::RaggedRow => "ragged_row",
            Self::MissingKey => "missing_key",
            Self::DuplicateKey => "duplicate_key",
            Self::NulByte => "nul_byte",
            Self::FieldTooLarge => "field_too_large",
            Self::InvalidEncoding => "invalid_encoding",
            Self::InvalidJson => "invalid_json",
            Self::CellError => "cell_error",
        }
    }

    /// The reason of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// What is wrong and what to do, in German.
    pub const fn text_de(self) -> &'static str {
        match self {
            Self::RaggedRow => {
                "Die Zeile hat mehr oder weniger Felder als die Kopfzeile; Trennzeichen in Texten quotieren."
            }
            Self::MissingKey => "Eine Schlüsselspalte ist leer; in der Quelle ergänzen.",
            Self::DuplicateKey => "Der Schlüssel kommt in der Liste mehrfach mit verschiedenem Inhalt vor.",
            Self::NulByte => "Ein Feld enthält ein NUL-Byte; die Quelle neu exportieren.",
            Self::FieldTooLarge => {
                "Ein Feld ist größer als ein Megabyte; vermutlich fehlt ein schließendes Anführungszeichen."
            }
            Self::InvalidEncoding => "Ein Feld ist kein Text in der Zeichenkodierung der Datei; `encoding` angeben.",
            Self::InvalidJson => "Kein JSON-Objekt.",
            Self::CellError => "Eine Formel in der Zeile ist fehlgeschlagen; in der Tabelle berichtigen.",
        }
    }

    /// What is wrong and what to do, in English.
    pub const fn text_en(self) -> &'static str {
        match self {
            Self::RaggedRow => "The row has more or fewer fields than the header; quote texts that hold the delimiter.",
            Self::MissingKey => "A key column is empty; fill it in the source.",
            Self::DuplicateKey => "The listing holds the key several times with different contents.",
            Self::NulByte => "A field holds a NUL byte; export the source again.",
            Self::FieldTooLarge => "A field is larger than one megabyte; a closing quote is probably missing.",
            Self::InvalidEncoding => "A field is not text in the file's encoding; state `encoding`.",
            Self::InvalidJson => "Not a JSON object.",
            Self::CellError => "A formula in the row has failed; correct it in the sheet.",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_serialised_names_and_lead_back() {
        for reason in RejectReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            assert_eq!(RejectReason::from_code(reason.code()), Some(reason));
            assert!(!reason.text_de().is_empty() && reason.text_de() != reason.text_en());
        }
        assert_eq!(RejectReason::from_code("unheard_of"), None);
    }

    #[test]
    fn debug_output_shows_neither_the_row_nor_its_key() {
        let reject = RowReject {
            origin: "members.csv".into(),
            line: Some(7),
            column: None,
            reason: RejectReason::RaggedRow,
            detail: "2 fields instead of 3".into(),
            key: Some("K-4711".into()),
            raw: "[\"Erika\"]".into(),
        };
        let shown = format!("{reject:?}");
        assert!(shown.contains("members.csv") && shown.contains("RaggedRow"));
        assert!(!shown.contains("Erika") && !shown.contains("4711"));
    }
}
