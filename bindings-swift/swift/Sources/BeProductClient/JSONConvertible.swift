import Foundation

/// What can stand in arguments.
protocol JSONWritable: Sendable {
    var json: JSONValue { get }
}

/// What can stand in answers.
protocol JSONReadable: Sendable {
    /// - Throws: ``UnexpectedValue``
    init(json: JSONValue) throws
}

typealias JSONConvertible = JSONReadable & JSONWritable

/// A value of another type than was expected.
struct UnexpectedValue: Error, CustomStringConvertible {
    let expected: String
    var path: [String] = []

    var description: String { "\(path.isEmpty ? "the answer" : path.joined(separator: ".")) is not \(expected)" }

    func below(_ name: String) -> UnexpectedValue {
        UnexpectedValue(expected: expected, path: [name] + path)
    }
}

extension JSONReadable {
    fileprivate static func unwrap(_ value: Self?, _ expected: String) throws -> Self {
        guard let value else { throw UnexpectedValue(expected: expected) }
        return value
    }
}

extension JSONValue: JSONConvertible {
    init(json: JSONValue) {
        self = json
    }

    var json: JSONValue { self }
}

extension JSONObject: JSONConvertible {
    init(json: JSONValue) throws {
        self = try Self.unwrap(json.objectValue, "an object")
    }

    var json: JSONValue { .object(self) }
}

extension String: JSONConvertible {
    init(json: JSONValue) throws {
        self = try Self.unwrap(json.stringValue, "a text")
    }

    var json: JSONValue { JSONValue(self) }
}

extension Int: JSONConvertible {
    init(json: JSONValue) throws {
        self = try Self.unwrap(json.intValue, "a whole number")
    }

    var json: JSONValue { JSONValue(self) }
}

extension Double: JSONConvertible {
    init(json: JSONValue) throws {
        self = try Self.unwrap(json.doubleValue, "a number")
    }

    var json: JSONValue { JSONValue(self) }
}

extension Decimal: JSONConvertible {
    init(json: JSONValue) throws {
        self = try Self.unwrap(json.decimalValue, "a number")
    }

    var json: JSONValue { JSONValue(self) }
}

extension Bool: JSONConvertible {
    init(json: JSONValue) throws {
        self = try Self.unwrap(json.boolValue, "true or false")
    }

    var json: JSONValue { JSONValue(self) }
}

extension Array: JSONReadable where Element: JSONReadable {
    init(json: JSONValue) throws {
        let values = try [JSONValue].unwrap(json.arrayValue, "a list")
        self = try values.enumerated().map { index, value in
            do {
                return try Element(json: value)
            } catch let error as UnexpectedValue {
                throw error.below(String(index))
            }
        }
    }
}

extension Array: JSONWritable where Element: JSONWritable {
    var json: JSONValue { .array(map(\.json)) }
}

extension Collection {
    /// Nil when there is nothing in it.
    var nonEmpty: Self? { isEmpty ? nil : self }
}

extension JSONObject {
    /// The members that are there: null ones are left out.
    init(present members: KeyValuePairs<String, (any JSONWritable)?>) {
        self.init(members.lazy.compactMap { name, value in value.map { (key: name, value: $0.json) } })
    }

    /// The members of a dictionary, by name.
    init(sorted members: [String: some JSONWritable]) {
        self.init(members.sorted { $0.key < $1.key }.lazy.map { (key: $0.key, value: $0.value.json) })
    }
}
