package beproduct.client

import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.Channel

/** Keeps tokens in memory, and fails when it is told to. */
internal open class MemoryStore(var stored: Tokens? = null, var failure: Exception? = null) : TokenStore {
    override fun load(): Tokens? = stored

    override fun save(tokens: Tokens) {
        failure?.let { throw it }
        stored = tokens
    }
}

/** Of all who use it one at a time may renew. */
internal open class SharedMemoryStore :
    MemoryStore(),
    SharedTokenStore {
    private val isLocked = AtomicBoolean()

    /** What was done, in order. */
    val events = Channel<String>(Channel.UNLIMITED)

    /** Completed when somebody could not have the lock. */
    val refused = CompletableDeferred<Unit>()

    override fun save(tokens: Tokens) {
        super.save(tokens)
        events.trySend("saved")
    }

    override fun tryLock(): Boolean {
        val locked = isLocked.compareAndSet(false, true)
        if (locked) events.trySend("locked") else refused.complete(Unit)
        return locked
    }

    override fun unlock() {
        isLocked.set(false)
        events.trySend("unlocked")
    }
}
