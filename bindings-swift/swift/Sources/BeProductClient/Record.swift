/// A record of the service as a Swift value.
///
/// Every member may be missing, as the service promises none. Members that the catalogue does not name are kept in
/// ``extra`` and written again.
public protocol Record: Codable, Hashable, Sendable, CustomDebugStringConvertible {
    /// Members that the catalogue does not name.
    var extra: JSONObject { get set }

    /// The members that are set, as on the wire.
    var members: JSONObject { get }

    /// A record with these members, as on the wire.
    init(members: JSONObject) throws
}

extension Record {
    public init(from decoder: any Decoder) throws {
        let members = try JSONObject(from: decoder)
        do {
            try self.init(members: members)
        } catch let error as UnexpectedValue {
            let context = DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "\(error)")
            throw DecodingError.dataCorrupted(context)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        try members.encode(to: encoder)
    }

    /// The members that are set, as JSON.
    public var debugDescription: String { "\(Self.self)\(members)" }
}

extension JSONReadable where Self: Record {
    init(json: JSONValue) throws {
        try self.init(members: JSONObject(json: json))
    }
}

extension JSONWritable where Self: Record {
    var json: JSONValue { .object(members) }
}

/// Takes members out of an object; what is left is `rest`.
struct MemberReader {
    private(set) var rest: JSONObject

    init(_ members: JSONObject) {
        rest = members
    }

    /// A member by its name or by the other spelling that the service uses for it.
    mutating func take<Value: JSONReadable>(_ name: String, or alias: String? = nil) throws -> Value? {
        let value = remove(name)
        let other = alias.flatMap { remove($0) }
        guard let found = value ?? other, !found.isNull else { return nil }
        do {
            return try Value(json: found)
        } catch let error as UnexpectedValue {
            throw error.below(name)
        }
    }

    private mutating func remove(_ name: String) -> JSONValue? {
        defer { rest[name] = nil }
        return rest[name]
    }
}

extension JSONObject {
    /// The named members that are there, and the rest.
    init(present members: KeyValuePairs<String, (any JSONWritable)?>, extra: JSONObject) {
        self.init(Array(JSONObject(present: members)) + Array(extra))
    }
}
