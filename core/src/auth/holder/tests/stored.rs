//! What the store holds, and what other processes do with it.

use super::*;

#[tokio::test]
async fn a_store_that_keeps_the_refresh_token_only() {
    let world = World::new();
    let holder = world.begun(3600).await;
    world.vault.kept.lock().unwrap().as_mut().unwrap().access_token = None;
    world.vault.kept.lock().unwrap().as_mut().unwrap().expires_at = None;
    holder.tokens().await.unwrap();
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert!(world.script.seen().is_empty());
}

#[tokio::test]
async fn a_child_goes_on_with_what_its_parent_had() {
    let world = World::new();
    let parent = world.begun(3600).await;
    world.advance(3500);
    world
        .script
        .answers(200, json!({"access_token": "second", "expires_in": 3600, "refresh_token": "rotated"}));
    bearer(&parent).await.unwrap();
    world.script.seen();
    let inherited = parent.inherit();
    // What is stored may be newer by now.
    let mut newer = parent.snapshot();
    newer.access_token = Some(Secret::new("third"));
    *world.vault.kept.lock().unwrap() = Some(newer);
    let child = world.holder(With { inherited: Some(inherited.clone()), ..With::default() });
    assert_eq!(bearer(&child).await.unwrap(), "third");
    // Where nothing is stored, it knows what its parent knew: that the refresh token works once.
    *world.vault.kept.lock().unwrap() = None;
    let child = world.holder(With { inherited: Some(inherited), ..With::default() });
    assert_eq!(bearer(&child).await.unwrap(), "second");
    world.advance(3600);
    world.script.answers(503, json!({}));
    assert_eq!(bearer(&child).await.unwrap_err().status(), Some(503));
    assert_eq!(world.script.seen(), ["refresh_token rotated"]);
}

#[tokio::test]
async fn what_an_earlier_process_has_left() {
    let stored = Tokens {
        access_token: Some(Secret::new("stored")),
        expires_at: Some(u64::MAX),
        refresh_token: Some(Secret::new("rotated")),
        scope: Some("openid email".into()),
        ..Tokens::default()
    };
    let world = World::new();
    *world.vault.kept.lock().unwrap() = Some(stored.clone());
    let holder = world.holder(With { no_refresh_token: true, ..With::default() });
    assert!(holder.scopes().is_empty());
    // Nothing has been sent yet.
    let tokens = holder.tokens().await.unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "rotated");
    assert_eq!(holder.scopes(), ["openid", "email"]);
    // It is revoked by a client that has done nothing else.
    let holder = world.holder(With { no_refresh_token: true, ..With::default() });
    let revoked = holder.sign_out(|tokens| async move { Ok(tokens.refresh_token) }).await.unwrap();
    assert_eq!(revoked.unwrap().expose(), "rotated");
}

#[tokio::test]
async fn tokens_are_used_once_they_are_saved() {
    let world = World::new();
    let holder = world.begun(3600).await;
    let saves = || *world.vault.saves.lock().unwrap();
    assert_eq!(saves(), 1);
    world.advance(3500);
    *world.vault.locked.lock().unwrap() = true;
    world
        .script
        .answers(200, json!({"access_token": "second", "expires_in": 3600, "refresh_token": "rotated"}));
    for _ in 0..2 {
        let error = bearer(&holder).await.unwrap_err();
        assert!(error.message().contains("locked"), "{error}");
    }
    assert_eq!(world.script.seen(), ["refresh_token given"], "the exchange is not repeated");
    assert!(holder.lock().lease.is_some(), "others are kept out meanwhile");
    // A fork goes on with what is not saved.
    let child = world.holder(With { inherited: Some(holder.inherit()), ..With::default() });
    *world.vault.locked.lock().unwrap() = false;
    for holder in [&holder, &child] {
        assert_eq!(bearer(holder).await.unwrap(), "second");
        assert!(holder.lock().lease.is_none());
    }
    assert_eq!(saves(), 3);
    let kept = world.vault.kept.lock().unwrap().clone().unwrap();
    assert_eq!(kept.refresh_token.unwrap().expose(), "rotated");
    // Somebody else's sign-out does not take what is not saved yet.
    let stored = world.holder(With { no_refresh_token: true, ..With::default() });
    assert_eq!(bearer(&stored).await.unwrap(), "second");
    world.advance(3500);
    *world.vault.locked.lock().unwrap() = true;
    world.script.answers(200, json!({"access_token": "third", "expires_in": 3600}));
    bearer(&stored).await.unwrap_err();
    world.script.seen();
    *world.vault.locked.lock().unwrap() = false;
    *world.vault.kept.lock().unwrap() = None;
    assert_eq!(bearer(&stored).await.unwrap(), "third");
    let kept = world.vault.kept.lock().unwrap().clone().unwrap();
    assert_eq!(kept.access_token.unwrap().expose(), "third");
    *world.vault.kept.lock().unwrap() = None;
    // Once rotated, a lost answer is not asked for again.
    world.script.answers(503, json!({}));
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    assert_eq!(world.script.seen(), ["refresh_token rotated"]);
}

#[tokio::test]
async fn a_store_is_tried_before_tokens_that_work_once_are_fetched() {
    let world = World::new();
    let holder = world.holder(With::default());
    *world.vault.locked.lock().unwrap() = true;
    let error = bearer(&holder).await.unwrap_err();
    assert!(error.message().contains("locked"), "{error}");
    assert!(world.script.seen().is_empty());
    // Where something is stored, it could be written before.
    *world.vault.locked.lock().unwrap() = false;
    world.script.gives("first", 100);
    bearer(&holder).await.unwrap();
    world.advance(100);
    *world.vault.locked.lock().unwrap() = true;
    world.script.gives("second", 100);
    bearer(&holder).await.unwrap_err();
    assert_eq!(world.script.seen().len(), 2);
}

#[tokio::test]
async fn what_another_process_has_renewed_is_taken_over() {
    let world = World::with(Vault { shared: true, ..Vault::default() });
    let (one, other) = (world.begun(3600).await, world.holder(With::default()));
    // From the start.
    assert_eq!(bearer(&other).await.unwrap(), "first");
    world.advance(3500);
    world.script.gives("second", 3600);
    assert_eq!(bearer(&one).await.unwrap(), "second");
    assert_eq!(bearer(&other).await.unwrap(), "second");
    assert_eq!(world.script.seen(), ["refresh_token given"]);
    // Also where that was done while this one waited for its turn.
    world.advance(3500);
    let mut newer = one.snapshot();
    (newer.access_token, newer.expires_at) = (Some(Secret::new("arrived")), Some(START + 10_000));
    *world.vault.arrives.lock().unwrap() = Some(newer);
    assert_eq!(bearer(&one).await.unwrap(), "arrived");
    assert!(world.script.seen().is_empty());
    // Tokens of another sign-in are not.
    let mut foreign = one.snapshot();
    foreign.expires_at = Some(u64::MAX);
    foreign.origin = Some("another".into());
    foreign.access_token = Some(Secret::new("foreign"));
    *world.vault.kept.lock().unwrap() = Some(foreign.clone());
    world.advance(3500);
    world.script.gives("third", 3600);
    assert_eq!(bearer(&one).await.unwrap(), "third");
    // Unless nothing else is configured.
    *world.vault.kept.lock().unwrap() = Some(foreign);
    let stored = world.holder(With { no_refresh_token: true, ..With::default() });
    assert_eq!(bearer(&stored).await.unwrap(), "foreign");
    // A sign-out elsewhere ends what only the store had.
    *world.vault.kept.lock().unwrap() = None;
    stored.reject(&Secret::new("foreign"), call("a"));
    let error = bearer(&stored).await.unwrap_err();
    assert!(error.message().contains("nobody is signed in"), "{error}");
}

#[tokio::test]
async fn a_configured_token_with_a_longer_life_is_kept() {
    for (own, kept) in [(START + 5000, true), (START + 2000, false)] {
        let world = World::new();
        let origin = Some(fingerprint(&Secret::new("given")));
        *world.vault.kept.lock().unwrap() = Some(Tokens {
            access_token: Some(Secret::new("stored")),
            expires_at: Some(START + 2000),
            lifetime: Some(3600),
            refresh_token: Some(Secret::new("rotated")),
            origin,
            ..Tokens::default()
        });
        let own = web_token(own);
        let holder = world.holder(With { access_token: Some(own.clone()), ..With::default() });
        assert_eq!(bearer(&holder).await.unwrap(), if kept { own.as_str() } else { "stored" });
        assert_eq!(holder.snapshot().refresh_token.unwrap().expose(), "rotated");
        assert!(world.script.seen().is_empty());
    }
}

#[tokio::test]
async fn the_configured_refresh_token_is_tried_once_after_the_stored_one() {
    let stored = || {
        Some(Tokens {
            refresh_token: Some(Secret::new("rotated")),
            origin: Some(fingerprint(&Secret::new("given"))),
            ..Tokens::default()
        })
    };
    let refused = json!({"error": "invalid_grant"});
    let world = World::new();
    *world.vault.kept.lock().unwrap() = stored();
    let holder = world.holder(With::default());
    // A failure that passes decides nothing.
    world.script.answers(400, refused.clone());
    world.script.answers(503, json!({}));
    assert_eq!(bearer(&holder).await.unwrap_err().status(), Some(503));
    assert_eq!(world.script.seen(), ["refresh_token rotated", "refresh_token given"]);
    world.script.answers(400, refused.clone());
    world.script.gives("fresh", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "fresh");
    assert_eq!(world.script.seen(), ["refresh_token rotated", "refresh_token given"]);
    let kept = world.vault.kept.lock().unwrap().clone().unwrap();
    assert_eq!(kept.refresh_token.unwrap().expose(), "given");

    let world = World::new();
    *world.vault.kept.lock().unwrap() = stored();
    let holder = world.holder(With::default());
    for _ in 0..2 {
        world.script.answers(400, refused.clone());
    }
    for _ in 0..3 {
        assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_grant"));
    }
    assert_eq!(world.script.seen(), ["refresh_token rotated", "refresh_token given"]);
    // Nor after another stored one.
    let mut another = stored().unwrap();
    (another.access_token, another.refresh_token) = (Some(Secret::new("over")), Some(Secret::new("another")));
    *world.vault.kept.lock().unwrap() = Some(another);
    world.script.answers(400, refused);
    assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_grant"));
    assert_eq!(world.script.seen(), ["refresh_token another"]);

    // What is stored is another than the configured one, so it rotates: a lost answer is not asked for again.
    let world = World::new();
    *world.vault.kept.lock().unwrap() = stored();
    let holder = world.holder(With::default());
    world.script.answers(503, json!({}));
    assert_eq!(bearer(&holder).await.unwrap_err().status(), Some(503));
    assert_eq!(world.script.seen(), ["refresh_token rotated"]);
}
