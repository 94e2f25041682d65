package beproduct.client

import kotlinx.serialization.json.JsonObject

/** How a client signs in: with a [RefreshToken], a [StoredSignIn], an [AccessToken] or [ClientCredentials]. */
sealed class Credentials(internal val json: JsonObject) {
    /** Names only. */
    override fun toString(): String = "${javaClass.simpleName}${json.keys}"
}

/**
 * Signs in with a refresh token, and renews the access token by itself.
 *
 * @param clientId Id of the application, from the vendor.
 * @param clientSecret Secret of the application. Applications on people's devices have none.
 * @param refreshToken From a sign-in of a person, see [AuthorizationSession].
 */
class RefreshToken(clientId: String, clientSecret: String? = null, refreshToken: String) : Credentials(
    arguments("client_id" to clientId, "client_secret" to clientSecret, "refresh_token" to refreshToken),
)

/**
 * Signs in with an existing access token. When it has expired, calls fail with an [AuthException].
 *
 * @param token The token, without `Bearer`.
 */
class AccessToken(token: String) : Credentials(arguments("access_token" to token))

/**
 * Signs in with the tokens of a person's earlier sign-in, which are in the client's [TokenStorage], and renews them as
 * those of a [RefreshToken]. While it is empty, calls fail with an [AuthException].
 *
 * @param clientId Id of the application that the person signed in to.
 * @param clientSecret Secret of the application. Applications on people's devices have none.
 */
class StoredSignIn(clientId: String, clientSecret: String? = null) : Credentials(
    arguments("client_id" to clientId, "client_secret" to clientSecret),
)

/**
 * The application signs in as itself, for no person. It is unknown whether the service allows this, and an application
 * on people's devices cannot keep a secret.
 *
 * @param clientId Id of the application, from the vendor.
 * @param clientSecret Secret of the application.
 */
class ClientCredentials(clientId: String, clientSecret: String) : Credentials(
    arguments("client_id" to clientId, "client_secret" to clientSecret, "client_credentials" to true),
)
