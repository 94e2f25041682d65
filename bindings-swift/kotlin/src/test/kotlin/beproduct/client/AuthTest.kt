package beproduct.client

import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.JsonPrimitive

/** What a client can ask about its sign-in. */
class AuthTest {
    @BeforeTest
    fun reset() = Simulator.reset()

    @Test
    fun `who is signed in`() = runBlocking {
        val expected = UserInfo(
            sub = Simulator.address("administrator_id"),
            preferredUsername = Simulator.address("username"),
            name = "Sample Designer",
            email = "designer@example.com",
            emailVerified = true,
        )
        Simulator.client().use { assertEquals(expected, it.auth.userinfo()) }
        assertEquals(0, Simulator.requests())
    }

    @Test
    fun `members that nobody expects`() = runBlocking {
        Simulator.faults(
            """[{"path": "userinfo", "action": {"status": 200,
                 "body": {"email_verified": "False", "locale": "pt", "name": null}}},
                {"path": "userinfo", "action": {"status": 200, "body": {"sub": ["a"]}}}]""",
        )
        Simulator.client().use { client ->
            val expected = UserInfo(emailVerified = false, extra = mapOf("locale" to JsonPrimitive("pt")))
            assertEquals(expected, client.auth.userinfo())
            val error = failsWith<DecodeException> { client.auth.userinfo() }
            assertTrue(error.message.endsWith("$.sub"), error.message)
            assertEquals("auth.userinfo", error.operation)
        }
    }

    @Test
    fun `the address that ends the session`() = runBlocking<Unit> {
        val address = "${Simulator.address("identity")}/connect/endsession"
        Simulator.client().use { assertEquals(address, it.auth.endSessionUrl()) }

        stored().use { client ->
            val url = client.auth.endSessionUrl(Simulator.address("post_logout_redirect_uri"))
            assertTrue(url.startsWith("$address?id_token_hint="), url)
            assertEquals(302, Simulator.visit(url))
            assertEquals(1, Simulator.requests("sign_outs"))
            client.style.folders()
            failsWith<ConfigException> { client.auth.endSessionUrl("nowhere") }
        }
    }

    @Test
    fun `signing out revokes and forgets`() = runBlocking {
        val store = MemoryStore()
        stored(store).use { client ->
            client.style.folders()
            assertTrue(client.auth.signOut())
            assertEquals(1, Simulator.requests("revocation"))
            assertEquals(true, store.stored?.isEmpty)

            failsWith<AuthException> { client.style.folders() }
            failsWith<AuthException> { client.auth.userinfo() }
        }
        Simulator.client(tokenStore = store, credentials = StoredSignIn(Simulator.address("public_client_id"))).use {
            failsWith<AuthException> { it.style.folders() }
        }
        assertEquals(1, Simulator.requests())
    }

    @Test
    fun `the server tells of itself`() = runBlocking {
        Simulator.client().use { client ->
            assertEquals(JsonPrimitive(Simulator.address("identity")), client.auth.discovery()["issuer"])
        }
    }

    @Test
    fun `cancelling closes the request`() = runBlocking {
        Simulator.client().use { client ->
            client.style.folders()
            Simulator.faults("""[{"path": "userinfo", "action": {"hang": true}}]""")
            val before = Simulator.requests("identity")
            val thrown = CompletableDeferred<CancellationException>()
            val job = launch(Dispatchers.Default) {
                thrown.complete(failsWith<CancellationException> { client.auth.userinfo() })
            }
            withContext(Dispatchers.IO) { Simulator.awaitRequests(before + 1, "identity") }
            job.cancelAndJoin()
            assertEquals(Outcome.UNKNOWN, assertIs<CallCancelledException>(thrown.await().cause).outcome)
            Simulator.awaitClosedByClient("connect/userinfo", "identity")

            launch {
                cancel()
                client.auth.userinfo()
            }.join()
            assertEquals(before + 1, Simulator.requests("identity"))
        }
    }

    /** A client whose tokens are in a store, from a sign-in of a person. */
    private suspend fun stored(store: MemoryStore = MemoryStore()): BeProduct {
        store.save(Simulator.tokens())
        return Simulator.client(tokenStore = store, credentials = StoredSignIn(Simulator.address("public_client_id")))
    }
}
