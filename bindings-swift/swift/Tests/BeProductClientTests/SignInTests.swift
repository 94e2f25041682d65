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
        #expect(error.kind == .callback)
        #expect(error.message == "the token store could not be written: the keychain is locked")
        #expect(error.cause == "the keychain is locked")
        #expect(try await simulator.count("api") == 0)
    }

    @Test func tokensThatCannotBeReadAreNotTakenForNone() async throws {
        let simulator = try Simulator()
        let client = try simulator.client(tokenStore: BrokenStore())
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .callback)
        #expect(error.message.hasPrefix("the token store could not be read: "))
        #expect(error.cause != nil)
        #expect(try await simulator.count("token") == 0)
    }

    @Test func ofAllWhoShareAStoreOneRenews() async throws {
        let simulator = try Simulator(rotation: "strict")
        let store = SharedSampleStore()
        // Recorded time would not wait for the lock.
        let clients = try (1...2).map { _ in try simulator.client(tokenStore: store) { $0.testing = nil } }
        try await simulator.fault(["path": "connect/token", "base": "identity", "action": ["hang": true]])
        async let first = clients[0].style.folders()
        try await simulator.control("wait?base=identity&requests=1")
        async let second = clients[1].style.folders()
        #expect(await store.events(until: .refused) == [.locked, .refused])
        try await simulator.control("release", [:])
        #expect(try await [first.count, second.count] == [4, 4])
        #expect(try await simulator.count("token") == 1)
        // The second found what the first had saved.
        #expect(await store.events(until: .unlocked).filter { $0 != .refused } == [.saved, .unlocked])
        #expect(await store.events(until: .unlocked).filter { $0 != .refused } == [.locked, .unlocked])
    }

    @Test func aLockThatCannotBeHadFailsTheCall() async throws {
        let simulator = try Simulator()
        let client = try simulator.client(tokenStore: SharedSampleStore(failsToLock: true))
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .callback)
        #expect(error.message == "the token store could not be locked: the database is away")
        #expect(error.cause == "the database is away")
        #expect(try await simulator.count("token") == 0)
    }

    @Test func aLockThatCannotBeGivenBackIsAWarning() async throws {
        let simulator = try Simulator()
        let sink = SampleSink()
        let client = try simulator.client(tokenStore: SharedSampleStore(failsToUnlock: true), logSink: sink)
        _ = try await client.style.folders()
        await sink.arrival(of: "the token store could not be unlocked: the database is away")
        let warnings = sink.lines { $0.filter { $0.level == .warning } }
        #expect(warnings.count == 1)
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
