/// What a client signs in with.
public enum Credentials: Sendable {
    /// Access tokens are fetched with a refresh token, from a sign-in of a person (``AuthorizationSession``), and
    /// renewed. Applications on people's devices have no secret.
    case refreshToken(clientID: String, clientSecret: String? = nil, token: String)
    /// A ready access token, without `Bearer`. Calls fail with kind `auth` when it has expired.
    case accessToken(String)
    /// The tokens of an earlier sign-in of a person, which are in the token store that the client is made with. They
    /// are renewed as those of a refresh token. Calls fail with kind `auth` while the store is empty.
    case stored(clientID: String, clientSecret: String? = nil)
    /// The application signs in as itself, for no person. Nobody has tried this at the service yet, and an application
    /// on people's devices cannot keep a secret.
    case clientCredentials(clientID: String, clientSecret: String)

    var settings: JSONObject {
        switch self {
        case .refreshToken(let clientID, let clientSecret, let token):
            JSONObject(present: ["client_id": clientID, "client_secret": clientSecret, "refresh_token": token])
        case .accessToken(let token):
            ["access_token": .string(token)]
        case .stored(let clientID, let clientSecret):
            JSONObject(present: ["client_id": clientID, "client_secret": clientSecret])
        case .clientCredentials(let clientID, let clientSecret):
            JSONObject(present: ["client_id": clientID, "client_secret": clientSecret, "client_credentials": true])
        }
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The kind only: no secret gets into a log.
    public var description: String {
        switch self {
        case .refreshToken: "Credentials.refreshToken"
        case .accessToken: "Credentials.accessToken"
        case .stored: "Credentials.stored"
        case .clientCredentials: "Credentials.clientCredentials"
        }
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
