//! `beproduct login`.

use std::io::{self, IsTerminal as _, Write};
use std::pin::pin;

use beproduct::Config;
use beproduct::auth::{Login, LoginOptions, Profiles, Tokens};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::generated::LoginFlags;
use crate::{Failure, runtime};

/// Signs a person in with the browser, and keeps the sign-in in a profile.
///
/// Missing arguments are taken from the BEPRODUCT_* variables, and then from an existing profile.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    flags: LoginFlags,
    /// Keep the tokens in the keyring of this machine instead of a file
    #[arg(long, conflicts_with = "token_file")]
    keyring: bool,
    /// Listen at any free port of this machine, if the registration allows that
    #[arg(long)]
    free_port: bool,
    /// Do not open the browser, only show the URL for the sign-in
    #[arg(long)]
    no_browser: bool,
}

impl Arguments {
    fn settings(&self, profile: &str) -> Result<Map<String, Value>, Failure> {
        let mut settings = self.flags.settings()?;
        // What it names is being made.
        settings.remove("profile");
        settings.insert("environment".into(), true.into());
        if self.keyring {
            settings.insert("token_store".into(), json!({"keyring": profile}));
        }
        Ok(settings)
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let profile = arguments.flags.profile.clone().unwrap_or_else(Profiles::chosen);
    let config = Config::for_login(arguments.settings(&profile)?, Some(&profile))?;
    if config.client_id.is_none() {
        return Err(Failure::Usage(
            "--client-id is missing: the id of the application, from the vendor".into(),
        ));
    }
    if config.redirect_uri.is_none() && !arguments.free_port {
        return Err(Failure::Usage(
            "--redirect-uri is missing: the address that is registered for the application (--free-port takes a free one of \
             this machine, if the registration allows that)"
                .into(),
        ));
    }
    let mut options = LoginOptions::default();
    options.free_port = arguments.free_port;
    options.profile = Some(profile.clone());
    // Done below, where a browser that cannot be opened is no reason to give up.
    options.open_browser = false;
    options.timeout = Some(FOR_EVER);
    options.must_listen = false;
    let tokens = runtime()?.block_on(async {
        let login = Login::begin(&config, options).await?;
        announce(&login, &config, !arguments.no_browser)?;
        sign_in(&login).await
    })?;
    let lasting = if tokens.refresh_token.is_some() {
        "renewed by itself"
    } else {
        "not renewed: the identity server gave no refresh token"
    };
    writeln!(out, "Signed in as profile {profile:?}, {lasting}.")?;
    writeln!(out, "The tokens are in {}.", Profiles::of_user()?.place_of_tokens(&profile)?)?;
    Ok(())
}

/// What a terminal takes as one line on Linux, its end left out.
const LONGEST_LINE: usize = 4095;

/// Until Ctrl-C: a year.
const FOR_EVER: f64 = 365.0 * 24.0 * 3600.0;

fn announce(login: &Login, config: &Config, open: bool) -> Result<(), Failure> {
    let mut out = io::stderr().lock();
    if let Some(error) = login.not_listening() {
        writeln!(out, "{}.\nUntil then the address can be pasted.\n", error.message())?;
    }
    if !config.pkce {
        writeln!(
            out,
            "PKCE is off because of the profile or --pkce false; --pkce true turns it on again.\n"
        )?;
    }
    writeln!(out, "Sign in at\n\n  {}\n", login.url())?;
    if open && let Err(error) = login.open_browser() {
        writeln!(out, "{}. Open the address yourself, here or on another machine.", error.message())?;
    }
    if login.is_listening() {
        writeln!(
            out,
            "You come back to {} then. If that page does not open, paste its address here:",
            login.redirect_uri()
        )?;
    } else {
        writeln!(out, "You end at {} then. Paste the whole address here:", login.redirect_uri())?;
    }
    writeln!(
        out,
        "(If the identity server says that the address is not registered, give the one that is with --redirect-uri.)"
    )?;
    Ok(())
}

/// Whichever comes first: the browser, or an address that is pasted.
async fn sign_in(login: &Login) -> Result<Tokens, Failure> {
    let mut pasted = lines();
    let mut can_paste = true;
    let mut completed = pin!(login.complete());
    loop {
        tokio::select! {
            tokens = &mut completed, if login.is_listening() => return Ok(tokens?),
            line = pasted.recv(), if can_paste => match line {
                None if login.is_listening() => can_paste = false,
                None => return Err(Failure::Usage("no address was pasted: nobody is signed in".into())),
                Some(line) if line.trim().is_empty() => {}
                Some(_) if !login.is_open() => {
                    writeln!(io::stderr(), "You have come back already; the tokens are on their way.")?;
                }
                Some(line) if line.len() >= LONGEST_LINE && io::stdin().is_terminal() => {
                    writeln!(
                        io::stderr(),
                        "The terminal has cut the address at {LONGEST_LINE} characters. Put it into a file, and give that: \
                         beproduct login ... < FILE"
                    )?;
                }
                Some(line) => match login.paste(&line).await {
                    Ok(tokens) => return Ok(tokens),
                    Err(error) if login.is_open() => {
                        writeln!(io::stderr(), "{}", error.message())?;
                    }
                    Err(error) => return Err(error.into()),
                },
            },
        }
    }
}

/// Lines of standard input. A thread reads them that nobody waits for: the command ends also while it does.
fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
