import Foundation

/// Settings for tests: no real waits, nothing at random.
///
///     configuration.testing = TestSettings(clock: .recorded)
public struct TestSettings: Hashable, Sendable {
    /// How the time of a client passes.
    public enum Clock: String, Hashable, Sendable {
        /// Pauses return at once and advance the time; the `waits` of answers and errors list them.
        case recorded
        /// Time passes only by ``RecordedClock/advance(seconds:)``.
        case manual
    }

    /// The client's clock; nil is the machine's clock.
    public var clock: Clock?
    /// Start of a recorded clock. Default: the machine's time.
    public var start: Date?
    /// Whether random values are fixed: the middle of each range, and request ids in order.
    public var fixedChance: Bool

    /// Makes settings. Each parameter is the property of its name.
    public init(clock: Clock? = .recorded, start: Date? = nil, fixedChance: Bool = true) {
        self.clock = clock
        self.start = start
        self.fixedChance = fixedChance
    }

    var settings: JSONObject {
        JSONObject(present: [
            "clock": clock,
            "start": start?.unixTime,
            "fixed_chance": fixedChance,
        ])
    }
}

extension TestSettings.Clock: JSONWritable {}

extension BeProduct {
    /// The clock of a client that was made with ``Configuration/testing``.
    public var clock: RecordedClock { RecordedClock(connection: connection) }
}

/// A clock that tests move. Reached as ``BeProduct/clock``.
public struct RecordedClock: Sendable {
    let connection: Connection

    /// Advances the time, and ends the pauses and time limits that it passes.
    ///
    /// - Parameter seconds: More than 0.
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/config`` when the client uses the machine's clock.
    public func advance(seconds: Double) throws {
        try engineResult { try connection.engine.advanceClock(seconds: seconds) }
    }
}
