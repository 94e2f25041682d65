package beproduct.client

import java.nio.file.Path
import kotlinx.serialization.json.JsonObject

/** Whether nobody can sign in with them, as after a sign-out. */
val Tokens.isEmpty: Boolean get() = accessToken == null && refreshToken == null

/** Where tokens are kept beyond the life of a client: in a [TokenFile], or in a [TokenStore] of the program. */
sealed interface TokenStorage

/** A file that only its user can read. Of the processes that share it, one renews the tokens at a time. */
data class TokenFile(val path: Path) : TokenStorage

/** The setting of the core, which keeps a [TokenFile] itself. */
internal val TokenStorage?.settings: JsonObject
    get() = arguments("token_store" to (this as? TokenFile)?.let { mapOf("file" to it.path.toString()) })

/**
 * Keeps tokens, for example in the key store of a device. Its functions are called on a thread that may block.
 *
 * An exception ends the call that needed a token with a [CallbackException], whose cause it is. So does a function that
 * takes longer than 30 seconds.
 */
interface TokenStore : TokenStorage {
    /** The tokens that were saved last, or null. */
    fun load(): Tokens?

    /**
     * Replaces the saved tokens. Called before new tokens are used, since an identity server may accept each only once.
     * Signing out saves empty tokens ([isEmpty]): forget the saved ones then.
     */
    fun save(tokens: Tokens)
}

/**
 * A token store that several processes use, such as a database. One of them renews the tokens at a time.
 *
 * With a plain [TokenStore] each process renews by itself, which ends the sign-in where refresh tokens work only once.
 */
interface SharedTokenStore : TokenStore {
    /**
     * Takes the lock for renewing. False while another client has it, also one of this process; the function is then
     * called again. An exception ends the call, as in the other functions.
     *
     * The lock has to end by itself when its process dies. It is held for a few seconds, and may be released on another
     * thread.
     */
    fun tryLock(): Boolean

    /** Releases the lock, after renewed tokens were saved. An exception becomes a warning of the [LogSink]. */
    fun unlock()
}
