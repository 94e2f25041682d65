import Foundation

/// An answer with its history. See `detailed` of each resource, for example ``StyleResource/detailed``.
public struct Response<Body: Sendable>: Sendable {
    /// What the call returned.
    public let body: Body
    /// Status, headers, attempts, waits and cost.
    public let meta: Meta
    /// The unchanged body of the service's answer.
    public let raw: Data

    /// Makes a response, for tests. Each parameter is the property of its name.
    public init(body: Body, meta: Meta = Meta(), raw: Data = Data()) {
        self.body = body
        self.meta = meta
        self.raw = raw
    }
}

/// The history of an answer.
public struct Meta: Hashable, Sendable {
    /// A header of the answer. Several may have the same name.
    public struct Header: Hashable, Sendable {
        /// In lower case.
        public let name: String
        /// As it was received.
        public let value: String

        /// Makes a header, for tests.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Status of the answer.
    public let status: Int
    /// Headers of the answer.
    public let headers: [Header]
    /// Id of the request: the service's own when it sent one, else the client's.
    public let requestID: String
    /// Every attempt that was made.
    public let attempts: [Attempt]
    /// Every pause that was made.
    public let waits: [Wait]
    /// The service's rate limit, if the answer stated it.
    public let rate: RateFigures?
    /// Requests of this call that were counted against the quota.
    public let cost: Int

    /// Makes a history, for tests. Each parameter is the property of its name.
    public init(
        status: Int = 200,
        headers: [Header] = [],
        requestID: String = "",
        attempts: [Attempt] = [],
        waits: [Wait] = [],
        rate: RateFigures? = nil,
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

    /// The first header of this name, in any case.
    public subscript(header name: String) -> String? {
        headers.first { $0.name == name.lowercased() }?.value
    }
}

extension Meta {
    /// As the engine reports it.
    init(text: String) throws {
        var reader = MemberReader(try JSONObject(json: JSONValue(text: text)))
        let pairs: [[String]] = try reader.required("headers")
        self.init(
            status: try reader.required("status"),
            headers: pairs.map { Header(name: $0[0], value: $0[1]) },
            requestID: try reader.required("request_id"),
            attempts: try reader.required("attempts"),
            waits: try reader.required("waits"),
            rate: try reader.take("rate"),
            cost: try reader.required("cost")
        )
    }
}
