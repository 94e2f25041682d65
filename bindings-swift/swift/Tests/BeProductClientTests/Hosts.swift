import BeProductClient
import Foundation

// What a program hands in.

/// Keeps tokens in memory, or fails.
final class SampleStore: TokenStore {
    struct Refusal: LocalizedError {
        var errorDescription: String? { "the keychain is locked" }
    }

    let saved = Locked<[Tokens]>([])
    let locked: Bool

    init(locked: Bool = false) {
        self.locked = locked
    }

    func load() throws -> Tokens? {
        saved { $0.last }
    }

    func save(_ tokens: Tokens) throws {
        if locked { throw Refusal() }
        saved { $0.append(tokens) }
    }
}

/// Of all who use it one at a time may renew.
final class SharedSampleStore: SharedTokenStore {
    enum Event {
        case saved, locked, refused, unlocked
    }

    struct Away: LocalizedError {
        var errorDescription: String? { "the database is away" }
    }

    private let store = SampleStore()
    private let isLocked = Locked(false)
    private let happened = AsyncStream<Event>.makeStream()
    private let failsToLock: Bool
    private let failsToUnlock: Bool

    init(failsToLock: Bool = false, failsToUnlock: Bool = false) {
        self.failsToLock = failsToLock
        self.failsToUnlock = failsToUnlock
    }

    func load() throws -> Tokens? {
        try store.load()
    }

    func save(_ tokens: Tokens) throws {
        try store.save(tokens)
        happened.continuation.yield(.saved)
    }

    func tryLock() throws -> Bool {
        if failsToLock { throw Away() }
        let wasLocked = isLocked { isLocked in
            defer { isLocked = true }
            return isLocked
        }
        happened.continuation.yield(wasLocked ? .refused : .locked)
        return !wasLocked
    }

    func unlock() throws {
        if failsToUnlock { throw Away() }
        isLocked { $0 = false }
        happened.continuation.yield(.unlocked)
    }

    /// What happens next, up to the first event of this kind; refusals count once.
    func events(until last: Event) async -> [Event] {
        var events: [Event] = []
        for await event in happened.stream {
            if event != .refused || events.last != .refused { events.append(event) }
            if event == last { break }
        }
        return events
    }
}

/// What it keeps has been damaged.
struct BrokenStore: TokenStore {
    func load() throws -> Tokens? {
        try JSONDecoder().decode(Tokens.self, from: Data("no tokens".utf8))
    }

    func save(_ tokens: Tokens) {}
}

final class SampleSink: LogSink {
    let lines = Locked<[LogRecord]>([])
    private let arrivals = AsyncStream<LogRecord>.makeStream()

    func log(_ line: LogRecord) {
        lines { $0.append(line) }
        arrivals.continuation.yield(line)
    }

    /// Lines come from a thread of their own, in order.
    func arrival(of text: String) async {
        for await line in arrivals.stream where line.message.contains(text) { return }
    }
}

/// Keeps events, and answers at a limit.
final class SampleListener: QuotaListener {
    struct Refusal: LocalizedError {
        var errorDescription: String? { "no answer at the limit" }
    }

    private let happened = AsyncStream<QuotaEvent>.makeStream()
    private let answer: @Sendable (QuotaEvent) throws -> Duration?

    init(answer: @escaping @Sendable (QuotaEvent) throws -> Duration? = { _ in nil }) {
        self.answer = answer
    }

    func notice(_ event: QuotaEvent) {
        happened.continuation.yield(event)
    }

    func atLimit(_ event: QuotaEvent) throws -> Duration? {
        notice(event)
        return try answer(event)
    }

    /// The next events. They come from a thread of their own, in order.
    func events(_ count: Int) async -> [QuotaEvent] {
        var events: [QuotaEvent] = []
        for await event in happened.stream {
            events.append(event)
            if events.count == count { break }
        }
        return events
    }
}
