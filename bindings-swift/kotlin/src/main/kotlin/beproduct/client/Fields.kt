package beproduct.client

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject

/**
 * Values by field id, which are sent in the order of the map:
 * `mapOf("header_name" to "Parka", "price" to BigDecimal("41.75"))`.
 *
 * A value is a text, a number of any kind (a [java.math.BigDecimal] keeps its digits), a boolean, a date, a list, a
 * map, anything `@Serializable`, or null, which clears the field. An instant, of Java or Kotlin or with an offset or a
 * zone, is sent in UTC to the millisecond, a [java.time.LocalDate] as midnight UTC.
 */
typealias Fields = Map<String, Any?>

internal fun List<Field>?.valuesById(): Map<String, JsonElement?> =
    orEmpty().mapNotNull { field -> field.id?.let { it to field.value } }.toMap()

internal fun List<Field>?.valueOf(id: String): JsonElement? = this?.lastOrNull { it.id == id }?.value

internal fun Map<String, JsonElement>?.valuesById(): Map<String, JsonElement?> =
    orEmpty().mapValues { (_, value) -> value.takeUnless { it is JsonNull } }

internal fun Map<String, JsonElement>?.valueOf(id: String): JsonElement? = this?.get(id).takeUnless { it is JsonNull }

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
