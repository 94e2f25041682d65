import Foundation

/// Settings for tests: no real waits, nothing at random, and answers without a server.
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
    /// Answers to all requests, instead of a server's. The first that fits a request answers it; a request that none
    /// fits fails with ``ErrorKind/network``. Default: nil, requests are sent.
    public var answers: [Answer]?

    /// Makes settings. Each parameter is the property of its name.
    public init(
        clock: Clock? = .recorded,
        start: Date? = nil,
        fixedChance: Bool = true,
        answers: [Answer]? = nil
    ) {
        self.clock = clock
        self.start = start
        self.fixedChance = fixedChance
        self.answers = answers
    }

    var settings: JSONObject {
        JSONObject(present: [
            "clock": clock,
            "start": start?.unixTime,
            "fixed_chance": fixedChance,
            "answers": answers,
        ])
    }
}

extension TestSettings.Clock: JSONWritable {}

/// An answer to requests of a client that sends nothing.
public struct Answer: Hashable, Sendable {
    /// Method of the requests.
    public var method: String
    /// Path of the requests below `/api/COMPANY/`, or from the host when it begins with `/`. Query parameters after a
    /// `?` have to be among those of the request.
    public var path: String
    /// Status of the answer.
    public var status: Int
    /// Headers of the answer. `Content-Type` is `application/json` unless it is given or ``text`` is.
    public var headers: [String: String]
    /// Body of the answer, such as the `members` of a record.
    public var body: JSONValue?
    /// Body of an answer that is no JSON.
    public var text: String?
    /// How many requests it answers. Default: all.
    public var times: Int?

    /// Makes an answer. Each parameter is the property of its name.
    public init(
        method: String = "GET",
        path: String,
        status: Int = 200,
        headers: [String: String] = [:],
        body: JSONValue? = nil,
        text: String? = nil,
        times: Int? = nil
    ) {
        self.method = method
        self.path = path
        self.status = status
        self.headers = headers
        self.body = body
        self.text = text
        self.times = times
    }
}

extension Answer: JSONWritable {
    var json: JSONValue {
        let members: Members = [
            "method": method,
            "path": path,
            "status": status,
            "headers": headers,
            "body": body,
            "text": text,
            "times": times,
        ]
        return .object(JSONObject(present: members))
    }
}

extension BeProduct {
    /// Makes a client for tests that sends nothing and waits for nothing: a table answers its requests, and pauses
    /// advance its ``clock``. It needs no credentials.
    ///
    ///     let client = try BeProduct(answers: [
    ///         Answer(path: "Style/Header/a-1", status: 503, times: 1),
    ///         Answer(path: "Style/Header/a-1", body: ["id": "a-1", "headerNumber": "EX-1"]),
    ///     ])
    ///
    /// For a plan, a log or a listener use the other initializers, with ``TestSettings/answers``.
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
