internal import BeProductEngine
import Foundation

/// The requests of the day, which this client counts in memory as long as it lives. Reached as ``BeProduct/quota``.
public struct Quota: Sendable {
    let connection: Connection

    /// How the quota stands. Sends nothing.
    public func status() async throws -> QuotaStatus {
        let text = try await awaitEngineResult { try await connection.engine.quotaStatus() }
        return try QuotaStatus(fields: JSONValue(text: text))
    }
}

/// How the quota stands, as far as this client has counted: what others have sent it does not know.
public struct QuotaStatus: Hashable, Sendable {
    /// Requests of the day for one purpose.
    public struct Usage: Hashable, Sendable {
        /// Operation.
        public let operation: String
        /// ``CallOptions/label`` of the calls, or empty.
        public let label: String
        /// Requests.
        public let requests: Int
    }

    /// Where requests are counted: `memory`.
    public let store: String
    /// Requests that the plan allows in a day, if one was given.
    public let limit: Int?
    /// Requests counted today.
    public let used: Int
    /// Requests left today, if a plan was given.
    public let remaining: Int?
    /// Beginning of the next day, 00:00 UTC, in ISO 8601.
    public let resetsAt: String
    /// Requests counted today by operation and label, most first.
    public let usage: [Usage]

    init(fields: JSONValue) {
        store = fields["store"]?.stringValue ?? ""
        limit = fields["limit"]?.intValue
        used = fields["used"]?.intValue ?? 0
        remaining = fields["remaining"]?.intValue
        resetsAt = fields["resets_at"]?.stringValue ?? ""
        usage = (fields["usage"]?.arrayValue ?? []).map { entry in
            Usage(
                operation: entry["operation"]?.stringValue ?? "",
                label: entry["label"]?.stringValue ?? "",
                requests: entry["requests"]?.intValue ?? 0
            )
        }
    }
}
