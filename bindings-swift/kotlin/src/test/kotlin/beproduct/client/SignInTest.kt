package beproduct.client

import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertSame
import kotlin.test.assertTrue
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
    fun `what the store throws is the error's cause`() = runBlocking {
        val failure = IllegalStateException("the vault is locked")
        val store = MemoryStore(failure = failure)
        Simulator.client(tokenStore = store).use { client ->
            val error = failsWith<AuthException> { client.style.folders() }
            assertEquals("the token store could not be written", error.message)
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
            val error = failsWith<AuthException> { client.style.folders() }
            assertEquals("the token store could not be read", error.message)
            assertIs<IllegalArgumentException>(error.cause)
        }
        assertEquals(0, Simulator.requests("token"))
    }
}
