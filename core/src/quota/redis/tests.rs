mod addresses;
mod connection;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::calendar::Calendar;
use super::super::ledger::APART;
use super::super::settings::WhenAway;
use super::super::suite;
use super::connection::{ANSWER, CONNECT, RIGHTS};
use super::server::{RedisServer, free_port, left_out, shared};
use super::*;
use crate::clock::RecordedClock;
use crate::own::{ErrorKind, QuotaStore};

/// 2026-11-25T02:30:15Z.
const NIGHT: u64 = 1_795_573_815;

const NONE: Limits = [None; 3];

/// Leaves a test out on a machine that cannot have a server.
macro_rules! needs_redis {
    () => {
        if left_out() {
            return;
        }
    };
}

use needs_redis;

/// How a test opens a ledger.
struct Opening {
    url: String,
    ca_certificates: Option<String>,
    clock: RecordedClock,
    server_time: bool,
    secrets: Secrets,
}

impl Opening {
    fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_certificates: None,
            clock: RecordedClock::starting_at(moment(NIGHT)),
            server_time: false,
            secrets: Secrets::default(),
        }
    }

    fn open(&self) -> Result<RedisLedger> {
        let redis = RedisConfig { url: self.url.clone(), when_away: WhenAway::Refuse };
        RedisLedger::open(
            &redis,
            &RedisSettings {
                ca_certificates: self.ca_certificates.as_deref(),
                clock: Arc::new(self.clock.clone()),
                server_time: self.server_time,
                secrets: &self.secrets,
            },
        )
    }
}

fn ledger(url: impl Into<String>) -> RedisLedger {
    Opening::new(url).open().unwrap()
}

/// One at the server that tests share.
pub(crate) fn of_tests() -> Arc<dyn Ledger> {
    Arc::new(ledger(shared().url()))
}

fn moment(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(second)
}

fn frame_of(owner: &str, now: SystemTime) -> Frame {
    Frame { owner: owner.into(), windows: Calendar::new(None, None).unwrap().windows(now) }
}

/// For an owner of this test.
fn frame() -> Frame {
    frame_of(&uuid::Uuid::new_v4().to_string(), moment(NIGHT))
}

fn spent(units: u64) -> Spent {
    Spent {
        entry: Entry { operation: "style.list".into(), label: "a".into(), process: "host:1".into() },
        units,
    }
}

fn lease_of(frame: &Frame) -> LeaseId {
    LeaseId { frame: frame.clone(), id: uuid::Uuid::new_v4().to_string().into() }
}

fn yes(count: u64) -> Granted {
    Granted::Yes { units: 1, counts: [count; 3] }
}

async fn reserve(ledger: &RedisLedger, frame: &Frame) -> Result<Granted> {
    ledger.reserve(frame, &NONE, &spent(1)).await
}

/// All methods once, with what each of them answered.
async fn everything(ledger: &RedisLedger) -> Vec<Result<()>> {
    let frame = frame();
    let lease = lease_of(&frame);
    let long_ago = frame_of(&frame.owner, moment(NIGHT - 10 * 86_400));
    vec![
        reserve(ledger, &long_ago).await.map(drop),
        ledger.standing(&frame).await.map(drop),
        reserve(ledger, &frame).await.map(drop),
        ledger.refund(&frame, &spent(1)).await,
        ledger.lease(&lease, &NONE, 5).await.map(drop),
        ledger.settle(&lease, &[spent(1)]).await,
        ledger.raise(&frame, 9).await.map(drop),
        ledger.pause(&frame.owner, moment(NIGHT)).await,
        ledger.note(&frame, "a", "1").await.map(drop),
        ledger.recall(&frame, "a").await.map(drop),
        ledger.history(&frame.owner, 0).await.map(drop),
    ]
}

/// The text of an error of this kind, which shows no secret.
fn refused<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    let shown = format!("{error} {error:?} {}", error.message());
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{shown}");
    }
    error.message().to_owned()
}

/// A password as it is, and as it is written in an address.
const SECRETS: [&str; 2] = ["pä ss/wörd@1", "p%C3%A4%20ss%2Fw%C3%B6rd%401"];

fn with_password(server: &RedisServer, user: &str) -> String {
    format!("redis://{user}:{}@{}", SECRETS[1], server.place())
}

/// A server of the test's own, which sends these answers, one for each command, and then closes. How many commands came.
async fn pretend(answers: &'static [&'static [u8]]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let commands = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&commands);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 65_536];
            for answer in answers {
                // Each command comes as one piece, as it is much smaller than what a machine sends to itself at once.
                if stream.read(&mut buffer).await.unwrap_or(0) == 0 {
                    break;
                }
                counter.fetch_add(1, Ordering::Relaxed);
                stream.write_all(answer).await.unwrap();
            }
        }
    });
    (url, commands)
}

/// A command whose answer is lost may have been done: it is not sent again.
#[tokio::test]
async fn behaves_as_a_ledger() {
    needs_redis!();
    let first = ledger(shared().url());
    assert_eq!(first.store(), QuotaStore::Redis);
    suite::run(&first).await;
    suite::run(&ledger(format!("{}/3", shared().url()))).await;
}

#[test]
fn agrees_with_the_model() {
    needs_redis!();
    let url = shared().url();
    suite::compare(200, || ledger(&url));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_connections_never_exceed_the_limit() {
    needs_redis!();
    suite::race([&ledger(shared().url()), &ledger(shared().url())]).await;
}

/// The keys of a script are those of one node.
#[tokio::test]
async fn behaves_as_a_ledger_on_a_node_of_a_cluster() {
    needs_redis!();
    let server = RedisServer::start(&["--cluster-enabled", "yes"]);
    let slots: Vec<_> = (0..16_384).map(|slot| slot.to_string()).collect();
    server.command::<()>(&format!("CLUSTER ADDSLOTS {}", slots.join(" ")));
    // The node takes a moment to find the cluster whole.
    while !server.command::<String>("CLUSTER INFO").contains("cluster_state:ok") {
        tokio::task::yield_now().await;
    }
    suite::run(&ledger(server.url())).await;
}

#[tokio::test]
async fn databases_are_apart() {
    needs_redis!();
    let (one, two) = (ledger(format!("{}/1", shared().url())), ledger(format!("{}/2", shared().url())));
    let frame = frame();
    assert_eq!(reserve(&one, &frame).await.unwrap(), yes(1));
    assert_eq!(reserve(&two, &frame).await.unwrap(), yes(1));
    assert_eq!(one.place(), format!("{}/1", shared().place()));
    let text = refused(reserve(&ledger(format!("{}/77", shared().url())), &frame).await, ErrorKind::Config);
    assert!(text.contains("no database of this number"), "{text}");
}

/// Whatever is written ends by itself, and not before anybody can ask for it.
#[tokio::test]
async fn keys_expire() {
    needs_redis!();
    let server = RedisServer::start(&[]);
    let ledger = ledger(server.url());
    everything(&ledger).await.into_iter().collect::<Result<Vec<_>>>().unwrap();
    let far = SystemTime::now() + Duration::from_secs(10 * 86_400);
    ledger.pause("later", far).await.unwrap();
    // Of a lease that nobody ends.
    let held = frame();
    ledger.lease(&lease_of(&held), &NONE, 5).await.unwrap();
    let keys: Vec<String> = server.command("KEYS *");
    assert!(keys.len() > 8, "{keys:?}");
    for key in keys {
        let mut connection = ::redis::Client::open(server.url()).unwrap().get_connection().unwrap();
        let left: i64 = cmd("TTL").arg(&key).query(&mut connection).unwrap();
        let hours = match key.rsplit(':').nth(1).unwrap() {
            "hour" | "minute" => 3..=4,
            "spent" => 10 * 24 - 1..=10 * 24,
            _ if key.ends_with("later}:pause") => 12 * 24 - 1..=12 * 24,
            _ if key.ends_with(":pause") => 2 * 24 - 1..=2 * 24,
            _ => 92 * 24 - 1..=92 * 24,
        };
        assert!(hours.contains(&(left / 3_600)), "{key} has {left} s");
        assert!(key.starts_with("beproduct:{"), "{key}");
    }
}

/// Thousands of entries a day for 90 days: no script reads many at once, and processes are read for a week only.
#[tokio::test]
async fn a_long_history_is_read_in_pages() {
    needs_redis!();
    let server = RedisServer::start(&[]);
    let ledger = ledger(server.url());
    let (today, entries) = (frame(), 20_000_u64);
    let frame_at = |back: u64| frame_of(&today.owner, moment(NIGHT - back * 86_400));
    for back in (0..90).rev() {
        reserve(&ledger, &frame_at(back)).await.unwrap();
    }
    let mut connection = ::redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let key = |back: u64| format!("{}spent:{}", prefix(&today.owner), frame_at(back).day().start);
    for back in 0..=APART {
        let mut fill = cmd("HSET");
        fill.arg(key(back));
        for process in 0..entries {
            let entry = Entry { process: format!("host:many {process}").into(), ..spent(1).entry };
            fill.arg(&names_of(&entry)[0]).arg(1);
        }
        fill.query::<()>(&mut connection).unwrap();
    }
    server.command::<()>("CONFIG RESETSTAT");
    let rows = ledger.history(&today.owner, 0).await.unwrap();
    let week = (APART + 1) * (entries + 1);
    assert_eq!(rows.len() as u64, week + (90 - APART - 1));
    let stats: String = server.command("INFO commandstats");
    let calls = |name: &str| -> u64 {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
    };
    assert_eq!(calls("hgetall"), 0);
    // A page has as many as were asked for, or few more.
    assert!(calls("hscan") >= week / (2 * PAGE), "{stats}");
    // The next day folds one day more.
    let tomorrow = frame_of(&today.owner, moment(NIGHT + 86_400));
    reserve(&ledger, &tomorrow).await.unwrap();
    let there: u64 = cmd("EXISTS").arg(key(APART)).query(&mut connection).unwrap();
    assert_eq!(there, 0);
    assert_eq!(
        ledger.history(&today.owner, 0).await.unwrap().len() as u64,
        APART * (entries + 1) + 1 + (90 - APART)
    );
}

/// A client whose clock is off counts where the server's clock stands.
#[tokio::test]
async fn the_servers_clock_decides() {
    needs_redis!();
    for off in [-3_600_i64, 3_600, -40 * 86_400] {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let local = moment(now.saturating_add_signed(off));
        let opening = Opening {
            clock: RecordedClock::starting_at(local),
            server_time: true,
            ..Opening::new(shared().url())
        };
        let ledger = opening.open().unwrap();
        let owner = frame().owner;
        let wrong = frame_of(&owner, local);
        assert_eq!(ledger.now(local), local);
        assert_eq!(reserve(&ledger, &wrong).await.unwrap(), Granted::Moved);
        assert_eq!(ledger.lease(&lease_of(&wrong), &NONE, 5).await.unwrap(), Granted::Moved);
        assert_eq!(ledger.standing(&wrong).await.unwrap(), Standing::default());
        // A minute may end in between, and then another one.
        let mut granted = Granted::Moved;
        for _ in 0..3 {
            let frame = frame_of(&owner, ledger.now(local));
            granted = reserve(&ledger, &frame).await.unwrap();
            if granted != Granted::Moved {
                let apart = ledger.now(local).duration_since(moment(now)).unwrap();
                assert!(apart < Duration::from_secs(60), "{apart:?}");
                break;
            }
        }
        assert_eq!(granted, yes(1));
        // It goes on as the client's clock does.
        let before = ledger.now(local);
        opening.clock.advance(Duration::from_secs(100));
        assert_eq!(ledger.now(local).duration_since(before).unwrap(), Duration::from_secs(100));
        // The client's clock has run ahead: it is set right by the next answer that does not fit.
        let ahead = frame_of(&owner, ledger.now(local));
        assert_eq!(reserve(&ledger, &ahead).await.unwrap(), Granted::Moved);
        assert!(ledger.now(local) < before + Duration::from_secs(60));
    }
}

#[test]
fn an_answer_that_comes_late_does_not_set_the_clock_back() {
    let opening = Opening { server_time: true, ..Opening::new("redis://localhost") };
    let ledger = opening.open().unwrap();
    let now = || ledger.now(UNIX_EPOCH).duration_since(moment(NIGHT)).unwrap_or_default().as_millis();
    ledger.saw(moment(NIGHT), LATE);
    opening.clock.advance(Duration::from_secs(2));
    ledger.saw(moment(NIGHT) + Duration::from_millis(500), LATE);
    assert_eq!(now(), 2_000);
    ledger.saw(moment(NIGHT) + Duration::from_millis(2_250), LATE);
    assert_eq!(now(), 2_250);
    // Another server has taken over, whose clock is another.
    ledger.saw(moment(NIGHT - 60), LATE);
    assert_eq!(now(), 0);
    assert_eq!(ledger.now(UNIX_EPOCH), moment(NIGHT - 60));
    // What does not fit is believed at once.
    ledger.saw(moment(NIGHT - 61), Duration::ZERO);
    assert_eq!(ledger.now(UNIX_EPOCH), moment(NIGHT - 61));
}

#[tokio::test]
async fn users_and_passwords() {
    needs_redis!();
    let server = RedisServer::start(&["--requirepass", SECRETS[0]]);
    let frame = frame();
    assert_eq!(reserve(&ledger(with_password(&server, "")), &frame).await.unwrap(), yes(1));
    assert_eq!(reserve(&ledger(with_password(&server, "default")), &frame).await.unwrap(), yes(2));
    for (url, advice) in [
        (server.url(), "it asks for a password"),
        (format!("redis://:wrong@{}", server.place()), "it refuses the user and the password"),
        (with_password(&server, "nobody"), "it refuses the user and the password"),
    ] {
        let text = refused(reserve(&ledger(url), &frame).await, ErrorKind::Config);
        assert!(text.contains(advice), "{text}");
    }
    let text = refused(reserve(&ledger(with_password(shared(), "")), &frame).await, ErrorKind::Config);
    assert!(text.contains("it has no password: remove the one in the address"), "{text}");
}

/// Nothing that was granted is without need, and nothing else is needed.
#[tokio::test]
async fn a_user_with_the_rights_of_a_ledger() {
    needs_redis!();
    let server = RedisServer::start(&[]);
    let grant = |rights: &str| {
        server.command::<()>(&format!("ACL SETUSER ledger reset on >secret-of-acl {rights}"));
        server.command::<()>("SCRIPT FLUSH");
    };
    let open = || ledger(format!("redis://ledger:secret-of-acl@{}/1", server.place()));
    grant(RIGHTS);
    suite::run(&open()).await;
    everything(&open()).await.into_iter().collect::<Result<Vec<_>>>().unwrap();
    for right in RIGHTS.split(' ') {
        let rest: Vec<_> = RIGHTS.split(' ').filter(|other| *other != right).collect();
        grant(&rest.join(" "));
        let ledger = open();
        let mut failed = 0;
        for error in everything(&ledger).await.into_iter().filter_map(Result::err) {
            assert_eq!(error.kind(), ErrorKind::Config, "{right}: {error}");
            assert!(error.message().contains(RIGHTS), "{right}: {error}");
            assert!(!error.message().contains("secret-of-acl"), "{error}");
            failed += 1;
        }
        assert!(failed > 0, "{right} is not needed");
    }
}

/// What a server says of itself, and what becomes of it.
#[tokio::test]
async fn what_a_server_says() {
    for (answer, kind, text) in [
        ("-LOADING Redis is loading the dataset in memory", ErrorKind::Network, "cannot be reached"),
        ("-READONLY You can't write against a read only replica.", ErrorKind::Network, "cannot be reached"),
        ("-MASTERDOWN Link with MASTER is down", ErrorKind::Network, "cannot be reached"),
        ("-CLUSTERDOWN The cluster is down", ErrorKind::Network, "cannot be reached"),
        ("-TRYAGAIN Multiple keys request during rehashing", ErrorKind::Network, "cannot be reached"),
        ("-NOREPLICAS Not enough good replicas to write.", ErrorKind::Network, "cannot be reached"),
        ("-BUSY Redis is busy running a script.", ErrorKind::Network, "cannot be reached"),
        ("-ERR max number of clients reached", ErrorKind::Network, "cannot be reached"),
        (
            "-ERR Error running script (call to f_1): @user_script:9: -READONLY no",
            ErrorKind::Network,
            "cannot be reached",
        ),
        (
            "-ERR Error running script (call to f_1): @user_script:9: -OOM no",
            ErrorKind::Config,
            "its memory is full",
        ),
        ("-OOM command not allowed when used memory > 'maxmemory'.", ErrorKind::Config, "its memory is full"),
        ("-MISCONF Redis is configured to save RDB snapshots", ErrorKind::Config, "cannot write to its disk"),
        ("-DENIED Redis is running in protected mode", ErrorKind::Config, "protected mode"),
        ("-MOVED 3999 127.0.0.1:6381", ErrorKind::Config, "another node of its cluster"),
        ("-WRONGTYPE Operation against a key", ErrorKind::Config, "hold something else"),
        ("-ERR unknown command `EVALSHA`, with args beginning with:", ErrorKind::Config, "it failed"),
        ("-SOMETHING new", ErrorKind::Config, "it failed"),
        (":5", ErrorKind::Config, "cannot be used"),
        ("*3\r\n:1\r\n:2\r\n*2\r\n+maybe\r\n*0", ErrorKind::Config, "its answer is not one of a ledger"),
        ("HTTP/1.1 400 Bad Request", ErrorKind::Config, "not a Redis server"),
    ] {
        let answer: &'static [u8] = Box::leak(format!("{answer}\r\n").into_bytes().into_boxed_slice());
        let answers: &'static [&'static [u8]] = Box::leak(vec![answer; 3].into_boxed_slice());
        let (url, _) = pretend(answers).await;
        let shown = refused(reserve(&ledger(url), &frame()).await, kind);
        assert!(shown.contains(text), "{shown}");
    }
}

/// What a server sends back of what it was sent is not shown.
#[tokio::test]
async fn a_server_that_repeats_the_password() {
    let (url, _) = pretend(&[
        b"-ERR unknown command `AUTH`, with args beginning with: `p\xc3\xa4 ss/w\xc3\xb6rd@1`\r\n",
    ])
    .await;
    let url = url.replace("redis://", &format!("redis://:{}@", SECRETS[1]));
    let text = refused(reserve(&ledger(url), &frame()).await, ErrorKind::Config);
    assert!(text.contains("[REDACTED]"), "{text}");
}

#[tokio::test]
async fn a_server_that_cannot_be_written() {
    needs_redis!();
    let server = RedisServer::start(&[]);
    let (ledger_of, frame) = (|| ledger(server.url()), frame());
    assert_eq!(reserve(&ledger_of(), &frame).await.unwrap(), yes(1));
    server.command::<()>("CONFIG SET maxmemory 1");
    let text = refused(reserve(&ledger_of(), &frame).await, ErrorKind::Config);
    assert!(text.contains("its memory is full"), "{text}");
    // Nothing of it was done.
    assert_eq!(ledger_of().standing(&frame).await.unwrap().counts, [1; 3]);
    server.command::<()>("CONFIG SET maxmemory 0");
    server.command::<()>(&format!("REPLICAOF 127.0.0.1 {}", free_port()));
    let text = refused(reserve(&ledger_of(), &frame).await, ErrorKind::Network);
    assert!(text.contains("cannot be reached"), "{text}");
    server.command::<()>("REPLICAOF NO ONE");
    assert_eq!(reserve(&ledger_of(), &frame).await.unwrap(), yes(2));
}

#[tokio::test]
async fn keys_that_hold_something_else() {
    needs_redis!();
    for (key, command) in [
        ("count:minute:1795573800", "LPUSH KEY 1"),
        ("count:day:1795564800", "SET KEY many"),
        ("spent:1795564800", "SET KEY 1"),
        ("days", "SET KEY 1"),
    ] {
        let frame = frame();
        let key = format!("beproduct:{{{}}}:{key}", frame.owner);
        shared().command::<()>(&command.replace("KEY", &key));
        let text = refused(reserve(&ledger(shared().url()), &frame).await, ErrorKind::Config);
        assert!(text.contains("hold something else"), "{text}");
    }
}
