import Foundation

/// Settings for tests: no real waits, no chance.
///
///     configuration.testing = TestSettings(clock: .recorded)
public struct TestSettings: Hashable, Sendable {
    /// What the time of a client is.
    public enum Clock: String, Hashable, Sendable {
        /// Pauses return at once and move the time on; they show in the `waits` of answers and errors.
        case recorded
        /// Time stands until ``RecordedClock/advance(seconds:)``.
        case manual
    }

    /// Nil is the machine's clock.
    public var clock: Clock?
    /// Where a recorded clock begins. Default: the machine's time.
    public var start: Date?
    /// Spreads lie in the middle, request ids are in order.
    public var fixedChance: Bool

    /// Makes settings. Each parameter is the property of its name.
    public init(clock: Clock? = .recorded, start: Date? = nil, fixedChance: Bool = true) {
        self.clock = clock
        self.start = start
        self.fixedChance = fixedChance
    }

    var settings: JSONObject {
        JSONObject(present: [
            "clock": clock?.rawValue,
            "start": start.map { Int($0.timeIntervalSince1970) },
            "fixed_chance": fixedChance,
        ])
    }
}

extension BeProduct {
    /// The clock of a client that was made with ``Configuration/testing``.
    public var clock: RecordedClock { RecordedClock(connection: connection) }
}

/// A clock that tests move. Reached as ``BeProduct/clock``.
public struct RecordedClock: Sendable {
    let connection: Connection

    /// Moves the time on, and ends the pauses and time limits that it passes.
    ///
    /// - Parameter seconds: More than 0.
    /// - Throws: ``BeProductError`` of kind `config` when the client runs on the machine's clock.
    public func advance(seconds: Double) throws {
        try engineResult { try connection.engine.advanceClock(seconds: seconds) }
    }
}
