internal import BeProductEngine
import Foundation

/// A client for one company.
///
///     let client = try BeProduct(
///         companyDomain: "acme",
///         credentials: .refreshToken(clientID: id, clientSecret: secret, token: token),
///         plan: .businessMax(licenses: 8)
///     )
///     for try await style in client.style.list(folderID: folder, filters: [Filter("season", .eq, "Fall")]) {
///         print(style.headerNumber ?? "")
///     }
///
/// One client serves any number of tasks. They share its tokens, its quota and its connections.
public final class BeProduct: Sendable {
    let connection: Connection

    private init(connection: Connection) {
        self.connection = connection
    }

    /// Makes a client. Nothing is sent.
    ///
    /// - Parameters:
    ///   - companyDomain: What follows the host name in the browser when signed in: `acme`.
    ///   - credentials: What the client signs in with.
    ///   - plan: What the company has bought: how many requests may be sent. Default: requests are counted and never
    ///     refused.
    ///   - tokenStore: Keeps the tokens between runs. Default: in memory.
    ///   - logSink: Takes log lines. They hold no secrets, no bodies and no queries. Default: nobody does.
    ///   - quotaListener: Takes events of the quota, and decides what a call does at a limit. Default: nobody does, and
    ///     the call fails unless ``Configuration/quotaWait`` lets it wait.
    ///   - configuration: Everything else, with defaults for all of it.
    /// - Throws: ``BeProductError`` of kind `config` when a setting is missing or wrong.
    public convenience init(
        companyDomain: String,
        credentials: Credentials,
        plan: Plan? = nil,
        tokenStore: (any TokenStore)? = nil,
        logSink: (any LogSink)? = nil,
        quotaListener: (any QuotaListener)? = nil,
        configuration: Configuration = Configuration()
    ) throws {
        var settings = configuration.settings
        settings["company_domain"] = .string(companyDomain)
        settings["plan"] = plan?.setting
        for (name, value) in credentials.settings {
            settings[name] = value
        }
        try self.init(settings: settings, tokenStore: tokenStore, logSink: logSink, quotaListener: quotaListener)
    }

    /// Makes a client from settings by the names that the client has in every language, such as those of a shared
    /// configuration file: `["company_domain": "acme", "access_token": ...]`. Nothing is sent.
    ///
    /// - Parameters:
    ///   - settings: `company_domain` and credentials are needed. Times are in seconds.
    ///   - tokenStore: Keeps the tokens between runs. Default: what the settings name, else memory.
    ///   - logSink: Takes log lines. Default: nobody does.
    ///   - quotaListener: Takes events of the quota, and decides what a call does at a limit. Default: nobody does.
    /// - Throws: ``BeProductError`` of kind `config` when a setting is missing, wrong or unknown.
    public init(
        settings: JSONObject,
        tokenStore: (any TokenStore)? = nil,
        logSink: (any LogSink)? = nil,
        quotaListener: (any QuotaListener)? = nil
    ) throws {
        var settings = settings
        if settings["user_agent"] == nil {
            settings["user_agent"] = "swift"
        }
        let text = try settings.text()
        let engine = try engineResult {
            try Engine.open(
                settings: text,
                host: HostCode(tokenStore: tokenStore, logSink: logSink, quotaListener: quotaListener)
            )
        }
        connection = Connection(engine: engine)
    }

    /// Calls an operation whose name is not known beforehand.
    ///
    /// - Parameters:
    ///   - operation: Its id, `style.attributes_get`, or its short name, `style.get`.
    ///   - arguments: By the names of the catalogue, such as `header_id`. Default: none.
    ///   - options: Default: the client's settings.
    /// - Returns: The answer, as data, with how it came about.
    /// - Throws: ``BeProductError``, of kind `config` when the operation is unknown, or an argument or an option is
    ///   missing, wrong or unknown.
    public func call(
        _ operation: String,
        arguments: JSONObject = [:],
        options: CallOptions = CallOptions()
    ) async throws -> Response<JSONValue> {
        try await call(operation, arguments: arguments, options: options.json)
    }

    /// Calls an operation with options that are data as well, by the names that they have in every language:
    /// `page_size`. Times are in seconds.
    public func call(
        _ operation: String,
        arguments: JSONObject = [:],
        options: JSONObject
    ) async throws -> Response<JSONValue> {
        try await connection.call(operation, arguments: arguments, options: options)
    }

    /// The records of a list operation whose name is not known beforehand. Nothing is sent before they are asked for.
    ///
    /// - Parameters:
    ///   - operation: Its id, `style.attributes_list`, or its short name, `style.list`.
    ///   - arguments: By the names of the catalogue, such as `folder_id`. Default: none.
    ///   - options: Default: the client's settings.
    /// - Returns: The records. Iterating throws what a call throws.
    public func pages(
        _ operation: String,
        arguments: JSONObject = [:],
        options: CallOptions = CallOptions()
    ) -> Paged<JSONValue> {
        pages(operation, arguments: arguments, options: options.json)
    }

    /// The records of a list operation with options that are data as well, as for a call.
    public func pages(
        _ operation: String,
        arguments: JSONObject = [:],
        options: JSONObject
    ) -> Paged<JSONValue> {
        connection.pages(operation, arguments: arguments, options: options)
    }

    /// The daily quota.
    public var quota: Quota { Quota(connection: connection) }

    /// The sign-in: who it is, and how to end it.
    public var auth: Auth { Auth(connection: connection) }

    /// A client that acts for another user of the company. Who is signed in here has to be an administrator of it, and
    /// the user has to be registered there as PRIVATE.
    ///
    /// Its calls wait for a token of that user; where none can be had they fail, and none is made as the administrator.
    /// It shares quota, connections and log with this client, and ends with it; closing it leaves this one open. Nothing
    /// is sent yet.
    ///
    /// - Parameters:
    ///   - userID: Id of the user.
    ///   - clientID: Id of the application that is registered for acting as others, from the vendor.
    ///   - clientSecret: Its secret.
    /// - Throws: ``BeProductError`` of kind `config` when one of them is empty, or when this client acts for another user
    ///   itself.
    public func acting(as userID: String, clientID: String, clientSecret: String) throws -> BeProduct {
        let whom: JSONObject = [
            "user_id": .string(userID), "client_id": .string(clientID), "client_secret": .string(clientSecret),
        ]
        let text = try whom.text()
        let engine = try engineResult { try connection.engine.child(whom: text) }
        return BeProduct(connection: Connection(engine: engine))
    }

    /// Ends all calls with an error of kind `cancelled`. Later ones fail with kind `closed`. May be repeated.
    ///
    /// Returns when leased requests (``Configuration/quotaLease``) are given back and the ``LogSink`` has all lines, or
    /// after 5 seconds. Token store, log sink and listener are released then.
    public func close() async {
        // The engine has nothing to fail with here.
        try? await connection.engine.close()
    }
}
