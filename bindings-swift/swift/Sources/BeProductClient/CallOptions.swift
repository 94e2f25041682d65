/// Options of one call. What is not set comes from the client.
public struct CallOptions: Hashable, Sendable {
    /// Who is served first when requests get scarce.
    public enum Priority: String, Hashable, Sendable {
        /// Somebody is waiting.
        case interactive
        /// Nobody is: leaves alone what ``Configuration/quotaFloor`` keeps free.
        case bulk
    }

    /// Time for the whole call: attempts, waits and reading the answer.
    public var timeout: Duration?
    /// Highest number of attempts, 1 for no retry.
    public var attempts: Int?
    /// Name under which the ledger counts the requests.
    public var label: String?
    public var priority: Priority
    /// Records a page, 1 to 200 unless the client was built with a higher ``Configuration/maxPageSize``.
    public var pageSize: Int?
    /// Query parameters that the catalogue does not know.
    public var extraQuery: [String: String]
    /// Extra headers. Those that carry the sign-in or describe the body are refused.
    public var headers: [String: String]
    /// Whether filter fields are checked before sending.
    public var checkFilters: Bool?
    /// Send a write whose fate is unknown again, where a repeat leaves the same data.
    public var allowRepeat: Bool

    public init(
        timeout: Duration? = nil,
        attempts: Int? = nil,
        label: String? = nil,
        priority: Priority = .interactive,
        pageSize: Int? = nil,
        extraQuery: [String: String] = [:],
        headers: [String: String] = [:],
        checkFilters: Bool? = nil,
        allowRepeat: Bool = false
    ) {
        self.timeout = timeout
        self.attempts = attempts
        self.label = label
        self.priority = priority
        self.pageSize = pageSize
        self.extraQuery = extraQuery
        self.headers = headers
        self.checkFilters = checkFilters
        self.allowRepeat = allowRepeat
    }

    var json: JSONObject {
        JSONObject(present: [
            "timeout": timeout?.seconds,
            "attempts": attempts,
            "label": label,
            "priority": priority.rawValue,
            "page_size": pageSize,
            "extra_query": JSONObject(sorted: extraQuery),
            "headers": JSONObject(sorted: headers),
            "check_filters": checkFilters,
            "allow_repeat": allowRepeat,
        ])
    }
}
