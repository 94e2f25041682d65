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
    public init(body: Body, meta: Meta = .ok, raw: Data = Data()) {
        self.body = body
        self.meta = meta
        self.raw = raw
    }
}

/// One page of a list.
public struct Page<Element: Sendable>: Sendable {
    /// Records that no earlier page had.
    public let records: [Element]
    /// Records of the whole list, if the service states it.
    public let total: Int?
    /// History of the answer.
    public let meta: Meta
    /// The unchanged body of the service's answer.
    public let raw: Data

    /// Makes a page, for tests. Each parameter is the property of its name.
    public init(records: [Element], total: Int? = nil, meta: Meta = .ok, raw: Data = Data()) {
        self.records = records
        self.total = total
        self.meta = meta
        self.raw = raw
    }
}

extension Meta {
    /// The history of an answer at the first attempt, for tests: status 200, and nothing else.
    public static let ok = Meta(status: 200, requestID: "", cost: 1)

    /// The history of an answer of the client itself, such as that of `quota.status` by name.
    static let none = Meta(status: 0, requestID: "", cost: 0)

    /// The first header of this name, in any case.
    public subscript(header name: String) -> String? {
        headers.first { $0.name == name.lowercased() }?.value
    }
}

/// A header of an answer. Several may have the same name.
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

extension Header: JSONConvertible {
    init(json: JSONValue) throws {
        let pair: [String] = try Array(json: json)
        guard pair.count == 2 else { throw UnexpectedValue(expected: "a name and a value") }
        self.init(name: pair[0], value: pair[1])
    }

    var json: JSONValue { [.string(name), .string(value)] }
}
