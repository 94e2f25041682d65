/// A condition of a list.
///
///     Filter("season", .eq, "Fall")
///     Filter("header_number", .eq, ["EX-1", "EX-2"])
public struct Filter: Hashable, Sendable {
    public enum Operator: String, Hashable, Sendable, CaseIterable {
        case eq = "Eq"
        case neq = "Neq"
        case gt = "Gt"
        case gte = "Gte"
        case lt = "Lt"
        case lte = "Lte"
        case contains = "Contains"
    }

    /// Field id. Those that a folder knows: `folderSearchSchema`.
    public var field: String
    public var comparison: Operator
    /// With ``Operator/eq`` and ``Operator/contains`` also a list: any of its values.
    public var value: JSONValue

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
