//! What is served over HTTP.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Duration;

/// What is served over HTTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// Address and port to listen on; without one nothing is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Whether the page and its API are served too, in the roles all and serve.
    pub page: bool,
    /// File of what is kept to look back on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<PathBuf>,
    /// How long tracks are kept, in event time.
    pub tracks: Duration,
    /// How long alerts are kept that are over, in event time.
    pub alerts: Duration,
    /// Ships shown; beyond it those heard longest ago make room.
    pub ships: usize,
    /// Clients that are told as it happens, at once.
    pub clients: usize,
    /// Requests a second from one address.
    pub requests_per_second: u32,
    /// What those without a token may do.
    pub anonymous: Anonymous,
    /// File of the certificate, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// File of its key, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// A basemap in PMTiles, instead of coasts and borders alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basemap: Option<PathBuf>,
    /// Who may do what.
    pub tokens: Vec<TokenConfig>,
    /// A token that is told with the address of the page, in the demo.
    #[serde(skip)]
    pub told_token: Option<String>,
}

/// What those without a token may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anonymous {
    /// Read.
    #[default]
    Viewer,
    /// Nothing.
    None,
}

/// A token of the API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// Whose it is; acknowledgements bear it.
    pub name: String,
    /// What he may do.
    pub role: TokenRole,
    /// SHA-256 of the token, in hexadecimal digits.
    pub sha256: String,
}

/// What who has a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenRole {
    /// Read.
    Viewer,
    /// Read, and acknowledge alerts.
    Operator,
}

impl Default for ServeConfig {
    fn default() -> Self {
        ServeConfig {
            listen: None,
            page: true,
            store: None,
            tracks: Duration { ms: 2 * 86_400_000 },
            alerts: Duration { ms: 90 * 86_400_000 },
            ships: 200_000,
            clients: 1_024,
            requests_per_second: 50,
            anonymous: Anonymous::default(),
            certificate: None,
            key: None,
            basemap: None,
            tokens: Vec::new(),
            told_token: None,
        }
    }
}

impl TokenConfig {
    /// The hash, if it is one.
    pub fn hash(&self) -> Option<[u8; 32]> {
        if self.sha256.len() != 64 || !self.sha256.is_ascii() {
            return None;
        }
        let mut hash = [0; 32];
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&self.sha256[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(hash)
    }
}
