package beproduct.client

import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.builtins.serializer

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
    /** The service's rate limit, if the answer stated it. */
    val rate: RateFigures? = null,
    /** Requests that were counted against the quota. */
    val cost: Int = 0,
) {
    /** The first header of this name, in upper or lower case. */
    fun header(name: String): String? = headers.firstOrNull { it.first.equals(name, ignoreCase = true) }?.second
}

/** The result of calls, with how each answer came about. */
class Response<out T>(
    /** The record of a call, or the result of a block of [BeProduct.withResponse]. */
    val body: T,
    /** How each answer came about, in the order of the answers. */
    val answers: List<Meta>,
    /** The unchanged body of the last answer. Those of a list's pages: [Page.raw]. */
    val raw: ByteArray,
) {
    /** Makes the response of one call. */
    constructor(body: T, meta: Meta, raw: ByteArray = ByteArray(0)) : this(body, listOf(meta), raw)

    /** How the last answer came about, which is the only one of a single call. */
    val meta: Meta get() = answers.last()
}

/** Headers cross as pairs, since a name may come more than once. */
internal object HeadersSerializer : Mapped<List<Pair<String, String>>, List<List<String>>>(
    ListSerializer(ListSerializer(String.serializer())),
    { pairs -> pairs.map { (name, value) -> name to value } },
    { headers -> headers.map { it.toList() } },
)
