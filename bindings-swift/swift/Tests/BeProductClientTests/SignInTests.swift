import BeProductClient
import Testing

/// Tokens as calls need them.
@Suite struct SignInTests {
    @Test func aRotatedTokenIsSavedAndUsed() async throws {
        let simulator = try Simulator(rotation: "strict")
        let store = SampleStore()
        _ = try await simulator.client(tokenStore: store).style.folders()
        let first = try #require(store.saved { $0.last?.refreshToken })
        #expect(first != simulator["refresh_token"])

        // The token of the settings is spent by now: only the saved one works.
        try await simulator.control("tokens", ["expire": "access"])
        _ = try await simulator.client(tokenStore: store).style.folders()
        #expect(store.saved { $0.last?.refreshToken } != first)
    }

    @Test func anErrorOfTheStoreBecomesTheCause() async throws {
        let simulator = try Simulator(rotation: "strict")
        let client = try simulator.client(tokenStore: SampleStore(locked: true))
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .auth)
        #expect(error.message == "the token store could not be written")
        #expect(error.cause == "the keychain is locked")
        #expect(try await simulator.count("api") == 0)
    }

    @Test func tokensThatCannotBeReadAreNotTakenForNone() async throws {
        let simulator = try Simulator()
        let client = try simulator.client(tokenStore: BrokenStore())
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .auth)
        #expect(error.message == "the token store could not be read")
        #expect(error.cause != nil)
        #expect(try await simulator.count("token") == 0)
    }

    @Test func aThousandCallsOnAnExpiredTokenRenewItOnce() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        _ = try await client.style.folders()
        try await simulator.control("tokens", ["expire": "access"])
        let before = try await simulator.count("token")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<1000 {
                // No two are equal: those would share one request.
                let options = CallOptions(extraQuery: ["call": String(index)])
                group.addTask { _ = try await client.style.folders(options: options) }
            }
            try await group.waitForAll()
        }
        #expect(try await simulator.count("token") - before == 1)
        #expect(try await simulator.count("api") > 1000)
    }
}
