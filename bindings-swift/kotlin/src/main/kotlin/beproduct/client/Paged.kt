package beproduct.client

import beproduct.client.engine.EngineReply
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.AbstractFlow
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow

/** A page of a list. */
class Page<out T> internal constructor(
    private val result: Result<List<T>>,
    /** Records of the whole list, if the service states it. */
    val total: Long?,
    /** How the page came about. */
    val meta: Meta,
    /** The unchanged body of the answer, also if its records cannot be read. */
    val raw: ByteArray,
    /** How far the list was read, including this page. */
    val position: Position,
) {
    /** Makes a page, for a program's tests. Each parameter is the property of the same name. */
    constructor(
        records: List<T>,
        total: Long? = null,
        meta: Meta,
        raw: ByteArray = ByteArray(0),
        position: Position = Position(page = 1, records = records.size.toLong(), total = total),
    ) : this(Result.success(records), total, meta, raw, position)

    /**
     * Its records, without those of earlier pages.
     *
     * @throws DecodeException if the answer cannot be read.
     */
    val records: List<T> get() = result.getOrThrow()
}

/**
 * The records of a list, in order, fetched page by page as they are collected.
 *
 * The second page is requested when half of the first is collected. For each page that is collected, one more is requested
 * ahead, up to the client's `concurrency`: stopping in page `p`, from 1, has cost at most `p + min(p, concurrency)`
 * requests. Each collection begins anew.
 *
 * Collecting throws a [BeProductException] if a page cannot be fetched. Wrong arguments or options are a
 * [ConfigException], before anything is sent. A list that ends before its total throws an [IncompleteException] after its
 * records.
 */
@OptIn(ExperimentalCoroutinesApi::class)
class Paged<T> internal constructor(
    private val open: () -> Seam.Pages,
    private val read: (EngineReply) -> List<T>,
) : AbstractFlow<T>() {
    override suspend fun collectSafely(collector: FlowCollector<T>): Unit = open().use { pages ->
        while (true) {
            val records = pages.next(read = read) ?: break
            for (record in records) {
                collector.emit(record)
                pages.consumed(1)
            }
        }
    }

    /**
     * The pages of the list, with `CallOptions.pageSize` records each. While one is collected, the next is fetched. A page
     * whose records cannot be read throws when they are asked for.
     */
    fun pages(): Flow<Page<T>> = flow {
        open().use { pages ->
            while (true) {
                val page = pages.next { reply ->
                    val records = runCatching { read(reply) }
                    pages.consumed(reply.records().toInt())
                    Page(records, reply.total()?.toLong(), reply.parsedMeta()!!, reply.bytes(), pages.position)
                }
                emit(page ?: break)
            }
        }
    }

    /** All records at once, several pages at a time: the fastest way to get a whole list. */
    suspend fun collectAll(): List<T> = open().use { pages ->
        buildList {
            while (true) addAll(pages.next(all = true, read) ?: break)
        }
    }
}
