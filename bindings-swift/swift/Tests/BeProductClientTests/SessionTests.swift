import BeProductClient
import Foundation
import Testing

/// Sign-ins of a person.
@Suite struct SessionTests {
    @Test func aPersonSignsIn() async throws {
        let simulator = try Simulator()
        let session = try session(simulator, clientID: simulator["public_client_id"])
        let redirect = try await simulator.signIn(session)
        let tokens = try await session.finish(redirectURL: redirect)
        #expect(tokens.idToken != nil)
        #expect(!tokens.isEmpty)
        let client = try simulator.client(
            .refreshToken(clientID: simulator["public_client_id"], token: try #require(tokens.refreshToken))
        )
        #expect(try await !client.style.folders().isEmpty)
        let error = try await failure { try await session.finish(redirectURL: redirect) }
        #expect(error.kind == .config)
    }

    @Test func anOldRegistrationSignsInWithoutACode() async throws {
        let simulator = try Simulator()
        let session = try session(simulator, clientID: simulator["legacy_client_id"], responseType: .idTokenToken)
        let redirect = try await simulator.signIn(session)
        #expect(redirect.query == nil)
        let tokens = try await session.finish(redirectURL: redirect)
        #expect(tokens.refreshToken == nil)
        #expect(tokens.scope?.contains("BeProductPublicApi") == true)
        let client = try simulator.client(.accessToken(try #require(tokens.accessToken)))
        #expect(try await !client.style.folders().isEmpty)
    }

    @Test func aServerThatRefusesPKCEIsAskedWithoutIt() async throws {
        let simulator = try Simulator()
        try await simulator.control("reset", ["refuse_pkce": true])
        let refused = try session(simulator)
        let error = try await failure {
            try await refused.finish(redirectURL: try await simulator.signIn(refused))
        }
        #expect(error.kind == .auth)
        #expect(error.code == "invalid_request")

        let plain = try session(simulator, usesPKCE: false)
        #expect(!plain.url.absoluteString.contains("code_challenge"))
        #expect(try await plain.finish(redirectURL: try await simulator.signIn(plain)).refreshToken != nil)
    }

    @Test(arguments: [AuthorizationSession.ResponseType.code, .idTokenToken])
    func anIDTokenThatWasTamperedWithIsRefused(responseType: AuthorizationSession.ResponseType) async throws {
        let simulator = try Simulator()
        try await simulator.control("attack", ["kind": "tampered"])
        let session = try session(
            simulator,
            clientID: simulator["legacy_client_id"],
            responseType: responseType
        )
        let redirect = try await simulator.signIn(session)
        let error = try await failure { try await session.finish(redirectURL: redirect) }
        #expect(error.kind == .auth)
        #expect(error.code == "id_token_signature")
    }

    @Test func theRedirectOfAnotherSignInIsRefused() async throws {
        let simulator = try Simulator()
        let (mine, other) = (try session(simulator), try session(simulator))
        let redirect = try await simulator.signIn(other)
        let error = try await failure { try await mine.finish(redirectURL: redirect) }
        #expect(error.code == "state_mismatch")
        #expect(try await simulator.count("token") == 0)
    }

    @Test func scopesOfTheConfigurationAreTheDefault() throws {
        var configuration = Configuration()
        configuration.scope = "openid email"
        func scope(_ own: String?) throws -> String? {
            let session = try AuthorizationSession(
                clientID: "app",
                redirectURI: "app://signed-in",
                scope: own,
                configuration: configuration
            )
            let query = URLComponents(url: session.url, resolvingAgainstBaseURL: false)?.queryItems
            return query?.first { $0.name == "scope" }?.value?.replacingOccurrences(of: "+", with: " ")
        }
        #expect(try scope(nil) == "openid email")
        #expect(try scope("openid") == "openid")
    }

    @Test func cancellingEndsASignInAndItsRequest() async throws {
        let simulator = try Simulator()
        let session = try session(simulator, clientID: simulator["public_client_id"])
        let redirect = try await simulator.signIn(session)
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
        #expect(later.kind == .config)
        #expect(later.outcome == .notSent)
    }

    /// Of the application with a secret, unless another is named.
    private func session(
        _ simulator: Simulator,
        clientID: String? = nil,
        responseType: AuthorizationSession.ResponseType = .code,
        usesPKCE: Bool = true
    ) throws -> AuthorizationSession {
        try AuthorizationSession(
            clientID: clientID ?? simulator["client_id"],
            clientSecret: clientID == nil ? simulator["client_secret"] : nil,
            redirectURI: simulator["redirect_uri"],
            responseType: responseType,
            usesPKCE: usesPKCE,
            configuration: simulator.configuration
        )
    }
}
