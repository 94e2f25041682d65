internal import BeProductEngine
import Foundation

/// One sign-in of a person by the authorization code flow with PKCE.
///
///     let session = try AuthorizationSession(clientID: "app", redirectURI: "app://signed-in")
///     // Open session.url, for example in an ASWebAuthenticationSession, and take the address it ends at.
///     let tokens = try await session.finish(redirectURL: callback)
///
/// A session works once.
public struct AuthorizationSession: Sendable {
    private let session: EngineAuthorization
    /// Where the person signs in.
    public let url: URL

    /// Begins a sign-in. Nothing is sent.
    ///
    /// - Parameters:
    ///   - clientID: Id of the application, from the vendor.
    ///   - clientSecret: Secret of the application. Applications on people's devices have none.
    ///   - redirectURI: Address that is registered for the application.
    ///   - scope: Scopes separated by blanks. Default: those that the client needs.
    ///   - configuration: Addresses, certificates and time limits of the identity server.
    /// - Throws: ``BeProductError`` of kind `config` when something is missing or wrong.
    public init(
        clientID: String,
        clientSecret: String? = nil,
        redirectURI: String,
        scope: String? = nil,
        configuration: Configuration = Configuration()
    ) throws {
        var settings = configuration.settings
        settings["client_id"] = .string(clientID)
        settings["client_secret"] = clientSecret.map(JSONValue.string)
        settings["redirect_uri"] = .string(redirectURI)
        settings["scope"] = scope.map(JSONValue.string)
        let text = try settings.text()
        session = try engineResult { try EngineAuthorization.begin(settings: text) }
        guard let url = URL(string: session.url()) else {
            throw BeProductError.config("identity_url does not make an address: \(session.url())")
        }
        self.url = url
    }

    /// Takes the address that the person was sent back to, and fetches the tokens. Cancelling the task closes the
    /// request, and ends the sign-in.
    ///
    /// - Parameter redirectURL: The whole address, with its query.
    /// - Returns: The tokens, such as for ``Credentials`` or a ``TokenStore``.
    /// - Throws: ``BeProductError`` of kind `auth` when consent was denied, the state differs, or the code is refused,
    ///   `config` when the session was used before, `network` when the identity server cannot be reached, `cancelled`
    ///   when the task was cancelled.
    public func finish(redirectURL: URL) async throws -> Tokens {
        let text = try await withTaskCancellationHandler {
            try await awaitEngineResult { try await session.finish(redirected: redirectURL.absoluteString) }
        } onCancel: {
            session.cancel()
        }
        return try Tokens(text: text)
    }
}
