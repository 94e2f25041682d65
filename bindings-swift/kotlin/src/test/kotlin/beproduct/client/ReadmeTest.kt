package beproduct.client

import java.nio.file.Path
import kotlin.io.path.readLines
import kotlin.io.path.readText
import kotlin.test.Test
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import readme.testingExample

class ReadmeTest {
    /** Without indentation and blank lines. */
    private fun stripped(lines: List<String>) = lines.map { it.trim() }.filter { it.isNotEmpty() }

    private fun assertCompiles(heading: String) {
        val section = Path.of("README.md").readText().substringAfter("\n## $heading\n")
        val shown = stripped(section.substringAfter("```kotlin\n").substringBefore("```").lines())
        val compiled = stripped(Path.of("src/test/kotlin/beproduct/client/ReadmeExample.kt").readLines())
        assertTrue(shown.size > 5 && compiled.windowed(shown.size).any { it == shown }, shown.joinToString("\n"))
    }

    @Test
    fun `the section on the quota compiles as it stands`() = assertCompiles("Quota")

    @Test
    fun `the section on testing does what it says`() = runBlocking {
        assertCompiles("Testing")
        testingExample()
    }
}
