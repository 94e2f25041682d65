package beproduct.client

import kotlin.io.path.Path
import kotlin.io.path.createParentDirectories
import kotlin.io.path.exists
import kotlin.io.path.readLines
import kotlin.io.path.toPath
import kotlin.io.path.writeLines
import kotlin.test.Test
import kotlin.test.assertTrue
import kotlin.test.fail

/** Compares the public API with its snapshot, so that a change of it shows in review. */
class PublicApiTest {
    private val snapshot = Path("../../docs/api/kotlin.txt")

    @Test
    fun `the public API is that of the snapshot`() {
        val lines = PublicApi(BeProduct::class.java.protectionDomain.codeSource.location.toURI().toPath()).lines()
        assertTrue(lines.any { it.startsWith("BeProduct constructor(companyDomain: String") }, "$lines")
        if (System.getenv("BEPRODUCT_RENEW_API") != null) {
            snapshot.createParentDirectories().writeLines(lines)
        }
        val kept = if (snapshot.exists()) snapshot.readLines() else emptyList()
        val difference = (kept - lines.toSet()).map { "-$it" } + (lines - kept.toSet()).map { "+$it" }
        if (difference.isNotEmpty()) {
            val hint = "docs/api/kotlin.txt: the public API differs; if that is meant, run `make public-api-kotlin`"
            fail("$hint\n${difference.joinToString("\n")}")
        }
    }
}
