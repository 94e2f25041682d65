/// Receives log lines, for example for `os.Logger`.
public protocol LogSink: Sendable {
    /// Receives a line, on a thread of the library. Lines come in order.
    func log(_ line: LogRecord)
}
