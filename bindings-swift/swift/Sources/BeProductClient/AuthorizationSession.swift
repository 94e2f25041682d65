internal import BeProductEngine
import Foundation

/// A sign-in of a person.
///
///     let session = try AuthorizationSession(clientID: "app", redirectURI: "app://signed-in")
///     // Open session.url, for example in an ASWebAuthenticationSession, and take the address it ends at.
///     let tokens = try await session.finish(redirectURL: callback)
///
/// State, nonce and PKCE are random and checked, and the ID token is verified. A session works once.
public struct AuthorizationSession: Sendable {
    private let connection: Connection
    /// The address at which the person signs in. It holds the secrets of this sign-in: show it to nobody but the
    /// browser.
    public let url: URL

    /// Begins a sign-in. Nothing is sent.
    ///
    /// - Parameters:
    ///   - clientID: Id of the application, from the vendor.
    ///   - clientSecret: Secret of the application. Applications on people's devices have none.
    ///   - redirectURI: Redirect URI that is registered for the application.
    ///   - scope: Scopes to request, separated by blanks. Default: ``Configuration/scope``.
    ///   - responseType: What the redirect carries.
    ///   - usesPKCE: Whether the sign-in uses PKCE; false is for servers that refuse it. Default: true.
    ///   - configuration: Addresses, certificates and time limits of the identity server.
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/config`` when an argument is missing or invalid.
    public init(
        clientID: String,
        clientSecret: String? = nil,
        redirectURI: String,
        scope: String? = nil,
        responseType: ResponseType = .code,
        usesPKCE: Bool = true,
        configuration: Configuration = Configuration()
    ) throws {
        var configuration = configuration
        configuration.scope = scope ?? configuration.scope
        let own: Members = [
            "client_id": clientID,
            "client_secret": clientSecret,
            "redirect_uri": redirectURI,
            "response_type": responseType,
            "pkce": usesPKCE,
        ]
        let text = try JSONObject(present: own, extra: configuration.settings).text()
        let engine = try engineResult { try Engine.signIn(settings: text) }
        connection = Connection(engine: engine)
        guard let url = engine.url().flatMap(URL.init(string:)) else {
            throw BeProductError.config("identity_url is not a valid URL")
        }
        self.url = url
    }

    /// Takes the address at which the browser ended, and fetches the tokens. Cancelling the task closes the request,
    /// and ends the sign-in.
    ///
    /// - Parameter redirectURL: The whole address, with its query and its fragment.
    /// - Returns: The tokens, for ``Credentials`` or a ``TokenStore``.
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/auth`` when consent was denied, the state differs, the code is
    ///   refused, or the ID token is not accepted: its ``BeProductError/code`` says which, such as `state_mismatch` or
    ///   `id_token_signature`; ``ErrorKind/config`` when the session was used before.
    public func finish(redirectURL: URL) async throws -> Tokens {
        try await connection.ask("sign_in.finish", ["redirected": redirectURL])
    }
}

extension AuthorizationSession: Redacted {
    /// The type only: the address holds the secrets of this sign-in.
    public var description: String { "AuthorizationSession" }
}
