package beproduct.client

import beproduct.client.engine.Engine
import beproduct.client.engine.EngineSupply
import beproduct.client.engine.EngineWanted
import beproduct.client.engine.use
import java.io.InputStream
import java.nio.file.Path
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.runInterruptible
import kotlinx.serialization.json.JsonObject

/**
 * A file to upload: `FileSource.of(path)`, `FileSource.of("front.png", bytes)`, `FileSource.of("front.png", stream)` or
 * `FileSource.url("https://...")`.
 */
class FileSource private constructor(internal val json: JsonObject, private val content: Content? = null) {
    private sealed interface Content

    private class Bytes(val bytes: ByteArray) : Content

    private class Stream(val stream: InputStream) : Content

    /**
     * Gives the file to a call that has not started. A stream is read beside the call, as far as it is wanted: by a job that is
     * to be cancelled with the end of the call.
     */
    internal fun attach(engine: Engine, call: ULong, host: HostCode): Job? =
        when (content) {
            null -> null
            is Bytes -> {
                content.bytes.forEngine().use { engine.attachBytes(call, it) }
                null
            }
            is Stream -> {
                val number = engine.attachStream(call, false)
                CoroutineScope(Dispatchers.IO).launch { read(engine, call, number, content.stream, host) }
            }
        }

    companion object {
        /** Bytes that are read of a stream at a time. */
        private const val CHUNK = 256 * 1024

        /** A file on this machine. It is opened again for every attempt. [name] is the last segment of the path by default. */
        fun of(path: Path, name: String? = null): FileSource = FileSource(arguments("path" to path, "name" to name))

        /** Bytes, with the name of the file. */
        fun of(name: String, bytes: ByteArray): FileSource = FileSource(attached(name), Bytes(bytes))

        /**
         * A stream that is read while it is sent, with the name of the file. It is sent once: not again after a 401 or a 429.
         *
         * @param length Number of bytes, if it is known. A stream of another length is an error.
         */
        fun of(name: String, stream: InputStream, length: Long? = null): FileSource =
            FileSource(attached(name, length), Stream(stream))

        /**
         * A file that is fetched while it is sent: at most 200 MB in 15 minutes, without the access token, by https and not from
         * addresses inside a network, unless `allowPrivateSources` says so. [name] is the last segment of the URL by default.
         */
        fun url(url: String, name: String? = null): FileSource = FileSource(arguments("url" to url, "name" to name))

        private fun attached(name: String, length: Long? = null) =
            arguments("attached" to 0, "name" to name, "length" to length)

        private suspend fun read(engine: Engine, call: ULong, number: UInt, stream: InputStream, host: HostCode) {
            val buffer = ByteArray(CHUNK)
            var wanted = engine.supply(call, number, EngineSupply.Begin)
            while (wanted != EngineWanted.STOP) {
                val supply = try {
                    // A read may block, and the call may end meanwhile.
                    val count = runInterruptible { stream.read(buffer) }
                    if (count < 0) EngineSupply.End else EngineSupply.Chunk(buffer.forEngine(count))
                } catch (failure: Throwable) {
                    // A stream may be cancelled itself, such as one that waits for a future.
                    currentCoroutineContext().ensureActive()
                    EngineSupply.Failed(failure.message ?: "$failure", host.kept(failure))
                }
                wanted = supply.use { engine.supply(call, number, it) }
            }
        }
    }
}
