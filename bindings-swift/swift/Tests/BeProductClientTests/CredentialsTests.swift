import BeProductClient
import Testing

/// Whom a client signs in as, and how its token goes along.
@Suite struct CredentialsTests {
    @Test func actingAsAnotherUser() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let acting = try acting(client, simulator, as: simulator["user_id"])
        _ = try await acting.style.folders()
        _ = try await acting.style.list().collect()
        #expect(try await acting.auth.userinfo().sub == simulator["user_id"])
        let users = try await simulator.requests().map { $0["user"]?.stringValue }
        #expect(Set(users) == ["sample.manager"])

        _ = try await client.style.folders()
        #expect(try await simulator.requests().last?["user"]?.stringValue == simulator["username"])
        #expect(try await acting.quota.status().used == client.quota.status().used)
    }

    @Test func nothingIsDoneAsTheAdministratorInstead() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        _ = try await client.system.version()
        let before = try await simulator.requests().count
        let partner = try acting(client, simulator, as: simulator["partner_id"])
        let refused = try await failure { try await partner.style.folders() }
        #expect(refused.kind == .auth)
        #expect(refused.code == "invalid_grant")

        try await simulator.fault(["path": "connect/token", "times": 0, "action": ["status": 503]])
        let acting = try acting(client, simulator, as: simulator["user_id"])
        let error = try await failure { try await acting.style.folders() }
        #expect(error.status == 503)
        #expect(try await failure { try await acting.style.list().collect() }.status == 503)
        #expect(try await failure { try await acting.auth.userinfo() }.status == 503)
        #expect(try await simulator.requests().count == before)
    }

    @Test func actingIsCheckedAtOnceAndEndsWithItsClient() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let acting = try acting(client, simulator, as: simulator["user_id"])
        #expect(try await failure { try self.acting(client, simulator, as: "") }.kind == .config)
        #expect(try await failure { try self.acting(acting, simulator, as: "another") }.kind == .config)
        try await self.acting(client, simulator, as: simulator["user_id"]).close()
        _ = try await acting.style.folders()
        await client.close()
        #expect(try await failure { try await acting.style.folders() }.kind == .closed)
        #expect(try await failure { try await acting.auth.userinfo() }.kind == .closed)
    }

    @Test func anApplicationSignsInAsItself() async throws {
        let simulator = try Simulator()
        let credentials = Credentials.clientCredentials(
            clientID: simulator["client_id"],
            clientSecret: simulator["client_secret"]
        )
        let client = try simulator.client(credentials) { $0.scope = "BeProductPublicApi" }
        _ = try await client.style.folders()
        #expect(try await simulator.requests().last?["user"]?.stringValue == simulator["client_id"])
        #expect(try await failure { try await client.auth.userinfo() }.kind == .permission)
        let body = try await simulator.requests(base: "identity").first?["body"]?.stringValue
        #expect(body?.contains("scope=BeProductPublicApi") == true)
    }

    @Test func anEarlierSignInIsInTheStore() async throws {
        let simulator = try Simulator(rotation: "strict")
        let credentials = Credentials.storedSignIn(clientID: simulator["public_client_id"])
        let store = SampleStore()
        let client = try simulator.client(credentials, tokenStore: store)
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .auth)
        #expect(error.message.contains("the token store is empty"))

        try store.save(try await simulator.tokens())
        let first = store.saved { $0.last }
        let signedIn = try simulator.client(credentials, tokenStore: store)
        _ = try await signedIn.style.folders()
        try await simulator.control("tokens", ["expire": "access"])
        _ = try await signedIn.style.folders()
        let second = store.saved { $0.last }
        #expect(second?.refreshToken != first?.refreshToken)
        #expect(second?.idToken == first?.idToken)

        let storeless = try await failure { try simulator.client(credentials) }
        #expect(storeless.kind == .config)
    }

    @Test func theTokenCanGoIntoTheQueryOfReads() async throws {
        let simulator = try Simulator()
        let sink = SampleSink()
        let client = try simulator.client(logSink: sink) { $0.accessTokenInQuery = true }
        _ = try await client.style.folders()
        _ = try await client.style.list().collect()
        for request in try await simulator.requests() {
            let isRead = request["method"] == "GET"
            #expect(request["target"]?.stringValue?.contains("access_token=") == isRead)
            #expect((request["headers"]?["authorization"] == nil) == isRead)
        }
        #expect(try await Set(simulator.requests().map { $0["method"]?.stringValue }) == ["GET", "POST"])

        try await simulator.fault(["path": "Folders", "times": 0, "action": ["reset": "before"]])
        let error = try await failure { try await client.style.folders() }
        await sink.arrival(of: "style.folders failed")
        let shown = "\(error) \(String(reflecting: error)) \(sink.lines { $0 })"
        #expect(!shown.contains("access_token="))
    }

    private func acting(_ client: BeProduct, _ simulator: Simulator, as user: String) throws -> BeProduct {
        try client.acting(
            as: user,
            clientID: simulator["impersonation_client_id"],
            clientSecret: simulator["impersonation_client_secret"]
        )
    }
}
