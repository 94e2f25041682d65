import BeProductClient
import Foundation
import Testing

/// Whatever a program prints of the client shows no secret.
@Suite struct RedactionTests {
    @Test func valuesOfTheCaller() throws {
        let marker = "swordfish"
        var configuration = Configuration()
        configuration.additionalHeaders = ["x-key": marker]
        let credentials: [Credentials] = [
            .refreshToken(clientID: "app", clientSecret: marker, token: marker),
            .accessToken(marker),
            .storedSignIn(clientID: "app", clientSecret: marker),
            .clientCredentials(clientID: "app", clientSecret: marker),
        ]
        let client = try BeProduct(companyDomain: "acme", credentials: credentials[0], configuration: configuration)
        let session = try AuthorizationSession(
            clientID: "app",
            clientSecret: marker,
            redirectURI: "app://signed-in",
            configuration: configuration
        )
        let values: [any Sendable] = [
            credentials, client, client.auth, session, configuration,
            Tokens(accessToken: marker, refreshToken: marker, idToken: marker),
            try client.acting(as: "user", clientID: "other", clientSecret: marker),
        ]
        let shown = printed(values)
        #expect(!shown.contains(marker))

        let query = try #require(URLComponents(url: session.url, resolvingAgainstBaseURL: false)?.queryItems)
        let secrets = query.filter { ["state", "nonce", "code_challenge"].contains($0.name) }.compactMap(\.value)
        #expect(secrets.count == 3)
        #expect(!secrets.contains { shown.contains($0) })
        #expect(!shown.contains("connect/authorize"))
        #expect(shown.contains("AuthorizationSession"))
    }

    @Test func errorsAndLogLines() async throws {
        let simulator = try Simulator()
        let store = SampleStore()
        let sink = SampleSink()
        let client = try simulator.client(tokenStore: store, logSink: sink)
        let acting = try client.acting(
            as: simulator["user_id"],
            clientID: simulator["impersonation_client_id"],
            clientSecret: simulator["impersonation_client_secret"]
        )
        _ = try await client.style.folders()
        _ = try await acting.style.folders()
        let issued = try #require(store.saved { $0.last })
        try await simulator.control("tokens", ["expire": "all"])
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .auth)
        await sink.arrival(of: "style.folders failed")
        let other = try await failure { try await acting.style.folders() }
        #expect(other.kind == .auth)
        await sink.arrival(of: "style.folders failed")

        let shown = printed([error, other, client, acting, sink.lines { $0 }])
        let names = ["client_secret", "refresh_token", "impersonation_client_secret"]
        for secret in [issued.accessToken, issued.refreshToken] + names.map({ simulator[$0] }) {
            #expect(!shown.contains(try #require(secret)))
        }
    }

    @Test func aSignInThatFails() async throws {
        let simulator = try Simulator()
        try await simulator.control("attack", ["kind": "nonce"])
        let session = try AuthorizationSession(
            clientID: simulator["legacy_client_id"],
            redirectURI: simulator["redirect_uri"],
            responseType: .idTokenToken,
            configuration: simulator.configuration
        )
        let redirect = try await simulator.signIn(session)
        let error = try await failure { try await session.finish(redirectURL: redirect) }
        #expect(error.code == "id_token_nonce")

        let shown = printed([error, session])
        let fragment = try #require(redirect.fragment)
        let secrets = fragment.split(separator: "&").compactMap { $0.split(separator: "=").last }
        for secret in secrets where secret.count > 20 {
            #expect(!shown.contains(secret))
        }
        #expect(secrets.contains { $0.count > 20 })
    }

    /// Everything that a program can print of the values.
    private func printed(_ values: [any Sendable]) -> String {
        var text = ""
        for value in values {
            dump(value, to: &text)
            text += "\(value) \(String(reflecting: value)) \(Mirror(reflecting: value).children.map { "\($0)" })\n"
        }
        return text
    }
}
