package beproduct.client

import beproduct.client.engine.EngineHost
import beproduct.client.engine.HostException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.decodeFromJsonElement
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** Code of the program, which the engine calls by the name of a hook, with JSON. The names are those of the core's `Hook`. */
internal class HostCode(
    store: TokenStore? = null,
    sink: LogSink? = null,
    listener: QuotaListener? = null,
) : EngineHost {
    private val code: Map<String, (String) -> String> = buildMap {
        if (store != null) {
            put("token_store.load") { store.load()?.toJson() ?: NOTHING }
            put("token_store.save") { done { store.save(Tokens.fromJson(it)) } }
        }
        if (store is SharedTokenStore) {
            put("token_store.try_lock") { store.tryLock().toString() }
            put("token_store.unlock") { done { store.unlock() } }
        }
        if (listener != null) {
            put("on_quota_event") { done { listener.notice(event(it)) } }
            put("on_quota_limit") { seconds(listener.atLimit(event(it))) }
        }
        put("progress") { done { progress(answerFormat.parseToJsonElement(it).jsonObject) } }
        if (sink != null) put("on_log") { done { log(sink, answerFormat.decodeFromString(it)) } }
    }

    /** Code for the progress of calls, by their numbers. */
    private val listening = ConcurrentHashMap<ULong, (Progress) -> Unit>()

    /** The last exceptions of the program, by the ids that the engine knows them by. */
    private val failures = object : LinkedHashMap<ULong, Throwable>() {
        override fun removeEldestEntry(eldest: Map.Entry<ULong, Throwable>) = size > MOST_FAILURES
    }
    private var lastId: ULong = 0u
    private val isSinkReported = AtomicBoolean()

    override fun hooks(): List<String> = code.keys.toList()

    override fun call(hook: String, payload: String): String =
        try {
            code.getValue(hook)(payload)
        } catch (failure: Throwable) {
            throw HostException.Failed(failure.message ?: failure.toString(), kept(failure))
        }

    /** Runs [begin], after which the call with this number reports its progress to [code] until it ends. */
    inline fun <T> reporting(call: ULong, noinline code: ((Progress) -> Unit)?, begin: () -> T): T {
        if (code == null) return begin()
        listening[call] = code
        try {
            return begin()
        } catch (error: RuntimeException) {
            // The engine of a closed client reports no end of its calls.
            val reason = if (error is CancellationException) error.cause else error
            if (reason is ClientClosedException) listening -= call
            throw error
        }
    }

    /** The program's exception with this id, if it is one of the last. */
    fun failure(id: ULong): Throwable? = synchronized(failures) { failures[id] }

    /** Keeps an exception of the program, and gives the id that the engine knows it by. */
    fun kept(failure: Throwable): ULong = synchronized(failures) {
        lastId += 1u
        failures[lastId] = failure
        lastId
    }

    /** A report; the last of a call has its number only. */
    private fun progress(report: JsonObject) {
        val call = report.getValue("call").jsonPrimitive.content.toULong()
        if ("operation" in report) {
            listening[call]?.invoke(answerFormat.decodeFromJsonElement(report))
        } else {
            listening -= call
        }
    }

    private fun log(sink: LogSink, records: List<LogRecord>) {
        for (record in records) {
            try {
                sink.log(record)
            } catch (failure: Throwable) {
                // There is no log to report it to.
                if (isSinkReported.compareAndSet(false, true)) {
                    System.err.println("BeProduct: the LogSink failed (reported once): ${failure.stackTraceToString()}")
                }
            }
        }
    }

    private companion object {
        const val NOTHING = "null"
        const val MOST_FAILURES = 100

        fun done(act: () -> Unit): String {
            act()
            return NOTHING
        }

        fun event(payload: String) = answerFormat.decodeFromString(QuotaEvent.serializer(), payload)

        fun seconds(wait: Duration?): String = when {
            wait == null -> JsonNull
            // JSON has no number for it.
            wait == Duration.INFINITE -> JsonPrimitive("Infinity")
            else -> JsonPrimitive(wait.inSeconds())
        }.toString()
    }
}
