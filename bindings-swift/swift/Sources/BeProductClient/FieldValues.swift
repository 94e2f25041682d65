/// Attribute values as a list of `{id, value}`, in which the engine notices a field that is named twice.
struct FieldValues: JSONWritable {
    private let fields: JSONObject

    init(_ fields: JSONObject) {
        self.fields = fields
    }

    var json: JSONValue {
        .array(fields.map { ["id": .string($0.key), "value": $0.value] })
    }
}

extension [Field] {
    /// The values by field id, in their order.
    public var valuesByID: JSONObject {
        JSONObject(compactMap { field in field.id.map { (key: $0, value: field.value ?? .null) } })
    }

    /// The value of a field; nil when there is no such field.
    func value(of id: String) -> JSONValue? {
        first { $0.id == id }.map { $0.value ?? .null }
    }
}
