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
