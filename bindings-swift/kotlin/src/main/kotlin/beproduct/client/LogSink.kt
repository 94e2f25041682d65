package beproduct.client

import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.json.JsonElement

/** How important a log line is. */
enum class LogLevel {
    /** Every attempt. */
    DEBUG,

    /** Every call. */
    INFO,

    /** Something that a person should know. */
    WARNING,
}

/** A log line of the client. It holds no secrets, no bodies and no queries. */
@Serializable
data class LogRecord(
    /** How important it is. */
    @Serializable(with = LogLevelSerializer::class)
    val level: LogLevel,
    /** The line. */
    val message: String,
    /** Id of its operation, if it has one. */
    val operation: String? = null,
    /** Id of its request, if it has one. */
    @SerialName("request_id")
    val requestId: String? = null,
    /**
     * Measurements, by the names of OpenTelemetry's conventions, such as `http.response.status_code`, and by `beproduct.*`
     * for what those do not have.
     */
    val attributes: Map<String, JsonElement> = emptyMap(),
)

/** Receives log lines, in order, on threads of the library that may block. */
fun interface LogSink {
    /**
     * Receives a line. The first exception of each client is written to [System.err]. It affects no call, and the sink
     * receives the next lines all the same.
     */
    fun log(record: LogRecord)
}

internal object LogLevelSerializer : Mapped<LogLevel, String>(
    String.serializer(),
    { name -> LogLevel.entries.find { it.name.equals(name, ignoreCase = true) } ?: LogLevel.WARNING },
    { it.name.lowercase() },
)
