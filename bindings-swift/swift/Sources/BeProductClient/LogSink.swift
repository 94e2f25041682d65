/// Receives log lines, for example for `os.Logger`.
public protocol LogSink: Sendable {
    /// Receives a line, on a thread of the library. Lines come in order.
    func log(_ line: LogLine)
}

/// A log line. It holds no secrets, no bodies and no queries.
public struct LogLine: Hashable, Sendable {
    /// Importance of a line.
    public enum Level: String, Hashable, Sendable {
        /// Every attempt.
        case debug
        /// Every call.
        case info
        /// Something that a person should know.
        case warning
    }

    /// Importance of the line.
    public let level: Level
    /// Text of the line.
    public let message: String
    /// Operation that the line is about, or empty.
    public let operation: String
    /// Request that the line is about, or empty.
    public let requestID: String
    /// Measurements, by the names of OpenTelemetry's conventions, such as `http.response.status_code`, and by
    /// `beproduct.*` for those that the conventions do not have.
    public let attributes: JSONObject
}

extension LogLine: JSONReadable {
    init(json: JSONValue) throws {
        var reader = MemberReader(try JSONObject(json: json))
        let level: String? = try reader.take("level")
        self.level = level.flatMap(Level.init) ?? .info
        message = try reader.required("message")
        operation = try reader.take("operation") ?? ""
        requestID = try reader.take("request_id") ?? ""
        attributes = try reader.take("attributes") ?? [:]
    }
}
