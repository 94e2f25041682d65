package beproduct.client

import kotlinx.serialization.json.JsonObject

/**
 * One sign-in of a person: open [url] in a browser, then give the URL of the redirect to [finish].
 *
 * State, nonce and PKCE are random and checked, and the ID token is verified. A session works once.
 *
 * @param clientId Id of the application, from the vendor.
 * @param redirectUri Redirect URI that is registered for the application.
 * @param clientSecret Secret of the application. Applications on people's devices have none.
 * @param scope Scopes to request, separated by blanks. Default: those of [settings].
 * @param responseType What the redirect carries. Default: [ResponseType.CODE].
 * @param pkce Whether the sign-in uses PKCE; `false` is for servers that refuse it. Default: `true`.
 * @param settings Addresses, certificates and time limits of the identity server.
 * @throws ConfigException if an argument is missing or malformed.
 */
class AuthorizationSession(
    clientId: String,
    redirectUri: String,
    clientSecret: String? = null,
    scope: String? = null,
    responseType: ResponseType = ResponseType.CODE,
    pkce: Boolean = true,
    settings: Settings = Settings(),
) : AutoCloseable {
    private val seam = Seam.signIn(
        JsonObject(
            settings.json + arguments(
                "client_id" to clientId,
                "redirect_uri" to redirectUri,
                "client_secret" to clientSecret,
                "scope" to scope,
                "response_type" to responseType.wire,
                "pkce" to pkce,
            ),
        ),
    )

    /** URL at which the person signs in. It holds the secrets of this sign-in: show it to nobody but the browser. */
    val url: String = seam.url.orEmpty()

    /**
     * Takes the URL of the redirect, and fetches the tokens. Cancelling the coroutine closes the request; the session
     * cannot be used again then.
     *
     * @param redirectUrl The whole URL, with its query and its fragment.
     * @return The tokens, for a [RefreshToken] or a [TokenStore].
     * @throws AuthException if consent was denied, the state differs, the code is refused, or the ID token is invalid. Its
     * [code][BeProductException.code] names the failed check, such as `state_mismatch` or `id_token_signature`.
     * @throws ConfigException if it is not a URL, or the session was used before.
     * @throws NetworkException if the identity server cannot be reached.
     */
    suspend fun finish(redirectUrl: String): Tokens =
        seam.call("sign_in.finish", arguments("redirected" to redirectUrl))

    /** Ends the session. */
    override fun close(): Unit = seam.close()

    /** Without the URL, which holds the secrets of this sign-in. */
    override fun toString(): String = "AuthorizationSession"
}
