//! What follows from refusals of the service.

use super::*;

#[tokio::test]
async fn what_renews_a_token() {
    let world = World::new();
    let administrator = world.begun(3600).await;
    let acting = Source::Administrator {
        exchanger: world.exchanger(),
        administrator: Arc::clone(&administrator),
        user_id: "u".into(),
    };
    let opaque = || Some("opaque".to_owned());
    for (source, no_refresh_token, renewable) in [
        (Source::Nowhere, true, false),
        (Source::Nowhere, false, false),
        (Source::SignIn(world.exchanger()), true, false),
        (Source::SignIn(world.exchanger()), false, true),
        (Source::Application(world.exchanger()), true, true),
        (acting, true, true),
    ] {
        let is_acting = matches!(source, Source::Administrator { .. });
        let holder = world.holder(With {
            source: Some(source),
            access_token: opaque(),
            no_refresh_token,
            inherited: None,
        });
        let refusal = holder.reject(&Secret::new("opaque"), call("a"));
        assert_eq!(refusal == Refusal::Renewable, renewable, "{:?}", holder.settings.source.exchanger());
        assert_eq!(holder.is_acting(), is_acting);
        // Another one than the present is there already.
        assert_eq!(holder.reject(&Secret::new("former"), call("a")), Refusal::Renewable);
    }
    // Nor does a refresh token that is known to be refused.
    administrator.lock().refused = Some((Secret::new("given"), Error::config("")));
    assert_eq!(administrator.reject(&Secret::new("first"), call("a")), Refusal::Lost);
    administrator.lock().refused = Some((Secret::new("another"), Error::config("")));
    assert_eq!(administrator.reject(&Secret::new("first"), call("a")), Refusal::Renewable);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let world = World::new();
    let holder = world.begun(3600).await;
    assert_eq!(holder.reject(&Secret::new("first"), call("a")), Refusal::Renewable);
    world.script.gives("second", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    // Those who come late with the former one, and the same call with the new one.
    assert_eq!(holder.reject(&Secret::new("first"), call("b")), Refusal::Renewable);
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::NewToo);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    // However many they are.
    for name in ["c", "d", "e"] {
        assert_eq!(holder.reject(&Secret::new("second"), call(name)), Refusal::NewToo);
        assert_eq!(bearer(&holder).await.unwrap(), "second");
    }
    holder.accept(&Secret::new("second"), call("c"));
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::Kept);
    assert_eq!(holder.reject(&Secret::new("second"), call("b")), Refusal::Kept);
    // What the former was accepted for says nothing of this one.
    holder.accept(&Secret::new("first"), call("a"));
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::Kept);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    assert_eq!(world.script.seen(), ["refresh_token given"]);
    world.clock.advance(crate::auth::refusals::REST);
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::Renewable);
    // An answer of another call that comes now does not end the renewal.
    holder.accept(&Secret::new("second"), call("c"));
    world.script.gives("third", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "third");
}

#[tokio::test]
async fn a_refused_token_has_no_patience() {
    let world = World::new();
    let holder = world.begun(3600).await;
    world.advance(3400);
    (0..2).for_each(|_| world.script.answers(503, json!({})));
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert_eq!(holder.reject(&Secret::new("first"), call("a")), Refusal::Renewable);
    world.script.seen();
    world.script.gives("second", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
}

#[tokio::test]
async fn a_token_that_was_refused_once_outlives_a_failed_renewal() {
    let world = World::new();
    let holder = world.begun(3600).await;
    for (name, status) in [("a", 503), ("b", 503), ("c", 503)] {
        assert_eq!(holder.reject(&Secret::new("first"), call(name)), Refusal::Renewable);
        (0..2).for_each(|_| world.script.answers(status, json!({})));
        assert_eq!(bearer(&holder).await.unwrap_err().status(), Some(503));
        world.script.seen();
        if name == "c" {
            // Several different calls in a row: it has ended.
            (0..2).for_each(|_| world.script.answers(503, json!({})));
            assert_eq!(bearer(&holder).await.unwrap_err().status(), Some(503));
            assert_eq!(world.script.seen().len(), 2);
        } else {
            assert_eq!(bearer(&holder).await.unwrap(), "first");
            assert!(world.script.seen().is_empty());
        }
    }
}

#[tokio::test]
async fn a_bare_token_ends_after_several_refusals() {
    let world = World::new();
    let holder = world.holder(With {
        source: Some(Source::Nowhere),
        access_token: Some("opaque".into()),
        no_refresh_token: true,
        ..With::default()
    });
    let opaque = Secret::new("opaque");
    for name in ["a", "b", "a", "b"] {
        assert_eq!(holder.reject(&opaque, call(name)), Refusal::Lost);
        assert_eq!(bearer(&holder).await.unwrap(), "opaque");
    }
    holder.accept(&opaque, call("d"));
    assert_eq!(holder.reject(&opaque, call("a")), Refusal::Kept);
    assert_eq!(holder.reject(&opaque, call("b")), Refusal::Kept);
    assert_eq!(holder.reject(&opaque, call("c")), Refusal::Lost);
    let error = bearer(&holder).await.unwrap_err();
    assert!(error.message().contains("several calls in a row"), "{error}");
    // The answer of a call that was on its way.
    holder.accept(&opaque, call("d"));
    assert_eq!(bearer(&holder).await.unwrap(), "opaque");
}

#[tokio::test]
async fn a_refusal_is_a_reason_to_look_at_the_store() {
    let world = World::new();
    let holder = world.begun(3600).await;
    holder.reject(&Secret::new("first"), call("a"));
    world.script.gives("second", 3600);
    bearer(&holder).await.unwrap();
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::NewToo);
    // Somebody has signed in again meanwhile.
    let mut newer = holder.snapshot();
    newer.access_token = Some(Secret::new("third"));
    *world.vault.kept.lock().unwrap() = Some(newer);
    assert_eq!(bearer(&holder).await.unwrap(), "third");
    let loads = *world.vault.loads.lock().unwrap();
    assert_eq!(bearer(&holder).await.unwrap(), "third");
    assert_eq!(*world.vault.loads.lock().unwrap(), loads, "the store is asked once");

    // Before an exchange too. Its life says nothing, as the longer one has ended.
    let world = World::new();
    let holder = world.begun(28_800).await;
    holder.reject(&Secret::new("first"), call("a"));
    let mut newer = holder.snapshot();
    (newer.access_token, newer.expires_at) = (Some(Secret::new("second")), Some(START + 3600));
    *world.vault.kept.lock().unwrap() = Some(newer.clone());
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    assert_eq!(world.secrets.scrub("<second>"), "<[REDACTED]>");
    // It came because the former was refused, whoever fetched it.
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::NewToo);
    assert!(world.script.seen().is_empty());

    // And after one that has failed for good.
    let world = World::new();
    let holder = world.begun(28_800).await;
    holder.reject(&Secret::new("first"), call("a"));
    world.script.answers(400, json!({"error": "invalid_grant"}));
    assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_grant"));
    *world.vault.kept.lock().unwrap() = Some(newer);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
}

#[tokio::test]
async fn an_administrator_whose_token_has_ended_fetches_another() {
    let world = World::new();
    let administrator = world.begun(3600).await;
    let source = Source::Administrator {
        exchanger: world.exchanger(),
        administrator: Arc::clone(&administrator),
        user_id: "u".into(),
    };
    let acting = world.holder(With { source: Some(source), no_refresh_token: true, ..With::default() });
    // Refused, and the administrator's token is good: it is the user who may not be acted for.
    world.script.answers(400, json!({"error": "invalid_grant"}));
    world.script.answers(200, json!({"sub": "1"}));
    assert_eq!(bearer(&acting).await.unwrap_err().code(), Some("invalid_grant"));
    assert_eq!(world.script.seen(), ["actas", ""]);
    world.script.answers(400, json!({"error": "invalid_token"}));
    world.script.answers(200, json!({"sub": "1"}));
    assert_eq!(bearer(&acting).await.unwrap_err().code(), Some("invalid_token"));
    assert_eq!(world.script.seen(), ["actas", ""]);
    // Any other reason is not looked into.
    world.script.answers(400, json!({"error": "invalid_scope"}));
    assert_eq!(bearer(&acting).await.unwrap_err().code(), Some("invalid_scope"));
    assert_eq!(world.script.seen(), ["actas"]);
    world.script.answers(400, json!({"error": "invalid_grant"}));
    world.script.answers(401, json!({}));
    world.script.gives("second", 3600);
    world.script.gives("acting", 3600);
    assert_eq!(bearer(&acting).await.unwrap(), "acting");
    assert_eq!(world.script.seen(), ["actas", "", "refresh_token given", "actas"]);

    // An exchange that succeeds shows that the administrator's token is good.
    let world = World::new();
    let administrator = world.holder(With {
        source: Some(Source::Nowhere),
        access_token: Some("opaque".into()),
        no_refresh_token: true,
        ..With::default()
    });
    let source = Source::Administrator {
        exchanger: world.exchanger(),
        administrator: Arc::clone(&administrator),
        user_id: "u".into(),
    };
    let acting = world.holder(With { source: Some(source), no_refresh_token: true, ..With::default() });
    world.script.gives("acting", 3600);
    assert_eq!(bearer(&acting).await.unwrap(), "acting");
    assert_eq!(administrator.reject(&Secret::new("opaque"), call("a")), Refusal::Kept);
}
