/// A record as a Swift value: of the service, or of this client.
///
/// Every member of a service's record may be missing, as the service promises none. Members that the catalogue does not
/// name are kept in `extra` and written again.
public protocol Record: Codable, Hashable, Sendable, CustomDebugStringConvertible {
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

/// A value with secrets: whatever prints it shows its `description` only.
public protocol Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Redacted {
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Record where Self: Redacted {
    /// The names of the members that are set.
    public var description: String { "\(Self.self)(\(members.keys.joined(separator: ", ")))" }
    public var debugDescription: String { description }
}

extension JSONReadable where Self: Record {
    init(json: JSONValue) throws { try self.init(members: JSONObject(json: json)) }
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

    /// A member by its name or by the other spelling that the service uses for it. Nil when it is missing or null.
    mutating func take<Value: JSONReadable>(_ name: String, or alias: String? = nil) throws -> Value? {
        let value = remove(name)
        let other = alias.flatMap { remove($0) }
        guard let found = value ?? other, !found.isNull else { return nil }
        return try read(found, name)
    }

    /// A member that has to have a value.
    mutating func required<Value: JSONReadable>(_ name: String) throws -> Value {
        try read(remove(name) ?? .null, name)
    }

    private func read<Value: JSONReadable>(_ value: JSONValue, _ name: String) throws -> Value {
        do {
            return try Value(json: value)
        } catch let error as UnexpectedValue {
            throw error.below(name)
        }
    }

    private mutating func remove(_ name: String) -> JSONValue? {
        defer { rest[name] = nil }
        return rest[name]
    }
}
