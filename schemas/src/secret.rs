//! Where a secret is. A schema holds this and never the secret: it is shown, kept and compared.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a secret is: `{ file = "token" }`, `{ environment = "TOKEN" }` or `{ credential = "token" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretReference {
    /// A file that holds it and nothing else, relative to the configuration's folder.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A credential that systemd hands to the service.
    Credential(String),
}
