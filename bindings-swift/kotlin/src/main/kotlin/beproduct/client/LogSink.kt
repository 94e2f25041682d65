package beproduct.client

import beproduct.client.engine.EngineLogSink
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.jsonObject

/** How important a line is. */
enum class LogLevel {
    /** Every attempt. */
    DEBUG,

    /** Every call. */
    INFO,

    /** Something that a person should know. */
    WARNING,
}

/** A line of what the client tells about its work. It holds no secrets, no bodies and no queries. */
data class LogRecord(
    /** How important it is. */
    val level: LogLevel,
    /** The line. */
    val message: String,
    /** Operation that it is about, or empty. */
    val operation: String,
    /** Request that it is about, or empty. */
    val requestId: String,
    /**
     * What was measured, by the names of OpenTelemetry's conventions, such as `http.response.status_code`, and by
     * `beproduct.*` for what those do not know.
     */
    val attributes: Map<String, JsonElement> = emptyMap(),
)

/** Takes log lines, on threads of the library. */
fun interface LogSink {
    /** Takes a line. */
    fun log(record: LogRecord)
}

/** A log sink, as the engine sees it. */
internal class HostLogSink(private val sink: LogSink) : EngineLogSink {
    override fun log(level: String, message: String, operation: String, requestId: String, attributes: String) {
        val measured = answerFormat.parseToJsonElement(attributes).jsonObject
        sink.log(LogRecord(LogLevel.valueOf(level.uppercase()), message, operation, requestId, measured))
    }
}
