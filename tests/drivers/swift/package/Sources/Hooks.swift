import BeProductClient
import Foundation

/// Writes whole lines.
final class Output: Sendable {
    private let lock = NSLock()

    func write(_ object: JSONObject) {
        lock.withLock { FileHandle.standardOutput.write(Data("\(object)\n".utf8)) }
    }
}

/// Keeps tokens in memory.
final class MemoryStore: TokenStore, @unchecked Sendable {
    private let lock = NSLock()
    private var tokens: Tokens?

    init(_ tokens: Tokens?) {
        self.tokens = tokens
    }

    func load() -> Tokens? {
        lock.withLock { tokens }
    }

    func save(_ tokens: Tokens) {
        lock.withLock { self.tokens = tokens }
    }
}

/// Keeps log lines.
final class Logs: LogSink, @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [LogRecord] = []

    func log(_ line: LogRecord) {
        lock.withLock { lines.append(line) }
    }

    var messages: [String] {
        lock.withLock { lines.map(\.message) }
    }
}

/// Keeps events of the quota, and answers at its limits as the case says: with a number of seconds, null, or `fail`.
final class Listener: QuotaListener, @unchecked Sendable {
    private struct Refusal: LocalizedError {
        var errorDescription: String? { "no answer at the limit" }
    }

    private let answer: JSONValue
    private let lock = NSLock()
    private var events: [QuotaEvent] = []

    init(answer: JSONValue) {
        self.answer = answer
    }

    func notice(_ event: QuotaEvent) {
        lock.withLock { events.append(event) }
    }

    func atLimit(_ event: QuotaEvent) throws -> Duration? {
        notice(event)
        if answer == "fail" { throw Refusal() }
        return answer.doubleValue.map { .seconds($0) }
    }

    /// All events so far. They come from a thread of their own: up to `count` of them are waited for.
    func taken(count: Int) async throws -> [QuotaEvent] {
        let deadline = ContinuousClock.now + .seconds(10)
        while lock.withLock({ events.count }) < count, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(2))
        }
        return lock.withLock {
            defer { events = [] }
            return events
        }
    }
}
