import BeProductClient
import Foundation
import Testing

/// What the client does with code of the program, and how long it keeps it.
@Suite struct HostCodeTests {
    @Test func aClientThatIsClosedReleasesTheCodeOfTheProgram() async throws {
        let simulator = try Simulator()
        weak var released: Program?
        let client: BeProduct
        do {
            let program = Program()
            released = program
            client = try simulator.client(tokenStore: program)
            program.client = client
        }
        #expect(released != nil)
        await client.close()
        #expect(released == nil)
        await client.close()
    }

    @Test func aStoreMayAskItsClientForTheQuota() async throws {
        let simulator = try Simulator()
        let program = Program()
        let client = try simulator.client(tokenStore: program)
        program.client = client
        let asked = Locked<Int?>(nil)
        program.whenLoading = { client in
            let answered = DispatchSemaphore(value: 0)
            Task {
                let status = try? await client.quota.status()
                asked { $0 = status?.used }
                answered.signal()
            }
            answered.wait()
        }
        _ = try await client.style.folders()
        #expect(asked { $0 } == 0)
    }

    @Test func usersTestsCanMakeErrorsAndAnswers() {
        let error = BeProductError(kind: .notFound, message: "no such style", status: 404, outcome: .refused)
        #expect(error.description == "not_found: no such style")
        let attempt = Attempt(status: 200, duration: .seconds(1))
        let wait = Wait(reason: .rate, duration: .seconds(2))
        let rate = RateFigures(limit: 60, remaining: 1)
        let etag = Header(name: "etag", value: "1")
        let meta = Meta(
            status: 200, headers: [etag], requestID: "r-1", attempts: [attempt], waits: [wait], rate: rate, cost: 1
        )
        let response = Response(body: 1, meta: meta)
        #expect(response.meta[header: "ETag"] == "1")
        #expect(Page(records: ["a"], total: 1).meta.status == 200)
        #expect(Position(page: 1, records: 20).total == nil)
    }
}

/// A token store that knows its client.
private final class Program: TokenStore, @unchecked Sendable {
    private let lock = NSLock()
    private var present: BeProduct?
    private var loading: (@Sendable (BeProduct) -> Void)?

    var client: BeProduct? {
        get { lock.withLock { present } }
        set { lock.withLock { present = newValue } }
    }

    var whenLoading: (@Sendable (BeProduct) -> Void)? {
        get { lock.withLock { loading } }
        set { lock.withLock { loading = newValue } }
    }

    func load() -> Tokens? {
        if let client { whenLoading?(client) }
        return nil
    }

    func save(_ tokens: Tokens) {}
}
