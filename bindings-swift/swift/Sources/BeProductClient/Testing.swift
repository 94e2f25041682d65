import Foundation

/// Settings for tests: no real waits, nothing at random, and answers without a server.
///
///     configuration.testing = TestSettings(clock: .recorded)
public struct TestSettings: Hashable, Sendable {
    /// How the time of a client passes.
    public enum Clock: String, Hashable, Sendable, JSONWritable {
        /// Pauses return at once and advance the time; the `waits` of answers and errors list them.
        case recorded
        /// Time passes only by ``RecordedClock/advance(seconds:)``.
        case manual
    }

    let settings: JSONObject

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - clock: The client's clock; nil is the machine's clock.
    ///   - start: Start of a recorded clock. Default: the machine's time.
    ///   - fixedChance: Whether random values are fixed: the middle of each range, and request ids in order.
    ///   - answers: Answers instead of those of a server. The first that fits a request answers it; a request that none
    ///     fits fails with ``ErrorKind/network``. Default: nil, requests are sent.
    public init(
        clock: Clock? = .recorded,
        start: Date? = nil,
        fixedChance: Bool = true,
        answers: [Answer]? = nil
    ) {
        settings = JSONObject(present: [
            "clock": clock,
            "start": start?.unixTime,
            "fixed_chance": fixedChance,
            "answers": answers,
        ])
    }
}

extension BeProduct {
    /// Makes a client for tests that needs no server and no credentials: a table answers its requests, and its pauses
    /// take no time, but advance its ``clock``.
    ///
    ///     let client = try BeProduct(answers: [
    ///         Answer(path: "Style/Header/a-1", status: 503, times: 1),
    ///         Answer(path: "Style/Header/a-1", body: ["id": "a-1", "headerNumber": "EX-1"]),
    ///     ])
    ///
    /// For a plan, a log or a listener pass ``TestSettings`` with answers to the other initializers.
    ///
    /// - Parameter answers: The table. The first answer that fits a request answers it; a request that none fits fails
    ///   with ``ErrorKind/network``.
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/config`` when an answer is invalid.
    public convenience init(answers: [Answer]) throws {
        var configuration = Configuration()
        configuration.testing = TestSettings(answers: answers)
        try self.init(companyDomain: "example", credentials: .accessToken("test"), configuration: configuration)
    }

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
