@file:UseSerializers(InstantSerializer::class, LocalDateSerializer::class, SecondsSerializer::class)

package beproduct.client

import java.time.Instant
import java.time.LocalDate
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.UseSerializers
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder

/** The requests of the day, which this client counts in memory as long as it lives. Reached as [BeProduct.quota]. */
class Quota internal constructor(private val seam: Seam) {
    /** How the quota stands. Sends nothing. */
    suspend fun status(): QuotaStatus =
        seam.ask("quota.status") { answerFormat.decodeFromJsonElement(QuotaStatus.serializer(), it) }

    /**
     * Who used the quota, and for what. Sends nothing.
     *
     * @param days How many days it covers, today included: 1 to 90.
     * @throws ConfigException when it is another number.
     */
    suspend fun report(days: Int = 30): QuotaReport = seam.ask("quota.report", arguments("days" to days)) {
        answerFormat.decodeFromJsonElement(QuotaReport.serializer(), it)
    }

    /**
     * How many requests some work takes, and whether as many are left today. Sends nothing.
     *
     * @param work What is to be done.
     * @throws ConfigException for an operation that is unknown, a list without a count, or a page size that is too big or
     * not for a list.
     */
    suspend fun estimate(work: List<Work>): QuotaEstimate =
        seam.ask("quota.estimate", arguments("work" to work.map { it.json })) {
            answerFormat.decodeFromJsonElement(QuotaEstimate.serializer(), it)
        }

    /**
     * Goes on with another plan. Requests that are counted stay counted, and clients that act for others go on with it
     * too.
     *
     * @throws ConfigException for an invalid plan; the present one goes on then.
     */
    suspend fun changePlan(plan: Plan): Unit = seam.ask("quota.change_plan", arguments("plan" to plan.json)) {}
}

/** How the quota stands, as far as this client has counted and the service has told. */
@Serializable
data class QuotaStatus(
    /** Where requests are counted: `memory`. */
    val store: String,
    /** Requests of the day, if there is a limit. */
    val limit: Long? = null,
    /** Requests counted today. */
    val used: Long,
    /** Requests left today, if there is a limit. */
    val remaining: Long? = null,
    /** Beginning of the next day, as the plan has it: 00:00 UTC unless it says another time or zone. */
    @SerialName("resets_at")
    val resetsAt: Instant,
    /** Requests counted today by operation and label, most first. */
    val usage: List<Usage>,
    /** Every limit that the plan has. */
    val limits: List<LimitStatus>,
    /** Requests of today that were taken from the count and are not used yet, see [Settings] `quotaLease`. */
    val leased: Long,
    /** Requests of today that others sent, as far as the service told. They are among the [used] ones. */
    val others: Long,
    /** Requests an hour at present: those of this hour, and of the last one for the part that is still to come. */
    val pace: Double,
    /** When the requests of the day are used up at this pace; null when they last until the reset. */
    @SerialName("runs_out_at")
    val runsOutAt: Instant? = null,
    /** The service asked to wait until then. */
    @SerialName("paused_until")
    val pausedUntil: Instant? = null,
)

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

/** What a limit is about. */
@Serializable
enum class QuotaWindow {
    /** A day as the plan has it. */
    @SerialName("day")
    DAY,

    /** A full hour. */
    @SerialName("hour")
    HOUR,

    /** A full minute. */
    @SerialName("minute")
    MINUTE,
}

/** How one limit stands. */
@Serializable
data class LimitStatus(
    /** What it is about. */
    val window: QuotaWindow,
    /** Requests of the window. */
    val limit: Long,
    /** Requests counted in it. */
    val used: Long,
    /** Requests left in it. */
    val remaining: Long,
    /** End of the window. */
    @SerialName("resets_at")
    val resetsAt: Instant,
)

/** Who used the quota, and for what. */
@Serializable
data class QuotaReport(
    /** First day of the report. */
    val from: LocalDate,
    /** Last day, which is today. */
    val to: LocalDate,
    /** Requests in all. */
    val requests: Long,
    /** By day, as `2026-11-25`, in order; days without requests are not among them. */
    @SerialName("by_day")
    val byDay: List<ReportShare>,
    /** By operation, most first. */
    @SerialName("by_operation")
    val byOperation: List<ReportShare>,
    /** By label, most first. */
    @SerialName("by_label")
    val byLabel: List<ReportShare>,
    /** By process, most first. */
    @SerialName("by_process")
    val byProcess: List<ReportShare>,
    /** All of it, by day and then most first. */
    val rows: List<ReportRow>,
)

/** A name and its requests. */
@Serializable
data class ReportShare(
    /** The day, operation, label or process. */
    val name: String,
    /** Requests. */
    val requests: Long,
)

/** Requests of one kind. */
@Serializable
data class ReportRow(
    /** Date on which the day began. */
    val day: LocalDate,
    /** Operation, or empty for requests of others. */
    val operation: String,
    /** The label of the calls, or empty; `others` for requests that the service told of. */
    val label: String,
    /** `host:process id`, or empty for requests of others and for days that are over for a week. */
    val process: String,
    /** Requests. */
    val requests: Long,
)

/**
 * Some work: calls of one operation.
 *
 * @property operation Id or short name of the operation: `style.list`.
 * @property count How many records a list has, numbers are looked up or rows are written; for other operations, how many
 * calls are made. Lists need it; the default of the others is 1.
 * @property pageSize Records a page, for lists. Default: the client's `maxPageSize`, 200.
 */
data class Work(val operation: String, val count: Long? = null, val pageSize: Int? = null) {
    internal val json get() = arguments("operation" to operation, "count" to count, "page_size" to pageSize)
}

/** The requests that some work takes, without retries and without the schema of a folder whose filters are checked. */
@Serializable
data class QuotaEstimate(
    /** Requests in all. */
    val requests: Long,
    /** Requests left today, if there is a limit. */
    val remaining: Long? = null,
    /** Whether they are enough. True without a limit. */
    val enough: Boolean,
    /** Each piece of the work. */
    val items: List<EstimateItem>,
)

/** The requests that one piece of work takes. */
@Serializable
data class EstimateItem(
    /** Id of the operation. */
    val operation: String,
    /** Records, numbers, rows or calls. */
    val count: Long,
    /** Requests. */
    val requests: Long,
)

internal object InstantSerializer : Mapped<Instant, String>(String.serializer(), Instant::parse, Instant::toString)

internal object LocalDateSerializer :
    Mapped<LocalDate, String>(String.serializer(), LocalDate::parse, LocalDate::toString)

internal object SecondsSerializer : Mapped<Duration, Double>(Double.serializer(), { it.seconds }, { it.inSeconds() })

/** A type that crosses as a [Plain] one. */
internal abstract class Mapped<Value, Plain>(
    private val plain: KSerializer<Plain>,
    private val read: (Plain) -> Value,
    private val write: (Value) -> Plain,
) : KSerializer<Value> {
    override val descriptor = plain.descriptor

    override fun deserialize(decoder: Decoder): Value = read(decoder.decodeSerializableValue(plain))

    override fun serialize(encoder: Encoder, value: Value) = encoder.encodeSerializableValue(plain, write(value))
}
