package beproduct.client

import java.util.concurrent.CopyOnWriteArrayList
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put

/** Options of one call, and of all calls of a client. */
class OptionsTest {
    @BeforeTest
    fun reset() = Simulator.reset()

    @Test
    fun `a client carries options`() = runBlocking {
        Simulator.client().use { client ->
            val nightly = client.withOptions(CallOptions(label = "nightly", attempts = 1))
            nightly.style.folders()
            nightly.style.folders(CallOptions(label = "once"))
            nightly.withOptions(CallOptions(timeout = 30.seconds)).style.folders()
            client.style.folders()
            val labels = client.quota.status().usage.associate { it.label to it.requests }
            assertEquals(mapOf("nightly" to 2L, "once" to 1L, "" to 1L), labels)
            val error = failsWith<ConfigException> { client.withOptions(CallOptions(pageSize = 0)) }
            assertTrue("page_size" in error.message, error.message)
        }
    }

    @Test
    fun `a client that acts for others keeps the options`() = runBlocking<Unit> {
        Simulator.client().use { client ->
            Simulator.actingAs("user_id", client.withOptions(CallOptions(label = "nightly"))).use { acting ->
                acting.style.folders()
                assertEquals("nightly", client.quota.status().usage.single { it.operation == "style.folders" }.label)
            }
        }
    }

    @Test
    fun `closing a client with options closes both`() = runBlocking<Unit> {
        val client = Simulator.client()
        client.withOptions(CallOptions(label = "nightly")).close()
        failsWith<ClientClosedException> { client.style.folders() }
        failsWith<ClientClosedException> { client.withOptions(CallOptions(progress = {})).style.folders() }
    }

    @Test
    fun `a call reports its progress in order`() = runBlocking {
        val reports = CopyOnWriteArrayList<Progress>()
        val options = CallOptions(pageSize = 5, progress = { reports += it })
        Simulator.client().use { client ->
            assertEquals(20, client.style.list(options = options).toList().size)
            assertEquals(20, client.withOptions(options).style.list().collectAll().size)
            client.style.folders(options)
        }
        // A report that waits is replaced by a newer one.
        val first = reports.indexOfFirst { it.done == 20L } + 1
        for (list in listOf(reports.take(first), reports.drop(first))) {
            assertEquals(Progress("style.attributes_list", done = 20, total = 20), list.last())
            assertEquals(list.sortedBy { it.done }.distinct(), list)
        }
    }

    @Test
    fun `progress that throws is a warning of the log`() = runBlocking {
        val lines = Lines()
        Simulator.client(logSink = lines).use { client ->
            val options = CallOptions(progress = { throw IllegalStateException("the screen is off") })
            assertEquals(20, client.style.list(options = options).toList().size)
            assertEquals("progress failed: the screen is off", lines.until("the screen is off").last().message)
        }
    }

    @Test
    fun `a call lets its progress go`() {
        var reports = 0
        val host = HostCode()
        val report = { json: String -> host.call("progress", json) }
        host.reporting(7u, { reports += 1 }) {}
        report("""{"call": 7, "operation": "style.attributes_list", "done": 1, "total": null}""")
        report("""{"call": 7}""")
        report("""{"call": 7, "operation": "style.attributes_list", "done": 2, "total": null}""")
        failsWith<ClientClosedException> {
            host.reporting<Unit>(8u, { reports += 1 }) { throw ClientClosedException(ErrorFields("the client is closed")) }
        }
        report("""{"call": 8, "operation": "style.attributes_list", "done": 1, "total": null}""")
        assertEquals(1, reports)
    }

    @Test
    fun `options that are not set are not sent`() {
        assertEquals(buildJsonObject {}, CallOptions().json)
        assertEquals(buildJsonObject { put("progress", true) }, CallOptions(progress = {}).json)
    }
}
