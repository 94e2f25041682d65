import BeProductClient
import Foundation
import Testing

@Suite struct CallTests {
    @Test func aStyleFromItsCreationToItsEnd() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let folders = try await client.style.folders()
        let folder = try #require(folders.first { $0.id == simulator["style_folder"] })

        let created = try await client.style.create(
            folderID: try #require(folder.id),
            fields: ["header_number": "SW-1", "header_name": "Swift jacket"],
            sizes: [Size(name: "S", price: 41.75), Size(name: "M")]
        )
        let id = try #require(created.id)
        #expect(created.headerName == "Swift jacket")
        #expect(created.sizeRange?.first?.price == 41.75)

        let updated = try await client.style.update(headerID: id, fields: ["header_name": "Swift coat"])
        #expect(updated.headerName == "Swift coat")
        #expect(try await client.style.get(headerID: id).headerName == "Swift coat")
        try await client.style.delete(headerID: id)
        #expect(
            try await client.style.list(showDeleted: true).collect().contains { $0.id == id && $0.isDeleted == true }
        )

        let bodies = try await simulator.requests().compactMap { $0["body"]?.stringValue }
        let expected =
            #"{"fields":[{"id":"header_number","value":"SW-1"},{"id":"header_name","value":"Swift jacket"}],"#
            + #""colorways":[],"sizes":[{"name":"S","price":41.75},{"name":"M"}]}"#
        #expect(bodies.contains(expected))
    }

    @Test func rowsOfATable() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let table = simulator["data_table"]
        let column = try #require(try await client.dataTables.schema(dataTableID: table).first?.fieldID)
        let row = try #require(try await client.dataTables.data(dataTableID: table).collect().first)
        let update = try await client.dataTables.update(
            dataTableID: table,
            rows: [
                DataTableRowChange(rowFields: .object([column: "new"])),
                DataTableRowChange(rowID: row.id, deleteRow: true),
            ]
        )
        #expect(update.applied == 2)
        #expect(update.rows.map(\.outcome) == ["applied", "applied"])
    }

    @Test func detailedCallsHaveTheHistoryOfTheAnswer() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await simulator.fault(["path": "Folders", "action": ["status": 503]])
        let response = try await client.style.detailed.folders()
        #expect(response.body.contains { $0.id == simulator["style_folder"] })
        #expect(response.meta.status == 200)
        #expect(response.meta[header: "Content-Type"]?.hasPrefix("application/json") == true)
        #expect(response.meta.attempts.map(\.status) == [503, 200])
        #expect(response.meta.waits.map(\.reason) == [.backoff])
        #expect(response.meta.cost == 2)
        #expect(!response.raw.isEmpty)
    }

    @Test func operationsByName() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let folders = try await client.call("style.folders")
        #expect(folders.body.arrayValue?.isEmpty == false)
        let styles = try await client.stream("style.list", arguments: ["folder_id": .string(simulator["style_folder"])])
            .collect()
        #expect(styles.first?["headerNumber"]?.stringValue != nil)
        let status = try await client.call("quota.status")
        #expect(status.body["used"] == 2)
        #expect((status.meta.status, status.meta.cost, status.raw.isEmpty) == (0, 0, true))
        let error = try await failure { try await client.call("style.nothing") }
        #expect(error.kind == .config)
        let sent = try await simulator.count("api")
        let misspelt = try await failure { try await client.call("style.folders", options: ["atempts": 2]) }
        #expect(misspelt.kind == .config)
        #expect(misspelt.message.contains("atempts"))
        let stream = client.stream("style.list", options: ["page_sise": 2])
        #expect(try await failure { try await stream.collect() }.kind == .config)
        #expect(try await simulator.count("api") == sent)
    }

    @Test func rawRequests() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let styles = try await client.raw.post(path: "Style/Headers", body: ["filters": []], query: ["pageSize": 2])
        #expect(styles["result"]?.arrayValue?.count == 2)
        let target = try await simulator.requests().last?["target"]?.stringValue
        #expect(target?.hasSuffix("Style/Headers?pageSize=2") == true)
    }

    @Test func theQuotaIsKept() async throws {
        let simulator = try Simulator()
        let client = try simulator.client(plan: .requestsPerDay(2))
        _ = try await client.style.folders(options: CallOptions(label: "nightly"))
        let status = try await client.quota.status()
        #expect((status.limit, status.used, status.remaining) == (2, 1, 1))
        #expect(status.usage.first?.label == "nightly")
        _ = try await client.material.folders()
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .quotaExceeded)
        #expect(error.outcome == .notSent)
        #expect(error.retryAfter != nil)
        #expect(try await simulator.count("api") <= 2)

        try client.clock.advance(seconds: 24 * 3600)
        _ = try await client.style.folders()
    }
}

@Suite struct PagingTests {
    @Test func theFirstOfFiveThousandCostsTwoRequestsAtMost() async throws {
        let simulator = try Simulator(styles: 5000)
        let client = try simulator.client()
        for try await style in client.style.list() {
            #expect(style.headerNumber != nil)
            break
        }
        #expect(try await simulator.count("api") <= 2)
    }

    @Test func fiveThousandCostTwentySixAtMost() async throws {
        let simulator = try Simulator(styles: 5000)
        let client = try simulator.client()
        #expect(try await client.style.list().collect().count == 5000)
        #expect(try await simulator.count("api") <= 26)
    }

    @Test func anIterationYieldsTheSameRecords() async throws {
        let simulator = try Simulator(styles: 450)
        let client = try simulator.client()
        let all = try await client.style.list().collect()
        let collected = try await simulator.count("api")
        var ids: [String?] = []
        for try await style in client.style.list() {
            ids.append(style.id)
        }
        #expect(ids == all.map(\.id))
        #expect(try await simulator.count("api") - collected == 3)
    }

    @Test func pagesCarryTheirAnswer() async throws {
        let simulator = try Simulator(styles: 30)
        let client = try simulator.client()
        var sizes: [Int] = []
        for try await page in client.style.list(options: CallOptions(pageSize: 20)).pages {
            #expect(page.total == 30)
            #expect(page.meta.status == 200)
            sizes.append(page.records.count)
        }
        #expect(sizes == [20, 10])
    }

    @Test func thePositionStaysAfterAnErrorAndAfterTheEnd() async throws {
        let simulator = try Simulator(styles: 60)
        let client = try simulator.client()
        try await simulator.fault(["path": "pageNumber=1", "action": ["status": 403]])
        let paged = client.style.list(options: CallOptions(pageSize: 20))
        var styles = paged.makeAsyncIterator()
        #expect(styles.position == nil)
        var ids: [String?] = []
        do {
            while let style = try await styles.next() {
                ids.append(style.id)
            }
            Issue.record("the second page is refused")
        } catch let error as BeProductError {
            #expect(error.kind == .permission)
        }
        let position = try #require(styles.position)
        #expect((position.page, position.records, position.total) == (1, 20, 60))
        #expect(try await styles.next() == nil)
        let rest = client.style.list(options: CallOptions(pageSize: 20, fromPage: position.page))
        ids += try await rest.collect().map(\.id)
        #expect(Set(ids).count == 60)
        #expect(ids.count == 60)

        styles = paged.makeAsyncIterator()
        while try await styles.next() != nil {}
        #expect(styles.position?.records == 60)
    }

    @Test func aStreamFetchesOnDemand() async throws {
        let simulator = try Simulator(styles: 1000)
        let client = try simulator.client()
        var taken = 0
        for try await _ in client.style.list().stream {
            taken += 1
            if taken == 150 { break }
        }
        #expect(try await simulator.count("api") <= 2)
    }

    @Test func anIterationEndsWithItsError() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await simulator.fault(["path": "Headers", "action": ["status": 403]])
        var iterator = client.style.list().makeAsyncIterator()
        #expect(try await failure { try await iterator.next() }.kind == .permission)
        #expect(try await iterator.next() == nil)
    }
}
