package beproduct.client

import java.time.Instant
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.startCoroutineUninterceptedOrReturn
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.JsonElement

/** One attempt to send a request. */
@Serializable
data class Attempt(
    /** Status of the answer, if one came. */
    val status: Int? = null,
    /** Kind of the failure, if it failed. */
    val error: ErrorKind? = null,
    /** From sending to the end of the answer's body. */
    val seconds: Double,
)

/** Why a call paused. */
@Serializable
enum class WaitReason {
    /** Before another attempt. */
    @SerialName("backoff")
    BACKOFF,

    /** The service asked for it. */
    @SerialName("retry_after")
    RETRY_AFTER,

    /** The limit of requests at this time was reached. */
    @SerialName("rate")
    RATE,

    /** The requests of the day were used up. */
    @SerialName("quota")
    QUOTA,

    /** The service processed a file. */
    @SerialName("processing")
    PROCESSING,
}

/** One pause of a call. */
@Serializable
data class Wait(
    /** Why. */
    val reason: WaitReason,
    /** How long. */
    val seconds: Double,
)

/** The service's figures on its limit of requests. */
@Serializable
data class RateFigures(
    /** Requests allowed in the window. */
    val limit: Long? = null,
    /** Requests left in it. */
    val remaining: Long? = null,
    /** End of the window, Unix seconds. */
    val reset: Long? = null,
) {
    /** End of the window. */
    val resetsAt: Instant? get() = reset?.let(Instant::ofEpochSecond)
}

/** How an answer came about. */
@Serializable
data class Meta(
    /** Status of the answer. */
    val status: Int,
    /** Headers of the answer, names in lower case. */
    @Serializable(with = HeadersSerializer::class)
    val headers: List<Pair<String, String>> = emptyList(),
    /** Id of the request: the service's own when it sent one, else the client's. */
    @SerialName("request_id")
    val requestId: String,
    /** Every attempt. */
    val attempts: List<Attempt> = emptyList(),
    /** Every pause. */
    val waits: List<Wait> = emptyList(),
    /** The service's figures on its limit of requests, when it sent them. */
    val rate: RateFigures? = null,
    /** Requests that were counted against the quota. */
    val cost: Int = 0,
) {
    /** The first header of this name, in any case. */
    fun header(name: String): String? = headers.firstOrNull { it.first.equals(name, ignoreCase = true) }?.second
}

/** The answer to a call whose operation was not known beforehand. */
class Reply(
    /** The record, the list of records, or null. */
    val body: JsonElement,
    /** The body as it came from the service. */
    val raw: ByteArray,
    /** How it came about. */
    val meta: Meta,
)

/** What a block of [BeProduct.withResponse] returned. */
class Response<out T>(
    /** The block's result: the record, where it made one call. */
    val body: T,
    /** How each answer came about, in the order in which they came. */
    val answers: List<Meta>,
    /** The body of the last answer as it came from the service. Those of a list's pages: [Page.raw]. */
    val raw: ByteArray,
) {
    /** How the last answer came about: the only one where the block made one call. */
    val meta: Meta get() = answers.last()
}

/** Takes down how the answers to the calls of a coroutine came about. */
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
     * Runs [block] with this in its context. Not by `withContext`, which throws a cancellation of its own in place of
     * the one that tells what became of the call.
     */
    suspend fun <T> during(block: suspend () -> T): T = suspendCoroutineUninterceptedOrReturn { caller ->
        val end = object : Continuation<T> by caller {
            override val context = caller.context + this@ReplyRecorder
        }
        block.startCoroutineUninterceptedOrReturn(end)
    }

    fun <T> response(body: T): Response<T> = synchronized(answers) {
        check(answers.isNotEmpty()) { "nothing was called: there is no answer to report" }
        Response(body, answers.toList(), raw)
    }

    companion object Key : CoroutineContext.Key<ReplyRecorder>
}

/** Headers cross as pairs, since a name may come more than once. */
internal object HeadersSerializer : KSerializer<List<Pair<String, String>>> {
    private val pairs = ListSerializer(ListSerializer(String.serializer()))
    override val descriptor = pairs.descriptor

    override fun deserialize(decoder: Decoder): List<Pair<String, String>> =
        decoder.decodeSerializableValue(pairs).map { (name, value) -> name to value }

    override fun serialize(encoder: Encoder, value: List<Pair<String, String>>) =
        encoder.encodeSerializableValue(pairs, value.map { it.toList() })
}
