/// What the company has bought: how many requests may be sent, and when days begin. Whoever takes a plan checks it, and
/// throws a ``BeProductError`` of kind `config` for one that is wrong.
///
/// Every plan can have, besides its own requests of the day,
/// - `requestsPerHour` and `requestsPerMinute`: limits of each full hour and minute. Default: none.
/// - `dayStart`: the time at which days begin, as `06:30`. Default `00:00`.
/// - `timeZone`: the time zone in which they begin, by a name that this machine knows, as `America/New_York`. Default
///   `UTC`.
public struct Plan: Hashable, Sendable {
    /// By the core's names.
    let members: JSONObject

    private init(_ own: JSONObject, _ besides: JSONObject) {
        members = JSONObject(Array(own) + Array(besides))
    }

    /// As the setting of a client, where a plan that says nothing is none.
    var setting: JSONValue? { members.isEmpty ? nil : .object(members) }

    /// 2,000 requests a day, or 250 for each user licence if that is lower.
    public static func businessMax(
        licenses: Int,
        requestsPerHour: Int? = nil,
        requestsPerMinute: Int? = nil,
        dayStart: String? = nil,
        timeZone: String? = nil
    ) -> Plan {
        Plan(
            ["edition": "business_max", "licenses": .integer(licenses)],
            besides(requestsPerHour, requestsPerMinute, dayStart, timeZone)
        )
    }

    /// 25,000 requests a day, or 500 for each user licence if that is lower.
    public static func enterprise(
        licenses: Int,
        requestsPerHour: Int? = nil,
        requestsPerMinute: Int? = nil,
        dayStart: String? = nil,
        timeZone: String? = nil
    ) -> Plan {
        Plan(
            ["edition": "enterprise", "licenses": .integer(licenses)],
            besides(requestsPerHour, requestsPerMinute, dayStart, timeZone)
        )
    }

    /// An explicit limit of the day, from 0.
    public static func requestsPerDay(
        _ limit: Int,
        requestsPerHour: Int? = nil,
        requestsPerMinute: Int? = nil,
        dayStart: String? = nil,
        timeZone: String? = nil
    ) -> Plan {
        Plan(["requests_per_day": .integer(limit)], besides(requestsPerHour, requestsPerMinute, dayStart, timeZone))
    }

    /// The limits that the service states, for what is not given here. The client asks for them once a day, before its
    /// first call; that request counts.
    public static func fromService(
        requestsPerHour: Int? = nil,
        requestsPerMinute: Int? = nil,
        dayStart: String? = nil,
        timeZone: String? = nil
    ) -> Plan {
        Plan(["from_service": true], besides(requestsPerHour, requestsPerMinute, dayStart, timeZone))
    }

    /// No limit of the day: requests are counted, and none is refused but by what is given here.
    public static func unlimited(
        requestsPerHour: Int? = nil,
        requestsPerMinute: Int? = nil,
        dayStart: String? = nil,
        timeZone: String? = nil
    ) -> Plan {
        Plan([:], besides(requestsPerHour, requestsPerMinute, dayStart, timeZone))
    }

    private static func besides(
        _ requestsPerHour: Int?,
        _ requestsPerMinute: Int?,
        _ dayStart: String?,
        _ timeZone: String?
    ) -> JSONObject {
        JSONObject(present: [
            "requests_per_hour": requestsPerHour,
            "requests_per_minute": requestsPerMinute,
            "day_start": dayStart,
            "time_zone": timeZone,
        ])
    }
}

extension Plan: CustomStringConvertible {
    /// What it says, by the names of the settings.
    public var description: String { "Plan\(members)" }
}
