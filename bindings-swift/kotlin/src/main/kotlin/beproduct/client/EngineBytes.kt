package beproduct.client

import beproduct.client.engine.EngineBytes
import beproduct.client.engine.EngineReply
import com.sun.jna.Memory
import com.sun.jna.Pointer

/** The first [count] of these bytes, for the engine. They are to be closed. */
internal fun ByteArray.forEngine(count: Int = size): EngineBytes =
    // Memory of no bytes is an error.
    Memory(maxOf(count, 1).toLong()).use { copy ->
        copy.write(0, this, 0, count)
        EngineBytes(copy.getByteBuffer(0, count.toLong()))
    }

/** The body as it came from the service. */
internal fun EngineReply.bytes(): ByteArray =
    raw().use { bytes -> Pointer(bytes.address().toLong()).getByteArray(0, bytes.count().toInt()) }
