/// Options of one call. What is not set comes from the client. One that is wrong makes the call fail with a
/// ``BeProductError`` of kind `config`.
public struct CallOptions: Hashable, Sendable {
    /// Who is served first when requests get scarce.
    public enum Priority: String, Hashable, Sendable {
        /// Somebody is waiting.
        case interactive
        /// Nobody is: leaves alone what ``Configuration/quotaFloor`` keeps free.
        case bulk
    }

    /// Time for each request of the call, from its first turn in the line: its attempts, the waits between them and the
    /// whole answer. Default: ``Configuration/timeout``.
    public var timeout: Duration?
    /// Longest wait for that turn. Default: ``Configuration/turnTimeout``.
    public var turnTimeout: Duration?
    /// Longest wait for the service to process a file that was uploaded. Default 300 s.
    public var waitTimeout: Duration?
    /// Highest number of attempts of a request, 1 to 100; 1 is no retry. Default: ``Configuration/attempts``.
    public var attempts: Int?
    /// Name under which the ledger counts the requests. Default: none.
    public var label: String?
    /// Default: `interactive`.
    public var priority: Priority
    /// Records a page, 1 to 200 unless the client was built with a higher ``Configuration/maxPageSize``. Default 200.
    public var pageSize: Int?
    /// The page that a list begins with, from 0. Default 0.
    public var fromPage: Int?
    /// Accept a list that ends before its total, with a warning. Default false: an error of kind `incomplete`.
    public var allowIncomplete: Bool
    /// Query parameters that the catalogue does not know.
    public var extraQuery: [String: String]
    /// Extra headers. Those that carry the sign-in or describe the body are refused.
    public var headers: [String: String]
    /// Whether filter fields are checked before sending. Default: ``Configuration/checkFilters``.
    public var checkFilters: Bool?
    /// Send a write whose fate is unknown again, where a repeat leaves the same data. Default false.
    public var allowRepeat: Bool

    /// Makes options. Each parameter is the property of its name.
    public init(
        timeout: Duration? = nil,
        turnTimeout: Duration? = nil,
        waitTimeout: Duration? = nil,
        attempts: Int? = nil,
        label: String? = nil,
        priority: Priority = .interactive,
        pageSize: Int? = nil,
        fromPage: Int? = nil,
        allowIncomplete: Bool = false,
        extraQuery: [String: String] = [:],
        headers: [String: String] = [:],
        checkFilters: Bool? = nil,
        allowRepeat: Bool = false
    ) {
        self.timeout = timeout
        self.turnTimeout = turnTimeout
        self.waitTimeout = waitTimeout
        self.attempts = attempts
        self.label = label
        self.priority = priority
        self.pageSize = pageSize
        self.fromPage = fromPage
        self.allowIncomplete = allowIncomplete
        self.extraQuery = extraQuery
        self.headers = headers
        self.checkFilters = checkFilters
        self.allowRepeat = allowRepeat
    }

    var json: JSONObject {
        JSONObject(present: [
            "timeout": timeout?.seconds,
            "turn_timeout": turnTimeout?.seconds,
            "wait_timeout": waitTimeout?.seconds,
            "attempts": attempts,
            "label": label,
            "priority": priority.rawValue,
            "page_size": pageSize,
            "from_page": fromPage,
            "allow_incomplete": allowIncomplete ? true : nil,
            "extra_query": JSONObject(sorted: extraQuery),
            "headers": JSONObject(sorted: headers),
            "check_filters": checkFilters,
            "allow_repeat": allowRepeat,
        ])
    }
}
