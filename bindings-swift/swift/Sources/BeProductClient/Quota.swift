import Foundation

/// The daily quota, which this client counts in memory as long as it lives. Reached as ``BeProduct/quota``.
public struct Quota: Sendable {
    let connection: Connection

    /// How the quota stands. Sends nothing.
    public func status() async throws -> QuotaStatus {
        QuotaStatus(fields: try await connection.ask("quota.status"))
    }

    /// Who used the quota, and for what. Sends nothing.
    ///
    /// - Parameter days: How many days it covers, today included: 1 to 90.
    /// - Throws: ``BeProductError`` of kind `config` when it is another number.
    public func report(days: Int = 30) async throws -> QuotaReport {
        QuotaReport(fields: try await connection.ask("quota.report", JSONObject(present: ["days": days])))
    }

    /// How many requests some work takes, and whether as many are left today. Sends nothing.
    ///
    /// - Parameter work: What is to be done.
    /// - Throws: ``BeProductError`` of kind `config` for an operation that is unknown, a list without a count, or a page
    ///   size that is too big or not for a list.
    public func estimate(_ work: [Work]) async throws -> QuotaEstimate {
        let work = JSONValue.array(work.map { .object($0.members) })
        return QuotaEstimate(fields: try await connection.ask("quota.estimate", ["work": work]))
    }

    /// Goes on with another plan. Requests that are counted stay counted, and clients that act for others go on with it
    /// too.
    ///
    /// - Throws: ``BeProductError`` of kind `config` for a plan that is wrong; the present one goes on then.
    public func changePlan(_ plan: Plan) async throws {
        let _: JSONValue = try await connection.ask("quota.change_plan", ["plan": .object(plan.members)])
    }
}

/// What a limit is about.
public enum QuotaWindow: String, Hashable, Sendable {
    /// A day as the plan has it.
    case day
    /// A full hour.
    case hour
    /// A full minute.
    case minute

    init(_ name: JSONValue?) {
        self = name?.stringValue.flatMap(Self.init) ?? .day
    }
}

/// How the quota stands, as far as this client has counted and the service has told.
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

    /// How one limit stands.
    public struct Limit: Hashable, Sendable {
        /// What it is about.
        public let window: QuotaWindow
        /// Requests of the window.
        public let limit: Int
        /// Requests counted in it.
        public let used: Int
        /// Requests left in it.
        public let remaining: Int
        /// End of the window, in ISO 8601.
        public let resetsAt: String
    }

    /// Where requests are counted: `memory`.
    public let store: String
    /// Requests of the day, if there is a limit.
    public let limit: Int?
    /// Requests counted today.
    public let used: Int
    /// Requests left today, if there is a limit.
    public let remaining: Int?
    /// Beginning of the next day, in ISO 8601, as the plan has it: 00:00 UTC unless it says another time or zone.
    public let resetsAt: String
    /// Requests counted today by operation and label, most first.
    public let usage: [Usage]
    /// Every limit that the plan has.
    public let limits: [Limit]
    /// Requests of today that were taken from the count and are not used yet, see ``Configuration/quotaLease``.
    public let leased: Int
    /// Requests of today that others sent, as far as the service told. They are among the ``used`` ones.
    public let others: Int
    /// Requests an hour at present: those of this hour, and of the last one for the part that is still to come.
    public let pace: Double
    /// When the requests of the day are used up at this pace, in ISO 8601; nil when they last until the reset.
    public let runsOutAt: String?
    /// The service asked to wait until then, in ISO 8601.
    public let pausedUntil: String?

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
        limits = (fields["limits"]?.arrayValue ?? []).map { entry in
            Limit(
                window: QuotaWindow(entry["window"]),
                limit: entry["limit"]?.intValue ?? 0,
                used: entry["used"]?.intValue ?? 0,
                remaining: entry["remaining"]?.intValue ?? 0,
                resetsAt: entry["resets_at"]?.stringValue ?? ""
            )
        }
        leased = fields["leased"]?.intValue ?? 0
        others = fields["others"]?.intValue ?? 0
        pace = fields["pace"]?.doubleValue ?? 0
        runsOutAt = fields["runs_out_at"]?.stringValue
        pausedUntil = fields["paused_until"]?.stringValue
    }
}

/// Who used the quota, and for what.
public struct QuotaReport: Hashable, Sendable {
    /// A name and its requests.
    public struct Share: Hashable, Sendable {
        /// The day, operation, label or process.
        public let name: String
        /// Requests.
        public let requests: Int
    }

    /// Requests of one kind.
    public struct Row: Hashable, Sendable {
        /// Date on which the day began, `2026-11-25`.
        public let day: String
        /// Operation, or empty for requests of others.
        public let operation: String
        /// ``CallOptions/label`` of the calls, or empty; `others` for requests that the service told of.
        public let label: String
        /// `host:process id`, or empty for requests of others and for days that are over for a week.
        public let process: String
        /// Requests.
        public let requests: Int
    }

    /// First day of the report, `2026-11-19`.
    public let from: String
    /// Last day, which is today.
    public let to: String
    /// Requests in all.
    public let requests: Int
    /// By day, in order; days without requests are not among them.
    public let byDay: [Share]
    /// By operation, most first.
    public let byOperation: [Share]
    /// By label, most first.
    public let byLabel: [Share]
    /// By process, most first.
    public let byProcess: [Share]
    /// All of it, by day and then most first.
    public let rows: [Row]

    init(fields: JSONValue) {
        func shares(_ name: String) -> [Share] {
            (fields[name]?.arrayValue ?? []).map { entry in
                Share(name: entry["name"]?.stringValue ?? "", requests: entry["requests"]?.intValue ?? 0)
            }
        }
        from = fields["from"]?.stringValue ?? ""
        to = fields["to"]?.stringValue ?? ""
        requests = fields["requests"]?.intValue ?? 0
        byDay = shares("by_day")
        byOperation = shares("by_operation")
        byLabel = shares("by_label")
        byProcess = shares("by_process")
        rows = (fields["rows"]?.arrayValue ?? []).map { entry in
            Row(
                day: entry["day"]?.stringValue ?? "",
                operation: entry["operation"]?.stringValue ?? "",
                label: entry["label"]?.stringValue ?? "",
                process: entry["process"]?.stringValue ?? "",
                requests: entry["requests"]?.intValue ?? 0
            )
        }
    }
}

/// Some work: calls of one operation.
public struct Work: Hashable, Sendable {
    /// Id or short name of the operation: `style.list`.
    public var operation: String
    /// How many records a list has, numbers are looked up or rows are written; for other operations, how many calls are
    /// made. Lists need it; the default of the others is 1.
    public var count: Int?
    /// Records a page, for lists. Default: ``Configuration/maxPageSize``.
    public var pageSize: Int?

    /// Describes work. Each parameter is the property of its name.
    public init(_ operation: String, count: Int? = nil, pageSize: Int? = nil) {
        self.operation = operation
        self.count = count
        self.pageSize = pageSize
    }

    var members: JSONObject {
        JSONObject(present: ["operation": operation, "count": count, "page_size": pageSize])
    }
}

/// The requests that some work takes, without retries and without the schema of a folder whose filters are checked.
public struct QuotaEstimate: Hashable, Sendable {
    /// The requests that one piece of work takes.
    public struct Item: Hashable, Sendable {
        /// Id of the operation.
        public let operation: String
        /// Records, numbers, rows or calls.
        public let count: Int
        /// Requests.
        public let requests: Int
    }

    /// Requests in all.
    public let requests: Int
    /// Requests left today, if there is a limit.
    public let remaining: Int?
    /// Whether they are enough. True without a limit.
    public let enough: Bool
    /// Each piece of the work.
    public let items: [Item]

    init(fields: JSONValue) {
        requests = fields["requests"]?.intValue ?? 0
        remaining = fields["remaining"]?.intValue
        enough = fields["enough"]?.boolValue ?? false
        items = (fields["items"]?.arrayValue ?? []).map { entry in
            Item(
                operation: entry["operation"]?.stringValue ?? "",
                count: entry["count"]?.intValue ?? 0,
                requests: entry["requests"]?.intValue ?? 0
            )
        }
    }
}
