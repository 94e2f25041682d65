package beproduct.client

import kotlinx.serialization.json.JsonElement

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

/** Takes log lines, in order, on threads of the library that may block. */
fun interface LogSink {
    /**
     * Takes a line. What it throws is written to [System.err] once a client and affects no call; it gets the next lines
     * all the same.
     */
    fun log(record: LogRecord)
}
