//! Keyed hashes under the installation's secret, for what must be found again without being kept.

pub use kartei_schemas::keyed::{Keyed, keyed_hash};

/// The setting with the installation's secret: person ids and all keyed hashes are made with it.
pub const SECRET: &str = "person_id_secret";
