package beproduct.client

import beproduct.client.engine.valuesOf as engineValuesOf
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonPrimitive

/**
 * Values by field id, which are sent in the order of the map:
 * `mapOf("header_name" to "Parka", "price" to BigDecimal("41.75"))`.
 *
 * A value is a text, a number of any kind (a [java.math.BigDecimal] keeps its digits), a boolean, a date, a list, a
 * map, anything `@Serializable`, or null, which clears the field. An instant, of Java or Kotlin or with an offset or a
 * zone, is sent in UTC to the millisecond, a [java.time.LocalDate] as midnight UTC. A field that is a day takes a
 * [java.time.LocalDate]; a time with an offset or a zone that is not UTC is refused there, and where the type of the
 * field is not known, because its day may be another one in UTC.
 */
typealias Fields = Map<String, Any?>

internal fun List<Field>?.valuesById(): Map<String, JsonElement?> =
    orEmpty().let { readValues(answerFormat.encodeToJsonElement(ListSerializer(Field.serializer()), it)) }

internal fun List<Field>?.valueOf(id: String): JsonElement? =
    this?.lastOrNull { it.id == id }?.let { listOf(it).valuesById()[id] }

/** The values of a record whose fields are a map, which may be missing. */
internal fun valuesOf(record: JsonObject): Map<String, JsonElement?> =
    readValues(JsonObject(mapOf("fields" to JsonObject(emptyMap())) + record))

private fun readValues(record: JsonElement): Map<String, JsonElement?> {
    val values = answerFormat.parseToJsonElement(translated { engineValuesOf("$record") }).jsonArray
    return values.associate { it.jsonArray.let { (id, value) -> id.jsonPrimitive.content to value.takeUnless(JsonNull::equals) } }
}

/** A change to the rows of a data table. */
sealed interface RowChange {
    /** Adds a row. */
    data class Add(val fields: Fields) : RowChange

    /** Changes a row. Other columns keep their values. */
    data class Update(val rowId: String, val fields: Fields) : RowChange

    /** Removes a row. */
    data class Delete(val rowId: String) : RowChange
}

internal fun RowChange.json(name: String): JsonObject = when (this) {
    is RowChange.Add -> members(name, "rowFields" to fields)
    is RowChange.Update -> members(name, "rowId" to rowId, "rowFields" to fields)
    is RowChange.Delete -> members(name, "rowId" to rowId, "deleteRow" to true)
}
