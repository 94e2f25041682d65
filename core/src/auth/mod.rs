//! Signing in: tokens, where they are kept, and the exchanges that yield them.
//!
//! [`AuthorizationSession`] takes a person through a sign-in; [`Login`] does so with a browser. `TokenHolder` gives every
//! request a valid access token, renews it once for all who wait, and saves a rotated refresh token before anyone uses
//! what came with it. [`Auth`] is what a client can ask about its sign-in. The identity server answers in
//! `exchange.rs` (tokens), `discovery.rs` (its addresses and keys) and `id_token.rs` (who signed in).

mod assembly;
mod discovery;
mod exchange;
mod grant;
mod handle;
mod holder;
mod id_token;
mod keys;
#[cfg(feature = "login")]
mod listener;
#[cfg(feature = "login")]
mod login;
#[cfg(feature = "login")]
mod profiles;
mod refusal;
mod refusals;
mod server;
mod session;
mod store;
mod token_answer;
mod tokens;

pub(crate) use exchange::Exchanger;
pub use handle::{ActAs, Auth, UserInfo};
pub use holder::Inherited;
pub(crate) use holder::{HolderSettings, Source, TokenHolder};
pub(crate) use keys::{ForkGuard as CacheForkGuard, ProviderCache};
#[cfg(feature = "login")]
pub use login::{Login, LoginOptions, open_browser};
#[cfg(feature = "login")]
pub use profiles::Profiles;
#[cfg(feature = "login")]
pub(crate) use profiles::completed;
pub(crate) use refusals::{CallKey, Refusal};
pub(crate) use server::{IdentityServer, authorization};
pub use session::AuthorizationSession;
#[cfg(feature = "keyring")]
pub use store::KeyringStore;
pub use store::{FileStore, Lease, MemoryStore, TokenStore};
pub(crate) use store::{ForkGuard as StoreForkGuard, RotatedStore, open_store};
pub(crate) use tokens::Bearer;
pub use tokens::Tokens;
