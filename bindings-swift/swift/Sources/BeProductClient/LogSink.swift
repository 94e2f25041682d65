/// Takes log lines, for example for `os.Logger`.
public protocol LogSink: Sendable {
    /// Takes a line, on a thread of the library. Lines come in order.
    func log(_ line: LogLine)
}

/// A log line. It holds no secrets, no bodies and no queries.
public struct LogLine: Hashable, Sendable {
    /// How important a line is.
    public enum Level: String, Hashable, Sendable {
        /// Every attempt.
        case debug
        /// Every call.
        case info
        /// Something that a person should know.
        case warning
    }

    /// How important it is.
    public let level: Level
    /// The line.
    public let message: String
    /// Operation that the line is about, or empty.
    public let operation: String
    /// Request that the line is about, or empty.
    public let requestID: String
    /// What was measured, by the names of OpenTelemetry's conventions, such as `http.response.status_code`, and by
    /// `beproduct.*` for what those do not know.
    public let attributes: JSONObject
}

extension LogLine {
    init(fields: JSONValue) {
        level = fields["level"]?.stringValue.flatMap(Level.init) ?? .info
        message = fields["message"]?.stringValue ?? ""
        operation = fields["operation"]?.stringValue ?? ""
        requestID = fields["request_id"]?.stringValue ?? ""
        attributes = fields["attributes"]?.objectValue ?? [:]
    }
}
