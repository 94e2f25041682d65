import BeProductClient

// What the typed methods give, as JSON.

/// How the records of a list are taken: one by one up to a limit, or by the method that fetches all.
struct Taking {
    let atOnce: Bool
    let limit: Int?
}

extension Paged {
    func taken(_ taking: Taking) async throws -> [Element] {
        if taking.atOnce { return try await collect() }
        var records: [Element] = []
        for try await record in self {
            records.append(record)
            if records.count == taking.limit { break }
        }
        return records
    }
}

extension Array where Element: Record {
    func json() -> [JSONValue] {
        map { .object($0.members) }
    }
}

extension Response where Value: Record {
    func json() -> JSONValue {
        json(body: .object(value.members))
    }
}

extension Response {
    func json<Item: Record>() -> JSONValue where Value == [Item] {
        json(body: .array(value.json()))
    }
}

extension Response<JSONValue> {
    func json() -> JSONValue {
        json(body: value)
    }
}

extension Response {
    private func json(body: JSONValue) -> JSONValue {
        ["body": body, "meta": fields(of: meta), "raw": .string(String(decoding: self.body, as: UTF8.self))]
    }
}
