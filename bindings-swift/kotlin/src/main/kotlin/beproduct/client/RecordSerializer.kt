package beproduct.client

import java.math.BigDecimal
import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.KSerializer
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.StructureKind
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

private const val EXTRA = "extra"

/** Reads a record under either spelling of its members, keeps those that it does not know in `extra`. */
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
