package beproduct.client

import beproduct.client.engine.InternalException as EnginePanic
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.coroutines.CoroutineContext
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.KSerializer
import kotlinx.serialization.Serializable
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/** How answers are read. */
class DecodingTest {
    @BeforeTest
    fun reset() = Simulator.reset()

    /** Notes where it is read. */
    @Serializable(with = ProbeSerializer::class)
    private class Probe(val thread: Thread)

    private object ProbeSerializer : KSerializer<Probe> {
        override val descriptor = JsonElement.serializer().descriptor

        override fun deserialize(decoder: Decoder): Probe {
            decoder.decodeSerializableValue(JsonElement.serializer())
            return Probe(Thread.currentThread())
        }

        override fun serialize(encoder: Encoder, value: Probe) = throw UnsupportedOperationException()
    }

    private fun seam(): Seam {
        val company = arguments("company_domain" to Simulator.address("company"))
        return Seam.client(company + Simulator.credentials().json + Simulator.settings().json)
    }

    @Test
    fun `answers are not read on the caller's thread`() = runBlocking {
        val none = JsonObject(emptyMap())
        seam().use { seam ->
            val main = Thread.currentThread()
            val folders = seam.call<List<Probe>>("style.folders", none, CallOptions())
            val records = seam.list<Probe>("style.list", none, CallOptions())
            val probes = folders + records.toList() + records.collectAll() + records.pages().toList().flatMap { it.records }
            assertEquals(4 + 3 * 20, probes.size)
            assertTrue(probes.none { it.thread == main })
            assertNotEquals(main, seam.call<Probe>("quota.status").thread)
            assertEquals(main, Thread.currentThread())
        }
    }

    @Test
    fun `a page of another shape is complete but for its records`() = runBlocking {
        val first = """{"result": [{"id": "a"}], "total": 3}"""
        val second = """{"result": [{"id": {"no": "text"}}], "total": 3}"""
        val third = """{"result": [{"id": "c"}], "total": 3}"""
        Simulator.faults(
            // Pages that are read ahead arrive in any order.
            listOf(first, second, third).withIndex().joinToString(",", "[", "]") { (number, page) ->
                """{"path": "pageNumber=$number", "action": {"status": 200, "body": $page}}"""
            },
        )
        Simulator.client().use { client ->
            val pages = client.style.list(options = CallOptions(pageSize = 1)).pages().toList()
            assertEquals(listOf("a", null, "c"), pages.map { page -> runCatching { page.records.single().id }.getOrNull() })
            val page = pages[1]
            assertEquals(3, page.total)
            assertEquals(2, page.position.page)
            assertEquals(Json.parseToJsonElement(second), Json.parseToJsonElement(page.raw.decodeToString()))
            val error = failsWith<DecodeException> { page.records }
            assertEquals(200, error.status)
            assertEquals("style.attributes_list", error.operation)
            assertEquals(page.meta.requestId, error.requestId)
            assertEquals(page.meta.attempts, error.attempts)
            assertEquals(Outcome.REFUSED, error.outcome)
        }
    }

    @Test
    fun `a write whose answer cannot be read was applied`() = runBlocking<Unit> {
        Simulator.faults("""[{"path": "Header/Create", "action": {"status": 200, "body": {"id": "x", "headerName": ["x"]}}}]""")
        Simulator.client().use { client ->
            val error = failsWith<DecodeException> {
                client.style.create(Simulator.address("style_folder"), mapOf("header_name" to "Parka"))
            }
            assertEquals(Outcome.APPLIED, error.outcome)
            assertEquals("style.attributes_create", error.operation)
            assertEquals(200, error.status)
            assertNotNull(error.requestId)
            assertEquals(1, error.attempts.size)
            assertNotNull(error.cause)
        }
    }

    @Test
    fun `a panic of the engine is a fault of the client`() {
        val error = failsWith<InternalException> { translated { throw EnginePanic("a secret") } }
        assertEquals(Outcome.UNKNOWN, error.outcome)
        assertTrue("please report it" in error.message, error.message)
        assertTrue("secret" !in error.message)
    }

    /** Runs a coroutine step by step on the test's thread. */
    private class Steps : CoroutineDispatcher() {
        private val steps = LinkedBlockingQueue<Runnable>()

        override fun dispatch(context: CoroutineContext, block: Runnable) = steps.put(block)

        fun next(): Runnable = checkNotNull(steps.poll(30, TimeUnit.SECONDS)) { "there is no next step" }
    }

    @Test
    fun `a call that is cancelled after its answer reports a write that was applied`() = Simulator.client().use { client ->
        val id = runBlocking { client.style.list().toList().first().id!! }
        val update = suspend { client.style.update(id, mapOf("header_name" to "Parka")) }
        assertEquals(Outcome.APPLIED, assertIs<CallCancelledException>(cancelledAfterItsAnswer(update).cause).outcome)
        assertNull(cancelledAfterItsAnswer { client.style.get(id) }.cause as? BeProductException)
        assertEquals("Parka", runBlocking { client.style.get(id) }.headerName)
    }

    private fun cancelledAfterItsAnswer(call: suspend () -> Any): CancellationException {
        val steps = Steps()
        val thrown = CompletableDeferred<CancellationException>()
        Simulator.faults("""[{"base": "api", "action": {"hang": true}}]""")
        val before = Simulator.requests()
        val job = CoroutineScope(steps).launch { thrown.complete(failsWith<CancellationException> { call() }) }
        steps.next().run()
        Simulator.awaitRequests(before + 1)
        Simulator.release()
        // There when the answer is.
        val last = steps.next()
        job.cancel()
        last.run()
        return runBlocking { withTimeout(30.seconds) { thrown.await() } }
    }
}
