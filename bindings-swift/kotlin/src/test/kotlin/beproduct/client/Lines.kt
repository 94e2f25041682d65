package beproduct.client

import kotlinx.coroutines.channels.Channel

/** Log lines, which come in order from a thread of their own. */
internal class Lines : LogSink {
    private val arrivals = Channel<LogRecord>(Channel.UNLIMITED)

    override fun log(record: LogRecord) {
        arrivals.trySend(record)
    }

    /** The lines up to the next one that holds this text. */
    suspend fun until(text: String): List<LogRecord> = buildList {
        do {
            val line = arrivals.receive()
            add(line)
        } while (text !in line.message)
    }
}
