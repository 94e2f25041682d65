import Foundation

/// The sign-in of a client: who it is, and how to end it. Reached as ``BeProduct/auth``.
///
/// Its requests go to the identity server and do not count against the quota. Cancelling the task closes the request,
/// which fails with a ``BeProductError`` of kind `cancelled`.
public struct Auth: Sendable {
    let connection: Connection

    /// Who is signed in. Signs in if that is needed.
    ///
    /// - Throws: ``BeProductError``, of kind `auth` when nobody is signed in or no longer, `permission` when the sign-in
    ///   is that of no person.
    public func userInfo() async throws -> UserInfo {
        try await connection.ask("auth.userinfo")
    }

    /// The address that ends the sign-in in the browser. It carries the ID token, where there is one: show it to nobody
    /// but the browser. It leaves the tokens of the client valid, which ``signOut()`` ends.
    ///
    /// - Parameter postLogoutRedirectURI: Where the person is sent then, an address that is registered for the
    ///   application. Default: they stay at the identity server.
    /// - Throws: ``BeProductError`` of kind `config` when the parameter is no address, `callback` when the token store cannot
    ///   be read.
    public func endSessionURL(postLogoutRedirectURI: String? = nil) async throws -> URL {
        let text: String = try await connection.ask(
            "auth.end_session_url", JSONObject(present: ["post_logout_redirect_uri": postLogoutRedirectURI]))
        guard let url = URL(string: text) else {
            throw BeProductError.config("identity_url is not a valid URL")
        }
        return url
    }

    /// Signs out: revokes the refresh token where the identity server announces that it does so, and forgets the tokens
    /// here and in the token store, whatever comes of that. Calls of the client fail with kind `auth` afterwards.
    ///
    /// - Returns: Whether a token was revoked.
    /// - Throws: ``BeProductError`` when revoking failed, so that the token is still valid, or when the token store cannot
    ///   be written. A call that was cancelled may be repeated.
    @discardableResult
    public func signOut() async throws -> Bool {
        try await connection.ask("auth.sign_out")
    }

    /// The discovery document of the identity server. It is fetched once an hour at most.
    ///
    /// - Throws: ``BeProductError``, of kind `notFound` when there is none.
    public func discovery() async throws -> JSONObject {
        try await connection.ask("auth.discovery")
    }
}

/// Who is signed in. Every member may be missing.
public struct UserInfo: Hashable, Sendable {
    /// Id of the user.
    public let sub: String?
    /// Name for signing in.
    public let preferredUsername: String?
    /// Full name.
    public let name: String?
    /// E-mail address.
    public let email: String?
    /// Whether the address was verified.
    public let emailVerified: Bool?
    /// All other members.
    public let others: JSONObject
}

extension UserInfo: JSONReadable {
    init(json: JSONValue) throws {
        var members = MemberReader(try JSONObject(json: json))
        sub = try members.take("sub")
        preferredUsername = try members.take("preferred_username")
        name = try members.take("name")
        email = try members.take("email")
        emailVerified = try members.take("email_verified")
        others = members.rest
    }
}
