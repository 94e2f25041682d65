package beproduct.client

import java.time.Instant
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable

/** The requests of the day, which this client counts in memory as long as it lives. Reached as [BeProduct.quota]. */
class Quota internal constructor(private val seam: Seam) {
    /** How the quota stands. Sends nothing. */
    suspend fun status(): QuotaStatus =
        answerFormat.decodeFromString(QuotaStatus.serializer(), translated { seam.engine.quotaStatus() })
}

/** How the quota stands, as far as this client has counted: what others have sent it does not know. */
@Serializable
data class QuotaStatus(
    /** Where requests are counted: `memory`. */
    val store: String,
    /** Requests that the plan allows in a day, if one was given. */
    val limit: Long? = null,
    /** Requests counted today. */
    val used: Long,
    /** Requests left today, if a plan was given. */
    val remaining: Long? = null,
    @SerialName("resets_at")
    private val reset: String,
    /** Requests counted today by operation and label, most first. */
    val usage: List<Usage>,
) {
    /** Beginning of the next day, 00:00 UTC. */
    val resetsAt: Instant get() = Instant.parse(reset)
}

/** Requests of a day, by what they were for. */
@Serializable
data class Usage(
    /** Operation. */
    val operation: String,
    /** The label of the calls, from their options, or empty. */
    val label: String,
    /** Requests. */
    val requests: Long,
)
