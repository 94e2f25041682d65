package beproduct.client

import beproduct.client.testing.TestClock
import beproduct.client.testing.advanceClock
import kotlin.reflect.KClass
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

class ExceptionsTest {
    @BeforeTest
    fun reset() = Simulator.reset()

    @Test
    fun `each kind has its class`() = runBlocking {
        val answers = mapOf<String, KClass<out BeProductException>>(
            """{"status": 401}""" to AuthException::class,
            """{"status": 403}""" to PermissionDeniedException::class,
            """{"status": 404}""" to NotFoundException::class,
            """{"status": 400, "body": {"message": "no"}}""" to ValidationException::class,
            """{"status": 429, "headers": {"Retry-After": "7200"}}""" to RateLimitedException::class,
            """{"status": 503}""" to ServerException::class,
            """{"status": 200, "body": "<html>"}""" to DecodeException::class,
            """{"reset": "before"}""" to NetworkException::class,
        )
        for ((action, expected) in answers) {
            Simulator.reset()
            Simulator.faults("""[{"path": "Header/some-style", "times": 0, "action": $action}]""")
            Simulator.client(clock = TestClock.recorded()).use { client ->
                val error = failsWith<BeProductException> { client.style.get("some-style") }
                assertEquals(expected, error::class, "$action: $error")
                assertEquals("style.attributes_get", error.operation)
            }
        }
    }

    @Test
    fun `a kind that is new is no crash`() {
        val fields = """"message": "no seats left", "outcome": "postponed", "attempts": [{"error": "x", "seconds": 1}]"""
        val error = exceptionOf("""{"kind": "sold_out", $fields}""")
        assertIs<InternalException>(error)
        assertEquals("no seats left" to Outcome.UNRECOGNIZED, error.message to error.outcome)
        assertEquals(listOf(Attempt(error = ErrorKind.UNRECOGNIZED, seconds = 1.seconds)), error.attempts)
    }

    @Test
    fun `an error has all its fields`() = runBlocking {
        Simulator.faults(
            """[{"path": "Style/Folders", "action": {"status": 503}},
                {"path": "Style/Folders", "action": {"status": 429, "body": {"message": "slow down"},
                 "headers": {"Retry-After": "7200"}}}]""",
        )
        Simulator.client(clock = TestClock.recorded()).use { client ->
            val error = failsWith<RateLimitedException> { client.style.folders() }
            assertEquals(ErrorKind.RATE_LIMITED, error.kind)
            assertEquals(429, error.status)
            assertEquals(2.hours, error.retryAfter)
            assertTrue(error.retryable)
            assertEquals(Outcome.REFUSED, error.outcome)
            assertNotNull(error.requestId)
            assertEquals("GET", error.method)
            assertEquals("${Simulator.address("api")}/api/acme/Style/Folders", error.url)
            assertEquals(listOf<Int?>(503, 429), error.attempts.map { it.status })
            assertEquals(listOf(WaitReason.BACKOFF), error.waits.map { it.reason })
            assertTrue("slow down" in assertNotNull(error.bodyExcerpt))
            assertTrue(error.toString().endsWith("(style.folders, status 429)"), error.toString())
        }
    }

    @Test
    fun `a write whose answer is lost may have taken effect`() = runBlocking {
        Simulator.faults("""[{"path": "Header/Create", "action": {"reset": "before", "apply": true}}]""")
        Simulator.client(clock = TestClock.recorded()).use { client ->
            val error = failsWith<NetworkException> {
                client.style.create(Simulator.address("style_folder"), mapOf("header_name" to "Parka"))
            }
            assertEquals(Outcome.UNKNOWN, error.outcome)
            assertEquals(1, error.attempts.size)
            assertNotNull(error.cause)
            assertTrue("it may have taken effect" in error.toString())
        }
    }

    @Test
    fun `a deadline passes on the test's clock`() = runBlocking<Unit> {
        Simulator.faults("""[{"base": "api", "times": 0, "action": {"hang": true}}]""")
        Simulator.client(clock = TestClock.recorded()).use { client ->
            val options = CallOptions(timeout = 5.seconds, attempts = 1)
            val call = async(Dispatchers.Default) { runCatching { client.style.folders(options) } }
            withContext(Dispatchers.IO) { Simulator.awaitRequests(1) }
            client.advanceClock(6.seconds)
            assertIs<CallTimeoutException>(call.await().exceptionOrNull())
        }
    }

    @Test
    fun `the quota is kept before anything is sent`() = runBlocking {
        Simulator.client(Plan.requestsPerDay(1)).use { client ->
            client.style.folders()
            val error = failsWith<QuotaExceededException> { client.style.folders() }
            assertEquals(Outcome.NOT_SENT, error.outcome)
            assertEquals(1, Simulator.requests())
        }
    }

    @Test
    fun `a number that several carry is a conflict`() = runBlocking<Unit> {
        val twice = """{"result": [{"id": "x", "headerNumber": "A"}, {"id": "y", "headerNumber": "A"}], "total": 2}"""
        Simulator.faults("""[{"path": "Headers", "action": {"status": 200, "body": $twice}}]""")
        Simulator.client().use { client -> failsWith<ConflictException> { client.style.getByNumber("A") } }
    }

    @Test
    fun `an answer of another shape cannot be read`() = runBlocking<Unit> {
        Simulator.faults("""[{"path": "Folders", "action": {"status": 200, "body": [{"id": {"no": "text"}}]}}]""")
        Simulator.client().use { client ->
            val error = failsWith<DecodeException> { client.style.folders() }
            assertEquals(200, error.status)
            assertEquals("style.folders", error.operation)
            assertTrue(error.message.endsWith("$.id"), error.message)
        }
        val list = """{"result": [{"id": {"no": "text"}}], "total": 1}"""
        Simulator.faults("""[{"path": "Headers", "times": 2, "action": {"status": 200, "body": $list}}]""")
        Simulator.client().use { client ->
            failsWith<DecodeException> { client.style.list().collect() }
            failsWith<DecodeException> { client.style.list().collectAll() }
        }
    }
}
