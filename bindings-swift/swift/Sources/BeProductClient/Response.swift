import Foundation

/// An answer with how it came about. See `detailed` of each resource, for example ``StyleResource/detailed``.
public struct Response<Body: Sendable>: Sendable {
    /// What the call returned.
    public let body: Body
    /// How it came about.
    public let meta: Meta
    /// The unchanged body of the service's answer.
    public let raw: Data

    /// Makes a response, for tests. Each parameter is the property of its name.
    public init(body: Body, meta: Meta, raw: Data = Data()) {
        self.body = body
        self.meta = meta
        self.raw = raw
    }
}

/// How an answer came about.
public struct Meta: Hashable, Sendable {
    /// A header of the answer. One of the same name may come more than once.
    public struct Header: Hashable, Sendable {
        /// In lower case.
        public let name: String
        /// As it came.
        public let value: String

        /// Makes a header, for tests.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The service's figures on its limit of requests.
    public struct Rate: Hashable, Sendable {
        /// Requests allowed in the window.
        public let limit: Int?
        /// Requests left in it.
        public let remaining: Int?
        /// End of the window.
        public let reset: Date?

        /// Makes figures, for tests. Each parameter is the property of its name.
        public init(limit: Int? = nil, remaining: Int? = nil, reset: Date? = nil) {
            self.limit = limit
            self.remaining = remaining
            self.reset = reset
        }
    }

    /// Status of the answer.
    public let status: Int
    /// Headers of the answer, names in lower case.
    public let headers: [Header]
    /// Id of the request: the service's own when it sent one, else the client's.
    public let requestID: String
    /// Every attempt.
    public let attempts: [Attempt]
    /// Every pause.
    public let waits: [Wait]
    /// What the service said of its limit, when it did.
    public let rate: Rate?
    /// Requests that were counted against the quota for this call.
    public let cost: Int

    /// Makes the history of an answer, for tests. Each parameter is the property of its name.
    public init(
        status: Int = 200,
        headers: [Header] = [],
        requestID: String = "",
        attempts: [Attempt] = [],
        waits: [Wait] = [],
        rate: Rate? = nil,
        cost: Int = 1
    ) {
        self.status = status
        self.headers = headers
        self.requestID = requestID
        self.attempts = attempts
        self.waits = waits
        self.rate = rate
        self.cost = cost
    }
}

/// One attempt to send a request.
public struct Attempt: Hashable, Sendable {
    /// Status of the answer, if one came.
    public let status: Int?
    /// Kind of the failure, if it failed.
    public let error: BeProductError.Kind?
    /// From sending to the end of the answer's body.
    public let duration: Duration

    /// Makes an attempt, for tests.
    public init(status: Int?, error: BeProductError.Kind?, duration: Duration) {
        self.status = status
        self.error = error
        self.duration = duration
    }
}

/// One pause of a call.
public struct Wait: Hashable, Sendable {
    /// Why a call paused.
    public enum Reason: String, Hashable, Sendable {
        /// Before another attempt.
        case backoff
        /// The service asked for it.
        case retryAfter = "retry_after"
        /// The limit of requests at this time was reached.
        case rate
        /// The requests of the day were used up.
        case quota
        /// The service processed a file.
        case processing
    }

    /// Why.
    public let reason: Reason
    /// How long.
    public let duration: Duration

    /// Makes a pause, for tests.
    public init(reason: Reason, duration: Duration) {
        self.reason = reason
        self.duration = duration
    }
}

extension Meta {
    init(text: String) throws {
        let fields = try JSONValue(text: text)
        status = fields["status"]?.intValue ?? 0
        headers = (fields["headers"]?.arrayValue ?? []).map { pair in
            let parts = pair.arrayValue?.map { $0.stringValue ?? "" } ?? []
            return Header(name: parts.first ?? "", value: parts.last ?? "")
        }
        requestID = fields["request_id"]?.stringValue ?? ""
        attempts = fields["attempts"]?.arrayValue?.map(Attempt.init) ?? []
        waits = fields["waits"]?.arrayValue?.map(Wait.init) ?? []
        rate = fields["rate"]?.objectValue.map { figures in
            Rate(
                limit: figures["limit"]?.intValue,
                remaining: figures["remaining"]?.intValue,
                reset: figures["reset"]?.doubleValue.map(Date.init(timeIntervalSince1970:))
            )
        }
        cost = fields["cost"]?.intValue ?? 0
    }

    /// The first header of this name, in any case.
    public subscript(header name: String) -> String? {
        headers.first { $0.name == name.lowercased() }?.value
    }
}

extension Attempt {
    init(_ fields: JSONValue) {
        status = fields["status"]?.intValue
        error = fields["error"]?.stringValue.flatMap(BeProductError.Kind.init)
        duration = .seconds(fields["seconds"]?.doubleValue ?? 0)
    }
}

extension Wait {
    init(_ fields: JSONValue) {
        reason = fields["reason"]?.stringValue.flatMap(Reason.init) ?? .backoff
        duration = .seconds(fields["seconds"]?.doubleValue ?? 0)
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}
