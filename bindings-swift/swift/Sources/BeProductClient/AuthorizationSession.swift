internal import BeProductEngine
import Foundation

/// One sign-in of a person.
///
///     let session = try AuthorizationSession(clientID: "app", redirectURI: "app://signed-in")
///     // Open session.url, for example in an ASWebAuthenticationSession, and take the address it ends at.
///     let tokens = try await session.finish(redirectURL: callback)
///
/// State, nonce and PKCE are made at random and checked, and the ID token is verified. A session works once.
public struct AuthorizationSession: Sendable {
    /// What comes back with the person.
    public enum ResponseType: String, Hashable, Sendable {
        /// A code, which is exchanged for tokens.
        case code
        /// The tokens themselves, in the fragment of the address, for old registrations. No refresh token is among
        /// them: the person signs in again when the access token has expired.
        case idTokenToken = "id_token token"
    }

    private let connection: Connection
    /// Where the person signs in. It holds the secrets of this sign-in: show it to nobody but the browser.
    public let url: URL

    /// Begins a sign-in. Nothing is sent.
    ///
    /// - Parameters:
    ///   - clientID: Id of the application, from the vendor.
    ///   - clientSecret: Secret of the application. Applications on people's devices have none.
    ///   - redirectURI: Address that is registered for the application.
    ///   - scope: Scopes separated by blanks. Default: that of the configuration, else those that the client needs.
    ///   - responseType: What comes back with the person. Default: `code`.
    ///   - usesPKCE: Whether the sign-in proves that the code comes back to where it began. Default true; false for an
    ///     identity server that refuses it.
    ///   - configuration: Addresses, certificates and time limits of the identity server.
    /// - Throws: ``BeProductError`` of kind `config` when something is missing or wrong.
    public init(
        clientID: String,
        clientSecret: String? = nil,
        redirectURI: String,
        scope: String? = nil,
        responseType: ResponseType = .code,
        usesPKCE: Bool = true,
        configuration: Configuration = Configuration()
    ) throws {
        var settings = configuration.settings
        settings["client_id"] = .string(clientID)
        settings["client_secret"] = clientSecret.map(JSONValue.string)
        settings["redirect_uri"] = .string(redirectURI)
        settings["scope"] = scope.map(JSONValue.string) ?? settings["scope"]
        settings["response_type"] = .string(responseType.rawValue)
        settings["pkce"] = .bool(usesPKCE)
        let text = try settings.text()
        let engine = try engineResult { try Engine.signIn(settings: text) }
        connection = Connection(engine: engine)
        guard let url = engine.url().flatMap(URL.init(string:)) else {
            throw BeProductError.config("identity_url is not a valid URL")
        }
        self.url = url
    }

    /// Takes the address that the person was sent back to, and fetches the tokens. Cancelling the task closes the
    /// request, and ends the sign-in.
    ///
    /// - Parameter redirectURL: The whole address, with its query and its fragment.
    /// - Returns: The tokens, such as for ``Credentials`` or a ``TokenStore``.
    /// - Throws: ``BeProductError`` of kind `auth` when consent was denied, the state differs, the code is refused, or
    ///   the ID token is not accepted: its ``BeProductError/code`` tells which, such as `state_mismatch` or
    ///   `id_token_signature`. Of kind `config` when the session was used before, `network` when the identity server
    ///   cannot be reached, `cancelled` when the task was cancelled.
    public func finish(redirectURL: URL) async throws -> Tokens {
        let tokens: JSONValue = try await connection.ask(
            "sign_in.finish", ["redirected": .string(redirectURL.absoluteString)])
        return try Tokens(text: tokens.text())
    }
}

extension AuthorizationSession: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Nothing of the address: it holds the secrets of this sign-in.
    public var description: String { "AuthorizationSession" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
