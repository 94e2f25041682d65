package beproduct.client

import java.time.Instant
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertSame
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonPrimitive

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
    fun `the client's own records are made of their members`() {
        val tokens = Tokens(accessToken = "a", expiresAt = Instant.ofEpochSecond(1_800_000_000))
        assertEquals("""{"access_token":"a","expires_at":1800000000}""", tokens.toJson())
        assertEquals(tokens, Tokens.fromJson(tokens.toJson()))
        assertEquals(false to true, tokens.isEmpty to Tokens(lifetime = 60).isEmpty)
        val wait = Wait(WaitReason.BACKOFF, 1.5.seconds)
        assertEquals("""{"reason":"backoff","seconds":1.5}""", Json.encodeToString(wait))
        val figures = """{"limit":60,"remaining":0,"reset":18446744073709551615}"""
        assertEquals(Instant.MAX.epochSecond, Json.decodeFromString<RateFigures>(figures).reset?.epochSecond)
    }

    @Test
    fun `fields are read by their ids`() {
        val text = """{"headerData": {"fields": [{"id": "season", "value": "Fall"}, {"id": "price", "value": null},
            {"value": "no id"}, {"id": "year", "value": "2026", "type": "Number"}, {"id": "active", "value": "Yes", "type": "TrueFalse"},
            {"id": "due", "value": "8/1/2021 12:00:00 AM", "type": "Date"}, {"id": "cost", "value": "12.50", "type": "Currency"}]},
            "colorways": [{"colorNumber": "01", "primaryColor": "56684A", "fields": {"pantone": "19-4052", "lab": null}}]}"""
        val style = Json.decodeFromString<StyleHeader>(text)
        assertEquals(listOf("season", "price", "year", "active", "due", "cost"), style.values.keys.toList())
        assertEquals(JsonPrimitive(2026), style.field("year"))
        assertEquals(JsonPrimitive(true), style.field("active"))
        assertEquals(JsonPrimitive("2021-08-01T00:00:00Z"), style.field("due"))
        assertEquals("12.50", style.field("cost").toString())
        assertEquals(listOf(null, null), listOf(style.field("price"), style.field("colour")))
        assertEquals(style.values, style.headerData?.values)
        val colorway = style.colorways!!.single()
        val values = listOf("color_number" to "01", "primary" to "56684a", "pantone" to "19-4052", "lab" to null)
        assertEquals(values, colorway.values.map { (id, value) -> id to value?.jsonPrimitive?.content })
        assertEquals(listOf(JsonPrimitive("19-4052"), null), listOf(colorway.field("pantone"), colorway.field("lab")))
        assertEquals(emptyMap(), Colorway().values)
        assertEquals(JsonPrimitive("x"), DataTableRow(fields = listOf(Field("a", value = JsonPrimitive("x")))).field("a"))
        assertEquals(emptyMap(), StyleHeader().values)
    }

    @Test
    fun `answers are made of their parts`() {
        val meta = Meta(200, listOf("x-probe" to "1"), "r-1", attempts = emptyList(), waits = emptyList(), cost = 1)
        val response = Response(StyleHeader(id = "a"), listOf(meta), "{}".encodeToByteArray())
        assertEquals("a" to "1", response.body.id to response.meta.header("X-Probe"))
        val page = Page(listOf(StyleHeader(id = "a")), total = 1, meta = meta)
        assertEquals(listOf("a"), page.records.map { it.id })
        assertEquals(Position(1, 1, 1), page.position)
        assertEquals(meta, Response(JsonPrimitive(1), meta).meta)
        val lookup = StyleLookup(found = listOf(StyleHeader(id = "a")), missing = listOf("n-2"), ambiguous = emptyList())
        assertEquals(1, lookup.found.size)
    }
}
