package beproduct.client

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/**
 * The sign-in of a client: who it is, and how to end it. Reached as [BeProduct.auth].
 *
 * Its requests go to the identity server and do not count against the quota. Cancelling the coroutine closes the
 * request.
 */
class Auth internal constructor(private val seam: Seam) {
    /**
     * Who is signed in. Signs in if that is needed.
     *
     * @throws AuthException when nobody is signed in or no longer.
     * @throws PermissionException when the sign-in is that of no person.
     */
    suspend fun userInfo(): UserInfo = seam.ask("auth.userinfo") { UserInfo(it.jsonObject) }

    /**
     * The address that ends the sign-in in the browser. It carries the ID token, where there is one: show it to nobody
     * but the browser. It leaves the tokens of the client valid, which [signOut] ends.
     *
     * @param postLogoutRedirectUri Where the person is sent then, an address that is registered for the application.
     * Default: they stay at the identity server.
     * @throws ConfigException when the parameter is no address.
     * @throws CallbackException when the token store cannot be read.
     */
    suspend fun endSessionUrl(postLogoutRedirectUri: String? = null): String =
        seam.ask("auth.end_session_url", arguments("post_logout_redirect_uri" to postLogoutRedirectUri)) {
            it.jsonPrimitive.content
        }

    /**
     * Signs out: revokes the refresh token where the identity server announces that it does so, and forgets the tokens
     * here and in the token store, whatever comes of that. Calls of the client fail with an [AuthException] afterwards.
     *
     * A call that was cancelled may be repeated.
     *
     * @return Whether a token was revoked.
     * @throws BeProductException when revoking failed, so that the token is still valid, or when the token store cannot
     * be written.
     */
    suspend fun signOut(): Boolean = seam.ask("auth.sign_out") { it.jsonPrimitive.boolean }

    /**
     * What the identity server tells of itself: its discovery document. It is fetched once an hour at most.
     *
     * @throws NotFoundException when there is none.
     */
    suspend fun discovery(): JsonObject = seam.ask("auth.discovery") { it.jsonObject }

    override fun toString(): String = "Auth"
}

/** Who is signed in. Every member may be missing. */
data class UserInfo(
    /** Id of the user. */
    val sub: String? = null,
    /** Name for signing in. */
    val preferredUsername: String? = null,
    /** Full name. */
    val name: String? = null,
    /** E-mail address. */
    val email: String? = null,
    /** Whether the address was verified. */
    val emailVerified: Boolean? = null,
    /** All other members. */
    val others: Map<String, JsonElement> = emptyMap(),
) {
    internal constructor(members: JsonObject) : this(
        sub = members.text("sub"),
        preferredUsername = members.text("preferred_username"),
        name = members.text("name"),
        email = members.text("email"),
        emailVerified = members["email_verified"]?.jsonPrimitive?.booleanOrNull,
        others = members - setOf("sub", "preferred_username", "name", "email", "email_verified"),
    )
}

/** @throws IllegalArgumentException when it is neither a text nor a number. */
private fun JsonObject.text(name: String): String? =
    this[name]?.let { requireNotNull(it as? JsonPrimitive) { "$name is not a text" }.contentOrNull }
