package beproduct.client

import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption
import kotlin.test.assertFailsWith

/**
 * What a person may read of the tests' calls: log lines, and errors in all their forms. It goes to a file in the folder
 * that `BEPRODUCT_TRANSCRIPTS` names, where others look for secrets in it.
 */
object Transcript {
    private val file: Path? = System.getenv("BEPRODUCT_TRANSCRIPTS")?.let {
        Files.createDirectories(Path.of(it)).resolve("kotlin-log.txt")
    }

    /** For clients whose log no test looks at. */
    val sink: LogSink? = file?.let { LogSink { line -> append("$line") } }

    fun record(error: Throwable) {
        val parts = generateSequence(error) { it.cause }.filterIsInstance<BeProductException>()
            .map { with(it) { "$message $code $requestId $operation $url $attempts $waits $bodyExcerpt $details" } }
        append("$error\n${error.stackTraceToString()}${parts.joinToString("\n")}")
    }

    @Synchronized
    private fun append(text: String) {
        file?.let { Files.writeString(it, "$text\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND) }
    }
}

/** `assertFailsWith`, whose error goes to the [Transcript]. */
inline fun <reified T : Throwable> failsWith(block: () -> Unit): T =
    assertFailsWith<T>(block = block).also(Transcript::record)
