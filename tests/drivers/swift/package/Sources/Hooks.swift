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

    func json() throws -> JSONValue {
        try JSONValue(text: String(decoding: JSONEncoder().encode(load()), as: UTF8.self))
    }
}

extension Tokens {
    init(json: JSONValue) throws {
        self = try JSONDecoder().decode(Tokens.self, from: Data(json.text().utf8))
    }
}

/// Keeps log lines.
final class Logs: LogSink, @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [LogLine] = []

    func log(_ line: LogLine) {
        lock.withLock { lines.append(line) }
    }

    var messages: [String] {
        lock.withLock { lines.map(\.message) }
    }
}
