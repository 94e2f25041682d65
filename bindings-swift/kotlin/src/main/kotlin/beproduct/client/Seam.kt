package beproduct.client

import beproduct.client.engine.Engine
import beproduct.client.engine.EngineReply
import beproduct.client.engine.EngineStream
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.future.future
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.serialization.KSerializer
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.builtins.nullable
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.serializer

/**
 * The engine as suspending functions: JSON, cancellation, errors.
 *
 * @param progress Receives the progress of calls whose options have no code for it.
 */
internal class Seam private constructor(
    private val engine: Engine,
    private val host: HostCode,
    private val progress: ((Progress) -> Unit)? = null,
) : AutoCloseable {
    /** The address at which a person signs in; null for a client. */
    val url: String? get() = engine.url()

    /** The engine that acts for another user, with the same quota and the same code of the program. */
    fun actingAs(whom: JsonObject): Seam = Seam(translated { engine.child("$whom") }, host, progress)

    /** The same engine with options for all of its calls. */
    fun withOptions(options: CallOptions): Seam =
        Seam(translated { engine.withOptions("${options.json}") }, host, options.progress ?: progress)

    /** Calls an operation of the service, or a method of the client itself, and reads its answer. */
    suspend inline fun <reified T> call(
        name: String,
        arguments: JsonObject = NONE,
        options: CallOptions = CallOptions(),
        file: FileSource? = null,
    ): T {
        val serializer = serializer<T>()
        return answered(name, arguments, options, file) { reply -> reply.decoded(serializer) }
    }

    /** Does some work while something is held, and gives that back by an operation, whatever becomes of the work. */
    suspend fun <T> holding(release: String, arguments: JsonObject, options: CallOptions, work: suspend () -> T): T {
        suspend fun giveBack() = withContext(NonCancellable) { call<JsonElement>(release, arguments, options) }
        val result = try {
            work()
        } catch (failure: Throwable) {
            try {
                giveBack()
            } catch (other: BeProductException) {
                failure.addSuppressed(other)
            }
            throw failure
        }
        giveBack()
        return result
    }

    /** The bytes of a file, a part at a time. */
    fun bytes(name: String, arguments: JsonObject, options: CallOptions): Flow<ByteArray> = flow {
        open(name, arguments, options).use { parts ->
            while (true) emit(parts.next { it.bytes() } ?: break)
        }
    }

    inline fun <reified T> list(name: String, arguments: JsonObject, options: CallOptions): Paged<T> {
        val serializer = ListSerializer(serializer<T>())
        return Paged({ open(name, arguments, options) }) { reply -> reply.decoded(serializer) }
    }

    suspend fun response(name: String, arguments: JsonObject, options: CallOptions): Response<JsonElement> =
        answered(name, arguments, options) { reply ->
            Response(reply.decoded(JsonElement.serializer()), listOfNotNull(reply.parsedMeta()), reply.bytes())
        }

    suspend fun <T> answered(
        name: String,
        arguments: JsonObject,
        options: CallOptions,
        file: FileSource? = null,
        read: (EngineReply) -> T,
    ): T {
        val call = engine.issueCall()
        val reading = file?.attach(engine, call, host)
        try {
            return host.reporting(call, options.progress ?: progress) {
                answered(call, { engine.call(call, name, "$arguments", "${options.json}") }) { reply ->
                    recorded(reply!!)
                    read(reply)
                }
            }
        } finally {
            reading?.cancel()
        }
    }

    /** The pages of a list, from its first. */
    fun open(name: String, arguments: JsonObject, options: CallOptions): Pages {
        val call = engine.issueCall()
        val stream = host.reporting(call, options.progress ?: progress) {
            translated { engine.stream(call, name, "$arguments", "${options.json}") }
        }
        return Pages(call, stream)
    }

    fun advanceClock(seconds: Double): Unit = translated { engine.advanceClock(seconds) }

    /** Ends all calls. It blocks within the core's limit, also if this thread is interrupted. */
    override fun close() {
        CoroutineScope(Dispatchers.Unconfined).future { engine.shutDown() }.join()
    }

    /** The pages of one list. Closing it cancels the open request. */
    inner class Pages(private val call: ULong, private val stream: EngineStream) : AutoCloseable {
        /** How far the list was read. */
        val position: Position get() = answerFormat.decodeFromString(Position.serializer(), stream.position())

        /** What is read of the next page, or null at the end. [all] says that all pages are wanted. */
        suspend fun <T : Any> next(all: Boolean = false, read: (EngineReply) -> T): T? =
            answered(call, { stream.next(all) }) { reply ->
                reply?.let {
                    recorded(it)
                    read(it)
                }
            }

        fun consumed(count: Int) = stream.consumed(count.toUInt())

        override fun close() {
            engine.cancel(call)
            stream.close()
        }
    }

    /**
     * Waits for an answer of the engine and reads it, both away from the caller's thread.
     *
     * When this coroutine is cancelled, the call with this number is cancelled, and the engine's error becomes the cause of
     * the [CancellationException].
     */
    private suspend fun <T> answered(
        call: ULong,
        work: suspend () -> EngineReply?,
        read: suspend (EngineReply?) -> T,
    ): T {
        val caller = currentCoroutineContext()
        val watch = CoroutineScope(caller + Dispatchers.Unconfined).launch(start = CoroutineStart.UNDISPATCHED) {
            try {
                awaitCancellation()
            } finally {
                if (!caller.isActive) engine.cancel(call)
            }
        }
        var reply: EngineReply? = null
        try {
            // The glue would drop a cancelled call silently, and with it the outcome of a write.
            return withContext(NonCancellable + Dispatchers.Default) {
                translated(host) {
                    reply = work()
                    read(reply)
                }
            }
        } catch (error: BeProductException) {
            throw if (caller.isActive) error else CancellationException(error.message, error)
        } catch (cancellation: CancellationException) {
            // The caller's own, after the answer had come.
            val error = reply?.tooLate()?.let { exceptionOf(it) } ?: throw cancellation
            throw CancellationException(error.message, error)
        } finally {
            watch.cancel()
            reply?.close()
        }
    }

    private suspend fun recorded(reply: EngineReply) {
        val recorder = currentCoroutineContext()[ReplyRecorder] ?: return
        reply.parsedMeta()?.let { recorder.record(it, reply.bytes()) }
    }

    companion object {
        val NONE = JsonObject(emptyMap())

        init {
            CallbackThreads.stayAttached()
        }

        /** A client. */
        fun client(
            settings: Map<String, JsonElement>,
            tokenStore: TokenStorage? = null,
            logSink: LogSink? = null,
            quotaListener: QuotaListener? = null,
        ): Seam {
            val host = HostCode(tokenStore as? TokenStore, logSink, quotaListener)
            val language = arguments("user_agent" to "kotlin/${KotlinVersion.CURRENT}")
            val all = JsonObject(language + settings + tokenStore.settings)
            return Seam(translated(host) { Engine.open("$all", host) }, host)
        }

        /** A sign-in of a person. */
        fun signIn(settings: JsonObject): Seam = Seam(translated { Engine.signIn("$settings") }, HostCode())
    }
}

/** How the answer of the service came about; null for an answer of the client itself. */
internal fun EngineReply.parsedMeta(): Meta? = decoded(Meta.serializer().nullable, meta())

internal fun <T> EngineReply.decoded(serializer: KSerializer<T>, text: String = body()): T =
    try {
        answerFormat.decodeFromString(serializer, text)
    } catch (error: IllegalArgumentException) {
        // Below the first line, the text quotes the answer.
        val problem = error.message?.substringBefore('\n')
        throw exceptionOf(unreadable("the answer does not have the expected shape: $problem"), cause = error)
    }
