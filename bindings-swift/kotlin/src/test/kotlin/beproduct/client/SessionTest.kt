package beproduct.client

import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

/** Sign-ins of a person. */
class SessionTest {
    @BeforeTest
    fun reset() = Simulator.reset()

    @Test
    fun `a person signs in`() = runBlocking<Unit> {
        Simulator.session("public_client_id").use { session ->
            val redirect = Simulator.signIn(session.url)
            val tokens = session.finish(redirect)
            assertNotNull(tokens.idToken)
            assertFalse(tokens.isEmpty)
            val credentials = RefreshToken(Simulator.address("public_client_id"), token = tokens.refreshToken!!)
            Simulator.client(credentials = credentials).use { it.style.folders() }
            failsWith<ConfigException> { session.finish(redirect) }
        }
    }

    @Test
    fun `an old registration signs in without a code`() = runBlocking<Unit> {
        Simulator.session("legacy_client_id", ResponseType.ID_TOKEN_TOKEN).use { session ->
            val redirect = Simulator.signIn(session.url)
            assertFalse('?' in redirect)
            val tokens = session.finish(redirect)
            assertNull(tokens.refreshToken)
            assertTrue("BeProductPublicApi" in assertNotNull(tokens.scope))
            assertEquals(tokens.scope, Tokens.fromJson(tokens.toJson()).scope)
            Simulator.client(credentials = AccessToken(tokens.accessToken!!)).use { it.style.folders() }
        }
    }

    @Test
    fun `a server that refuses PKCE is asked without it`() = runBlocking<Unit> {
        Simulator.reset("""{"refuse_pkce": true}""")
        Simulator.session("client_id").use { session ->
            val error = failsWith<AuthException> { session.finish(Simulator.signIn(session.url)) }
            assertEquals("invalid_request", error.code)
        }
        Simulator.session("client_id", pkce = false).use { session ->
            assertFalse("code_challenge" in session.url)
            assertNotNull(session.finish(Simulator.signIn(session.url)).refreshToken)
        }
    }

    @Test
    fun `an ID token that was tampered with is refused`() = runBlocking {
        Simulator.attack("tampered")
        for (responseType in ResponseType.entries) {
            Simulator.session("legacy_client_id", responseType).use { session ->
                val redirect = Simulator.signIn(session.url)
                assertEquals("id_token_signature", failsWith<AuthException> { session.finish(redirect) }.code)
            }
        }
    }

    @Test
    fun `the redirect of another sign-in is refused`() = runBlocking {
        val redirect = Simulator.session("client_id").use { Simulator.signIn(it.url) }
        Simulator.session("client_id").use { session ->
            assertEquals("state_mismatch", failsWith<AuthException> { session.finish(redirect) }.code)
        }
        assertEquals(0, Simulator.requests("token"))
    }

    @Test
    fun `scopes of the settings are the default`() {
        val settings = Settings(scope = "openid email")
        val url = { scope: String? -> AuthorizationSession("app", "app://in", scope = scope, settings = settings).url }
        assertTrue("scope=openid+email&" in url(null) + "&")
        assertTrue("scope=openid&" in url("openid") + "&")
    }

    @Test
    fun `cancelling ends a sign-in and its request`() = runBlocking<Unit> {
        Simulator.session("public_client_id").use { session ->
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
}
