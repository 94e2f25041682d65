package beproduct.client

import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertSame
import kotlin.test.assertTrue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

class SignInTest {
    private class MemoryStore(var stored: Tokens? = null, var failure: Exception? = null) : TokenStore {
        override fun load(): Tokens? = stored

        override fun save(tokens: Tokens) {
            failure?.let { throw it }
            stored = tokens
        }
    }

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
            val error = assertFailsWith<AuthException> { client.style.folders() }
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
            val error = assertFailsWith<AuthException> { client.style.folders() }
            assertEquals("the token store could not be read", error.message)
            assertIs<IllegalArgumentException>(error.cause)
        }
        assertEquals(0, Simulator.requests("token"))
    }

    @Test
    fun `a person signs in`() = runBlocking<Unit> {
        val session = AuthorizationSession(
            Simulator.address("public_client_id"),
            Simulator.address("redirect_uri"),
            settings = Simulator.settings(),
        )
        session.use {
            val redirect = Simulator.signIn(session.url)
            val tokens = session.finish(redirect)
            val credentials = RefreshToken(Simulator.address("public_client_id"), refreshToken = tokens.refreshToken!!)
            BeProduct("acme", credentials, settings = Simulator.settings()).use { it.style.folders() }
            assertFailsWith<ConfigException> { session.finish(redirect) }
        }
    }

    @Test
    fun `cancelling ends a sign-in and its request`() = runBlocking<Unit> {
        val session = AuthorizationSession(
            Simulator.address("public_client_id"),
            Simulator.address("redirect_uri"),
            settings = Simulator.settings(),
        )
        session.use {
            val redirect = Simulator.signIn(session.url)
            launch {
                cancel()
                session.finish(redirect)
            }.join()
            assertEquals(0, Simulator.requests("identity"))

            Simulator.faults("""[{"base": "identity", "action": {"hang": true}}]""")
            val job = launch(Dispatchers.Default) { session.finish(redirect) }
            withContext(Dispatchers.IO) { Simulator.awaitRequests(1, "identity") }
            job.cancelAndJoin()
            Simulator.awaitClosedByClient("connect/token", "identity")
        }
    }

    @Test
    fun `descriptions show no secret`() = runBlocking {
        val credentials = Simulator.credentials()
        val settings = Settings(additionalHeaders = mapOf("X-Key" to "swordfish"))
        val tokens = Tokens("access-1", "refresh-1", "id-1")
        val shown = listOf(credentials, AccessToken("access-1"), settings, tokens, Simulator.client()).joinToString()
        val secrets = listOf("client_secret", "refresh_token").map(Simulator::address)
        for (secret in secrets + listOf("swordfish", "access-1", "refresh-1", "id-1")) {
            assertFalse(secret in shown, shown)
        }
        assertTrue("BeProduct(acme)" in shown)

        Simulator.faults("""[{"base": "identity", "action": {"status": 400, "body": {"error": "invalid_grant"}}}]""")
        val error = assertFailsWith<AuthException> { Simulator.client().use { it.style.folders() } }
        assertEquals("invalid_grant", error.code)
        for (secret in secrets) assertFalse(secret in error.stackTraceToString())
    }
}
