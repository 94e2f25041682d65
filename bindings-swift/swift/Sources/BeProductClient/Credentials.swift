/// What a client signs in with.
public enum Credentials: Sendable {
    /// Access tokens are fetched with a refresh token, from a sign-in of a person (``AuthorizationSession``), and
    /// renewed. Applications on people's devices have no secret.
    case refreshToken(clientID: String, clientSecret: String? = nil, token: String)
    /// An existing access token, without `Bearer`. Calls fail with ``ErrorKind/auth`` when it has expired.
    case accessToken(String)
    /// The tokens of an earlier sign-in of a person, in the token store of the client. They are renewed as those of a
    /// refresh token. Calls fail with ``ErrorKind/auth`` while the store is empty.
    case stored(clientID: String, clientSecret: String? = nil)
    /// The application signs in as itself, for no person. Unproven at this service (docs/service/sign-in.md, Sign-in),
    /// and an application on people's devices cannot keep a secret.
    case clientCredentials(clientID: String, clientSecret: String)

    var settings: JSONObject {
        switch self {
        case .refreshToken(let clientID, let clientSecret, let token):
            JSONObject(present: ["client_id": clientID, "client_secret": clientSecret, "refresh_token": token])
        case .accessToken(let token):
            JSONObject(present: ["access_token": token])
        case .stored(let clientID, let clientSecret):
            JSONObject(present: ["client_id": clientID, "client_secret": clientSecret])
        case .clientCredentials(let clientID, let clientSecret):
            JSONObject(present: ["client_id": clientID, "client_secret": clientSecret, "client_credentials": true])
        }
    }
}

extension Credentials: Redacted {
    /// The case only: no secret gets into a log.
    public var description: String {
        switch self {
        case .refreshToken: "Credentials.refreshToken"
        case .accessToken: "Credentials.accessToken"
        case .stored: "Credentials.stored"
        case .clientCredentials: "Credentials.clientCredentials"
        }
    }
}
