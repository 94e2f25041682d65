package beproduct.client

import beproduct.client.testing.TestClock
import java.io.IOException
import java.io.InputStream
import java.nio.file.Files
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.flow.fold
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking

class FilesTest {
    private val picture = "a picture".toByteArray()
    private val quick = CallOptions(waitTimeout = Duration.ZERO)

    @BeforeTest
    fun reset() = Simulator.reset()

    private suspend fun style(client: BeProduct): String = assertNotNull(client.style.list().collectAll().first().id)

    @Test
    fun `every form of a file is sent`() = runBlocking {
        val path = Files.createTempDirectory("files").resolve("front.png")
        path.writeBytes(picture)
        Simulator.client(clock = TestClock.recorded()).use { client ->
            val id = style(client)
            for (file in listOf(
                FileSource.of(path),
                FileSource.of(path, "back.png"),
                FileSource.of("a.png", picture),
                FileSource.of("b.png", picture.inputStream()),
                FileSource.of("c.png", picture.inputStream(), picture.size.toLong()),
            )) {
                val upload = assertNotNull(client.style.upload(id, file, quick).imageId)
                assertEquals(false, client.style.uploadStatus(upload).finished)
            }
        }
    }

    @Test
    fun `a file that cannot be sent is an error of its own`() = runBlocking<Unit> {
        val broken = object : InputStream() {
            override fun read(): Int = throw IOException("the camera is gone")
        }
        Simulator.client(clock = TestClock.recorded()).use { client ->
            val failed = assertFailsWith<CallbackException> { client.style.upload("1", FileSource.of("a.png", broken)) }
            assertTrue("the camera is gone" in failed.message)
            assertTrue(generateSequence<Throwable>(failed) { it.cause }.any { it is IOException }, "$failed")
            val cancelled = object : InputStream() {
                override fun read(): Int = throw CancellationException("its future was cancelled")
            }
            val own = assertFailsWith<CallbackException> { client.style.upload("1", FileSource.of("a.png", cancelled)) }
            assertTrue("its future was cancelled" in own.message, own.message)
            for ((file, says) in listOf(
                FileSource.of("a.png", ByteArray(0)) to "is empty",
                FileSource.of("a.png", InputStream.nullInputStream()) to "is empty",
                FileSource.of("a.png", picture.inputStream(), 5) to "became longer",
                FileSource.url("https://10.0.0.1/x.png") to "is a private address",
                FileSource.url("x") to "is not valid",
            )) {
                val error = assertFailsWith<BeProductException> { client.style.upload("1", file, quick) }
                assertTrue(says in error.message, error.message)
            }
        }
    }

    @Test
    fun `a file is downloaded as a flow and to a path`() = runBlocking {
        Simulator.client(clock = TestClock.recorded()).use { client ->
            val id = style(client)
            client.style.upload(id, FileSource.of("a.png", picture))
            val link = assertNotNull(client.style.get(id).headerData?.frontImage?.origin)
            val bytes = client.style.downloadStream(id, "${link}x").fold(ByteArray(0)) { all, part -> all + part }
            assertContentEquals(picture, bytes)
            assertFailsWith<PermissionDeniedException> { client.raw.downloadStream("${link}x").toList() }
            val path = Files.createTempDirectory("files").resolve("copy.png")
            val outcomes = client.style.downloadMany(listOf(DownloadFile(link = link, file = "$path", record = id)))
            assertEquals(listOf(DownloadOutcome(file = "$path", size = picture.size.toLong())), outcomes)
            assertContentEquals(picture, path.readBytes())
        }
    }

    @Test
    fun `bytes of any number arrive as they are`() = runBlocking {
        val path = Files.createTempDirectory("files").resolve("copy.bin")
        Simulator.client().use { client ->
            for (length in listOf(0, 1, 3_000_001)) {
                val link = Simulator.makeFile("file.bin", length)
                client.raw.download(link, path)
                val bytes = client.raw.downloadStream(link).fold(ByteArray(0)) { all, part -> all + part }
                assertEquals(length, bytes.size)
                assertContentEquals(path.readBytes(), bytes)
            }
        }
    }
}
