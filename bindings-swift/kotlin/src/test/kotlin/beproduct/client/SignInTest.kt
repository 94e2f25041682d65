package beproduct.client

import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.readText
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertSame
import kotlin.test.assertTrue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking

/** Tokens as calls need them. */
class SignInTest {
    @BeforeTest
    fun reset() = Simulator.reset("""{"rotation": "strict"}""")

    @Test
    fun `a thousand calls renew an expired token once`() = runBlocking {
        Simulator.client().use { client ->
            client.style.folders()
            Simulator.expireTokens()
            val before = Simulator.requests("token")
            // No two are equal: those would share one request.
            val calls = List(1000) { CallOptions(extraQuery = mapOf("call" to "$it")) }
            calls.map { async { client.system.ratelimitStatus(it) } }.awaitAll()
            assertEquals(1, Simulator.requests("token") - before)
            assertTrue(Simulator.requests() > 1000)
        }
    }

    @Test
    fun `a rotated token is saved and serves the next client`() = runBlocking {
        val store = MemoryStore()
        Simulator.client(tokenStore = store).use { it.style.folders() }
        val saved = assertNotNull(store.stored)
        assertNotEquals(Simulator.address("refresh_token"), saved.refreshToken)
        assertNotNull(saved.expiresAt)

        store.stored = Tokens.fromJson(saved.toJson())
        Simulator.client(tokenStore = store).use { it.style.folders() }
        assertEquals(1, Simulator.requests("token"))
        Simulator.expireTokens()
        Simulator.client(tokenStore = store).use { it.style.folders() }
        assertEquals(2, Simulator.requests("token"))
    }

    @Test
    fun `tokens are kept in a file`() = runBlocking<Unit> {
        val path = Files.createTempDirectory(Path.of("target"), "tokens").resolve("acme.json")
        repeat(2) { Simulator.client(tokenStore = TokenFile(path)).use { it.style.folders() } }
        assertEquals(1, Simulator.requests("token"))
        assertNotNull(Tokens.fromJson(path.readText()).refreshToken)
    }

    @Test
    fun `what the store throws is the error's cause`() = runBlocking {
        val failure = IllegalStateException("the vault is locked")
        val store = MemoryStore(failure = failure)
        Simulator.client(tokenStore = store).use { client ->
            val error = failsWith<CallbackException> { client.style.folders() }
            assertEquals("the token store could not be written: the vault is locked", error.message)
            assertSame(failure, error.cause)
            assertEquals(0, Simulator.requests())

            store.failure = null
            client.style.folders()
            assertEquals(1, Simulator.requests("token"))
        }
    }

    @Test
    fun `tokens that cannot be read are not taken for none`() = runBlocking {
        val store = object : TokenStore {
            override fun load(): Tokens = Tokens.fromJson("no tokens")

            override fun save(tokens: Tokens) = Unit
        }
        Simulator.client(tokenStore = store).use { client ->
            val error = failsWith<CallbackException> { client.style.folders() }
            assertEquals("the token store could not be read: the text holds no Tokens", error.message)
            assertIs<IllegalArgumentException>(error.cause)
        }
        assertEquals(0, Simulator.requests("token"))
    }

    @Test
    fun `of all who share a store one renews`() = runBlocking(Dispatchers.IO) {
        val store = SharedMemoryStore()
        val clients = List(2) { Simulator.client(tokenStore = store) }
        Simulator.faults("""[{"path": "connect/token", "base": "identity", "action": {"hang": true}}]""")
        val first = async { clients[0].style.folders() }
        Simulator.awaitRequests(1, "identity")
        val second = async { clients[1].style.folders() }
        store.refused.await()
        Simulator.release()
        assertEquals(first.await(), second.await())
        assertEquals(1, Simulator.requests("token"))
        // The second found what the first had saved.
        val events = List(5) { store.events.receive() }
        assertEquals(listOf("locked", "saved", "unlocked", "locked", "unlocked"), events)
        clients.forEach(BeProduct::close)
    }

    @Test
    fun `a lock that cannot be had fails the call`() = runBlocking {
        val failure = IllegalStateException("the database is away")
        val store = object : SharedMemoryStore() {
            override fun tryLock(): Boolean = throw failure
        }
        Simulator.client(tokenStore = store).use { client ->
            val error = failsWith<CallbackException> { client.style.folders() }
            assertEquals("the token store could not be locked: the database is away", error.message)
            assertSame(failure, error.cause)
        }
        assertEquals(0, Simulator.requests("token"))
        assertTrue(store.events.tryReceive().isFailure)
    }

    @Test
    fun `a lock that cannot be given back is a warning`() = runBlocking {
        val store = object : SharedMemoryStore() {
            override fun unlock() = error("the database is away")
        }
        val lines = Lines()
        Simulator.client(tokenStore = store, logSink = lines).use { it.style.folders() }
        val warning = lines.until("the token store could not be unlocked: the database is away").last()
        assertEquals(LogLevel.WARNING, warning.level)
    }
}
