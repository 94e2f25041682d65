/// A condition of a list.
///
///     Filter("season", .eq, "Fall")
///     Filter("header_number", .eq, ["EX-1", "EX-2"])
public struct Filter: Hashable, Sendable {
    /// How a filter compares.
    public enum Operator: String, Hashable, Sendable, CaseIterable {
        /// Equal.
        case eq = "Eq"
        /// Not equal.
        case neq = "Neq"
        /// Greater.
        case gt = "Gt"
        /// Greater or equal.
        case gte = "Gte"
        /// Less.
        case lt = "Lt"
        /// Less or equal.
        case lte = "Lte"
        /// Contains the text.
        case contains = "Contains"
    }

    /// Field id. Those that a folder knows: `folderSearchSchema`.
    public var field: String
    /// How the field is compared with the value.
    public var comparison: Operator
    /// A text, number, boolean or ``JSONValue/date(_:)``. With ``Operator/eq`` and ``Operator/contains`` also a list:
    /// any of its values.
    public var value: JSONValue

    /// A condition on `field`. A list refuses one on a field that it does not know, with kind `config`.
    public init(_ field: String, _ comparison: Operator, _ value: JSONValue) {
        self.field = field
        self.comparison = comparison
        self.value = value
    }
}

extension Filter: JSONWritable {
    var json: JSONValue {
        ["field": .string(field), "operator": .string(comparison.rawValue), "value": value]
    }
}
