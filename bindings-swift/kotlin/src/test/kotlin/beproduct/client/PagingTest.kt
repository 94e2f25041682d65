package beproduct.client

import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject

class PagingTest {
    @BeforeTest
    fun reset() = Simulator.reset("""{"styles": 5000}""")

    @Test
    fun `stopping early costs as many pages again at most`() = runBlocking {
        Simulator.client().use { client ->
            assertEquals(1, client.style.list().take(1).toList().size)
            assertTrue(Simulator.requests() <= 2)
            for (count in listOf(99, 100, 101, 200, 201, 450)) {
                val before = Simulator.requests()
                client.style.list().take(count).toList()
                val requests = Simulator.requests() - before
                assertTrue(requests <= 2 * ((count + 199) / 200), "$count records took $requests requests")
            }
        }
    }

    @Test
    fun `all records take a request for each 200`() = runBlocking {
        Simulator.client().use { client ->
            val collected = client.style.list().toList()
            assertTrue(Simulator.requests() <= 26)
            assertEquals(5000, collected.distinctBy { it.id }.size)

            val before = Simulator.requests()
            assertEquals(collected, client.style.list().collectAll())
            assertTrue(Simulator.requests() - before <= 26)
        }
    }

    @Test
    fun `pages tell how they came about`() = runBlocking {
        Simulator.client().use { client ->
            val page = client.style.list(options = CallOptions(pageSize = 50)).pages().first()
            assertEquals(50, page.records.size)
            assertEquals(5000, page.total)
            assertEquals(200, page.meta.status)
            val raw = Json.parseToJsonElement(page.raw.decodeToString()).jsonObject
            assertEquals(50, raw.getValue("result").jsonArray.size)
        }
    }
}
