import BeProductClient
import Testing

@Suite struct FilterTests {
    /// The filters of the requests, in order.
    private func sent(_ simulator: Simulator) async throws -> [JSONValue] {
        try await simulator.requests().compactMap { try $0["body"]?.stringValue.map(JSONValue.init(text:))?["filters"] }
    }

    @Test func aMapIsSentInItsOrder() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        var filters: Filters = [
            "version": 2, "active": true, "header_name": .contains("coat"), "ModifiedAt": .gte("2026-01-01T00:00:00Z"),
            "ModifiedAt": .lt("2026-02-01T00:00:00Z"), "header_number": ["EX-1", "EX-2"],
        ]
        filters.add(.neq("a"), on: "Id")
        _ = try await client.style.list(filters: filters).collect()
        let expected: JSONValue = [
            ["field": "version", "operator": "Eq", "value": 2],
            ["field": "active", "operator": "Eq", "value": "Yes"],
            ["field": "header_name", "operator": "Contains", "value": "coat"],
            ["field": "ModifiedAt", "operator": "Gte", "value": "2026-01-01T00:00:00Z"],
            ["field": "ModifiedAt", "operator": "Lt", "value": "2026-02-01T00:00:00Z"],
            ["field": "header_number", "operator": "Eq", "value": "EX-1\u{25a0}EX-2"],
            ["field": "Id", "operator": "Neq", "value": "a"],
        ]
        #expect(try await sent(simulator) == [expected])
    }

    @Test func aListOfValuesMeansAnyOfThem() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let numbers = try await client.style.list().collect().prefix(3).compactMap(\.headerNumber)
        let anyOf = Filter.eq(.array(numbers.map(JSONValue.string)))
        let found = try await client.style.list(filters: ["header_number": anyOf]).collect()
        #expect(Set(found.compactMap(\.headerNumber)) == Set(numbers))
    }

    @Test func whatWouldMeanSomethingElseIsRefused() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let wrong: [(Filters, String)] = [
            (["header_number": "EX-*"], "Contains"),
            (["header_number": "EX-1", "header_number": "EX-2"], "filters.header_number is given twice"),
            (["ModifiedAt": .gt("2026-01-01"), "ModifiedAt": .gt("2026-02-01")], "filters.ModifiedAt.Gt is given twice"),
            (["headerNumber": "EX-1"], "header_number"),
            (["version": .gt([1, 2])], "not with Gt"),
        ]
        for (filters, says) in wrong {
            let error = try await failure { try await client.style.list(filters: filters).collect() }
            #expect(error.kind == .config)
            #expect(error.message.contains(says), "\(error)")
        }
        #expect(try await simulator.count("api") == 0)
    }
}
