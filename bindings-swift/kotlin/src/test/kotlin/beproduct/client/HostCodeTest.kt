package beproduct.client

import beproduct.client.testing.TestClock
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import java.lang.ref.WeakReference
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertSame
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.runBlocking

/** Code of the program that the client calls. */
class HostCodeTest {
    @BeforeTest
    fun reset() = Simulator.reset()

    /** Refers to the client that calls it. */
    private class Reaching :
        MemoryStore(),
        LogSink,
        QuotaListener {
        lateinit var client: BeProduct

        override fun log(record: LogRecord) = Unit
    }

    private fun reaching(): BeProduct = with(Reaching()) {
        client = Simulator.client(Plan.requestsPerDay(1), tokenStore = this, logSink = this, quotaListener = this)
        client
    }

    private fun usedAndClosed(): WeakReference<BeProduct> {
        val client = reaching()
        runBlocking { client.style.folders() }
        client.close()
        return WeakReference(client)
    }

    @Test
    fun `a closed client is collected although its callbacks refer to it`() {
        val clients = List(40) { usedAndClosed() }
        for (attempt in 1..100) {
            if (clients.all { it.get() == null }) break
            System.gc()
        }
        assertEquals(0, clients.count { it.get() != null })
    }

    @Test
    fun `closed clients leave no threads behind`() {
        usedAndClosed()
        val threads = { File("/proc/self/task").list()!!.size }
        val before = threads()
        repeat(300) { usedAndClosed() }
        val more = threads() - before
        assertTrue(more < 50, "$more threads more")
    }

    @Test
    fun `a sink that throws is reported once and called again`() = runBlocking {
        val called = mutableListOf<String>()
        val sink = LogSink { record ->
            called += record.message
            throw IllegalStateException("the disk is full")
        }
        val standard = System.err
        val written = ByteArrayOutputStream()
        System.setErr(PrintStream(written, true))
        try {
            Simulator.client(logSink = sink).use { client -> repeat(2) { client.style.folders() } }
        } finally {
            System.setErr(standard)
        }
        assertEquals(2, called.count { "style.folders answered" in it })
        val reports = written.toString().lines().filter { "the disk is full" in it }
        assertEquals(1, reports.size, written.toString())
        assertTrue(reports.single().startsWith("BeProduct: the LogSink failed"), reports.single())
    }

    @Test
    fun `what is thrown is found again among many`() = runBlocking {
        val store = MemoryStore()
        Simulator.client(tokenStore = store).use { client ->
            // Their texts are equal, and more are thrown than are kept.
            val failures = List(120) { IllegalStateException("the vault is locked") }
            for (failure in failures) {
                store.failure = failure
                assertSame(failure, failsWith<CallbackException> { client.style.folders() }.cause)
            }
            store.failure = null
            assertEquals(4, client.style.folders().size)
        }
    }

    @Test
    fun `an error that is no exception is a failure too`() = runBlocking {
        val failure = NotImplementedError("not yet")
        val store = object : TokenStore {
            override fun load(): Tokens = throw failure

            override fun save(tokens: Tokens) = Unit
        }
        Simulator.client(tokenStore = store).use { client ->
            val error = failsWith<CallbackException> { client.style.folders() }
            assertEquals("the token store could not be read: not yet", error.message)
            assertSame(failure, error.cause)
        }
    }

    @Test
    fun `code may call its client`() = runBlocking<Unit> {
        val used = CompletableDeferred<Long>()
        val seen = CompletableDeferred<Long>()
        val host = object : LogSink, QuotaListener {
            lateinit var client: BeProduct

            override fun log(record: LogRecord) {
                if ("style.folders answered" in record.message) used.complete(runBlocking { client.quota.status() }.used)
            }

            override fun atLimit(event: QuotaEvent): Duration? {
                seen.complete(runBlocking { client.quota.status() }.used)
                return null
            }
        }
        val plan = Plan.requestsPerDay(1)
        Simulator.client(plan, TestClock.recorded(), logSink = host, quotaListener = host).use { client ->
            host.client = client
            client.style.folders()
            assertEquals(1, used.await())
            failsWith<QuotaExceededException> { client.style.folders() }
            assertEquals(1, seen.await())
        }
    }

    @Test
    fun `code may close its client`() = runBlocking<Unit> {
        val closed = CompletableDeferred<Unit>()
        val listener = object : QuotaListener {
            lateinit var client: BeProduct

            override fun atLimit(event: QuotaEvent): Duration? {
                client.close()
                closed.complete(Unit)
                return null
            }
        }
        val client = Simulator.client(Plan.requestsPerDay(0), quotaListener = listener)
        listener.client = client
        assertIs<CallCancelledException>(failsWith<BeProductException> { client.style.folders() })
        failsWith<ClientClosedException> { client.style.folders() }
        closed.await()
    }

    @Test
    fun `closing waits for the log and lasts although the thread is interrupted`() {
        val lines = mutableListOf<String>()
        val client = Simulator.client(logSink = { lines += it.message })
        runBlocking { client.style.folders() }
        Thread.currentThread().interrupt()
        client.close()
        assertTrue(Thread.interrupted())
        assertTrue(lines.any { "style.folders answered" in it }, "$lines")
        client.close()
    }
}
