package beproduct.client

import beproduct.client.engine.EnginePager
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.AbstractFlow
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlinx.serialization.KSerializer
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
)

/**
 * The records of a list, in order, fetched page by page as they are collected.
 *
 * The first page is fetched alone, the next one when half of the present page is collected: whoever stops early has
 * caused at most one request more than was needed. Each collection begins anew.
 *
 * Collecting throws a [BeProductException] when a page cannot be had, and a [ConfigException] for arguments or options
 * that are wrong, before anything is sent.
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
            val page = next(call, pager) ?: break
            for (item in page.items) {
                collector.emit(item)
                pager.consumed(1u)
            }
        }
    }

    /** The pages of the list, of [CallOptions] `pageSize` records each. While one is collected, the next is fetched. */
    fun pages(): Flow<Page<T>> = flow {
        opened { call, pager ->
            while (true) {
                val page = next(call, pager) ?: break
                pager.consumed(page.items.size.toUInt())
                emit(page)
            }
        }
    }

    /** All records at once, several pages at a time: the fastest way to get a whole list. */
    suspend fun collectAll(): List<T> = opened { call, pager ->
        val all = seam.running(call) { pager.collect() }
        seam.shaped(operation, meta = null) { answerFormat.decodeFromString(serializer, all) }
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

    private suspend fun next(call: ULong, pager: EnginePager): Page<T>? {
        val fetched = seam.running(call) { pager.nextPage() } ?: return null
        val reply = seam.answered(fetched)
        return Page(seam.decoded(operation, reply, serializer), fetched.total?.toLong(), reply.meta, reply.raw)
    }
}
