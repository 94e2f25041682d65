import BeProductClient
import Foundation

// What a program hands in.

/// Keeps tokens in memory, and fails when it is told to.
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

/// What it keeps has been damaged.
struct BrokenStore: TokenStore {
    func load() throws -> Tokens? {
        try JSONDecoder().decode(Tokens.self, from: Data("no tokens".utf8))
    }

    func save(_ tokens: Tokens) {}
}

final class SampleSink: LogSink {
    let lines = Locked<[LogLine]>([])
    private let arrivals = AsyncStream<LogLine>.makeStream()

    func log(_ line: LogLine) {
        lines { $0.append(line) }
        arrivals.continuation.yield(line)
    }

    /// Lines come from a thread of their own, in order.
    func arrival(of text: String) async {
        for await line in arrivals.stream where line.message.contains(text) { return }
    }
}
