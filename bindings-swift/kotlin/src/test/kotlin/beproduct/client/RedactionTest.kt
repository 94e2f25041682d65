package beproduct.client

import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking

/** Whatever a program prints of the client shows no secret. */
class RedactionTest {
    private val marker = "swordfish"

    @BeforeTest
    fun reset() = Simulator.reset()

    @Test
    fun `values of the caller`() {
        val credentials = listOf(
            RefreshToken("app", marker, marker),
            AccessToken(marker),
            StoredSignIn("app", marker),
            ClientCredentials("app", marker),
        )
        val settings = Settings(additionalHeaders = mapOf("X-Key" to marker))
        val client = BeProduct("acme", credentials.first(), settings = settings)
        val session = AuthorizationSession("app", "app://signed-in", marker, settings = settings)
        val acting = client.actingAs("some-user", "other", marker)
        val tokens = Tokens(accessToken = marker, refreshToken = marker, idToken = marker)
        val options = CallOptions(headers = mapOf("X-Key" to marker))
        val others = listOf(settings, tokens, options, session, client, acting)
        val shown = (credentials + others).joinToString()
        assertFalse(marker in shown, shown)

        for (name in listOf("state", "nonce", "code_challenge")) {
            assertFalse(session.url.substringAfter("$name=").substringBefore('&') in shown, name)
        }
        assertFalse("connect/authorize" in shown)
        assertTrue("BeProduct(acme), BeProduct(acme, acting as some-user)" in shown, shown)
        assertTrue("RefreshToken[client_id, client_secret, refresh_token], AccessToken[access_token]" in shown, shown)
        assertTrue("Settings[additional_headers], Tokens[access_token, refresh_token, id_token]" in shown, shown)
    }

    @Test
    fun `errors and log lines`() = runBlocking {
        val lines = Lines()
        val store = MemoryStore()
        Simulator.client(tokenStore = store, logSink = lines).use { client ->
            val acting = Simulator.actingAs("user_id", client)
            client.style.folders()
            acting.style.folders()
            val issued = listOf(store.stored?.accessToken, store.stored?.refreshToken)
            Simulator.expireTokens("all")
            val error = failsWith<AuthException> { client.style.folders() }
            assertEquals("invalid_grant", error.code)
            val other = failsWith<AuthException> { acting.style.folders() }

            val logged = lines.until("failed") + lines.until("failed")
            val shown = listOf(error, other).joinToString { it.stackTraceToString() } + logged + client + acting
            val names = listOf("client_secret", "refresh_token", "impersonation_client_secret")
            for (secret in issued.map { it!! } + names.map { Simulator.address(it) }) assertFalse(secret in shown)
        }
    }

    @Test
    fun `a sign-in that fails`() = runBlocking {
        Simulator.attack("nonce")
        Simulator.session("legacy_client_id", ResponseType.ID_TOKEN_TOKEN).use { session ->
            val redirect = Simulator.signIn(session.url)
            val error = failsWith<AuthException> { session.finish(redirect) }
            assertEquals("id_token_nonce", error.code)
            val shown = error.stackTraceToString() + session
            val values = redirect.substringAfter('#').split('&').map { it.substringAfter('=') }
            val secrets = values.filter { it.length > 20 }
            assertTrue(secrets.size >= 2)
            for (secret in secrets) assertFalse(secret in shown)
        }
    }
}
