import Foundation

/// A JSON value.
///
/// Whole numbers are always `.integer` and other numbers `.decimal` as far as these reach, so that equal numbers are
/// equal values, whether they come from the service or from a literal.
public enum JSONValue: Hashable, Sendable {
    /// Null, which clears a field.
    case null
    /// True or false.
    case bool(Bool)
    /// A whole number.
    case integer(Int)
    /// A number with a fraction, exact to 38 digits.
    case decimal(Decimal)
    /// A number beyond the range of the other two.
    case double(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// Members by name, in their order.
    case object(JSONObject)

    /// A number with its digits.
    public init(_ value: Decimal) {
        self = Int(exactly: value).map(JSONValue.integer) ?? .decimal(value)
    }

    /// A number with the fewest digits that denote it. A call refuses one that is not finite, with
    /// ``ErrorKind/config``.
    public init(_ value: Double) {
        if let whole = Int(exactly: value) {
            self = .integer(whole)
        } else if value.isFinite, let number = JSONValue(number: value.description) {
            self = number
        } else {
            self = .double(value)
        }
    }

    /// A point in time in UTC: `2026-03-01T08:30:00Z`, with three digits of a fraction if that is not zero. A call
    /// refuses one that is infinite, with ``ErrorKind/config``. A field that is a day takes the day in UTC; the day of a
    /// calendar is given as a text such as `"2026-03-01"`.
    public static func date(_ date: Date) -> JSONValue {
        guard date.timeIntervalSince1970.isFinite else { return .double(date.timeIntervalSince1970) }
        // By way of microseconds: a binary fraction can lie just below the millisecond that it denotes.
        let milliseconds = ((date.timeIntervalSince1970 * 1e6).rounded() / 1e3).rounded(.down)
        let seconds = (milliseconds / 1e3).rounded(.down)
        let fraction = milliseconds - seconds * 1e3
        let text = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
        return .string(fraction == 0 ? text : text.dropLast() + String(format: ".%03.0fZ", fraction))
    }

    /// The member of an object. Nil when the member is missing, or when this is not an object.
    public subscript(name: String) -> JSONValue? {
        objectValue?[name]
    }

    /// Whether it is null.
    public var isNull: Bool { self == .null }

    /// The value, if it is true or false.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value, if it is a whole number.
    public var intValue: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The value, if it is a number within the range of `Decimal`.
    public var decimalValue: Decimal? {
        switch self {
        case .integer(let value): Decimal(value)
        case .decimal(let value): value
        default: nil
        }
    }

    /// The value, if it is a number.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .decimal(let value): NSDecimalNumber(decimal: value).doubleValue
        case .double(let value): value
        default: nil
        }
    }

    /// The value, if it is a text.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The value, if it is a list.
    public var arrayValue: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    /// The value, if it is an object.
    public var objectValue: JSONObject? {
        if case .object(let members) = self { members } else { nil }
    }

    /// A number as JSON writes it; nil when the text is not a number.
    init?(number text: String) {
        if let integer = Int(text) {
            self = .integer(integer)
            return
        }
        guard let double = Double(text) else { return nil }
        // Decimal silently drops digits beyond the 38th; a double is known to be inexact.
        let digits = text.prefix { $0 != "e" && $0 != "E" }.filter(\.isNumber).drop { $0 == "0" }
        if digits.count <= 38, let decimal = Decimal(string: text, locale: Locale(identifier: "en_US_POSIX")) {
            self.init(decimal)
        } else if double.isFinite {
            self = .double(double)
        } else {
            return nil
        }
    }
}

extension Int {
    fileprivate init?(exactly decimal: Decimal) {
        var given = decimal
        var whole = Decimal()
        NSDecimalRound(&whole, &given, 0, .plain)
        guard whole == decimal, let value = Int(whole.description) else { return nil }
        self = value
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self.init(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.lazy.map { (key: $0.0, value: $0.1) }))
    }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Decimal.self), value.isFinite {
            self.init(value)
        } else if let value = try? container.decode(Double.self) {
            self.init(value)
        } else if let values = try? container.decode([JSONValue].self) {
            self = .array(values)
        } else {
            self = .object(try container.decode(JSONObject.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .decimal(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}

extension JSONValue: CustomStringConvertible {
    /// The value as JSON, or why it is none.
    public var description: String {
        do { return try text() } catch { return "\(error)" }
    }
}
