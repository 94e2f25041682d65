import BeProductClient
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What a client can ask about its sign-in.
@Suite struct AuthTests {
    @Test func whoIsSignedIn() async throws {
        let simulator = try Simulator()
        let user = try await simulator.client().auth.userinfo()
        #expect(user.sub == simulator["administrator_id"])
        #expect(user.preferredUsername == simulator["username"])
        #expect(user.name == "Sample Designer")
        #expect(user.email == "designer@example.com")
        #expect(user.emailVerified == true)
        #expect(user.extra.isEmpty)
        #expect(try await simulator.count("api") == 0)
    }

    @Test func membersThatNobodyExpects() async throws {
        let simulator = try Simulator()
        let answers: [JSONValue] = [["email_verified": "False", "locale": "pt", "name": nil], ["sub": ["a"]]]
        for body in answers {
            try await simulator.fault(["path": "userinfo", "action": ["status": 200, "body": body]])
        }
        let client = try simulator.client()
        let user = try await client.auth.userinfo()
        #expect(user.emailVerified == false)
        #expect(user.name == nil)
        #expect(user.extra == ["locale": "pt"])
        let error = try await failure { try await client.auth.userinfo() }
        #expect(error.kind == .decode)
        #expect(error.message.hasSuffix("sub is not a text"))
    }

    @Test func theAddressThatEndsTheSession() async throws {
        let simulator = try Simulator()
        let bare = try await simulator.client().auth.endSessionURL()
        #expect(bare.absoluteString == "\(simulator["identity"])/connect/endsession")

        let client = try await stored(simulator)
        let url = try await client.auth.endSessionURL(postLogoutRedirectURI: simulator["post_logout_redirect_uri"])
        #expect(url.query?.contains("id_token_hint=") == true)
        // A browser would follow to an address where nobody listens.
        _ = try? await URLSession.shared.data(from: url)
        #expect(try await simulator.count("sign_outs") == 1)
        #expect(try await !client.style.folders().isEmpty)

        let error = try await failure { try await client.auth.endSessionURL(postLogoutRedirectURI: "nowhere") }
        #expect(error.kind == .config)
    }

    @Test func signingOutRevokesAndForgets() async throws {
        let simulator = try Simulator()
        let store = SampleStore()
        let client = try await stored(simulator, store)
        _ = try await client.style.folders()
        #expect(try await client.auth.signOut())
        #expect(try await simulator.count("revocation") == 1)
        #expect(store.saved { $0.last?.isEmpty } == true)

        let sent = try await simulator.count("api")
        #expect(try await failure { try await client.style.folders() }.kind == .auth)
        #expect(try await failure { try await client.auth.userinfo() }.kind == .auth)
        let next = try simulator.client(.storedSignIn(clientID: simulator["public_client_id"]), tokenStore: store)
        #expect(try await failure { try await next.style.folders() }.kind == .auth)
        #expect(try await simulator.count("api") == sent)
    }

    @Test func aServerThatDoesNotRevokeIsLeftAlone() async throws {
        let simulator = try Simulator()
        try await simulator.control("reset", ["revocation": false])
        let store = SampleStore()
        let client = try await stored(simulator, store)
        #expect(try await !client.auth.signOut())
        #expect(store.saved { $0.last?.isEmpty } == true)
    }

    @Test func theDiscoveryDocument() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        #expect(try await client.auth.discovery()["issuer"]?.stringValue == simulator["identity"])
        _ = try await client.auth.discovery()
        #expect(try await simulator.count("discovery") == 1)
    }

    @Test func cancellingClosesTheRequest() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        _ = try await client.style.folders()
        let before = try await simulator.requests(base: "identity").count
        try await simulator.fault(["path": "userinfo", "action": ["hang": true]])
        let call = Task { try await client.auth.userinfo() }
        try await simulator.control("wait?base=identity&requests=\(before + 1)")
        call.cancel()
        let error = try await failure { try await call.value }
        #expect(error.kind == .cancelled)
        #expect(error.outcome == .unknown)
        let closed = try await simulator.isClosed(request: before, base: "identity")
        #expect(closed)

        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.auth.userinfo()
        }
        #expect(try await failure { try await late.value }.outcome == .notSent)
        #expect(try await simulator.requests(base: "identity").count == before + 1)
    }

    /// A client whose tokens are in a store, from a sign-in of a person.
    private func stored(_ simulator: Simulator, _ store: SampleStore = SampleStore()) async throws -> BeProduct {
        try store.save(try await simulator.tokens())
        return try simulator.client(.storedSignIn(clientID: simulator["public_client_id"]), tokenStore: store)
    }
}
