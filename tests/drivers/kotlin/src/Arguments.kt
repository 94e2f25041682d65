/** The arguments of a case as the types of Kotlin. */
package beproduct.driver

import beproduct.client.ColorwayChange
import beproduct.client.Fields
import beproduct.client.FileSource
import beproduct.client.Filter
import beproduct.client.Plan
import beproduct.client.RowChange
import java.io.IOException
import java.io.InputStream
import java.nio.file.Path
import java.util.concurrent.CountDownLatch
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.decodeFromJsonElement
import kotlinx.serialization.json.longOrNull

/** The arguments are not of the types that the typed method takes. */
internal class NotExpressible : Exception()

/** Arguments that are taken one by one, by functions that give null for a value of another type. */
internal class Arguments(private val given: JsonObject) {
    private val taken = mutableSetOf<String>()

    fun <T : Any> required(name: String, read: (JsonElement) -> T?): T = optional(name, read) ?: throw NotExpressible()

    fun <T : Any> optional(name: String, read: (JsonElement) -> T?): T? {
        taken += name
        val value = given[name] ?: JsonNull
        return if (value is JsonNull) null else read(value) ?: throw NotExpressible()
    }

    /** What comes last, once every argument was taken. */
    fun <T> ended(last: T): T = if (taken.containsAll(given.keys)) last else throw NotExpressible()
}

internal fun any(value: JsonElement): JsonElement = value

internal fun text(value: JsonElement): String? = (value as? JsonPrimitive)?.takeIf { it.isString }?.content

internal fun texts(value: JsonElement): List<String>? = list(value, ::text)

internal fun integer(value: JsonElement): Long? = (value as? JsonPrimitive)?.takeUnless { it.isString }?.longOrNull

internal fun boolean(value: JsonElement): Boolean? =
    (value as? JsonPrimitive)?.takeUnless { it.isString }?.booleanOrNull

internal fun file(value: JsonElement): Path? = text(value)?.let(Path::of)

/** A path, a URL, or a stream. */
internal fun source(value: JsonElement): FileSource? = file(value)?.let { FileSource.of(it) } ?: whole(value) {
    val name = optional("name", ::text)
    val path = optional("path", ::file)
    val url = optional("url", ::text)
    val chunks = optional("chunks", ::texts)
    val length = optional("length", ::integer)
    val fails = optional("fails", ::text)
    val waits = optional("waits", ::boolean) == true
    when {
        path != null && url == null && chunks == null -> FileSource.of(path, name)
        url != null && path == null && chunks == null -> FileSource.url(url, name)
        chunks != null && name != null -> FileSource.of(name, Streamed(chunks, fails, waits), length)
        else -> throw NotExpressible()
    }
}

/** A stream as cases describe it. */
private class Streamed(chunks: List<String>, private val fails: String?, private val waits: Boolean) : InputStream() {
    private val chunks = ArrayDeque(chunks)

    override fun read(): Int = throw UnsupportedOperationException()

    override fun read(buffer: ByteArray, offset: Int, length: Int): Int {
        val chunk = chunks.removeFirstOrNull()?.encodeToByteArray()
        if (chunk != null) return chunk.size.also { chunk.copyInto(buffer, offset) }
        if (fails != null) throw IOException(fails)
        // Until the reading is interrupted.
        if (waits) CountDownLatch(1).await()
        return -1
    }
}

internal fun map(value: JsonElement): Map<String, JsonElement>? = (value as? JsonObject)?.toMap()

internal fun fields(value: JsonElement): Fields? = value as? JsonObject

internal fun filters(value: JsonElement): List<Filter>? = list(value) { filter ->
    whole(filter) {
        Filter(required("field", ::text), required("operator", ::text), required("value", ::any))
    }
}

internal fun colorways(value: JsonElement): List<ColorwayChange>? = list(value) { colorway ->
    whole(colorway) {
        ColorwayChange(
            id = optional("id", ::text),
            fields = required("fields", ::fields),
            imageHeaderId = optional("imageHeaderId", ::text),
            unlinkImage = optional("unlinkImage", ::boolean),
            colorSourceId = optional("colorSourceId", ::text),
        )
    }
}

internal fun rows(value: JsonElement): List<RowChange>? = list(value) { row ->
    whole(row) {
        val id = optional("rowId", ::text)
        val fields = optional("rowFields", ::fields)
        val delete = optional("deleteRow", ::boolean)
        when {
            id == null && fields != null && delete == null -> RowChange.Add(fields)
            id != null && fields != null && delete == null -> RowChange.Update(id, fields)
            id != null && fields == null && delete == true -> RowChange.Delete(id)
            else -> throw NotExpressible()
        }
    }
}

/** A plan that one of the constructors makes. */
internal fun plan(value: JsonElement): Plan = whole(value) {
    val licenses = optional("licenses", ::integer)
    val (day, hour, minute) =
        listOf("day", "hour", "minute").map { optional("requests_per_$it", ::integer) }
    val start = optional("day_start", ::text)
    val zone = optional("time_zone", ::text)
    val edition = optional("edition", ::text)
    val isFromService = optional("from_service", ::boolean) == true
    if (listOfNotNull(edition, day, isFromService.takeIf { it }).size > 1) throw NotExpressible()
    when {
        edition == "business_max" && licenses != null -> Plan.businessMax(licenses, hour, minute, start, zone)
        edition == "enterprise" && licenses != null -> Plan.enterprise(licenses, hour, minute, start, zone)
        edition != null || licenses != null -> throw NotExpressible()
        day != null -> Plan.requestsPerDay(day, hour, minute, start, zone)
        isFromService -> Plan.fromService(hour, minute, start, zone)
        else -> Plan.unlimited(hour, minute, start, zone)
    }
} ?: throw NotExpressible()

/** Records that are written as they were read, in the same order. */
internal inline fun <reified T> records(value: JsonElement): List<T>? =
    try {
        Json.decodeFromJsonElement<List<T>>(value).takeIf { it.json().toString() == value.toString() }
    } catch (_: SerializationException) {
        null
    }

private fun <T : Any> list(value: JsonElement, read: (JsonElement) -> T?): List<T>? =
    (value as? JsonArray)?.map { read(it) ?: return null }

/** Reads an object that has no null members and none that is left over. */
private fun <T : Any> whole(value: JsonElement, read: Arguments.() -> T): T? {
    if (value !is JsonObject || JsonNull in value.values) return null
    val members = Arguments(value)
    return members.ended(members.read())
}
