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
    /// Longest wait for the next day or hour when the requests of this one are used up. Default: fail at once, unless a
    /// ``QuotaListener`` says otherwise.
    public var quotaWait: Duration?
    /// Requests that are taken from the count at once. Default 1, which is best here: it is for counts that several
    /// processes share, and this client counts in memory.
    public var quotaLease = 1
    /// Folder for cached schemas. Default: the user's state folder.
    public var stateDirectory: URL?
    /// Longest time for one request, from its first turn in the line: its retries, the waits between them and the whole
    /// answer. Default 60 s.
    public var timeout: Duration = .seconds(60)
    /// Longest wait for that turn. Default: none, as long as the line moves.
    public var turnTimeout: Duration?
    /// Longest time without a byte in either direction. Default 30 s.
    public var idleTimeout: Duration = .seconds(30)
    /// Connect timeout, TLS included. Default 10 s.
    public var connectTimeout: Duration = .seconds(10)
    /// Highest number of attempts of a request, 1 to 100. Default 4.
    public var attempts = 4
    /// Longest standstill, in which no request can be sent because the service asks for a pause or a limit is used up; a
    /// longer one is an error at once. Default 60 s.
    public var maxWait: Duration = .seconds(60)
    /// Largest answer that is read, unpacked, in bytes. Default 256,000,000.
    public var maxAnswerSize = 256_000_000
    /// Highest page size, 1 to 10,000. Default 200, the documented limit of the service.
    public var maxPageSize = 200
    /// Highest number of requests at the same time, 1 to 10,000; the client finds the best number below it. Default 10.
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
            "quota_lease": quotaLease,
            "state_dir": stateDirectory?.path,
            "timeout": timeout.seconds,
            "turn_timeout": turnTimeout?.seconds,
            "idle_timeout": idleTimeout.seconds,
            "connect_timeout": connectTimeout.seconds,
            "attempts": attempts,
            "max_wait": maxWait.seconds,
            "max_answer_size": maxAnswerSize,
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
