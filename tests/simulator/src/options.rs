//! Options of the command line, and the part of them that a reset can change.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::calendar::{HOUR, MINUTE, Millis};
use crate::identity::{Attack, SCOPES};
use crate::model::Lag;
use crate::seed::Sizes;

/// How many looks find an uploaded file working, unless a reset says otherwise.
const UPLOAD_LOOKS: u32 = 2;

/// How long a link to a file is valid, unless a reset says otherwise.
const LINK_LIFETIME: Millis = 12 * HOUR + 15 * MINUTE;

/// Licence edition, which sets how many requests a day are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// 2,000 requests a day, or 250 per licence when that is less.
    Business,
    /// 25,000 requests a day, or 500 per licence when that is less.
    Enterprise,
    /// No daily limit.
    #[default]
    None,
}

/// What becomes of a refresh token that was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotation {
    /// It stays valid and the answer carries no other.
    #[default]
    Reuse,
    /// Every exchange hands out a new one; a second use of an old one revokes all that came from the sign-in.
    Strict,
}

/// How id tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SigningAlgorithm {
    /// RSA with SHA-256.
    #[default]
    #[value(name = "RS256")]
    Rs256,
    /// ECDSA on the curve P-256 with SHA-256.
    #[value(name = "ES256")]
    Es256,
}

/// A local stand-in for the BeProduct identity server and REST API. When ready it prints one line of JSON
/// with its addresses and the credentials of its sample user.
#[derive(Clone, Debug, Parser)]
#[command(name = "beproduct-simulator", version)]
pub struct Options {
    /// Seed of the sample data; the same seed and sizes give the same data
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Styles that are not deleted (a few deleted ones come on top)
    #[arg(long, default_value_t = 5000)]
    pub styles: usize,
    /// Materials that are not deleted
    #[arg(long, default_value_t = 1000)]
    pub materials: usize,
    /// Images that are not deleted
    #[arg(long, default_value_t = 40)]
    pub images: usize,
    /// Colour palettes that are not deleted
    #[arg(long, default_value_t = 20)]
    pub colors: usize,
    /// Blocks that are not deleted
    #[arg(long, default_value_t = 20)]
    pub blocks: usize,
    /// Rows of the large data table
    #[arg(long, default_value_t = 10_000)]
    pub table_rows: usize,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Serve HTTPS with a certificate of an authority made for this run
    #[arg(long)]
    pub tls: bool,
    /// Folder for the certificate files; without it a temporary one that is removed at the end
    #[arg(long)]
    pub state_dir: Option<PathBuf>,
    /// Company domain, the part of the path behind /api
    #[arg(long, default_value = "acme")]
    pub company: String,
    /// Edition whose daily limit applies
    #[arg(long, value_enum, default_value_t = Edition::None)]
    pub edition: Edition,
    /// User licences, which can lower the edition's limit
    #[arg(long)]
    pub licenses: Option<u64>,
    /// Requests a day, in place of the edition's figure
    #[arg(long)]
    pub limit_per_day: Option<u64>,
    /// Whether refresh tokens rotate
    #[arg(long, value_enum, default_value_t = Rotation::Reuse)]
    pub rotation: Rotation,
    /// Requests within any minute
    #[arg(long)]
    pub rate_per_minute: Option<u64>,
    /// Highest page size; a request for more gets pages of this size, which shifts the offsets
    #[arg(long)]
    pub page_cap: Option<u64>,
    /// Lifetime of access tokens in seconds
    #[arg(long, default_value_t = 28_800)]
    pub token_lifetime: u64,
    /// How id tokens are signed
    #[arg(long, value_enum, default_value_t = SigningAlgorithm::Rs256)]
    pub id_token_alg: SigningAlgorithm,
    /// Refuse code_challenge, as a server that does not know it may
    #[arg(long)]
    pub refuse_pkce: bool,
    /// Have no revocation endpoint
    #[arg(long)]
    pub no_revocation: bool,
    /// File that every secret is appended to, one a line
    #[arg(long, env = "BEPRODUCT_SIMULATOR_SECRETS")]
    pub secrets_file: Option<PathBuf>,
    /// End when standard input is closed
    #[arg(long)]
    pub until_stdin_closes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options::parse_from(["beproduct-simulator"])
    }
}

/// The options that hold from one reset to the next.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) sizes: Sizes,
    pub(crate) day_limit: Option<u64>,
    pub(crate) rotation: Rotation,
    pub(crate) rate_per_minute: Option<u64>,
    pub(crate) page_cap: Option<u64>,
    pub(crate) token_lifetime: u64,
    pub(crate) id_token_alg: SigningAlgorithm,
    pub(crate) refuse_pkce: bool,
    pub(crate) revocation: bool,
    /// How many looks find an uploaded file working.
    pub(crate) upload_looks: u32,
    pub(crate) link_lifetime: Millis,
    /// Whether the storage serves parts of a file.
    pub(crate) ranges: bool,
    /// Whether all records are in the form of 2021.
    pub(crate) old_forms: bool,
    /// Whether lists of headers know a filter by id.
    pub(crate) id_filter: bool,
    /// How long lists do not show a write.
    pub(crate) lag: Option<Lag>,
    /// Of the values that are written, the share that is not stored.
    pub(crate) not_stored: f64,
    /// The scopes that may be asked for.
    pub(crate) allowed: Vec<String>,
    pub(crate) attack: Option<Attack>,
}

/// The body of a reset: what is missing is taken from the command line, null switches a limit off.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Changes {
    seed: Option<u64>,
    styles: Option<usize>,
    materials: Option<usize>,
    images: Option<usize>,
    colors: Option<usize>,
    blocks: Option<usize>,
    table_rows: Option<usize>,
    edition: Option<Edition>,
    #[serde(deserialize_with = "named")]
    licenses: Option<Option<u64>>,
    #[serde(deserialize_with = "named")]
    limit_per_day: Option<Option<u64>>,
    rotation: Option<Rotation>,
    #[serde(deserialize_with = "named")]
    rate_per_minute: Option<Option<u64>>,
    #[serde(deserialize_with = "named")]
    page_cap: Option<Option<u64>>,
    token_lifetime: Option<u64>,
    id_token_alg: Option<SigningAlgorithm>,
    refuse_pkce: Option<bool>,
    revocation: Option<bool>,
    upload_looks: Option<u32>,
    /// In seconds.
    link_lifetime: Option<u32>,
    ranges: Option<bool>,
    old_forms: Option<bool>,
    id_filter: Option<bool>,
    lag: Option<Lag>,
    not_stored: Option<f64>,
    allowed: Option<Vec<String>>,
    attack: Option<Attack>,
}

/// Tells a member that is null from one that is not there.
fn named<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Settings {
    pub(crate) fn new(options: &Options, changes: &Changes) -> Self {
        let edition = changes.edition.unwrap_or(options.edition);
        let licenses = changes.licenses.unwrap_or(options.licenses);
        let limit_per_day = changes.limit_per_day.unwrap_or(options.limit_per_day);
        Settings {
            sizes: Sizes {
                seed: changes.seed.unwrap_or(options.seed),
                styles: changes.styles.unwrap_or(options.styles),
                materials: changes.materials.unwrap_or(options.materials),
                images: changes.images.unwrap_or(options.images),
                colors: changes.colors.unwrap_or(options.colors),
                blocks: changes.blocks.unwrap_or(options.blocks),
                table_rows: changes.table_rows.unwrap_or(options.table_rows),
            },
            day_limit: limit_per_day.or_else(|| day_limit(edition, licenses)),
            rotation: changes.rotation.unwrap_or(options.rotation),
            rate_per_minute: changes.rate_per_minute.unwrap_or(options.rate_per_minute),
            page_cap: changes.page_cap.unwrap_or(options.page_cap),
            token_lifetime: changes.token_lifetime.unwrap_or(options.token_lifetime),
            id_token_alg: changes.id_token_alg.unwrap_or(options.id_token_alg),
            refuse_pkce: changes.refuse_pkce.unwrap_or(options.refuse_pkce),
            revocation: changes.revocation.unwrap_or(!options.no_revocation),
            upload_looks: changes.upload_looks.unwrap_or(UPLOAD_LOOKS),
            link_lifetime: changes
                .link_lifetime
                .map_or(LINK_LIFETIME, |s| (Millis::from(s) * 1000).max(1000)),
            ranges: changes.ranges.unwrap_or(true),
            old_forms: changes.old_forms.unwrap_or(false),
            id_filter: changes.id_filter.unwrap_or(true),
            lag: changes.lag,
            not_stored: changes.not_stored.unwrap_or(0.0),
            allowed: changes.allowed.clone().unwrap_or_else(|| SCOPES.map(str::to_owned).into()),
            attack: changes.attack,
        }
    }
}

/// The lower of the edition's cap and what its licences allow.
fn day_limit(edition: Edition, licenses: Option<u64>) -> Option<u64> {
    let (cap, per_license) = match edition {
        Edition::Business => (2_000, 250),
        Edition::Enterprise => (25_000, 500),
        Edition::None => return None,
    };
    Some(licenses.map_or(cap, |count| cap.min(count.saturating_mul(per_license))))
}
