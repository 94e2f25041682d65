import Foundation

/// Keeps the tokens of one sign-in. Where there is a keychain, `KeychainTokenStore` keeps them there.
///
/// A renewed token is saved before anyone uses it. What a method throws ends the call that needed a token with a
/// ``BeProductError`` of kind `callback`, whose ``BeProductError/cause`` is its text. So does not answering within 30
/// seconds. All are called on a thread that may block, one at a time. They must not wait for a call of the same client.
public protocol TokenStore: Sendable {
    /// What was saved last, if anything.
    func load() throws -> Tokens?

    /// Replaces what was saved. Signing out saves tokens that are empty (``Tokens/isEmpty``): forget what was saved then.
    func save(_ tokens: Tokens) throws
}

/// A token store that several processes use, such as a keychain group or a database: of them one renews at a time.
///
/// With a plain ``TokenStore`` each process renews by itself, which ends the sign-in where refresh tokens work only once.
public protocol SharedTokenStore: TokenStore {
    /// Takes the lock that keeps the others from renewing. False while one of them has it, be it another client of this
    /// process; it is asked for again then. What it throws ends the call, as with the other methods.
    ///
    /// A lock has to end by itself when its process dies. It is held for seconds at most, and may be given back on another
    /// thread.
    func tryLock() throws -> Bool

    /// Gives the lock back, after renewed tokens were saved. What it throws becomes a warning of the ``LogSink``.
    func unlock() throws
}

/// Tokens of one sign-in. What is encoded holds them in clear: keep it like a password.
public struct Tokens: Codable, Hashable, Sendable {
    /// Goes with every request.
    public var accessToken: String?
    /// End of the access token's life, Unix seconds.
    public var expiresAt: Int?
    /// Life of the access token when it was issued, in seconds.
    public var lifetime: Int?
    /// Renews the access token.
    public var refreshToken: String?
    /// Tells who signed in. It was verified when it came.
    public var idToken: String?
    /// Scopes that were granted, separated by blanks, where the identity server has said so.
    public var scope: String?
    /// Fingerprint of the refresh token that the client was configured with, so that a new one wins over a stored one.
    public var origin: String?

    /// Makes tokens. Each parameter is the property of its name.
    public init(
        accessToken: String? = nil,
        expiresAt: Int? = nil,
        lifetime: Int? = nil,
        refreshToken: String? = nil,
        idToken: String? = nil,
        scope: String? = nil,
        origin: String? = nil
    ) {
        self.accessToken = accessToken
        self.expiresAt = expiresAt
        self.lifetime = lifetime
        self.refreshToken = refreshToken
        self.idToken = idToken
        self.scope = scope
        self.origin = origin
    }

    /// Whether nobody can sign in with them: what is left after a sign-out.
    public var isEmpty: Bool { accessToken == nil && refreshToken == nil }

    enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case expiresAt = "expires_at"
        case lifetime
        case refreshToken = "refresh_token"
        case idToken = "id_token"
        case scope
        case origin
    }
}

extension Tokens: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Nothing of the tokens: they must not get into a log.
    public var description: String { "Tokens" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Tokens {
    init(text: String) throws {
        self = try JSONDecoder().decode(Tokens.self, from: Data(text.utf8))
    }

    func text() throws -> String {
        String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    }
}
