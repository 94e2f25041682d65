//! How long a token serves, and when it is renewed.

use super::*;

#[tokio::test]
async fn renewed_five_minutes_or_a_quarter_of_its_life_ahead() {
    for (lifetime, margin) in
        [(28_800, 300), (1201, 300), (1200, 300), (1196, 299), (1000, 250), (8, 2), (3, 0)]
    {
        let world = World::new();
        let holder = world.begun(lifetime).await;
        world.advance(lifetime - margin - 1);
        assert_eq!(bearer(&holder).await.unwrap(), "first", "{lifetime}");
        world.advance(1);
        world.script.gives("second", lifetime);
        assert_eq!(bearer(&holder).await.unwrap(), "second", "{lifetime}");
        assert_eq!(world.script.seen(), ["refresh_token given"], "{lifetime}");
    }
    let unknown = Tokens::default();
    assert_eq!(margin(&unknown), MARGIN);
}

#[tokio::test]
async fn one_that_cannot_be_renewed_is_used_to_its_end() {
    let world = World::new();
    let bare = || With {
        source: Some(Source::Nowhere),
        access_token: Some(web_token(START + 100)),
        no_refresh_token: true,
        ..With::default()
    };
    let holder = world.holder(bare());
    world.advance(99);
    bearer(&holder).await.unwrap();
    world.advance(1);
    let error = bearer(&holder).await.unwrap_err();
    assert!(error.message().contains("expired 0 s ago"), "{error}");
    world.advance(7);
    assert!(bearer(&holder).await.unwrap_err().message().contains("expired 7 s ago"));
    // Nothing is known of the end of an opaque one.
    let holder = world.holder(With { access_token: Some("opaque".into()), ..bare() });
    world.advance(1_000_000_000);
    assert_eq!(bearer(&holder).await.unwrap(), "opaque");
    assert_eq!(*world.vault.loads.lock().unwrap(), 0, "there is no store to look at");

    // With a store, a better one may be there.
    let world = World::new();
    let holder = world.holder(With {
        access_token: Some(web_token(START + 100)),
        no_refresh_token: true,
        ..With::default()
    });
    world.advance(99);
    bearer(&holder).await.unwrap();
    world.advance(1);
    let error = bearer(&holder).await.unwrap_err();
    assert!(error.message().contains("has expired, and there is no refresh token"), "{error}");
    assert!(world.script.seen().is_empty());
}

#[tokio::test]
async fn a_given_access_token_is_used_until_it_is_due() {
    let world = World::new();
    let holder = world.holder(With { access_token: Some(web_token(START + 1000)), ..With::default() });
    // Its life began with the client, as far as is known.
    world.advance(749);
    bearer(&holder).await.unwrap();
    assert!(world.script.seen().is_empty());
    world.advance(1);
    world.script.gives("second", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
}

#[tokio::test]
async fn a_failed_renewal_is_not_tried_at_once() {
    let world = World::new();
    let holder = world.begun(3600).await;
    world.advance(3400);
    let down = |times: usize| (0..times).for_each(|_| world.script.answers(503, json!({})));
    // Once more where it has not rotated.
    down(2);
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert_eq!(world.script.seen().len(), 2);
    let failed = world.clock.elapsed();
    assert!(world.lines.take().pop().unwrap().1.contains("stays in use"));
    world.clock.advance(PATIENCE - Duration::from_millis(1));
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert!(world.script.seen().is_empty());
    world.clock.advance(Duration::from_millis(1));
    down(2);
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert_eq!(world.script.seen().len(), 2);
    assert_eq!(world.clock.elapsed(), failed + PATIENCE + Duration::from_millis(500));
    // Not beyond its end.
    world.advance(200);
    down(2);
    let error = bearer(&holder).await.unwrap_err();
    assert_eq!(error.status(), Some(503));
    assert_eq!(world.script.seen().len(), 2);
    // And no longer than needed: a renewal ends the patience.
    world.script.gives("second", 20);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    world.script.seen();
    world.advance(15);
    world.script.gives("third", 400);
    assert_eq!(bearer(&holder).await.unwrap(), "third");
}

#[tokio::test]
async fn failures_that_pass() {
    for (status, tries) in [(503, 2), (429, 2), (UNREACHABLE, 3)] {
        let world = World::new();
        let holder = world.begun(3600).await;
        world.advance(3400);
        (0..tries).for_each(|_| world.script.answers(status, json!({})));
        for _ in 0..2 {
            assert_eq!(bearer(&holder).await.unwrap(), "first", "{status}");
        }
        assert_eq!(world.script.seen().len(), tries, "{status}");
    }
}

#[tokio::test]
async fn a_final_refusal_is_no_reason_for_patience() {
    let world = World::new();
    let holder = world.begun(3600).await;
    world.advance(3400);
    world.script.answers(400, json!({"error": "invalid_grant"}));
    // It serves on to its end, as one that cannot be renewed does.
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    world.advance(199);
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    world.advance(1);
    for _ in 0..2 {
        assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_grant"));
    }
    assert_eq!(world.script.seen(), ["refresh_token given"], "it is not sent again");

    let world = World::new();
    let holder = world.holder(With {
        source: Some(Source::Application(world.exchanger())),
        no_refresh_token: true,
        ..With::default()
    });
    world.script.gives("first", 3600);
    bearer(&holder).await.unwrap();
    world.advance(3400);
    world.script.answers(401, json!({"error": "invalid_client"}));
    assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_client"));
    assert_eq!(world.script.seen(), ["client_credentials", "client_credentials"]);
}

#[tokio::test]
async fn all_who_wait_share_one_renewal() {
    let world = World::new();
    let holder = world.holder(With::default());
    world.script.gives("first", 3600);
    let (one, other) = tokio::join!(bearer(&holder), bearer(&holder));
    assert_eq!((one.unwrap().as_str(), other.unwrap().as_str()), ("first", "first"));
    assert_eq!(world.script.seen().len(), 1);
    assert!(format!("{holder:?}{:?}", holder.inherit()).contains("REDACTED"));
    // What was given out is not shown any more.
    assert_eq!(world.secrets.scrub("<first>"), "<[REDACTED]>");
}
