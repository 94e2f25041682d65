import Foundation

/// Takes events of the quota, and decides what a call does at a limit.
///
/// Its methods are called on a thread of the client's own that may block, one at a time and in order. Do not wait there
/// for a call of this client: when that reaches a limit itself, nobody is left to answer.
public protocol QuotaListener: Sendable {
    /// A ``QuotaEvent/Kind/threshold`` was reached, or the service told of ``QuotaEvent/Kind/others``. Default: nothing is
    /// done.
    func notice(_ event: QuotaEvent)

    /// A limit is reached, and its end is further away than ``Configuration/quotaWait`` allows to wait. Called for each
    /// call that is at its limit.
    ///
    /// What it throws ends the call with its usual ``BeProductError``, of kind `quotaExceeded`, or `rateLimited` at a
    /// limit of the hour or the minute, whose ``BeProductError/cause`` is its text. A negative duration fails the call as
    /// well, and so does not answering within 30 seconds.
    ///
    /// - Returns: How long the call may wait at most: it waits for the end of the limit if that is not further away, and
    ///   fails otherwise. Nil, the default, is not at all.
    func atLimit(_ event: QuotaEvent) throws -> Duration?
}

extension QuotaListener {
    /// Does nothing.
    public func notice(_ event: QuotaEvent) {}

    /// Nil: the call fails.
    public func atLimit(_ event: QuotaEvent) throws -> Duration? { nil }
}

/// Something about the quota.
public struct QuotaEvent: Hashable, Sendable {
    /// What happened.
    public enum Kind: String, Hashable, Sendable {
        /// 80 or 95 percent of the day's limit were reached: once a day each.
        case threshold
        /// The service told of requests that others sent. They are counted now.
        case others
        /// A limit was reached, and a call wants to be sent.
        case limit
    }

    /// What happened.
    public let kind: Kind
    /// Which limit it is about.
    public let window: QuotaWindow
    /// Requests of the window, if there is a limit.
    public let limit: Int?
    /// Requests counted in the window.
    public let used: Int
    /// Requests left in the window, if there is a limit.
    public let remaining: Int?
    /// End of the window, in ISO 8601.
    public let resetsAt: String
    /// Time until then.
    public let resetsIn: Duration
    /// The share of the limit that was reached, in percent; of a ``Kind/threshold``.
    public let threshold: Int?
    /// Requests that others sent; of ``Kind/others``.
    public let requests: Int?
    /// Operation that wants to be sent; of a ``Kind/limit``.
    public let operation: String?
    /// Its label, if it has one; of a ``Kind/limit``.
    public let label: String?
}

extension QuotaEvent {
    init(text: String) throws {
        let fields = try JSONValue(text: text)
        guard let kind = fields["event"]?.stringValue.flatMap(Kind.init) else {
            throw BeProductError(kind: .decode, message: "invalid quota event")
        }
        self.kind = kind
        window = QuotaWindow(fields["window"])
        limit = fields["limit"]?.intValue
        used = fields["used"]?.intValue ?? 0
        remaining = fields["remaining"]?.intValue
        resetsAt = fields["resets_at"]?.stringValue ?? ""
        resetsIn = .seconds(fields["resets_in"]?.doubleValue ?? 0)
        threshold = fields["threshold"]?.intValue
        requests = fields["requests"]?.intValue
        operation = fields["operation"]?.stringValue
        label = fields["label"]?.stringValue
    }
}
