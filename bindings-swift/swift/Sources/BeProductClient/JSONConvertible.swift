import Foundation

/// A value that arguments can hold.
protocol JSONWritable: Sendable {
    var json: JSONValue { get }
}

/// A value that answers can hold.
protocol JSONReadable: Sendable {
    /// - Throws: ``UnexpectedValue``
    init(json: JSONValue) throws
}

typealias JSONConvertible = JSONReadable & JSONWritable

/// Members by name; those that are nil are left out.
typealias Members = KeyValuePairs<String, (any JSONWritable)?>

/// A value whose type is not the expected one.
struct UnexpectedValue: Error, CustomStringConvertible {
    let expected: String
    var path: [String] = []

    var description: String { "\(path.isEmpty ? "the answer" : path.joined(separator: ".")) is not \(expected)" }

    func below(_ name: String) -> UnexpectedValue {
        UnexpectedValue(expected: expected, path: [name] + path)
    }
}

extension Optional {
    /// - Throws: ``UnexpectedValue`` where there is nothing.
    fileprivate func or(_ expected: String) throws -> Wrapped {
        guard let self else { throw UnexpectedValue(expected: expected) }
        return self
    }
}

extension JSONValue: JSONConvertible {
    init(json: JSONValue) { self = json }
    var json: JSONValue { self }
}

extension JSONObject: JSONConvertible {
    init(json: JSONValue) throws { self = try json.objectValue.or("an object") }
    var json: JSONValue { .object(self) }
}

extension String: JSONConvertible {
    init(json: JSONValue) throws { self = try json.stringValue.or("a text") }
    var json: JSONValue { .string(self) }
}

extension Int: JSONConvertible {
    init(json: JSONValue) throws { self = try json.intValue.or("a whole number") }
    var json: JSONValue { .integer(self) }
}

extension Double: JSONConvertible {
    init(json: JSONValue) throws { self = try json.doubleValue.or("a number") }
    var json: JSONValue { JSONValue(self) }
}

extension Decimal: JSONConvertible {
    init(json: JSONValue) throws { self = try json.decimalValue.or("a number") }
    var json: JSONValue { JSONValue(self) }
}

extension Bool: JSONConvertible {
    init(json: JSONValue) throws { self = try json.boolValue.or("true or false") }
    var json: JSONValue { .bool(self) }
}

extension URL: JSONConvertible {
    init(json: JSONValue) throws { self = try json.stringValue.flatMap(URL.init(string:)).or("a URL") }
    var json: JSONValue { .string(absoluteString) }
}

/// In seconds.
extension Duration: JSONConvertible {
    init(json: JSONValue) throws { self = .seconds(try json.doubleValue.or("a number of seconds")) }
    var json: JSONValue { JSONValue(self / .seconds(1)) }
}

/// In ISO 8601; seconds since 1970 are read too.
extension Date: JSONConvertible {
    init(json: JSONValue) throws {
        let seconds = json.doubleValue.map(Date.init(timeIntervalSince1970:))
        self = try (seconds ?? json.stringValue.flatMap { try? Date($0, strategy: .iso8601) }).or("a time")
    }

    var json: JSONValue { .date(self) }

    var unixTime: Double { timeIntervalSince1970.rounded(.down) }
}

/// Choices, by their names.
extension JSONReadable where Self: RawRepresentable, RawValue == String {
    init(json: JSONValue) throws { self = try Self(rawValue: String(json: json)).or("a known choice") }
}

extension JSONWritable where Self: RawRepresentable, RawValue == String {
    var json: JSONValue { .string(rawValue) }
}

extension Array: JSONReadable where Element: JSONReadable {
    init(json: JSONValue) throws {
        self = try json.arrayValue.or("a list").enumerated().map { index, value in
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

extension Dictionary: JSONReadable where Key == String, Value: JSONReadable {
    init(json: JSONValue) throws {
        let members = try JSONObject(json: json).map { ($0.key, try Value(json: $0.value)) }
        self.init(members) { $1 }
    }
}

/// Sorted by name.
extension Dictionary: JSONWritable where Key == String, Value: JSONWritable {
    var json: JSONValue {
        .object(JSONObject(sorted { $0.key < $1.key }.lazy.map { (key: $0.key, value: $0.value.json) }))
    }
}

extension Collection {
    /// Nil when it is empty.
    var nonEmpty: Self? { isEmpty ? nil : self }
}

extension JSONObject {
    /// The members that have a value, and more of them.
    init(present members: Members, extra: JSONObject = [:]) {
        let named = members.lazy.compactMap { name, value in value.map { (key: name, value: $0.json) } }
        self.init(Array(named) + Array(extra))
    }
}
