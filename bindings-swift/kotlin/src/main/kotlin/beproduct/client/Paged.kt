package beproduct.client

import beproduct.client.engine.EnginePager
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.AbstractFlow
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlinx.serialization.KSerializer
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonObject

/** A page of a list. */
class Page<out T> internal constructor(
    /** Its records. Those that an earlier page held already are left out. */
    val items: List<T>,
    /** Records of the whole list, where the service says it. */
    val total: Long?,
    /** How the page came about. */
    val meta: Meta,
    /** The body as it came from the service. */
    val raw: ByteArray,
    /** How far the list was read, with this page. */
    val position: Position,
)

/** How far a list was read. */
@Serializable
data class Position(
    /** The page that is next: a list with this `fromPage` goes on there. */
    val page: Long,
    /** Records that were read. */
    val records: Long,
    /** Records of the whole list, where the service says it. */
    val total: Long? = null,
)

/**
 * The records of a list, in order, fetched page by page as they are collected.
 *
 * The first page is fetched alone, the next one when half of it is collected, and for each page that is collected one more
 * is fetched ahead, up to the client's `concurrency`: stopping in page `p`, from 1, has cost at most
 * `p + min(p, concurrency)` requests. Each collection begins anew.
 *
 * Collecting throws a [BeProductException] when a page cannot be had, a [ConfigException] for arguments or options that
 * are wrong, before anything is sent, and an [IncompleteException] after the records that came when the list ends before
 * its total.
 */
@OptIn(ExperimentalCoroutinesApi::class)
class Paged<T> internal constructor(
    private val seam: Seam,
    private val operation: String,
    private val arguments: JsonObject,
    private val options: CallOptions,
    private val serializer: KSerializer<List<T>>,
) : AbstractFlow<T>() {
    override suspend fun collectSafely(collector: FlowCollector<T>): Unit = opened { call, pager ->
        while (true) {
            val (items) = fetch(call, pager) ?: break
            for (item in items) {
                collector.emit(item)
                pager.consumed(1u)
            }
        }
    }

    /** The pages of the list, of [CallOptions] `pageSize` records each. While one is collected, the next is fetched. */
    fun pages(): Flow<Page<T>> = flow {
        opened { call, pager ->
            while (true) {
                val (items, reply, total) = fetch(call, pager) ?: break
                pager.consumed(items.size.toUInt())
                val position = answerFormat.decodeFromString(Position.serializer(), pager.position())
                emit(Page(items, total, reply.meta, reply.raw, position))
            }
        }
    }

    /** All records at once, several pages at a time: the fastest way to get a whole list. */
    suspend fun collectAll(): List<T> = opened { call, pager ->
        buildList {
            while (true) {
                val (items) = fetch(call, pager, whole = true) ?: break
                addAll(items)
            }
        }
    }

    private inline fun <R> opened(block: (call: ULong, pager: EnginePager) -> R): R {
        val call = seam.engine.issueCall()
        val pager = translated { seam.engine.pages(call, operation, arguments.toString(), options.json.toString()) }
        try {
            return block(call, pager)
        } finally {
            seam.engine.cancel(call)
            pager.close()
        }
    }

    private suspend fun fetch(call: ULong, pager: EnginePager, whole: Boolean = false): Fetched<T>? {
        val fetched = seam.running(call) { pager.nextPage(whole) } ?: return null
        val reply = seam.answered(fetched)
        return Fetched(seam.decoded(operation, reply, serializer), reply, fetched.total?.toLong())
    }

    private data class Fetched<T>(val items: List<T>, val reply: Reply, val total: Long?)
}
