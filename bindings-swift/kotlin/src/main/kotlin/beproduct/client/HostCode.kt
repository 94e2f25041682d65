package beproduct.client

import beproduct.client.engine.HostException

/** Code of the host program that the engine calls; an exception of it leads to an error of one of these [kinds]. */
internal abstract class HostCode(private vararg val kinds: ErrorKind) {
    protected class Failure(val text: String, val exception: Exception)

    @Volatile
    private var last: Failure? = null

    /** Only texts cross to the engine and back: an error whose cause says what this code said is this code's. */
    fun failureBehind(error: ErrorFields): Exception? =
        last?.takeIf { error.kind in kinds && error.cause == it.text }?.exception

    protected fun <T> reported(remember: (Failure) -> Unit = { last = it }, block: () -> T): T =
        try {
            block()
        } catch (exception: Exception) {
            val text = exception.message ?: exception.toString()
            remember(Failure(text, exception))
            throw HostException.Failed(text)
        }
}

/** What may be behind an error of a client. */
internal class Hooks(val store: HostTokenStore? = null, val listener: HostQuotaListener? = null) {
    fun failureBehind(error: ErrorFields): Exception? = store?.failureBehind(error) ?: listener?.failureBehind(error)
}
