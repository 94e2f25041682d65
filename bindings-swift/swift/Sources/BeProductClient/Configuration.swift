import Foundation

/// Settings of a client beyond who it is for. Those that are nil have the default that their comment states. They are
/// checked when the client is made, which throws a ``BeProductError`` of kind `config` for one that is wrong.
public struct Configuration: Sendable {
    /// Host of the API. Default: `https://developers.beproduct.com`.
    public var apiURL: URL?
    /// Host of the automation API. Default: `https://automation.beproduct.com`.
    public var automationURL: URL?
    /// Base address of the identity server. Default: `https://id.winks.io/ids`.
    public var identityURL: URL?
    /// Address of the token endpoint, where it is not `connect/token` below ``identityURL``.
    public var tokenEndpoint: URL?
    /// Scopes to ask for, separated by blanks, where that is not up to an ``AuthorizationSession``: with
    /// ``Credentials/clientCredentials(clientID:clientSecret:)``, and for ``BeProduct/acting(as:clientID:clientSecret:)``.
    /// Default: those that the client needs.
    public var scope: String?
    /// Sends the access token of GETs to the API in the query and not in a header. Addresses end up in the logs of
    /// proxies, tokens and all: only for a network that lets no header pass. Default false.
    public var accessTokenInQuery = false
    /// Requests of the day that calls of priority `bulk` leave alone. Default 0.
    public var quotaFloor = 0
    /// Longest wait for the next day when the requests of this one are used up. Default: fail at once.
    public var quotaWait: Duration?
    /// Folder for cached schemas. Default: the user's state folder.
    public var stateDirectory: URL?
    /// Longest time for one request with its retries and waits. Default 60 s.
    public var timeout: Duration = .seconds(60)
    /// Longest time for one attempt. Default 30 s.
    public var attemptTimeout: Duration = .seconds(30)
    /// Longest time until a connection stands. Default 10 s.
    public var connectTimeout: Duration = .seconds(10)
    /// Highest number of attempts of a request. Default 4.
    public var attempts = 4
    /// Longest single pause that the service may impose. Default 60 s.
    public var maxWait: Duration = .seconds(60)
    /// Highest page size. Default 200, the documented limit of the service.
    public var maxPageSize = 200
    /// Highest number of requests at the same time. Default 10.
    public var concurrency = 10
    /// Whether filter fields are checked before sending, as the service ignores filters that it does not know. Default
    /// true.
    public var checkFilters = true
    /// Headers for every request of the API. Default: none.
    public var additionalHeaders: [String: String] = [:]
    /// PEM text of certificate authorities to trust besides those of the machine. Default: none.
    public var caCertificates: String?
    /// What the client is part of, for the User-Agent. Default: `swift`.
    public var userAgent: String?
    /// For tests. Default: the machine's clock and chance.
    public var testing: TestSettings?

    /// The defaults.
    public init() {}

    var settings: JSONObject {
        JSONObject(present: [
            "api_url": apiURL?.absoluteString,
            "automation_url": automationURL?.absoluteString,
            "identity_url": identityURL?.absoluteString,
            "token_endpoint": tokenEndpoint?.absoluteString,
            "scope": scope,
            "access_token_in_query": accessTokenInQuery,
            "quota_floor": quotaFloor,
            "quota_wait": quotaWait?.seconds,
            "state_dir": stateDirectory?.path,
            "timeout": timeout.seconds,
            "attempt_timeout": attemptTimeout.seconds,
            "connect_timeout": connectTimeout.seconds,
            "attempts": attempts,
            "max_wait": maxWait.seconds,
            "max_page_size": maxPageSize,
            "concurrency": concurrency,
            "check_filters": checkFilters,
            "additional_headers": JSONObject(sorted: additionalHeaders),
            "ca_certificates": caCertificates,
            "user_agent": userAgent,
            "testing": testing?.settings,
        ])
    }
}

extension Configuration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Names only: a header may carry a secret.
    public var description: String { "Configuration(\(settings.keys.joined(separator: ", ")))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What the company has bought, which decides on the requests of a day.
public enum Plan: Hashable, Sendable {
    /// 2,000 requests a day, or 250 for each user licence if that is lower.
    case businessMax(licenses: Int)
    /// 25,000 requests a day, or 500 for each user licence if that is lower.
    case enterprise(licenses: Int)
    /// An explicit limit, from 0.
    case requestsPerDay(Int)

    var settings: JSONValue {
        switch self {
        case .businessMax(let licenses): ["edition": "business_max", "licenses": .integer(licenses)]
        case .enterprise(let licenses): ["edition": "enterprise", "licenses": .integer(licenses)]
        case .requestsPerDay(let limit): ["requests_per_day": .integer(limit)]
        }
    }
}
