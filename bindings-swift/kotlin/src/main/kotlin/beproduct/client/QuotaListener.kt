@file:UseSerializers(InstantSerializer::class, SecondsSerializer::class)

package beproduct.client

import java.time.Instant
import kotlin.time.Duration
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.UseSerializers

/** What happened to the quota. */
@Serializable
enum class QuotaEventKind {
    /** 80 or 95 percent of the day's limit were reached: once a day each. */
    @SerialName("threshold")
    THRESHOLD,

    /** The service told of requests that others sent. They are counted now. */
    @SerialName("others")
    OTHERS,

    /** A limit was reached, and a call wants to be sent. */
    @SerialName("limit")
    LIMIT,
}

/** Something about the quota. */
@Serializable
data class QuotaEvent(
    /** What happened. */
    @SerialName("event")
    val kind: QuotaEventKind,
    /** Which limit it is about. */
    val window: QuotaWindow,
    /** Requests of the window, if there is a limit. */
    val limit: Long? = null,
    /** Requests counted in the window. */
    val used: Long,
    /** Requests left in the window, if there is a limit. */
    val remaining: Long? = null,
    /** End of the window. */
    @SerialName("resets_at")
    val resetsAt: Instant,
    /** Time until then. */
    @SerialName("resets_in")
    val resetsIn: Duration,
    /** The share of the limit that was reached, in percent; of a [QuotaEventKind.THRESHOLD]. */
    val threshold: Long? = null,
    /** Requests that others sent; of [QuotaEventKind.OTHERS]. */
    val requests: Long? = null,
    /** Operation that wants to be sent; of a [QuotaEventKind.LIMIT]. */
    val operation: String? = null,
    /** Its label, if it has one; of a [QuotaEventKind.LIMIT]. */
    val label: String? = null,
)

/**
 * Takes events of the quota, and decides what a call does at a limit.
 *
 * Its functions are called on a thread of the client's own that may block, one at a time and in order. Do not wait there
 * for a call of this client: when that reaches a limit itself, nobody is left to answer.
 */
interface QuotaListener {
    /**
     * A [QuotaEventKind.THRESHOLD] was reached, or the service told of [QuotaEventKind.OTHERS]. What it throws becomes a
     * warning of the [LogSink].
     */
    fun notice(event: QuotaEvent) {}

    /**
     * A limit is reached, and its end is further away than `quotaWait` of [Settings] allows to wait. Called for each
     * call that is at its limit.
     *
     * What it throws becomes the cause of the call's [QuotaExceededException], or of its [RateLimitedException] at a
     * limit of the hour or the minute. A negative duration fails the call as well, and so does not answering within 30
     * seconds.
     *
     * @return How long the call may wait at most: it waits for the end of the limit if that is not further away, and
     * fails otherwise. Null, the default, is not at all.
     */
    fun atLimit(event: QuotaEvent): Duration? = null
}
