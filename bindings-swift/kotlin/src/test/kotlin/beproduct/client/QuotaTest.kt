package beproduct.client

import beproduct.client.testing.TestClock
import beproduct.client.testing.advanceClock
import java.time.Instant
import java.time.LocalDate
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNull
import kotlin.test.assertSame
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.int

class QuotaTest {
    /** Keeps what it is told, and answers with [answer] at a limit. */
    private class Listener(val answer: (QuotaEvent) -> Duration? = { null }) : QuotaListener {
        val events = Channel<QuotaEvent>(Channel.UNLIMITED)

        override fun notice(event: QuotaEvent) {
            events.trySend(event)
        }

        override fun atLimit(event: QuotaEvent): Duration? {
            events.trySend(event)
            return answer(event)
        }
    }

    @BeforeTest
    fun reset() = Simulator.reset()

    /** A clock that is far from the end of an hour. */
    private fun clock() = TestClock.recorded(Instant.parse("2026-11-25T10:15:30Z"))

    @Test
    fun `plans as the engine reads them`() {
        val plans = mapOf(
            Plan.businessMax(licenses = 8) to """{"edition":"business_max","licenses":8}""",
            Plan.enterprise(licenses = 4, requestsPerMinute = 60) to
                """{"edition":"enterprise","licenses":4,"requests_per_minute":60}""",
            Plan.requestsPerDay(100, requestsPerHour = 20, dayStart = "06:30", timeZone = "Europe/Berlin") to
                """{"requests_per_day":100,"requests_per_hour":20,"day_start":"06:30","time_zone":"Europe/Berlin"}""",
            Plan.fromService(requestsPerHour = 9) to """{"from_service":true,"requests_per_hour":9}""",
            Plan.unlimited(requestsPerMinute = 7) to """{"requests_per_minute":7}""",
        )
        for ((plan, json) in plans) {
            assertEquals(json, plan.json.toString())
            BeProduct("acme", AccessToken("token"), plan).close()
        }
        assertEquals("Plan.requestsPerDay(requests_per_day=5)", Plan.requestsPerDay(5).toString())
        for (wrong in listOf(Plan.businessMax(-1), Plan.requestsPerDay(1, timeZone = "Nowhere"))) {
            failsWith<ConfigException> { BeProduct("acme", AccessToken("token"), wrong) }
        }
    }

    @Test
    fun `every limit is told`() = runBlocking {
        Simulator.client(Plan.requestsPerDay(10, requestsPerHour = 5), clock()).use { client ->
            client.style.folders(CallOptions(label = "nightly"))
            val status = client.quota.status()
            val day = LimitStatus(QuotaWindow.DAY, 10, 1, 9, Instant.parse("2026-11-26T00:00:00Z"))
            val hour = LimitStatus(QuotaWindow.HOUR, 5, 1, 4, Instant.parse("2026-11-25T11:00:00Z"))
            assertEquals(listOf(day, hour), status.limits)
            assertEquals(day.resetsAt, status.resetsAt)
            assertEquals(listOf(Usage("style.folders", "nightly", 1)), status.usage)
            assertEquals(1.0, status.pace)
            assertEquals(0L to 0L, status.leased to status.others)
            assertNull(status.pausedUntil)
            assertEquals(Instant.parse("2026-11-25T19:15:30Z"), status.runsOutAt)
        }
    }

    @Test
    fun `what is new in a status is no crash`() {
        val status = answerFormat.decodeFromString(
            QuotaStatus.serializer(),
            """{"store":"clay tablet","limit":null,"used":3,"remaining":null,"resets_at":"2026-11-26T00:00:00Z","usage":[],
                "limits":[{"window":"fortnight","limit":3,"used":3,"remaining":0,"resets_at":"2026-11-25T10:16:00Z",
                "new":1}],"leased":2,"others":1,"pace":0.5,"runs_out_at":null,"paused_until":"2026-11-25T10:17:00Z",
                "new":{}}""",
        )
        assertEquals(2L to 1L, status.leased to status.others)
        assertEquals(QuotaStore.UNRECOGNIZED to QuotaWindow.UNRECOGNIZED, status.store to status.limits.single().window)
        assertEquals(Instant.parse("2026-11-25T10:17:00Z"), status.pausedUntil)
        assertNull(status.limit)
    }

    @Test
    fun `who used it`() = runBlocking<Unit> {
        Simulator.client(clock = clock()).use { client ->
            client.style.folders(CallOptions(label = "nightly"))
            client.advanceClock(1.days)
            repeat(2) { client.material.folders() }

            val report = client.quota.report()
            assertEquals(LocalDate.parse("2026-10-28"), report.from)
            assertEquals(LocalDate.parse("2026-11-26"), report.to)
            assertEquals(3, report.requests)
            assertEquals(listOf(Share("2026-11-25", 1), Share("2026-11-26", 2)), report.byDay)
            assertEquals(listOf(Share("material.folders", 2), Share("style.folders", 1)), report.byOperation)
            assertEquals(listOf(Share("", 2), Share("nightly", 1)), report.byLabel)
            assertEquals(listOf(3L), report.byProcess.map { it.requests })
            val first = report.rows.first()
            val process = report.byProcess.single().name
            assertEquals(ReportRow(LocalDate.parse("2026-11-25"), "style.folders", "nightly", process, 1), first)

            assertEquals(2, client.quota.report(days = 1).requests)
            for (days in listOf(-1, 0, 91)) {
                val error = failsWith<ConfigException> { client.quota.report(days) }
                assertTrue("days has to be" in error.message && "$days" in error.message, error.message)
            }
        }
    }

    @Test
    fun `what some work takes`() = runBlocking {
        Simulator.client(Plan.requestsPerDay(30), clock()).use { client ->
            val work = listOf(Work("style.list", count = 5_000), Work("style.list", 100, pageSize = 50), Work("style.get"))
            val items = listOf(
                EstimateItem("style.attributes_list", 5_000, 25),
                EstimateItem("style.attributes_list", 100, 2),
                EstimateItem("style.attributes_get", 1, 1),
            )
            assertEquals(Estimate(28, 30, true, items), client.quota.estimate(work))
            assertFalse(client.quota.estimate(work + work).enough)

            val wrong = mapOf(
                Work("style.lst") to "style.lst",
                Work("style.list") to "count is missing",
                Work("style.list", 1, pageSize = 0) to "page_size",
                Work("style.list", -1) to "-1",
            )
            for ((piece, says) in wrong) {
                val error = failsWith<ConfigException> { client.quota.estimate(listOf(piece)) }
                assertTrue(says in error.message, error.message)
            }
        }
        assertEquals(0, Simulator.requests())
    }

    @Test
    fun `going on with another plan`() = runBlocking {
        Simulator.client(Plan.requestsPerDay(1), clock()).use { client ->
            client.style.folders()
            failsWith<QuotaExceededException> { client.style.folders() }
            failsWith<ConfigException> { client.quota.changePlan(Plan.requestsPerDay(5, dayStart = "noon")) }
            failsWith<QuotaExceededException> { client.style.folders() }
            client.quota.changePlan(Plan.requestsPerDay(2))
            client.style.folders()
            assertEquals(0, client.quota.status().remaining)
            client.quota.changePlan(Plan.unlimited(requestsPerHour = 100))
            client.style.folders()
            assertNull(client.quota.status().limit)
        }
    }

    @Test
    fun `a listener is told of what happens`() = runBlocking {
        val listener = Listener()
        Simulator.client(Plan.requestsPerDay(5), clock(), quotaListener = listener).use { client ->
            repeat(5) { client.style.folders() }
            for ((threshold, used) in listOf(80 to 4L, 95 to 5L)) {
                val event = listener.events.receive()
                assertEquals(QuotaEventKind.THRESHOLD, event.event)
                assertEquals(threshold to used, event.threshold to event.used)
            }
            // Nothing is the usual error.
            val error = failsWith<QuotaExceededException> { client.style.folders(CallOptions(label = "nightly")) }
            assertNull(error.cause)
            val expected = QuotaEvent(
                QuotaEventKind.LIMIT,
                QuotaWindow.DAY,
                limit = 5,
                used = 5,
                remaining = 0,
                resetsAt = Instant.parse("2026-11-26T00:00:00Z"),
                resetsIn = 13.hours + (44 * 60 + 30).seconds,
                operation = "style.folders",
                label = "nightly",
            )
            assertEquals(expected, listener.events.receive())
        }
    }

    @Test
    fun `a listener lets a call wait`() = runBlocking {
        for (answer in listOf<(QuotaEvent) -> Duration?>({ it.resetsIn }, { Duration.INFINITE })) {
            Simulator.client(Plan.requestsPerDay(1), clock(), quotaListener = Listener(answer)).use { client ->
                client.style.folders()
                val response = client.withResponse { style.folders() }
                assertEquals(listOf(WaitReason.QUOTA), response.meta.waits.map { it.reason })
            }
        }
        Simulator.client(Plan.requestsPerDay(0), clock(), quotaListener = Listener { 1.hours }).use { client ->
            assertNull(failsWith<QuotaExceededException> { client.style.folders() }.cause)
        }
    }

    @Test
    fun `what a listener throws is the cause`() = runBlocking {
        val failure = IllegalStateException("no answer at the limit")
        val listener = Listener { throw failure }
        Simulator.client(Plan.requestsPerDay(0), clock(), quotaListener = listener).use { client ->
            val error = failsWith<QuotaExceededException> { client.style.folders() }
            assertSame(failure, error.cause)
            assertTrue(error.message.endsWith("no answer at the limit"), error.message)
            assertEquals(Outcome.NOT_SENT, error.outcome)
        }
        Simulator.client(Plan.unlimited(requestsPerHour = 0), clock(), quotaListener = listener).use { client ->
            assertSame(failure, failsWith<RateLimitedException> { client.style.folders() }.cause)
            val acting = Simulator.actingAs("user_id", client)
            assertSame(failure, failsWith<RateLimitedException> { acting.style.folders() }.cause)
        }
        assertEquals(0, Simulator.requests())
    }

    @Test
    fun `no call waits for less than nothing`() = runBlocking {
        val listener = Listener { (-5).seconds }
        Simulator.client(Plan.requestsPerDay(0), clock(), quotaListener = listener).use { client ->
            val error = failsWith<QuotaExceededException> { client.style.folders() }
            assertTrue("not -5.0" in error.message, error.message)
        }
    }

    @Test
    fun `a listener that fails at an event fails no call`() = runBlocking<Unit> {
        val lines = Lines()
        val listener = object : QuotaListener {
            override fun notice(event: QuotaEvent): Unit = throw IllegalStateException("no ${event.event}")
        }
        Simulator.client(Plan.requestsPerDay(1), clock(), logSink = lines, quotaListener = listener).use { client ->
            client.style.folders()
            val line = lines.until("on_quota_event failed").last()
            assertEquals(LogLevel.WARNING, line.level)
            assertTrue(line.message.endsWith("no THRESHOLD"), line.message)
            // What it does not define is not at all to wait.
            failsWith<QuotaExceededException> { client.style.folders() }
        }
    }

    @Test
    fun `lines have what was measured`() = runBlocking {
        val lines = Lines()
        Simulator.client(Plan.requestsPerDay(9), clock(), logSink = lines).use { client ->
            client.style.folders(CallOptions(label = "nightly"))
            val (attempt, call) = lines.until("style.folders answered").takeLast(2).map { it.attributes }
            assertEquals(JsonPrimitive("GET"), attempt["http.request.method"])
            assertEquals(JsonPrimitive(200), attempt["http.response.status_code"])
            assertEquals(JsonPrimitive("nightly"), call["beproduct.label"])
            assertEquals(9, (call["beproduct.quota.limit"] as JsonPrimitive).int)
        }
    }
}
