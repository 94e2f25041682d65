/** The driver of the behaviour cases for Kotlin: see tests/drivers/README.md. */
package beproduct.driver

import beproduct.client.BeProduct
import beproduct.client.BeProductException
import beproduct.client.CallOptions
import beproduct.client.LogSink
import beproduct.client.QuotaEvent
import beproduct.client.QuotaListener
import beproduct.client.Response
import beproduct.client.TokenStore
import beproduct.client.Tokens
import beproduct.client.Work
import beproduct.client.parseEvent
import beproduct.client.testing.advanceClock
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.decodeFromJsonElement
import kotlinx.serialization.json.double
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.encodeToJsonElement
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put

private class MemoryStore(@Volatile var tokens: Tokens?) : TokenStore {
    override fun load(): Tokens? = tokens

    override fun save(tokens: Tokens) {
        this.tokens = tokens
    }
}

/** Keeps events of the quota, and answers at its limits as the case says: with a number of seconds, null, or `fail`. */
private class Listener(private val answer: JsonPrimitive) : QuotaListener {
    private val events = Channel<QuotaEvent>(Channel.UNLIMITED)

    override fun notice(event: QuotaEvent) {
        events.trySend(event)
    }

    override fun atLimit(event: QuotaEvent): Duration? {
        notice(event)
        check(answer.contentOrNull != "fail") { "no answer at the limit" }
        return answer.doubleOrNull?.seconds
    }

    /** All events so far. They come from a thread of their own: up to [count] of them are waited for. */
    suspend fun taken(count: Int): List<QuotaEvent> = buildList {
        withTimeoutOrNull(10.seconds) { repeat(count) { add(events.receive()) } }
        while (true) add(events.tryReceive().getOrNull() ?: break)
    }
}

private class Driver : AutoCloseable {
    private lateinit var client: BeProduct
    private var store: MemoryStore? = null
    private var listener: Listener? = null
    private val logs = CopyOnWriteArrayList<String>()
    private val named = ConcurrentHashMap<String, Job>()

    /** Ends the client, so that no line of its log comes while the machine of Java ends. */
    override fun close() {
        if (::client.isInitialized) client.close()
    }

    /** What a command runs in: the coroutine of this name, which may have been cancelled before. */
    fun jobOf(command: JsonObject): Job = command.text("name")?.let { named.computeIfAbsent(it) { Job() } } ?: Job()

    suspend fun answer(command: JsonObject): Pair<String, JsonElement> =
        try {
            "ok" to run(command)
        } catch (error: BeProductException) {
            "error" to fields(error)
        } catch (cancellation: CancellationException) {
            "error" to fields(cancellation.cause as BeProductException)
        } catch (exception: Exception) {
            "error" to buildJsonObject {
                put("kind", "driver")
                put("message", exception.stackTraceToString())
            }
        }

    private suspend fun run(command: JsonObject): JsonElement = when (val name = command.text("do")) {
        "open" -> done { open(command) }
        "call" -> {
            val (operation, arguments, options) = prepared(command)
            answer(
                try {
                    client.withResponse { typedCall(operation, Arguments(arguments), options) }
                } catch (_: NotExpressible) {
                    client.call(operation, arguments, options)
                },
            )
        }
        "list", "collect" -> {
            val (operation, arguments, options) = prepared(command)
            val taking = Taking(name == "collect", command["limit"]?.jsonPrimitive?.int)
            val records = try {
                client.typedList(operation, Arguments(arguments), options, taking)
            } catch (_: NotExpressible) {
                client.stream(operation, arguments, options).taken(taking).json()
            }
            buildJsonObject {
                put("ids", JsonArray(records.jsonArray.map { it.jsonObject["id"] ?: JsonNull }))
                put("count", records.jsonArray.size)
            }
        }
        "cancel" -> done { jobOf(command).cancel() }
        "advance" -> done { client.advanceClock(command.getValue("seconds").jsonPrimitive.double.seconds) }
        "quota" -> Json.encodeToJsonElement(client.quota.status())
        "report" -> {
            val days = command["days"]?.jsonPrimitive?.int
            Json.encodeToJsonElement(if (days == null) client.quota.report() else client.quota.report(days))
        }
        "estimate" -> {
            val work = Json.decodeFromJsonElement<List<Work>>(command.getValue("work"))
            Json.encodeToJsonElement(client.quota.estimate(work))
        }
        "change_plan" -> done { client.quota.changePlan(plan(command.getValue("plan"))) }
        "events" -> Json.encodeToJsonElement(listener?.taken(command["count"]?.jsonPrimitive?.int ?: 0).orEmpty())
        "event" -> Json.encodeToJsonElement(parseEvent(command.getValue("body").jsonPrimitive.content))
        "logs" -> JsonArray(logs.map(::JsonPrimitive))
        "stored" -> store?.tokens?.let { Json.parseToJsonElement(it.toJson()) } ?: JsonNull
        "close" -> done { client.close() }
        else -> throw IllegalArgumentException("there is no command $name")
    }

    private fun open(command: JsonObject) {
        logs.clear()
        named.clear()
        store = if (command.text("token_store") == "host") {
            MemoryStore(command["stored"]?.let { Tokens.fromJson(it.toString()) })
        } else {
            null
        }
        val settings = command.part("settings")
        listener = settings["quota_listener"]?.let { Listener(it.jsonObject["at_limit"]?.jsonPrimitive ?: JsonNull) }
        val own = JsonObject(settings - "quota_listener")
        client = BeProduct.fromSettings(own, store, LogSink { logs += it.message }, listener)
    }

    private fun prepared(command: JsonObject) = Triple(
        command.getValue("operation").jsonPrimitive.content,
        command.part("arguments"),
        CallOptions.fromJson(command.part("options")),
    )

    private fun answer(response: Response<JsonElement>) = buildJsonObject {
        put("body", response.body)
        put("meta", Json.encodeToJsonElement(response.answers.lastOrNull()))
        put("raw", response.raw.decodeToString())
    }

    private fun fields(error: BeProductException) = buildJsonObject {
        put("kind", error.kind.name.lowercase())
        put("message", error.message)
        put("status", error.status)
        put("code", error.code)
        put("retryable", error.retryable)
        put("retry_after", error.retryAfter?.toDouble(DurationUnit.SECONDS))
        put("outcome", error.outcome.name.lowercase())
        put("request_id", error.requestId)
        put("operation", error.operation)
        put("method", error.method)
        put("url", error.url)
        put("attempts", Json.encodeToJsonElement(error.attempts))
        put("waits", Json.encodeToJsonElement(error.waits))
        put("body_excerpt", error.bodyExcerpt)
        put("details", error.details ?: JsonNull)
        put("text", "$error\n${error.stackTraceToString()}")
    }

    private inline fun done(act: () -> Unit): JsonElement {
        act()
        return JsonPrimitive(true)
    }

    private fun JsonObject.text(name: String): String? = get(name)?.jsonPrimitive?.contentOrNull

    private fun JsonObject.part(name: String): JsonObject = get(name)?.jsonObject ?: JsonObject(emptyMap())
}

@OptIn(DelicateCoroutinesApi::class)
fun main() {
    val driver = Driver()
    for (line in generateSequence(::readlnOrNull)) {
        val command = Json.parseToJsonElement(line).jsonObject
        val job = if (command["do"] == JsonPrimitive("cancel")) Job() else driver.jobOf(command)
        // Also when it is cancelled already: that such a call sends nothing is for the client to see to.
        CoroutineScope(job + Dispatchers.Default).launch(start = CoroutineStart.ATOMIC) {
            val (kind, value) = driver.answer(command)
            val answer = JsonObject(mapOf("id" to command.getValue("id"), kind to value))
            synchronized(driver) {
                println(answer)
                System.out.flush()
            }
        }
    }
    driver.close()
}
