/// Keeps the tokens of one sign-in. On Apple's platforms `KeychainTokenStore` keeps them in the keychain.
///
/// A renewed token is saved before it is used. An error that a method throws ends the call that needed a token with
/// ``ErrorKind/callback``, and its text is the ``BeProductError/cause``; a method that takes more than 30 seconds ends
/// it too. Methods are called on a thread that may block, one at a time. They must not wait for a call of the same
/// client.
public protocol TokenStore: Sendable {
    /// The tokens that were saved last, if any.
    func load() throws -> Tokens?

    /// Replaces the saved tokens. Signing out saves empty ones (``Tokens/isEmpty``): remove the saved tokens then.
    func save(_ tokens: Tokens) throws
}

/// A token store that several processes use, such as a keychain group or a database: one of them renews at a time.
///
/// With a plain ``TokenStore`` each process renews by itself, which ends the sign-in if refresh tokens work only once.
public protocol SharedTokenStore: TokenStore {
    /// Takes the lock that keeps other clients from renewing, in this process and in others. False while one of them
    /// has it; the client then tries again. An error that it throws ends the call, as with the other methods.
    ///
    /// A lock has to end by itself when its process dies. It is held for seconds at most, and may be released on a
    /// different thread.
    func tryLock() throws -> Bool

    /// Releases the lock, after renewed tokens were saved. An error that it throws becomes a warning of the
    /// ``LogSink``.
    func unlock() throws
}

extension Tokens {
    /// Whether nobody can sign in with them, as after signing out.
    public var isEmpty: Bool { accessToken == nil && refreshToken == nil }
}
