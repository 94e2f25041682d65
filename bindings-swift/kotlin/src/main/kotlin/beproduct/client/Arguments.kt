package beproduct.client

import beproduct.client.testing.Answer
import java.math.BigDecimal
import java.math.BigInteger
import java.nio.file.Path
import java.time.Instant
import java.time.LocalDate
import java.time.OffsetDateTime
import java.time.ZoneOffset
import java.time.ZonedDateTime
import java.time.format.DateTimeFormatter
import java.time.temporal.ChronoUnit
import kotlin.time.toJavaInstant
import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.JsonUnquotedLiteral
import kotlinx.serialization.serializerOrNull

/** Arguments by name, without those that are null. */
internal fun arguments(vararg pairs: Pair<String, Any?>): JsonObject = members(null, *pairs)

/** Members of an object by name, without those that are null. In errors the object is called [place]. */
internal fun members(place: String?, vararg pairs: Pair<String, Any?>): JsonObject = JsonObject(
    pairs.filter { (_, value) -> value != null }
        .associate { (name, value) -> name to jsonOf(if (place == null) name else "$place.$name", value) },
)

/**
 * A value as the service takes it.
 *
 * @param name Its name in errors.
 * @throws ConfigException for a value that has no JSON form.
 */
@OptIn(ExperimentalSerializationApi::class)
internal fun jsonOf(name: String, value: Any?): JsonElement = when (value) {
    null -> JsonNull
    is JsonElement -> value
    is Filter -> value.json(name)
    is ColorwayChange -> value.json(name)
    is RowChange -> value.json(name)
    is Answer -> value.json(name)
    is FileSource -> value.json
    is String -> JsonPrimitive(value)
    is Boolean -> JsonPrimitive(value)
    is Double -> if (value.isFinite()) JsonPrimitive(value) else throw notANumber(name, value)
    is Float -> if (value.isFinite()) JsonPrimitive(value) else throw notANumber(name, value)
    is Byte, is Short, is Int, is Long, is UInt, is ULong, is BigInteger, is BigDecimal ->
        JsonUnquotedLiteral(value.toString())
    is LocalDate -> zoned(value.toString())
    // A fraction only if it is not zero, with three digits.
    is Instant -> JsonPrimitive(value.truncatedTo(ChronoUnit.MILLIS).toString())
    is kotlin.time.Instant -> jsonOf(name, value.toJavaInstant())
    is OffsetDateTime -> timeOf(name, value)
    is ZonedDateTime -> jsonOf(name, value.toOffsetDateTime())
    // Before `Iterable`, which it is too.
    is Path -> JsonPrimitive(value.toString())
    is Map<*, *> -> JsonObject(value.entries.associate { (key, item) -> key.toString() to jsonOf("$name.$key", item) })
    is Iterable<*> -> JsonArray(value.mapIndexed { index, item -> jsonOf("$name[$index]", item) })
    else -> {
        val serializer = serializerOrNull(value.javaClass)
            ?: throw configError("$name is a ${value.javaClass.name}, which has no JSON form")
        answerFormat.encodeToJsonElement(serializer, value)
    }
}

private fun timeOf(name: String, value: OffsetDateTime): JsonElement = when (value.offset) {
    ZoneOffset.UTC -> jsonOf(name, value.toInstant())
    else -> zoned(DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(value.truncatedTo(ChronoUnit.MILLIS)))
}

/** A day, or a time in another zone than UTC: what it is for decides in which form it is sent. */
private fun zoned(text: String): JsonElement = JsonObject(mapOf("\u0000zoned" to JsonPrimitive(text)))

private fun notANumber(name: String, value: Number) = configError("$name is $value, which JSON has no number for")
