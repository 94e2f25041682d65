internal import BeProductEngine

extension JSONObject {
    /// The values of fields by field id, read by their types, in their order.
    public init(fields: [Field]) {
        let written = JSONObject(fields.compactMap { field in field.id.map { (key: $0, value: field.value ?? .null) } })
        self.init(valuesOf: .array(fields.map { .object($0.members) }), written: written)
    }

    /// The values of a record whose fields are a map.
    init(valuesOf members: JSONObject, fields: JSONObject?) {
        var record = members
        record["fields"] = .object(fields ?? [:])
        self.init(valuesOf: .object(record), written: fields ?? [:])
    }

    /// As the engine reads them, or as they are written in a record that is no JSON: one with a number that is not finite.
    private init(valuesOf record: JSONValue, written: JSONObject) {
        guard
            let text = try? BeProductEngine.valuesOf(record: record.text()),
            let pairs = try? JSONValue(text: text).arrayValue
        else {
            self = written
            return
        }
        self.init(
            pairs.compactMap { pair in
                guard let pair = pair.arrayValue, let id = pair.first?.stringValue else { return nil }
                return (key: id, value: pair[1])
            }
        )
    }
}

extension [Field] {
    /// The value of a field; nil when there is no such field.
    func value(of id: String) -> JSONValue? {
        first { $0.id == id }.flatMap { JSONObject(fields: [$0])[id] }
    }
}
