package beproduct.client

import beproduct.client.engine.EngineAuthorization
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.serialization.json.JsonObject

/**
 * One sign-in of a person: send them to [url], then give the address that they were sent back to to [finish].
 *
 * State and PKCE are made at random and checked; a session works once.
 *
 * @param clientId Id of the application, from the vendor.
 * @param redirectUri Address that is registered for the application.
 * @param clientSecret Secret of the application. Applications on people's devices have none.
 * @param scope Scopes to ask for, separated by blanks. Default: all that this client needs.
 * @param settings Addresses, certificates and time limits of the identity server.
 * @throws ConfigException when something is missing or malformed.
 */
class AuthorizationSession(
    clientId: String,
    redirectUri: String,
    clientSecret: String? = null,
    scope: String? = null,
    settings: Settings = Settings(),
) : AutoCloseable {
    private val engine: EngineAuthorization = translated {
        val own = arguments(
            "client_id" to clientId,
            "redirect_uri" to redirectUri,
            "client_secret" to clientSecret,
            "scope" to scope,
        )
        EngineAuthorization.begin(JsonObject(settings.json + own).toString())
    }

    /** Where the person signs in. */
    val url: String = engine.url()

    /**
     * Takes the address that the person was sent back to, and fetches the tokens. Cancelling the coroutine closes the
     * request, and ends the sign-in.
     *
     * @param redirectUrl The whole address, with its query.
     * @return The tokens, such as for a [RefreshToken] or a [TokenStore].
     * @throws AuthException when consent was denied, the state differs, or the code is refused.
     * @throws ConfigException when it is no address, or the session was used before.
     * @throws NetworkException when the identity server cannot be reached.
     */
    suspend fun finish(redirectUrl: String): Tokens {
        // The glue would send the request, and only then see that nobody waits.
        currentCoroutineContext().ensureActive()
        return Tokens.fromJson(translated { engine.finish(redirectUrl) })
    }

    /** Lets go of the session. */
    override fun close(): Unit = engine.close()

    /** Nothing: the address holds the secret of this sign-in. */
    override fun toString(): String = "AuthorizationSession"
}
