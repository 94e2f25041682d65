import Foundation
import Testing

@testable import BeProductClient

/// How answers are read.
@Suite struct DecodingTests {
    /// An answer whose second record has another shape, one page for each record.
    private func refuse(_ simulator: Simulator) async throws {
        for (page, id) in (["a", ["no": "text"], "c"] as [JSONValue]).enumerated() {
            let body: JSONValue = ["result": [["id": id]], "total": 3]
            try await simulator.fault(["path": "pageNumber=\(page)", "action": ["status": 200, "body": body]])
        }
    }

    @Test func aPageThatCannotBeReadComesAgain() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await refuse(simulator)
        var styles = client.style.list(options: CallOptions(pageSize: 1)).makeAsyncIterator()
        #expect(try await styles.next()?.id == "a")
        let error = try await failure { try await styles.next() }
        #expect((error.kind, error.outcome) == (.decode, .refused))
        #expect(error.message.hasSuffix("0.id is not a text"))
        #expect((error.operation, error.status) == ("style.attributes_list", 200))
        #expect(error.requestID != nil)
        #expect(error.attempts.map(\.status) == [200])

        // It is not asked for again at the service, and none after it takes its place.
        #expect(try await failure { try await styles.next() } == error)
        #expect(styles.position?.page == 1)
        #expect(styles.position?.records == 1)
    }

    @Test func aWriteWhoseAnswerCannotBeReadWasApplied() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let answer: JSONValue = ["id": "x", "headerName": ["x"]]
        try await simulator.fault(["path": "Create", "action": ["status": 200, "body": answer]])
        let error = try await failure {
            try await client.style.create(folderID: simulator["style_folder"], fields: ["header_name": "x"])
        }
        #expect((error.kind, error.outcome) == (.decode, .applied))
        #expect((error.operation, error.status) == ("style.attributes_create", 200))
    }

    @Test func halfOfASurrogatePairIsNoCharacter() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let body = #"{"id": "a-1", "headerName": "\ud800"}"#
        let headers: JSONValue = ["Content-Type": "application/json"]
        let action: JSONValue = ["status": 200, "body": .string(body), "headers": headers]
        try await simulator.fault(["path": "Style/Header/", "action": action])
        let error = try await failure { try await client.style.get(headerID: "a-1") }
        #expect(error.kind == .decode)
        #expect(error.message.contains("a text with an escape that is no character"))
        #expect((error.operation, error.status) == ("style.attributes_get", 200))
    }

    @Test func aPanicOfTheEngineIsAFaultOfTheClient() throws {
        struct Panic: Error {
            let text = "a secret"
        }
        let error = BeProductError(engine: Panic())
        #expect((error.kind, error.outcome) == (.internal, .unknown))
        #expect(error.message.contains("please report it"))
        #expect(!error.debugDescription.contains("secret"))
    }
}
