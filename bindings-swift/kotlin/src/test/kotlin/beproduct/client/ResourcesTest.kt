package beproduct.client

import java.math.BigDecimal
import java.time.LocalDate
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put

class ResourcesTest {
    private val folder = Simulator.address("style_folder")

    @BeforeTest
    fun reset() = Simulator.reset()

    @Test
    fun `a style is created, read, listed, changed and deleted`() = runBlocking {
        Simulator.client().use { client ->
            val created = client.style.create(folder, mapOf("header_number" to "KT-1", "header_name" to "Parka"))
            val id = assertNotNull(created.id)
            assertEquals("Parka", client.style.get(id).headerName)
            assertEquals(id, client.style.getByNumber(" ${created.headerNumber} ").id)

            val changed = client.style.update(id, mapOf("header_name" to "Anorak"))
            assertEquals("Anorak", changed.headerName)
            assertEquals(JsonPrimitive("Anorak"), changed.field("header_name"))
            val listed = client.style.list(folder, listOf("header_name" eq "Anorak")).toList()
            assertEquals(listOf(id), listed.map { it.id })

            client.style.delete(id)
            val deleted = client.style.list(folder, showDeleted = true).toList().single { it.id == id }
            assertEquals(true, deleted.isDeleted)
        }
    }

    @Test
    fun `fields are sent in order and with their digits`() = runBlocking<Unit> {
        Simulator.faults("""[{"path": "Header/Create", "action": {"status": 200, "body": {"id": "x"}}}]""")
        Simulator.client().use { client ->
            client.style.create(
                folder,
                mapOf("z" to BigDecimal("41.10000000000000000001"), "a" to LocalDate.of(2026, 11, 22), "m" to null),
            )
        }
        val body = Simulator.log().last().getValue("body").jsonPrimitive.content
        val fields = """[{"id":"z","value":41.10000000000000000001},""" +
            """{"id":"a","value":"2026-11-22T00:00:00Z"},{"id":"m","value":null}]"""
        assertTrue(body.startsWith("""{"fields":$fields"""), body)
    }

    @Test
    fun `rows of a data table are added, changed and removed`() = runBlocking {
        Simulator.client().use { client ->
            val table = Simulator.address("data_table")
            val column = client.dataTables.schema(table).first { it.fieldType == "Text" }.fieldId!!
            val row = client.dataTables.data(table).first().id!!
            val done = client.dataTables.update(
                table,
                listOf(
                    RowChange.Add(mapOf(column to "new")),
                    RowChange.Update(row, mapOf(column to "changed")),
                    RowChange.Delete(client.dataTables.data(table).take(2).toList().last().id!!),
                ),
            )
            assertEquals(3, done.applied)
            assertEquals(20, client.dataTables.data(table).collectAll().size)
        }
    }

    @Test
    fun `the way of an answer is told on request`() = runBlocking<Unit> {
        Simulator.client().use { client ->
            val first = client.style.list().first()
            val response = client.withResponse { style.get(first.id!!) }
            assertEquals(first.id, response.body.id)
            assertEquals(200, response.meta.status)
            assertEquals(1, response.meta.cost)
            assertEquals(listOf<Int?>(200), response.meta.attempts.map { it.status })
            assertNotNull(response.meta.header("Content-Type"))
            assertEquals(first, Json.decodeFromString<StyleHeader>(response.raw.decodeToString()))

            val listed = client.withResponse { style.list(options = CallOptions(pageSize = 10)).toList() }
            assertEquals(2, listed.answers.size)
            assertTrue(listed.raw.decodeToString().startsWith("{"))
            assertFailsWith<IllegalStateException> { client.withResponse { "nothing" } }
        }
    }

    @Test
    fun `operations are called by name`() = runBlocking<Unit> {
        Simulator.client().use { client ->
            val id = client.stream("style.list").first().jsonObject.getValue("id")
            val response = client.call("style.get", buildJsonObject { put("header_id", id) })
            assertEquals(id, response.body.jsonObject["id"])
            assertEquals(200, response.meta.status)
            assertTrue(response.raw.decodeToString().startsWith("{"))
            val status = client.call("quota.status")
            assertEquals(JsonPrimitive(2), status.body.jsonObject["used"])
            assertEquals(0, status.answers.size)
            assertEquals(id, client.raw.get("Style/Header/${id.jsonPrimitive.content}").jsonObject["id"])
            assertNotNull(client.system.ratelimitStatus().perDay)
        }
    }

    @Test
    fun `requests are counted by label`() = runBlocking {
        Simulator.client(Plan.requestsPerDay(5)).use { client ->
            client.style.folders(CallOptions(label = "sync"))
            val status = client.quota.status()
            assertEquals(listOf(5L, 1L, 4L), listOf(status.limit, status.used, status.remaining))
            assertEquals(listOf(Usage("style.folders", "sync", 1)), status.usage)
        }
    }

    @Test
    fun `logs reach the sink without secrets`() = runBlocking {
        val lines = Lines()
        Simulator.client(logSink = lines).use { it.style.folders() }
        // The one about the whole call is the last.
        val logged = lines.until("style.folders answered")
        assertTrue(Simulator.address("refresh_token") !in logged.toString())
        assertEquals("style.folders", logged.last().operation)
    }

    @Test
    fun `extra headers and query parameters go along`() = runBlocking {
        Simulator.client().use { client ->
            client.style.folders(CallOptions(extraQuery = mapOf("probe" to "a b"), headers = mapOf("X-Probe" to "1")))
        }
        val entry = Simulator.log().last()
        assertTrue("probe=a%20b" in entry.getValue("target").jsonPrimitive.content)
        assertEquals(JsonPrimitive("1"), entry.getValue("headers").jsonObject["x-probe"])
    }
}
