package beproduct.client

import kotlinx.serialization.json.JsonObject

/** What comes back with a person who has signed in. */
enum class ResponseType(internal val text: String) {
    /** A code, which is exchanged for tokens. */
    CODE("code"),

    /**
     * The tokens themselves, in the fragment of the address, for old registrations. No refresh token is among them: the
     * person signs in again when the access token has expired.
     */
    ID_TOKEN_TOKEN("id_token token"),
}

/**
 * One sign-in of a person: send them to [url], then give the address that they were sent back to to [finish].
 *
 * State, nonce and PKCE are made at random and checked, and the ID token is verified; a session works once.
 *
 * @param clientId Id of the application, from the vendor.
 * @param redirectUri Address that is registered for the application.
 * @param clientSecret Secret of the application. Applications on people's devices have none.
 * @param scope Scopes to ask for, separated by blanks. Default: those of [settings], else all that this client needs.
 * @param responseType What comes back with the person. Default: a code.
 * @param pkce Whether the sign-in proves that the code comes back to where it began. Default true; false for an
 * identity server that refuses it.
 * @param settings Addresses, certificates and time limits of the identity server.
 * @throws ConfigException when something is missing or malformed.
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
                "response_type" to responseType.text,
                "pkce" to pkce,
            ),
        ),
    )

    /** Where the person signs in. It holds the secrets of this sign-in: show it to nobody but the browser. */
    val url: String = seam.url.orEmpty()

    /**
     * Takes the address that the person was sent back to, and fetches the tokens. Cancelling the coroutine closes the
     * request; the session cannot be used again then.
     *
     * @param redirectUrl The whole address, with its query and its fragment.
     * @return The tokens, such as for a [RefreshToken] or a [TokenStore].
     * @throws AuthException when consent was denied, the state differs, the code is refused, or the ID token is not
     * accepted: its [code][BeProductException.code] tells which, such as `state_mismatch` or `id_token_signature`.
     * @throws ConfigException when it is no address, or the session was used before.
     * @throws NetworkException when the identity server cannot be reached.
     */
    suspend fun finish(redirectUrl: String): Tokens =
        seam.ask("sign_in.finish", arguments("redirected" to redirectUrl)) { Tokens.fromJson(it.toString()) }

    /** Ends the session. */
    override fun close(): Unit = seam.close()

    /** Nothing: the address holds the secrets of this sign-in. */
    override fun toString(): String = "AuthorizationSession"
}
