package beproduct.client

import java.time.Instant
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable

/** The requests of the day. */
class Quota internal constructor(private val seam: Seam) {
    /** How the quota stands. Sends nothing. */
    suspend fun status(): QuotaStatus =
        answerFormat.decodeFromString(QuotaStatus.serializer(), translated { seam.engine.quotaStatus() })
}

/** How the quota stands. */
@Serializable
data class QuotaStatus(
    /** Where requests are counted: `memory` or `sqlite`. */
    val store: String,
    /** Requests of the day, if a plan was given. */
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
    /** Beginning of the next day. */
    val resetsAt: Instant get() = Instant.parse(reset)
}

/** Requests of a day, by what they were for. */
@Serializable
data class Usage(
    /** Operation. */
    val operation: String,
    /** The caller's label, or empty. */
    val label: String,
    /** Requests. */
    val requests: Long,
)
