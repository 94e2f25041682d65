package beproduct.client

import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

class CancellationTest {
    @BeforeTest
    fun reset() {
        Simulator.reset()
        Simulator.faults("""[{"base": "api", "times": 0, "action": {"hang": true}}]""")
    }

    @Test
    fun `cancelling a coroutine closes its request`() = runBlocking {
        Simulator.client().use { client ->
            val job = launch(Dispatchers.Default) { client.style.folders() }
            arrived(1)
            job.cancelAndJoin()
            Simulator.awaitClosedByClient("Style/Folders")
        }
    }

    @Test
    fun `cancelling a collection closes its request`() = runBlocking {
        Simulator.client().use { client ->
            val jobs = listOf(
                launch(Dispatchers.Default) { client.style.list().collect() },
                launch(Dispatchers.Default) { client.material.list().collectAll() },
            )
            arrived(2)
            jobs.forEach { it.cancel() }
            jobs.joinAll()
            Simulator.awaitClosedByClient("Style/Headers")
            Simulator.awaitClosedByClient("Material/Headers")
        }
    }

    @Test
    fun `a cancelled write tells that it may have taken effect`() = runBlocking {
        val fields = mapOf("header_name" to "Parka")
        val writes = listOf<suspend BeProduct.() -> Any>(
            { style.update("some-style", fields) },
            { withResponse { style.update("some-style", fields) } },
        )
        Simulator.client().use { client ->
            writes.forEachIndexed { index, write ->
                val thrown = CompletableDeferred<CancellationException>()
                val job = launch(Dispatchers.Default) { thrown.complete(cancellationOf { client.write() }) }
                arrived(index + 1)
                job.cancelAndJoin()
                val error = assertIs<CallCancelledException>(thrown.await().cause)
                assertEquals(Outcome.UNKNOWN, error.outcome)
                assertEquals("style.attributes_update", error.operation)
                assertEquals(index + 1L, client.quota.status().used)
            }
        }
    }

    @Test
    fun `a coroutine that is cancelled already sends nothing`() = runBlocking {
        val reads = listOf<suspend BeProduct.() -> Any>({ style.folders() }, { withResponse { style.folders() } })
        Simulator.client().use { client ->
            for (read in reads) {
                val thrown = CompletableDeferred<CancellationException>()
                val job = launch(Dispatchers.Default) {
                    cancel()
                    thrown.complete(cancellationOf { client.read() })
                }
                job.join()
                assertEquals(Outcome.NOT_SENT, assertIs<CallCancelledException>(thrown.await().cause).outcome)
            }
            assertEquals(0, Simulator.requests())
        }
    }

    @Test
    fun `a timeout of the coroutine is one`() = runBlocking<Unit> {
        Simulator.client().use { client ->
            failsWith<TimeoutCancellationException> { withTimeout(50.milliseconds) { client.style.folders() } }
        }
    }

    @Test
    fun `closing ends the calls`() = runBlocking {
        val client = Simulator.client()
        val call = async(Dispatchers.Default) { runCatching { client.style.folders() } }
        arrived(1)
        client.close()
        assertIs<CallCancelledException>(call.await().exceptionOrNull())
        Simulator.awaitClosedByClient("Style/Folders")
        val error = failsWith<ClientClosedException> { client.style.folders() }
        assertTrue(error.attempts.isEmpty())
        failsWith<ClientClosedException> { client.style.list().collect() }
        client.close()
    }

    private suspend fun cancellationOf(call: suspend () -> Any): CancellationException =
        failsWith<CancellationException> { call() }

    private suspend fun arrived(requests: Int) = withContext(Dispatchers.IO) { Simulator.awaitRequests(requests) }
}
