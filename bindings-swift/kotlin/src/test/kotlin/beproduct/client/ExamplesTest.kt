package beproduct.client

import beproduct.client.testing.TestClock
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.fileSize
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.io.path.readLines
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject
import seasonkit.Kit
import seasonkit.prepare

class ExamplesTest {
    private val shared = Path.of("../../tests/examples")
    private val kit = Json.decodeFromString<Kit>(shared.resolve("kit.json").readText())
    private val folder = Files.createTempDirectory("kit")
    private val handover = folder.resolve("handover")

    /** Offers the palette of the kit, with both spellings of the members that have two. */
    @BeforeTest
    fun reset() {
        Simulator.reset("""{"styles": 60, "table_rows": 60, "materials": 20}""")
        val palette = shared.resolve("palette.json").readText().replace("SWATCHES", Simulator.makeFile("palette.ase", 300))
        Simulator.faults("""[{"path": "Color/Headers", "times": 0, "action": {"status": 200, "body": [$palette]}}]""")
    }

    /** What the example says of the kit. Two of its three styles have a picture. */
    private suspend fun prepared(client: BeProduct, kit: Kit): List<String> {
        val pictures = folder.resolve("pictures").createDirectories()
        for (number in listOf("KIT-1", "ST-000004")) pictures.resolve("$number.png").writeText("a picture")
        return prepare(client, kit, pictures, handover).map { it.replace("$folder", "FOLDER") }.toList()
    }

    @Test
    fun `the kit of a season is prepared`() = runBlocking {
        Simulator.client(clock = TestClock.recorded()).use { client ->
            assertEquals(shared.resolve("lines.txt").readLines(), prepared(client, kit))
            val found = client.style.getManyByNumber(listOf("KIT-1", "KIT-2", "ST-000004")).found
            for (style in found) {
                assertEquals(JsonPrimitive("Fall 2026"), style.field("season"))
                assertEquals("Fall 2026 exm00042", client.style.headerTagList(style.id.orEmpty()).last().name)
                val comment = client.style.commentList(style.id.orEmpty()).single().jsonObject["Body"]
                assertEquals(JsonPrimitive("Fall 2026 exm00042, prepared by Sample Designer"), comment)
            }
            assertEquals(
                listOf("c2d6a3a8-1f0e-4a57-8f3b-53a1c4b90e21", "9d1f5f5a-0d35-47e4-8a61-6bb0f5b7a902"),
                found.first().colorways.orEmpty().map { it.colorSourceId },
            )
            val files = handover.listDirectoryEntries().map { it.name }.sorted()
            assertEquals(listOf("KIT-1.png", "ST-000004.png", "palette.ase"), files)
            assertEquals("a picture", handover.resolve("KIT-1.png").readText())
            assertEquals(300L, handover.resolve("palette.ase").fileSize())
        }
    }

    @Test
    fun `nothing is made of a kit with a mistake`() = runBlocking<Unit> {
        Simulator.client(clock = TestClock.recorded()).use { client ->
            assertFailsWith<ConfigException> { prepared(client, kit.copy(season = "Fal 2026")) }
            assertFailsWith<NotFoundException> { prepared(client, kit.copy(fabric = "MT-NONE")) }
            assertFailsWith<ValidationException> { prepared(client, kit.copy(reviewer = "nobody@example.com")) }
            assertFailsWith<IllegalStateException> { prepared(client, kit.copy(trims = "C99999")) }
            assertEquals(emptyList(), client.style.getManyByNumber(listOf("KIT-1", "KIT-2")).found)
        }
    }
}
