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

extension Array<JSONValue> {
    func json() -> [JSONValue] {
        self
    }
}

extension Response where Body: Record {
    func json() -> JSONValue {
        json(.object(body.members))
    }
}

extension Response {
    func json<Item: Record>() -> JSONValue where Body == [Item] {
        json(.array(body.json()))
    }
}

extension Response<[JSONValue]> {
    func json() -> JSONValue {
        json(.array(body))
    }
}

extension Response<JSONValue> {
    func json() -> JSONValue {
        json(body)
    }
}

extension Response {
    private func json(_ body: JSONValue) -> JSONValue {
        ["body": body, "meta": .object(meta.members), "raw": .string(String(decoding: raw, as: UTF8.self))]
    }
}
