package beproduct.client

import java.time.Instant
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException

/**
 * Tokens of one sign-in.
 *
 * It is `@Serializable`, with the tokens in clear: keep what you write like a password. [toString] shows none of it.
 */
@Serializable
class Tokens(
    /** Goes with every request. */
    @SerialName("access_token")
    val accessToken: String? = null,
    /** Renews the access token. */
    @SerialName("refresh_token")
    val refreshToken: String? = null,
    /** Tells who signed in. It was verified when it came. */
    @SerialName("id_token")
    val idToken: String? = null,
    /** Scopes that were granted, separated by blanks, where the identity server has said so. */
    val scope: String? = null,
    @SerialName("expires_at")
    private val expiry: Long? = null,
    private val lifetime: Long? = null,
    private val origin: String? = null,
) {
    /** End of the access token's life. */
    val expiresAt: Instant? get() = expiry?.let(Instant::ofEpochSecond)

    /** Whether nobody can sign in with them: what is left after a sign-out. */
    val isEmpty: Boolean get() = accessToken == null && refreshToken == null

    /** As text for a store, with the tokens in clear. */
    fun toJson(): String = answerFormat.encodeToString(serializer(), this)

    override fun toString(): String = "Tokens"

    companion object {
        /**
         * From what [toJson] wrote.
         *
         * @throws IllegalArgumentException when it is something else.
         */
        fun fromJson(text: String): Tokens =
            try {
                answerFormat.decodeFromString(serializer(), text)
            } catch (_: SerializationException) {
                // The original would quote the text.
                throw IllegalArgumentException("the text holds no tokens")
            }
    }
}

/**
 * Keeps tokens, such as in the key store of a device. Its functions are called on a thread that may block.
 *
 * What it throws ends the call that needed a token with a [CallbackException], as its cause. So does not answering within
 * 30 seconds.
 */
interface TokenStore {
    /** What was saved last, or null. */
    fun load(): Tokens?

    /**
     * Replaces what was saved. Called before new tokens are used: an identity server may accept each only once. Signing
     * out saves tokens that are empty ([Tokens.isEmpty]): forget what was saved then.
     */
    fun save(tokens: Tokens)
}

/**
 * A token store that several processes use, such as a database: of them one renews at a time.
 *
 * With a plain [TokenStore] each process renews by itself, which ends the sign-in where refresh tokens work only once.
 */
interface SharedTokenStore : TokenStore {
    /**
     * Takes the lock that keeps the others from renewing. False while one of them has it, be it another client of this
     * process; it is asked for again then. What it throws ends the call, as with the other functions.
     *
     * A lock has to end by itself when its process dies. It is held for seconds at most, and may be given back on another
     * thread.
     */
    fun tryLock(): Boolean

    /** Gives the lock back, after renewed tokens were saved. What it throws becomes a warning of the [LogSink]. */
    fun unlock()
}
