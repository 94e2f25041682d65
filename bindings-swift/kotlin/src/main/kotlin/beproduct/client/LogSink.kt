package beproduct.client

/** Receives log lines, in order, on threads of the library that may block. */
fun interface LogSink {
    /**
     * Receives a line. The first exception of each client is written to [System.err]. It affects no call, and the sink
     * receives the next lines all the same.
     */
    fun log(record: LogRecord)
}
