package beproduct.client

import java.math.BigDecimal
import java.time.DateTimeException
import java.time.Instant
import java.time.LocalDate
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit
import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.StructureKind
import kotlinx.serialization.descriptors.elementNames
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNames
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.JsonTransformingSerializer

/** How answers are read. Lenient: the service writes some texts as numbers and some numbers as texts. */
internal val answerFormat = Json {
    isLenient = true
    ignoreUnknownKeys = true
    explicitNulls = false
    // RecordSerializer has put the names right, and the search for others is slow.
    useAlternativeNames = false
}

/** Reads a text whose parts no error may quote. */
internal fun <T> Json.decodeSecret(serializer: KSerializer<T>, text: String): T =
    try {
        decodeFromString(serializer, text)
    } catch (_: SerializationException) {
        throw IllegalArgumentException("the text holds no ${serializer.descriptor.serialName.substringAfterLast('.')}")
    }

private const val EXTRA = "extra"

/** Reads a record under either spelling of its members, and keeps unknown members in `extra`. */
@OptIn(ExperimentalSerializationApi::class)
internal abstract class RecordSerializer<T : Any>(generated: KSerializer<T>) :
    JsonTransformingSerializer<T>(generated) {
    private val indexes: Map<String, Int> by lazy {
        buildMap {
            for (index in 0 until descriptor.elementsCount) {
                put(descriptor.getElementName(index), index)
                val aliases = descriptor.getElementAnnotations(index).filterIsInstance<JsonNames>()
                aliases.flatMap { it.names.asIterable() }.forEach { put(it, index) }
            }
            remove(EXTRA)
        }
    }

    override fun transformDeserialize(element: JsonElement): JsonElement {
        if (element !is JsonObject) return element
        val (known, extra) = element.entries.partition { it.key in indexes }
        return JsonObject(
            buildMap {
                for ((name, value) in known) {
                    val index = indexes.getValue(name)
                    put(descriptor.getElementName(index), fitted(value, descriptor.getElementDescriptor(index)))
                }
                put(EXTRA, JsonObject(extra.associate { it.key to it.value }))
            },
        )
    }

    override fun transformSerialize(element: JsonElement): JsonElement {
        if (element !is JsonObject) return element
        return JsonObject(element - EXTRA + (element[EXTRA] as? JsonObject).orEmpty())
    }

    private fun fitted(value: JsonElement, expected: SerialDescriptor): JsonElement = when {
        value is JsonArray && expected.kind == StructureKind.LIST -> JsonArray(value.filter { it != JsonNull })
        value !is JsonPrimitive || value is JsonNull -> value
        expected.kind == PrimitiveKind.LONG || expected.kind == PrimitiveKind.DOUBLE -> fittedNumber(value, expected)
        else -> value
    }

    /** Numbers come with a fraction of zero, as texts, and as an empty text for none. */
    private fun fittedNumber(value: JsonPrimitive, expected: SerialDescriptor): JsonElement {
        if (value.content.isBlank()) return JsonNull
        val number = value.content.trim().toBigDecimalOrNull() ?: return value
        return JsonPrimitive(if (expected.kind == PrimitiveKind.LONG) number.wholeOrSelf() else number)
    }

    private fun BigDecimal.wholeOrSelf(): Number = runCatching { longValueExact() }.getOrDefault(this)
}

/** Reads a value that the choice does not have as its entry `UNRECOGNIZED`. */
@OptIn(ExperimentalSerializationApi::class)
internal abstract class ChoiceSerializer<T : Enum<T>>(generated: KSerializer<T>) :
    JsonTransformingSerializer<T>(generated) {
    override fun transformDeserialize(element: JsonElement): JsonElement {
        val isUnknown = element is JsonPrimitive && element.content !in descriptor.elementNames
        return if (isUnknown) JsonPrimitive("UNRECOGNIZED") else element
    }
}

/** A type that JSON has as a [Plain] one. */
internal abstract class Mapped<Value, Plain>(
    private val plain: KSerializer<Plain>,
    private val read: (Plain) -> Value,
    private val write: (Value) -> Plain,
) : KSerializer<Value> {
    override val descriptor = plain.descriptor

    override fun deserialize(decoder: Decoder): Value {
        val value = decoder.decodeSerializableValue(plain)
        return try {
            read(value)
        } catch (error: DateTimeException) {
            throw SerializationException(error.message, error)
        }
    }

    override fun serialize(encoder: Encoder, value: Value) = encoder.encodeSerializableValue(plain, write(value))
}

internal object InstantSerializer : Mapped<Instant, String>(String.serializer(), Instant::parse, Instant::toString)

internal object LocalDateSerializer :
    Mapped<LocalDate, String>(String.serializer(), LocalDate::parse, LocalDate::toString)

/** Seconds since 1970, however late. */
internal object UnixTimeSerializer : Mapped<Instant, ULong>(
    ULong.serializer(),
    { seconds -> Instant.ofEpochSecond(minOf(seconds, Instant.MAX.epochSecond.toULong()).toLong()) },
    { time -> time.epochSecond.coerceAtLeast(0).toULong() },
)

internal object SecondsSerializer : Mapped<Duration, Double>(Double.serializer(), { it.seconds }, { it.inSeconds() })

/** Headers cross as pairs, since a name may come more than once. */
internal object HeadersSerializer : Mapped<List<Pair<String, String>>, List<List<String>>>(
    ListSerializer(ListSerializer(String.serializer())),
    { pairs -> pairs.map { (name, value) -> name to value } },
    { headers -> headers.map { it.toList() } },
)

internal fun Duration.inSeconds(): Double = toDouble(DurationUnit.SECONDS)
