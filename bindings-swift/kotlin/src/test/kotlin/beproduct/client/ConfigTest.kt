package beproduct.client

import java.time.Instant
import java.time.OffsetDateTime
import java.time.ZonedDateTime
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put

class ConfigTest {
    @Test
    fun `settings are checked when the client is made`() {
        val wrong = mapOf<String, () -> BeProduct>(
            "company_domain" to { BeProduct(" ", AccessToken("token")) },
            "client_id" to { BeProduct("acme", RefreshToken("", token = "token")) },
            "use https" to {
                BeProduct("acme", AccessToken("token"), settings = Settings(apiUrl = "http://example.com"))
            },
            "no setting \"company\"" to { BeProduct.fromSettings(buildJsonObject { put("company", "acme") }) },
        )
        for ((says, make) in wrong) {
            val error = failsWith<ConfigException> { make() }
            assertTrue(says in error.message, error.message)
        }
    }

    @Test
    fun `a number out of its bounds is refused by its name`() {
        fun refused(name: String, settings: () -> Settings) {
            val error = failsWith<ConfigException> { BeProduct("acme", AccessToken("token"), settings = settings()) }
            assertTrue(error.message.startsWith("$name "), error.message)
        }
        for (number in listOf(-1, 0, Int.MIN_VALUE, Int.MAX_VALUE)) {
            refused("attempts") { Settings(attempts = number) }
            refused("concurrency") { Settings(concurrency = number) }
            refused("max_page_size") { Settings(maxPageSize = number) }
            refused("quota_lease") { Settings(quotaLease = number) }
        }
        for (number in listOf(-1L, 0L, Long.MIN_VALUE, Long.MAX_VALUE)) {
            refused("max_answer_size") { Settings(maxAnswerSize = number) }
        }
        for (seconds in listOf(-(1.seconds), Duration.ZERO, 1_000_000_001.seconds, Duration.INFINITE)) {
            refused("timeout") { Settings(timeout = seconds) }
            refused("turn_timeout") { Settings(turnTimeout = seconds) }
            refused("idle_timeout") { Settings(idleTimeout = seconds) }
            refused("connect_timeout") { Settings(connectTimeout = seconds) }
            refused("max_wait") { Settings(maxWait = seconds) }
            refused("quota_wait") { Settings(quotaWait = seconds) }
        }
    }

    @Test
    fun `calls are checked before anything is sent`() = runBlocking<Unit> {
        Simulator.reset()
        Simulator.client().use { client ->
            failsWith<ConfigException> { client.style.get("../other") }
            failsWith<ConfigException> { client.style.folders(CallOptions(attempts = 0)) }
            failsWith<ConfigException> { client.call("style.unknown") }
            val unknown = CallOptions.fromJson(buildJsonObject { put("retries", 3) })
            assertTrue("retries" in failsWith<ConfigException> { client.style.folders(unknown) }.message)
            val error = failsWith<ConfigException> { client.style.update("x", mapOf("price" to Double.NaN)) }
            assertTrue("fields.price is NaN" in error.message, error.message)
            failsWith<ConfigException> { client.style.update("x", mapOf("header_name" to "\uD800")) }
        }
        assertEquals(0, Simulator.requests())
    }

    @Test
    fun `filters name their comparison`() {
        val filters = listOf("a" eq 1, "a" neq 1, "a" gt 1, "a" gte 1, "a" lt 1, "a" lte 1, "a" containing listOf("x", "y"))
        assertEquals(listOf("Eq", "Neq", "Gt", "Gte", "Lt", "Lte", "Contains"), filters.map { it.operator })
        val json = """{"field":"a","operator":"Contains","value":["x","y"]}"""
        assertEquals(json, jsonOf("filters[6]", filters.last()).toString())
    }

    @Test
    fun `a time in a zone is a point in time, and refused where it may be a day`() = runBlocking<Unit> {
        Simulator.reset()
        Simulator.client().use { client ->
            val folder = Simulator.address("style_folder")
            val midnight = ZonedDateTime.parse("2026-05-01T00:00:00+02:00[Europe/Berlin]")
            client.style.folderSchema(folder)
            for (day in listOf(midnight, midnight.toOffsetDateTime())) {
                val fields = mapOf("header_number" to "T-1", "cutoff_date" to day)
                val error = failsWith<ConfigException> { client.style.create(folder, fields) }
                assertTrue("the day of \"2026-05-01T00:00:00+02:00\" depends on the zone" in error.message, error.message)
            }
            client.style.list(filters = listOf("ModifiedAt" gt midnight.plusNanos(7_900_000))).toList()
            val body = Simulator.log().last().getValue("body").jsonPrimitive.content
            assertTrue("\"2026-04-30T22:00:00.007Z\"" in body, body)
        }
    }

    @Test
    fun `values have one form`() {
        val cases = mapOf(
            null to "null",
            true to "true",
            18446744073709551615UL to "18446744073709551615",
            0.5f to "0.5",
            Instant.parse("2026-11-22T10:00:00Z") to "\"2026-11-22T10:00:00Z\"",
            Instant.parse("2026-11-22T10:00:00.5Z") to "\"2026-11-22T10:00:00.500Z\"",
            Instant.parse("2026-11-22T10:00:00.123999999Z") to "\"2026-11-22T10:00:00.123Z\"",
            Instant.parse("2026-11-22T10:00:00.000999Z") to "\"2026-11-22T10:00:00Z\"",
            Instant.parse("1969-12-31T23:59:59.9999Z") to "\"1969-12-31T23:59:59.999Z\"",
            OffsetDateTime.parse("2026-11-22T01:00:00Z") to "\"2026-11-22T01:00:00Z\"",
            kotlin.time.Instant.fromEpochSeconds(0) to "\"1970-01-01T00:00:00Z\"",
            kotlin.time.Instant.fromEpochMilliseconds(7) to "\"1970-01-01T00:00:00.007Z\"",
            listOf("a", 1) to "[\"a\",1]",
            mapOf("code" to "Red") to "{\"code\":\"Red\"}",
            Size(name = "S", price = 12.5) to "{\"name\":\"S\",\"price\":12.5}",
            JsonNull to "null",
        )
        for ((value, json) in cases) assertEquals(json, jsonOf("x", value).toString())
        val error = failsWith<ConfigException> { jsonOf("fields.x", Thread.currentThread()) }
        assertTrue("fields.x" in error.message)
    }
}
