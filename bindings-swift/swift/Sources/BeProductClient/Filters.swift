/// Conditions of a list by field id. A record has to meet all of them.
///
///     ["season": ["Fall", "Winter"], "ModifiedAt": .gte(.date(begin)), "ModifiedAt": .lt(.date(end))]
///
/// A list reports a condition on an unknown field with ``ErrorKind/config``.
public struct Filters: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    private var conditions = JSONObject()

    public init(dictionaryLiteral conditions: (String, Filter)...) {
        conditions.forEach { add($1, on: $0) }
    }

    /// Adds a condition on a field.
    public mutating func add(_ filter: Filter, on field: String) {
        if case (.object(let present)?, .object(let more)) = (conditions[field], filter.json) {
            conditions[field] = .object(JSONObject(Array(present) + Array(more)))
        } else {
            conditions = JSONObject(Array(conditions) + [(key: field, value: filter.json)])
        }
    }
}

extension Filters: JSONWritable {
    var json: JSONValue { .object(conditions) }
    var nonEmpty: Filters? { conditions.isEmpty ? nil : self }
}

/// What a field has to be. A literal means that it equals the value, or any of a list.
///
/// Values are texts, numbers, booleans and ``JSONValue/date(_:)``.
public struct Filter: Hashable, Sendable {
    let json: JSONValue

    /// Equals the value, or any of a list.
    public static func eq(_ value: JSONValue) -> Filter { Filter(json: ["Eq": value]) }
    /// Differs from the value.
    public static func neq(_ value: JSONValue) -> Filter { Filter(json: ["Neq": value]) }
    /// Is greater or later.
    public static func gt(_ value: JSONValue) -> Filter { Filter(json: ["Gt": value]) }
    /// Is greater or later, or equal.
    public static func gte(_ value: JSONValue) -> Filter { Filter(json: ["Gte": value]) }
    /// Is less or earlier.
    public static func lt(_ value: JSONValue) -> Filter { Filter(json: ["Lt": value]) }
    /// Is less or earlier, or equal.
    public static func lte(_ value: JSONValue) -> Filter { Filter(json: ["Lte": value]) }
    /// Contains the text, or any of a list.
    public static func contains(_ value: JSONValue) -> Filter { Filter(json: ["Contains": value]) }
}

extension Filter: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
    public init(stringLiteral value: String) { json = .string(value) }
    public init(integerLiteral value: Int) { json = .integer(value) }
    public init(floatLiteral value: Double) { json = JSONValue(value) }
    public init(booleanLiteral value: Bool) { json = .bool(value) }
    public init(arrayLiteral values: JSONValue...) { json = .array(values) }
}
