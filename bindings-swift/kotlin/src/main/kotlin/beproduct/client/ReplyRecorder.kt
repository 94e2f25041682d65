package beproduct.client

import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.startCoroutineUninterceptedOrReturn
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/** Records how the answers to the calls of a coroutine came about. */
internal class ReplyRecorder : AbstractCoroutineContextElement(ReplyRecorder) {
    private val answers = mutableListOf<Meta>()
    private var raw = ByteArray(0)

    /** Of the bodies only the last is kept: a block may read a whole list. */
    fun record(meta: Meta, raw: ByteArray) {
        synchronized(answers) {
            answers += meta
            this.raw = raw
        }
    }

    /**
     * Runs [block] with this in its context. Not by `withContext`, which replaces the cancellation that states the
     * outcome of the call by one of its own.
     */
    suspend fun <T> during(block: suspend () -> T): T = suspendCoroutineUninterceptedOrReturn { caller ->
        val end = object : Continuation<T> by caller {
            override val context = caller.context + this@ReplyRecorder
        }
        block.startCoroutineUninterceptedOrReturn(end)
    }

    fun <T> response(body: T): Response<T> = synchronized(answers) {
        check(answers.isNotEmpty()) { "the block made no call: there is no answer to report" }
        Response(body, answers.toList(), raw)
    }

    companion object Key : CoroutineContext.Key<ReplyRecorder>
}
