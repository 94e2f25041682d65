package beproduct.client

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/**
 * Values by field id, in the order in which they are sent.
 *
 * A value is a text, a number of any kind (a [java.math.BigDecimal] keeps its digits), a boolean, a date, a list, a map,
 * anything `@Serializable`, or null, which clears the field. An instant is sent in UTC to the second, a
 * [java.time.LocalDate] as midnight UTC.
 */
class Fields(private val entries: List<Pair<String, Any?>>) : Argument {
    override fun toJson(name: String): JsonElement =
        JsonArray(
            entries.map { (id, value) ->
                JsonObject(mapOf("id" to JsonPrimitive(id), "value" to jsonOf("$name.$id", value)))
            },
        )

    override fun equals(other: Any?): Boolean = other is Fields && entries == other.entries

    override fun hashCode(): Int = entries.hashCode()

    override fun toString(): String = entries.joinToString(prefix = "Fields(", postfix = ")") { (id, value) -> "$id=$value" }
}

/** Values by field id: `fieldsOf("header_name" to "Parka", "price" to BigDecimal("41.75"))`. */
fun fieldsOf(vararg entries: Pair<String, Any?>): Fields = Fields(entries.asList())

/**
 * A change to a colorway, or a new one.
 *
 * @property id The colorway to change. None adds one, which needs the fields `color_number`, `color_name` and `primary`.
 * @property imageHeaderId Id of the image record to show.
 * @property unlinkImage Whether to remove the picture.
 * @property colorSourceId Id of the palette colour that it comes from.
 */
data class ColorwayChange(
    val id: String? = null,
    val fields: Fields = fieldsOf(),
    val imageHeaderId: String? = null,
    val unlinkImage: Boolean? = null,
    val colorSourceId: String? = null,
) : Argument {
    override fun toJson(name: String): JsonElement = arguments(
        "id" to id,
        "fields" to fields.toJson("$name.fields"),
        "imageHeaderId" to imageHeaderId,
        "unlinkImage" to unlinkImage,
        "colorSourceId" to colorSourceId,
    )
}

/** A change to the rows of a data table. */
sealed interface RowChange {
    /** Adds a row. */
    data class Add(val fields: Fields) : RowChange, Argument {
        override fun toJson(name: String): JsonElement = arguments("rowFields" to fields.toJson("$name.rowFields"))
    }

    /** Changes a row. Columns that are not named stay as they are. */
    data class Update(val rowId: String, val fields: Fields) : RowChange, Argument {
        override fun toJson(name: String): JsonElement =
            arguments("rowId" to rowId, "rowFields" to fields.toJson("$name.rowFields"))
    }

    /** Removes a row. */
    data class Delete(val rowId: String) : RowChange, Argument {
        override fun toJson(name: String): JsonElement = arguments("rowId" to rowId, "deleteRow" to true)
    }
}
