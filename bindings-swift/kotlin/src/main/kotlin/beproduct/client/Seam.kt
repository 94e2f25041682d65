package beproduct.client

import beproduct.client.engine.Engine
import beproduct.client.engine.EngineCancellation
import beproduct.client.engine.EngineReply
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.serializer

/** The engine as suspending functions: JSON in and out, cancellation, errors. */
internal class Seam(val engine: Engine, private val hooks: Hooks) {
    /** The engine that acts for another user. Its quota is the same, and so is the store of its administrator's tokens. */
    fun actingAs(whom: JsonObject): Seam = Seam(translated { engine.actingAs(whom.toString()) }, hooks)

    suspend inline fun <reified T> call(operation: String, arguments: JsonObject, options: CallOptions): T =
        decoded(operation, reply(operation, arguments, options), serializer<T>())

    inline fun <reified T> list(operation: String, arguments: JsonObject, options: CallOptions): Paged<T> =
        Paged(this, operation, arguments, options, serializer<List<T>>())

    suspend fun reply(operation: String, arguments: JsonObject, options: CallOptions): Reply {
        val call = engine.issueCall()
        return answered(running(call) { engine.call(call, operation, arguments.toString(), options.json.toString()) })
    }

    /**
     * Waits for the engine's [work]. When this coroutine is cancelled, the call with this number is given up, and what
     * the engine says of it becomes the cause of the [CancellationException].
     */
    suspend fun <T> running(call: ULong, work: suspend () -> T): T = running({ engine.cancel(call) }, work)

    /** The same for a request to the identity server, which has no number. */
    suspend fun <T> running(work: suspend (EngineCancellation) -> T): T {
        // It is not closed, as the caller may be cancelled at the very end; its cleaner does that.
        val cancellation = EngineCancellation()
        return running(cancellation::cancel) { work(cancellation) }
    }

    private suspend fun <T> running(giveUp: () -> Unit, work: suspend () -> T): T {
        val caller = currentCoroutineContext()
        val watch = CoroutineScope(caller + Dispatchers.Unconfined).launch(start = CoroutineStart.UNDISPATCHED) {
            try {
                awaitCancellation()
            } finally {
                if (!caller.isActive) giveUp()
            }
        }
        try {
            // The glue would drop a cancelled call without a word, and with it what became of a write.
            return withContext(NonCancellable) { translated(hooks) { work() } }
        } catch (error: BeProductException) {
            throw if (caller.isActive) error else CancellationException(error.message, error)
        } finally {
            watch.cancel()
        }
    }

    /** Reads a reply, and tells of it where that is asked for. */
    suspend fun answered(reply: EngineReply): Reply {
        val meta = answerFormat.decodeFromString(Meta.serializer(), reply.meta)
        return Reply(answerFormat.parseToJsonElement(reply.body), reply.raw, meta).also {
            currentCoroutineContext()[ReplyRecorder]?.record(it)
        }
    }

    fun <T> decoded(operation: String, reply: Reply, serializer: KSerializer<T>): T =
        shaped(operation, reply.meta) { answerFormat.decodeFromJsonElement(serializer, reply.body) }

    /** What [read] makes of an answer. An answer of several requests has no [meta]. */
    inline fun <T> shaped(operation: String, meta: Meta?, read: () -> T): T =
        try {
            read()
        } catch (error: SerializationException) {
            throw ErrorFields(
                ErrorKind.DECODE,
                // Below the first line, the text quotes the answer.
                "the answer does not have the shape that the catalogue states: ${error.message?.substringBefore('\n')}",
                status = meta?.status,
                outcome = Outcome.APPLIED,
                requestId = meta?.requestId,
                operation = operation,
                attempts = meta?.attempts.orEmpty(),
                waits = meta?.waits.orEmpty(),
            ).toException(error)
        }
}
