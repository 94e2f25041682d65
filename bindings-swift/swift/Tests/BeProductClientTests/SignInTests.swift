import BeProductClient
import Foundation
import Testing

/// Keeps tokens in memory, and fails when it is told to.
private final class SampleStore: TokenStore {
    struct Refusal: LocalizedError {
        var errorDescription: String? { "the keychain is locked" }
    }

    let saved = Locked<[Tokens]>([])
    let locked: Bool

    init(locked: Bool = false) {
        self.locked = locked
    }

    func load() throws -> Tokens? {
        saved { $0.last }
    }

    func save(_ tokens: Tokens) throws {
        if locked { throw Refusal() }
        saved { $0.append(tokens) }
    }
}

/// What it keeps has been damaged.
private struct BrokenStore: TokenStore {
    func load() throws -> Tokens? {
        try JSONDecoder().decode(Tokens.self, from: Data("no tokens".utf8))
    }

    func save(_ tokens: Tokens) {}
}

private final class SampleSink: LogSink {
    let lines = Locked<[LogLine]>([])
    private let arrivals = AsyncStream<LogLine>.makeStream()

    func log(_ line: LogLine) {
        lines { $0.append(line) }
        arrivals.continuation.yield(line)
    }

    /// Lines come from a thread of their own, in order.
    func arrival(of text: String) async {
        for await line in arrivals.stream where line.message.contains(text) { return }
    }
}

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

    @Test func aPersonSignsIn() async throws {
        let simulator = try Simulator()
        let session = try AuthorizationSession(
            clientID: simulator["public_client_id"],
            redirectURI: simulator["redirect_uri"],
            configuration: simulator.configuration
        )
        let answer = try await simulator.control("authorize", ["url": .string(session.url.absoluteString)])
        let redirect = try #require(answer["redirect"]?.stringValue.flatMap(URL.init))
        let tokens = try await session.finish(redirectURL: redirect)
        let credentials = Credentials.refreshToken(
            clientID: simulator["public_client_id"],
            token: try #require(tokens.refreshToken)
        )
        let client = try BeProduct(
            companyDomain: simulator["company"],
            credentials: credentials,
            configuration: simulator.configuration
        )
        #expect(try await !client.style.folders().isEmpty)
        let error = try await failure { try await session.finish(redirectURL: redirect) }
        #expect(error.kind == .config)
    }

    @Test func cancellingEndsASignInAndItsRequest() async throws {
        let simulator = try Simulator()
        let session = try AuthorizationSession(
            clientID: simulator["public_client_id"],
            redirectURI: simulator["redirect_uri"],
            configuration: simulator.configuration
        )
        let answer = try await simulator.control("authorize", ["url": .string(session.url.absoluteString)])
        let redirect = try #require(answer["redirect"]?.stringValue.flatMap(URL.init))
        try await simulator.fault(["base": "identity", "action": ["hang": true]])
        let sign = Task { try await session.finish(redirectURL: redirect) }
        try await simulator.control("wait?base=identity&requests=1")
        sign.cancel()
        let error = try await failure { try await sign.value }
        #expect(error.kind == .cancelled)
        #expect(error.outcome == .unknown)
        let closed = try await simulator.isClosed(request: 0, base: "identity")
        #expect(closed)

        let later = try await failure { try await session.finish(redirectURL: redirect) }
        #expect(later.kind == .cancelled)
        #expect(later.outcome == .notSent)
    }

    @Test func nothingShowsSecrets() async throws {
        let simulator = try Simulator()
        let store = SampleStore()
        let sink = SampleSink()
        let client = try simulator.client(tokenStore: store, logSink: sink)
        _ = try await client.style.folders()
        try await simulator.control("tokens", ["expire": "all"])
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .auth)
        await sink.arrival(of: "style.folders failed")

        let tokens = try #require(store.saved { $0.last })
        var shown = ""
        for value in [tokens, simulator.credentials, client, error, sink.lines { $0 }] as [any Sendable] {
            dump(value, to: &shown)
            shown += "\(value) \(String(reflecting: value))"
        }
        for secret in [tokens.accessToken, tokens.refreshToken, simulator["client_secret"], simulator["refresh_token"]]
        {
            #expect(!shown.contains(try #require(secret)))
        }
    }
}
