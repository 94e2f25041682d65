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

    /// Field id, such as those of `folderSearchSchema`.
    public var field: String
    /// How the field is compared with the value.
    public var comparison: Operator
    /// A text, number, boolean or ``JSONValue/date(_:)``. With ``Operator/eq`` and ``Operator/contains`` also a list:
    /// any of its values.
    public var value: JSONValue

    /// A condition on a field. A list reports a condition on an unknown field with ``ErrorKind/config``.
    public init(_ field: String, _ comparison: Operator, _ value: JSONValue) {
        self.field = field
        self.comparison = comparison
        self.value = value
    }
}

extension Filter.Operator: JSONWritable {}

extension Filter: JSONWritable {
    var json: JSONValue {
        .object(JSONObject(present: ["field": field, "operator": comparison, "value": value]))
    }
}
