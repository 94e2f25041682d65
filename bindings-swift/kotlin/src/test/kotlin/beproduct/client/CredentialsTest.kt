package beproduct.client

import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotEquals
import kotlin.test.assertSame
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** Whom a client signs in as, and how its token goes along. */
class CredentialsTest {
    @BeforeTest
    fun reset() = Simulator.reset("""{"rotation": "strict"}""")

    @Test
    fun `acting as another user`() = runBlocking {
        Simulator.client().use { client ->
            val acting = Simulator.actingAs("user_id", client)
            acting.style.folders()
            acting.style.list().collectAll()
            assertEquals(Simulator.address("user_id"), acting.auth.userinfo().sub)
            assertEquals(setOf("sample.manager"), users().toSet())

            client.style.folders()
            assertEquals(Simulator.address("username"), users().last())
            assertEquals(client.quota.status().used, acting.quota.status().used)
        }
    }

    @Test
    fun `nothing is done as the administrator instead`() = runBlocking {
        Simulator.client().use { client ->
            client.system.version()
            val refused = failsWith<AuthException> { Simulator.actingAs("partner_id", client).style.folders() }
            assertEquals("invalid_grant", refused.code)

            Simulator.faults("""[{"path": "connect/token", "times": 0, "action": {"status": 503}}]""")
            val acting = Simulator.actingAs("user_id", client)
            val calls = listOf<suspend BeProduct.() -> Any>(
                { style.folders() },
                { style.list().collectAll() },
                { auth.userinfo() },
            )
            for (call in calls) assertEquals(503, failsWith<BeProductException> { acting.call() }.status)
            assertEquals(1, Simulator.requests())
        }
    }

    @Test
    fun `acting is checked at once and ends with its client`() = runBlocking<Unit> {
        val client = Simulator.client()
        val acting = Simulator.actingAs("user_id", client)
        failsWith<ConfigException> { client.actingAs("", "app", "secret") }
        failsWith<ConfigException> { acting.actingAs("another", "app", "secret") }
        Simulator.actingAs("user_id", client).close()
        acting.style.folders()
        client.close()
        failsWith<ClientClosedException> { acting.style.folders() }
        failsWith<ClientClosedException> { acting.auth.userinfo() }
    }

    @Test
    fun `a failure of the administrator's store is the cause`() = runBlocking {
        val failure = IllegalStateException("the vault is locked")
        Simulator.client(tokenStore = MemoryStore(failure = failure)).use { client ->
            val error = failsWith<CallbackException> { Simulator.actingAs("user_id", client).style.folders() }
            assertSame(failure, error.cause)
        }
    }

    @Test
    fun `an application signs in as itself`() = runBlocking {
        val credentials = ClientCredentials(Simulator.address("client_id"), Simulator.address("client_secret"))
        val settings = Simulator.settings(scope = "BeProductPublicApi")
        Simulator.client(credentials = credentials, settings = settings).use { client ->
            client.style.folders()
            assertEquals(listOf<String?>(Simulator.address("client_id")), users())
            failsWith<PermissionDeniedException> { client.auth.userinfo() }
        }
        val body = Simulator.log("identity").first().getValue("body").jsonPrimitive.content
        assertTrue("scope=BeProductPublicApi" in body)
    }

    @Test
    fun `an earlier sign-in is in the store`() = runBlocking<Unit> {
        val credentials = StoredSignIn(Simulator.address("public_client_id"))
        val store = MemoryStore()
        Simulator.client(tokenStore = store, credentials = credentials).use { client ->
            val error = failsWith<AuthException> { client.style.folders() }
            assertTrue("the token store is empty" in error.message, error.message)
        }
        val first = Simulator.tokens()
        store.save(first)
        Simulator.client(tokenStore = store, credentials = credentials).use { client ->
            client.style.folders()
            Simulator.expireTokens()
            client.style.folders()
        }
        assertNotEquals(first.refreshToken, store.stored?.refreshToken)
        assertEquals(first.idToken, store.stored?.idToken)

        failsWith<ConfigException> { Simulator.client(credentials = credentials) }
    }

    @Test
    fun `the token can go into the query of reads`() = runBlocking {
        val lines = Lines()
        val settings = Simulator.settings(accessTokenInQuery = true)
        Simulator.client(logSink = lines, settings = settings).use { client ->
            client.style.folders()
            client.style.list().collectAll()
            for (request in Simulator.log()) {
                val isRead = request.getValue("method").jsonPrimitive.content == "GET"
                assertEquals(isRead, "access_token=" in request.getValue("target").jsonPrimitive.content)
                assertEquals(isRead, "authorization" !in request.getValue("headers").jsonObject)
            }
            val methods = Simulator.log().map { it.getValue("method").jsonPrimitive.content }
            assertEquals(setOf("GET", "POST"), methods.toSet())

            Simulator.faults("""[{"path": "Folders", "action": {"status": 403}}]""")
            val error = failsWith<PermissionDeniedException> { client.style.folders() }
            assertFalse("access_token=" in error.stackTraceToString() + error.url + lines.until("failed"))
        }
    }

    private fun users() = Simulator.log().map { it.getValue("user").jsonPrimitive.contentOrNull }
}
