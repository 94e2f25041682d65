package beproduct.client

import beproduct.client.testing.Answer
import beproduct.client.testing.testClient
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking

class TestClientTest {
    @Test
    fun `answers come from the table`() = runBlocking<Unit> {
        val parka = StyleHeader(id = "7", headerName = "Parka", extra = emptyMap())
        val client = testClient(
            Answer("Style/Header/7", status = 503, text = "busy", times = 1),
            Answer("Style/Header/7", parka, headers = mapOf("x-request-id" to "r-1")),
            Answer("Style/Headers?pageNumber=0", mapOf("result" to listOf(parka), "total" to 1), method = "POST"),
        )
        client.use {
            val response = client.withResponse { style.get("7") }
            assertEquals("Parka" to "r-1", response.body.headerName to response.meta.requestId)
            assertEquals(listOf(WaitReason.BACKOFF), response.meta.waits.map { it.reason })
            assertEquals(listOf(parka), client.style.list().toList())
            val error = failsWith<NetworkException> { client.style.get("8") }
            assertTrue(error.message.endsWith("none for GET Style/Header/8"), error.message)
            assertEquals(Outcome.NOT_SENT, error.outcome)
        }
    }

    @Test
    fun `an invalid answer is refused by its place`() {
        val wrong = mapOf(
            "answers[0]: 7 is no status" to Answer("x", status = 7),
            "either body or text" to Answer("x", "1", text = "1"),
            "answers[0].body is a java.lang.Thread" to Answer("x", Thread.currentThread()),
        )
        for ((says, answer) in wrong) {
            val error = failsWith<ConfigException> { testClient(answer) }
            assertTrue(says in error.message, error.message)
        }
    }
}
