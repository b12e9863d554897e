//! Canonical forms for names, dates, addresses, e-mail and telephone numbers, German first.
#![doc = include_str!("../README.md")]

pub mod address;
pub mod city;
mod company;
pub mod country;
mod country_table;
mod couple;
pub mod date;
mod date_text;
pub mod email;
mod entities;
pub mod flag;
pub mod frame;
pub mod house_number;
pub mod instant;
pub mod letter_case;
pub mod list;
pub mod name;
mod name_parts;
pub mod phone;
mod phone_german;
mod phone_words;
pub mod placeholder;
pub mod postal_code;
pub mod problem;
mod punycode;
mod remark;
pub mod salutation;
pub mod street;
pub mod text;
pub mod title;
mod title_table;

pub use chrono_tz::Tz;
pub use frame::{Context, FieldProblem, FieldStatistics, NormaliseError, NormaliseStatistics, Normalised};
pub use frame::{columns, fingerprint, normalise};
pub use problem::{Read, Reading, Reason, Warning, Warnings};
