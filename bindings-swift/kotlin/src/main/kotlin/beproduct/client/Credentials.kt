package beproduct.client

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonPrimitive

/** How a client signs in. */
sealed interface Credentials

/**
 * Signs in with a refresh token and renews the access token by itself.
 *
 * @param clientId Id of the application, from the vendor.
 * @param clientSecret Secret of the application. Applications on people's devices have none.
 * @param refreshToken From a sign-in of a person, see [AuthorizationSession].
 */
class RefreshToken(
    internal val clientId: String,
    internal val clientSecret: String? = null,
    internal val refreshToken: String,
) : Credentials {
    override fun toString(): String = "RefreshToken(clientId=$clientId)"
}

/**
 * Signs in with a ready access token, for as long as it lives. Calls fail with an [AuthException] then.
 *
 * @param token The token, without `Bearer`.
 */
class AccessToken(internal val token: String) : Credentials {
    override fun toString(): String = "AccessToken"
}

/**
 * Signs in with the tokens of an earlier sign-in of a person, which are in the token store that the client is made
 * with, and renews them as those of a [RefreshToken]. Calls fail with an [AuthException] while the store is empty.
 *
 * @param clientId Id of the application that the person signed in to.
 * @param clientSecret Its secret. Applications on people's devices have none.
 */
class StoredSignIn(internal val clientId: String, internal val clientSecret: String? = null) : Credentials {
    override fun toString(): String = "StoredSignIn(clientId=$clientId)"
}

/**
 * The application signs in as itself, for no person. Nobody has tried this at the service yet, and an application on
 * people's devices cannot keep a secret.
 *
 * @param clientId Id of the application, from the vendor.
 * @param clientSecret Its secret.
 */
class ClientCredentials(internal val clientId: String, internal val clientSecret: String) : Credentials {
    override fun toString(): String = "ClientCredentials(clientId=$clientId)"
}

internal val Credentials.json: Map<String, JsonElement>
    get() = when (this) {
        is RefreshToken -> mapOf(
            "client_id" to JsonPrimitive(clientId),
            "client_secret" to JsonPrimitive(clientSecret),
            "refresh_token" to JsonPrimitive(refreshToken),
        )
        is AccessToken -> mapOf("access_token" to JsonPrimitive(token))
        is StoredSignIn -> mapOf(
            "client_id" to JsonPrimitive(clientId),
            "client_secret" to JsonPrimitive(clientSecret),
        )
        is ClientCredentials -> mapOf(
            "client_id" to JsonPrimitive(clientId),
            "client_secret" to JsonPrimitive(clientSecret),
            "client_credentials" to JsonPrimitive(true),
        )
    }
