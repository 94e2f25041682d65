package beproduct.client

import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking

/** A program that makes a call and ends. Its arguments are those of a client, and whether it closes that. */
internal object Script {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (company, token, api, closes) = arguments
        val client = BeProduct(company, AccessToken(token), logSink = {}, settings = Settings(apiUrl = api))
        println(runBlocking { client.style.folders().size })
        // What is warm ends fast.
        runBlocking { repeat(500) { client.quota.status() } }
        if (closes.toBoolean()) client.close()
    }
}

class ScriptTest {
    @BeforeTest
    fun reset() = Simulator.reset()

    @Test
    fun `a program ends after its last call or close`() = runBlocking {
        val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
        val classes = System.getProperty("java.class.path")
        val token = Simulator.tokens().accessToken!!
        val client = listOf(Simulator.address("company"), token, Simulator.address("api"))
        for (closes in listOf("false", "true")) {
            val command = listOf(java, "-cp", classes, "beproduct.client.Script") + client + closes
            val process = ProcessBuilder(command).start()
            assertTrue(process.waitFor(60, TimeUnit.SECONDS))
            assertEquals("", process.errorReader().readText())
            assertEquals("4\n", process.inputReader().readText())
            assertEquals(0, process.exitValue())
        }
    }
}
