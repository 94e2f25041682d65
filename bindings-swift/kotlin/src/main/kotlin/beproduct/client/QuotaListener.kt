package beproduct.client

import kotlin.time.Duration

/**
 * Receives events of the quota, and decides what a call does at a limit.
 *
 * Its functions are called on a thread of the client that may block, one at a time and in order. Do not wait there for a
 * call of this client: if that call reaches a limit itself, nobody can answer.
 */
interface QuotaListener {
    /**
     * Receives a [QuotaEventKind.THRESHOLD] or [QuotaEventKind.OTHERS]. An exception becomes a warning of the [LogSink].
     */
    fun notice(event: QuotaEvent) {}

    /**
     * Decides about a call at a limit whose end is further away than `Settings.quotaWait`.
     *
     * An exception becomes the cause of the call's [QuotaExceededException], or of its [RateLimitedException] at a limit
     * of the hour or the minute. A negative duration fails the call as well, and so does a decision that takes longer than
     * 30 seconds.
     *
     * @return Longest wait of the call. It waits for the end of the limit if that is not further away, and fails
     * otherwise. Null, the default, fails it at once.
     */
    fun atLimit(event: QuotaEvent): Duration? = null
}
