package beproduct.client

import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.fail
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

class LocksTest {
    @BeforeTest
    fun reset() = Simulator.reset()

    private suspend fun BeProduct.isHeld(): Boolean {
        val lock = automation.lockCheck(listOf("job"), 1).jsonArray.single().jsonObject
        return lock.getValue("locked").jsonPrimitive.content == "true"
    }

    @Test
    fun `a lock is held while some work is done`() = runBlocking {
        Simulator.client().use { client ->
            val result = client.automation.withLock("job", lockTimeout = 60) { answer ->
                assertEquals("true", answer.jsonObject.getValue("acquired").jsonPrimitive.content)
                assertEquals(true, client.isHeld())
                assertFailsWith<ConflictException> { client.automation.withLock("job") { fail("it was not taken") } }
                assertEquals(true, client.isHeld())
                "done"
            }
            assertEquals("done" to false, result to client.isHeld())
        }
    }

    @Test
    fun `a lock is given back when the work fails`() = runBlocking {
        Simulator.client().use { client ->
            assertFailsWith<IllegalStateException> { client.automation.withLock("job") { error("the work failed") } }
            assertEquals(false, client.isHeld())
            Simulator.faults(
                """[{"path": "locks?name", "action": {}}, {"path": "locks?name", "action": {"status": 503}}]""",
            )
            val failure = assertFailsWith<IllegalStateException> {
                client.automation.withLock("job") { error("the work failed") }
            }
            assertEquals(listOf("ServerException"), failure.suppressed.map { it::class.simpleName })
        }
    }

    @Test
    fun `a lock is given back when the work is cancelled`() = runBlocking {
        Simulator.client().use { client ->
            val begun = CompletableDeferred<Unit>()
            val job = launch(Dispatchers.Default) {
                client.automation.withLock("job") {
                    begun.complete(Unit)
                    awaitCancellation()
                }
            }
            begun.await()
            job.cancelAndJoin()
            assertEquals(false, client.isHeld())
        }
    }
}
