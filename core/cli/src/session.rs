//! `beproduct whoami` and `beproduct logout`.

use std::io::{self, Write};

use beproduct::auth::{Profiles, open_browser};
use beproduct::{Client, ClientBuilder, Config};
use serde_json::{Value, json};

use crate::generated::{LogoutFlags, WhoamiFlags};
use crate::{Failure, runtime};

/// Shows who is signed in.
///
/// Without --profile the BEPRODUCT_* variables come first, and then the profile.
#[derive(clap::Args)]
pub(crate) struct WhoAmI {
    #[command(flatten)]
    flags: WhoamiFlags,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Signs out: revokes the refresh token, if the identity server supports that, and removes the tokens.
#[derive(clap::Args)]
#[command(mut_arg("post_logout_redirect_uri", |flag| flag.requires("end_session").help_heading(WITH_END_SESSION)))]
pub(crate) struct Logout {
    #[command(flatten)]
    flags: LogoutFlags,
    /// End the sign-in in the browser too
    #[arg(long)]
    end_session: bool,
    /// Show the URL instead of opening the browser
    #[arg(long, requires = "end_session", help_heading = WITH_END_SESSION)]
    no_browser: bool,
}

const WITH_END_SESSION: &str = "With --end-session";

fn client(config: Config) -> Result<Client, Failure> {
    Ok(ClientBuilder::from_config(config).build()?)
}

pub(crate) fn who_am_i(arguments: &WhoAmI, out: &mut dyn Write) -> Result<(), Failure> {
    let mut settings = arguments.flags.settings()?;
    if !settings.contains_key("profile") {
        settings.insert("environment".into(), true.into());
    }
    let config = Config::from_json(Value::Object(settings))?;
    let company = config.company_domain.clone().unwrap_or_default();
    let (user, scopes) = runtime()?.block_on(async {
        let client = client(config)?;
        let user = client.auth().userinfo().await?;
        Ok::<_, Failure>((user, client.auth().scopes().await?))
    })?;
    if arguments.json {
        let all = json!({
            "company": company, "sub": user.sub, "username": user.preferred_username, "name": user.name,
            "email": user.email, "email_verified": user.email_verified, "scopes": scopes,
        });
        writeln!(out, "{}", serde_json::to_string_pretty(&all).map_err(io::Error::from)?)?;
        return Ok(());
    }
    let shown = |text: Option<String>| text.unwrap_or_else(|| "not told".into());
    for (what, value) in [
        ("company", company),
        ("user", shown(user.preferred_username)),
        ("name", shown(user.name)),
        ("email", shown(user.email)),
        ("id", shown(user.sub)),
        ("scopes", scopes.join(" ")),
    ] {
        writeln!(out, "{what:<9}{value}")?;
    }
    Ok(())
}

pub(crate) fn logout(arguments: &Logout, out: &mut dyn Write) -> Result<(), Failure> {
    let profile = arguments.flags.profile.clone().unwrap_or_else(Profiles::chosen);
    let mut settings = arguments.flags.settings()?;
    settings.insert("profile".into(), profile.as_str().into());
    let config = Config::from_json(Value::Object(settings))?;
    let (revoked, address) = runtime()?.block_on(async {
        let client = client(config)?;
        let auth = client.auth();
        // The ID token that it carries is forgotten with the others.
        let address = match arguments.end_session {
            true => Some(auth.end_session_url(arguments.flags.post_logout_redirect_uri.as_deref()).await?),
            false => None,
        };
        Ok::<_, Failure>((auth.sign_out().await?, address))
    })?;
    let revoked = if revoked {
        "the refresh token is revoked"
    } else {
        "no token is revoked: the identity server does not offer it, or nobody was signed in"
    };
    writeln!(out, "Signed out of profile {profile:?}; {revoked}.")?;
    match address {
        Some(address) if arguments.no_browser => {
            writeln!(out, "End the sign-in in the browser at {address}")?
        }
        Some(address) => {
            if let Err(error) = open_browser(&address) {
                writeln!(out, "{}. End the sign-in in the browser at {address}", error.message())?;
            }
        }
        None => {}
    }
    Ok(())
}
