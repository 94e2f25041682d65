/** What the typed methods give, as JSON. */
package beproduct.driver

import beproduct.client.Paged
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.encodeToJsonElement

/** How the records of a list are taken: one by one up to a limit, or by the method that fetches all. */
internal class Taking(val atOnce: Boolean, val limit: Int?)

internal suspend fun <T> Paged<T>.taken(taking: Taking): List<T> = when {
    taking.atOnce -> collectAll()
    taking.limit != null -> take(taking.limit).toList()
    else -> toList()
}

internal inline fun <reified T> T.json(): JsonElement = Json.encodeToJsonElement(this)
