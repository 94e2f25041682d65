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

extension JSONObject {
    /// The values of fields by field id, in their order.
    public init(fields: [Field]) {
        self.init(fields.compactMap { field in field.id.map { (key: $0, value: field.value ?? .null) } })
    }
}

extension [Field] {
    /// The value of a field; nil when there is no such field.
    func value(of id: String) -> JSONValue? {
        first { $0.id == id }.map { $0.value ?? .null }
    }
}
