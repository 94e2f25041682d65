package beproduct.client

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertSame
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.json.JsonPrimitive

/** What a program's own tests can make. */
class ValuesTest {
    @Test
    fun `errors are made by their class`() {
        val reason = IllegalStateException("the plug was pulled")
        val fields = ErrorFields("no answer", operation = "style.attributes_get", outcome = Outcome.UNKNOWN)
        val error: BeProductException = NetworkException(fields, reason)
        assertEquals(ErrorKind.NETWORK, error.kind)
        assertEquals("no answer" to Outcome.UNKNOWN, error.message to error.outcome)
        assertEquals("beproduct.client.NetworkException: no answer", error.toString())
        assertSame(reason, error.cause)
        val limited = RateLimitedException(ErrorFields("slow down", status = 429, retryAfter = 5.seconds))
        assertEquals(429 to 5.seconds, limited.status to limited.retryAfter)
    }

    @Test
    fun `answers are made of their parts`() {
        val meta = Meta(status = 200, requestId = "r-1", headers = listOf("x-probe" to "1"))
        val response = Response(StyleHeader(id = "a"), listOf(meta), "{}".encodeToByteArray())
        assertEquals("a" to "1", response.body.id to response.meta.header("X-Probe"))
        val page = Page(listOf(StyleHeader(id = "a")), total = 1, meta = meta)
        assertEquals(listOf("a"), page.records.map { it.id })
        assertEquals(Position(1, 1, 1), page.position)
        assertEquals(JsonPrimitive(1), Reply(JsonPrimitive(1), ByteArray(0), meta).body)
    }
}
