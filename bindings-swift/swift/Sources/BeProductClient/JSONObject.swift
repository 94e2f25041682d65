/// The members of a JSON object, in their order.
///
/// The service keeps the order of attribute fields, and so does this type:
///
///     let fields: JSONObject = ["header_number": "EX-1", "season": "Fall", "price": 41.75]
///
/// A name may occur twice in a literal: a call refuses that instead of choosing one of the values.
public struct JSONObject: Hashable, Sendable {
    private var members: [Member] = []

    private struct Member: Hashable, Sendable {
        let name: String
        var value: JSONValue
    }

    /// No members.
    public init() {}

    /// The members of a `KeyValuePairs`, an array of pairs, or a dictionary, in its order.
    public init(_ pairs: some Sequence<(key: String, value: JSONValue)>) {
        members = pairs.map { Member(name: $0.key, value: $0.value) }
    }

    /// The first member of this name. A new one goes to the end; nil removes the member.
    public subscript(name: String) -> JSONValue? {
        get {
            members.first { $0.name == name }?.value
        }
        set {
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// The names, in their order.
    public var keys: [String] { members.map(\.name) }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { members.startIndex }
    public var endIndex: Int { members.endIndex }

    public subscript(position: Int) -> (key: String, value: JSONValue) {
        (members[position].name, members[position].value)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.lazy.map { (key: $0.0, value: $0.1) })
    }
}

extension JSONObject: Codable {
    /// Foundation's decoders do not report the order of the members: they come sorted by name.
    public init(from decoder: any Decoder) throws {
        self.init(try [String: JSONValue](from: decoder).sorted { $0.key < $1.key })
    }

    public func encode(to encoder: any Encoder) throws {
        try Dictionary(map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }).encode(to: encoder)
    }
}

extension JSONObject: CustomStringConvertible {
    /// The object as JSON, or why it is none.
    public var description: String { JSONValue.object(self).description }
}
