//! Nothing is served after a sign-out.

use super::*;

#[tokio::test]
async fn nobody_is_served_after_a_sign_out() {
    let ended = |result: Result<String>| {
        let error = result.unwrap_err();
        assert!(error.kind() == ErrorKind::Auth && error.message().contains("signed out"), "{error}");
    };
    // Before anything was fetched, with a valid token, with a refused one, with one that is due.
    for state in 0..4 {
        let world = World::new();
        let holder = if state == 0 { world.holder(With::default()) } else { world.begun(3600).await };
        if state == 2 {
            holder.reject(&Secret::new("first"), call("a"));
        }
        if state == 3 {
            world.advance(3500);
        }
        let meanwhile = Arc::clone(&holder);
        let seen = holder
            .sign_out(|tokens| async move {
                ended(bearer(&meanwhile).await);
                Ok(tokens.refresh_token.map(|token| token.expose().to_owned()))
            })
            .await
            .unwrap();
        assert_eq!(seen.as_deref(), Some("given"), "{state}");
        ended(bearer(&holder).await);
        assert!(world.vault.kept.lock().unwrap().as_ref().unwrap().is_empty(), "{state}");
        assert!(holder.snapshot().is_empty() && holder.tokens().await.unwrap().is_empty(), "{state}");
        // What another process saves later is not this client's.
        *world.vault.kept.lock().unwrap() = Some(Tokens {
            access_token: Some(Secret::new("later")),
            expires_at: Some(u64::MAX),
            ..Tokens::default()
        });
        ended(bearer(&holder).await);
        assert!(holder.tokens().await.unwrap().is_empty(), "{state}");
        assert!(world.script.seen().is_empty(), "{state}");
        // Nor after a fork.
        let child = world.holder(With { inherited: Some(holder.inherit()), ..With::default() });
        ended(bearer(&child).await);
    }
    // Who acts for others does so only while the administrator is signed in.
    let world = World::new();
    let administrator = world.begun(3600).await;
    let source = Source::Administrator {
        exchanger: world.exchanger(),
        administrator: Arc::clone(&administrator),
        user_id: "u".into(),
    };
    let acting = world.holder(With { source: Some(source), no_refresh_token: true, ..With::default() });
    world.script.gives("acting", 3600);
    assert_eq!(bearer(&acting).await.unwrap(), "acting");
    assert_eq!(bearer(&acting).await.unwrap(), "acting");
    assert_eq!(world.script.seen(), ["actas"]);
    administrator.sign_out(|_| async { Ok(()) }).await.unwrap();
    ended(bearer(&acting).await);
}

#[tokio::test]
async fn a_sign_out_that_fails_forgets_all_the_same() {
    let world = World::new();
    let holder = world.begun(3600).await;
    let error = holder.sign_out(|_| async { Err::<(), _>(Error::config("not revoked")) }).await.unwrap_err();
    assert_eq!(error.message(), "not revoked");
    assert!(holder.snapshot().is_empty() && world.vault.kept.lock().unwrap().as_ref().unwrap().is_empty());
    // Where the store cannot be written, that is told.
    let world = World::new();
    let holder = world.begun(3600).await;
    *world.vault.locked.lock().unwrap() = true;
    let error = holder.sign_out(|_| async { Ok(()) }).await.unwrap_err();
    assert!(error.message().contains("locked") && holder.snapshot().is_empty(), "{error}");
}
