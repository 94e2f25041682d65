package beproduct.client

import beproduct.client.testing.TestClock
import java.nio.file.Files
import java.nio.file.Path
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject

/** HTTPS with a certificate that nobody on this machine trusts. */
class TlsTest {
    private val simulator = Simulator.secure

    private fun client(settings: Settings) =
        Simulator.client(credentials = Simulator.credentials(simulator), settings = settings)

    @Test
    fun `an unknown authority is refused`() = runBlocking {
        client(Simulator.settings(simulator, TestClock.recorded())).use { client ->
            val error = failsWith<NetworkException> { client.system.version() }
            assertEquals(ErrorKind.NETWORK, error.kind)
            assertEquals(Outcome.NOT_SENT, error.outcome)
            assertTrue("ca_certificates" in error.message, error.message)
        }
    }

    @Test
    fun `an authority that was given is trusted`() = runBlocking {
        val authority = Files.readString(Path.of(Simulator.address("ca", simulator)))
        client(Simulator.settings(simulator, caCertificates = authority)).use { client ->
            assertEquals(JsonPrimitive("simulator"), client.system.version().jsonObject["version"])
            assertEquals(20, client.style.list().collectAll().size)
        }
    }
}
