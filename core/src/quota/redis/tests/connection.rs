use super::*;

#[tokio::test]
async fn a_server_that_is_away() {
    let place = format!("127.0.0.1:{}", free_port());
    let ledger = ledger(format!("redis://u:{}@{place}/2", SECRETS[1]));
    for result in everything(&ledger).await {
        let text = refused(result, ErrorKind::Network);
        let expected = format!("the quota ledger in Redis at {place}/2 cannot be reached: ");
        assert!(text.starts_with(&expected) && text.ends_with("; nothing was sent"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_nobody_knows() {
    let ledger = ledger("redis://no-such-host.invalid");
    let text = refused(reserve(&ledger, &frame()).await, ErrorKind::Network);
    assert!(text.contains("no-such-host.invalid:6379/0 cannot be reached"), "{text}");
}

#[tokio::test]
async fn an_answer_that_is_lost() {
    let (url, commands) = pretend(&[b""]).await;
    let ledger = ledger(url);
    for number in 1..4 {
        let text = refused(reserve(&ledger, &frame()).await, ErrorKind::Network);
        assert!(text.contains("cannot be reached"), "{text}");
        assert_eq!(commands.load(Ordering::Relaxed), number);
    }
}

/// On a clock that stands still while something is done, and goes on to the next alarm when nothing is.
#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = silent.local_addr().unwrap();
    for url in [format!("redis://{place}"), format!("redis://:x@{place}"), format!("rediss://{place}")] {
        let ledger = ledger(url);
        let begun = tokio::time::Instant::now();
        // They all wait for the same.
        let frame = frame();
        let results = futures_util::future::join_all((0..10).map(|_| reserve(&ledger, &frame))).await;
        for result in results {
            let text = refused(result, ErrorKind::Network);
            assert!(text.contains("it does not answer"), "{text}");
        }
        assert!(begun.elapsed() <= CONNECT.max(ANSWER) + Duration::from_millis(10), "{:?}", begun.elapsed());
        // The next makes another.
        assert!(ledger.server.link.lock().await.live.is_none());
    }
}

/// While a server does not answer, half of the time goes into asking it.
#[tokio::test]
async fn an_attempt_that_took_long_stands_for_others() {
    let opening = Opening::new(format!("redis://127.0.0.1:{}", free_port()));
    let ledger = opening.open().unwrap();
    let attempts = || ledger.server.attempts.load(Ordering::Relaxed);
    refused(reserve(&ledger, &frame()).await, ErrorKind::Network);
    refused(reserve(&ledger, &frame()).await, ErrorKind::Network);
    assert_eq!(attempts(), 2);
    ledger.server.link.lock().await.failed.as_mut().unwrap().until = Duration::from_secs(2);
    refused(reserve(&ledger, &frame()).await, ErrorKind::Network);
    assert_eq!(attempts(), 2);
    opening.clock.advance(Duration::from_secs(2));
    refused(reserve(&ledger, &frame()).await, ErrorKind::Network);
    assert_eq!(attempts(), 3);
}

#[tokio::test]
async fn a_server_that_ends_and_comes_back() {
    needs_redis!();
    let mut server = RedisServer::start(&[]);
    let ledger = ledger(server.url());
    let frame = frame();
    assert_eq!(reserve(&ledger, &frame).await.unwrap(), yes(1));
    server.kill();
    for _ in 0..3 {
        refused(reserve(&ledger, &frame).await, ErrorKind::Network);
    }
    server.restart();
    // Scripts and counts are gone with it.
    assert_eq!(reserve(&ledger, &frame).await.unwrap(), yes(1));
    // One that has ended and come back while nobody asked is not noticed.
    server.kill();
    server.restart();
    while !ledger.server.link.lock().await.live.as_ref().unwrap().driver.is_finished() {
        tokio::task::yield_now().await;
    }
    assert_eq!(reserve(&ledger, &frame).await.unwrap(), yes(1));
    server.command::<()>("SCRIPT FLUSH");
    assert_eq!(reserve(&ledger, &frame).await.unwrap(), yes(2));
}

#[tokio::test]
async fn a_connection_that_was_idle_is_replaced() {
    needs_redis!();
    let opening = Opening::new(shared().url());
    let ledger = opening.open().unwrap();
    let (frame, attempts) = (frame(), || ledger.server.attempts.load(Ordering::Relaxed));
    reserve(&ledger, &frame).await.unwrap();
    for (idle, expected) in [(59, 1), (59, 1), (60, 2), (1, 2)] {
        opening.clock.advance(Duration::from_secs(idle));
        reserve(&ledger, &frame).await.unwrap();
        assert_eq!(attempts(), expected);
    }
}

#[tokio::test]
async fn a_connection_that_is_reported_lost_twice_is_replaced_once() {
    needs_redis!();
    let ledger = ledger(shared().url());
    let (_, first) = ledger.server.connection().await.unwrap();
    ledger.server.lost(first, None).await;
    let (_, second) = ledger.server.connection().await.unwrap();
    assert_ne!(second, first);
    // Another command that went over the first one ends late.
    ledger.server.lost(first, None).await;
    let (_, third) = ledger.server.connection().await.unwrap();
    assert_eq!(third, second);
}

/// A connection belongs to the runtime that made it, and ends with it.
#[test]
fn a_ledger_that_outlives_its_runtime() {
    needs_redis!();
    let (ledger, frame) = (ledger(shared().url()), frame());
    for count in 1..4 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(reserve(&ledger, &frame)).unwrap(), yes(count));
    }
}
