use super::{Opening, SECRETS, ledger, refused};
use crate::own::ErrorKind;

#[test]
fn addresses() {
    for (url, place) in [
        ("redis://localhost", "localhost:6379/0"),
        ("redis://user:secret@10.0.0.1:7000/12", "10.0.0.1:7000/12"),
        ("redis://[::1]:7000/", "[::1]:7000/0"),
        ("rediss://redis.example.com/1", "redis.example.com:6379/1"),
    ] {
        let ledger = ledger(url);
        assert_eq!(ledger.place(), place);
        assert_eq!(format!("{ledger:?}"), format!("RedisLedger({place})"));
    }
    for (url, problem) in [
        ("p%C3%A4%20ss%2Fw%C3%B6rd%401", "invalid URL"),
        ("", "invalid URL"),
        ("http://:p%C3%A4%20ss%2Fw%C3%B6rd%401@host", "has to begin with redis://"),
        ("unix:///run/redis.sock", "has to begin with redis://"),
        ("redis://", "names no host"),
        ("redis:///1", "names no host"),
        ("redis://:p%C3%A4%20ss%2Fw%C3%B6rd%401@host:port", "invalid URL"),
        ("redis://host/p%C3%A4%20ss%2Fw%C3%B6rd%401", "the database has to be a number"),
        ("redis://host/-1", "the database has to be a number"),
        ("redis://user:12/pä ss/wörd@1@host", "the database has to be a number"),
        ("redis://host/1?p%C3%A4%20ss%2Fw%C3%B6rd%401", "has to end with the database"),
        ("rediss://host/#insecure", "has to end with the database"),
        ("redis://:%ff@host", "have to be UTF-8"),
        ("rediss://a..b", "no valid name"),
    ] {
        let text = refused(Opening::new(url).open(), ErrorKind::Config);
        assert!(text.contains(problem), "{url}: {text}");
        assert!(text.contains("redis://user:password@host:port/database"), "{text}");
    }
    let wrong = Opening { ca_certificates: Some("none".into()), ..Opening::new("rediss://localhost") };
    assert!(refused(wrong.open(), ErrorKind::Config).contains("ca_certificates: "));
}

#[test]
fn passwords_are_kept_from_being_shown() {
    let opening = Opening::new(format!("redis://:{}@localhost", SECRETS[1]));
    opening.open().unwrap();
    for secret in SECRETS {
        assert_eq!(opening.secrets.scrub(&format!("<{secret}>")), "<[REDACTED]>");
    }
}
