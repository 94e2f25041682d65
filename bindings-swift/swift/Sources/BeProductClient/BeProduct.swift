internal import BeProductEngine
import Foundation

/// A client for one company.
///
///     let client = try BeProduct(
///         companyDomain: "acme",
///         credentials: .refreshToken(clientID: id, clientSecret: secret, token: token),
///         plan: .businessMax(licenses: 8)
///     )
///     for try await style in client.style.list(folderID: folder, filters: ["season": "Fall"]) {
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
    ///   - companyDomain: The part of the web address after the host name, once signed in: `acme`.
    ///   - credentials: What the client signs in with.
    ///   - plan: What the company bought. Default: requests are counted and none is refused.
    ///   - tokenStore: Keeps the tokens between runs. Default: memory.
    ///   - logSink: Receives log lines. They hold no secrets, no bodies and no queries. Default: none.
    ///   - quotaListener: Receives events of the quota, and decides what a call does at a limit. Default: none, and the
    ///     call fails unless ``Configuration/quotaWait`` lets it wait.
    ///   - configuration: All other settings.
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/config`` when a setting is missing or invalid.
    public convenience init(
        companyDomain: String,
        credentials: Credentials,
        plan: Plan? = nil,
        tokenStore: (any TokenStore)? = nil,
        logSink: (any LogSink)? = nil,
        quotaListener: (any QuotaListener)? = nil,
        configuration: Configuration = Configuration()
    ) throws {
        let own = JSONObject(present: ["company_domain": companyDomain, "plan": plan], extra: credentials.settings)
        let settings = JSONObject(Array(own) + Array(configuration.settings))
        try self.init(settings: settings, tokenStore: tokenStore, logSink: logSink, quotaListener: quotaListener)
    }

    /// Makes a client from settings by the names that they have in every language, such as those of a shared
    /// configuration file: `["company_domain": "acme", "access_token": ...]`. Nothing is sent.
    ///
    /// - Parameters:
    ///   - settings: Settings by name. Times are in seconds.
    ///   - tokenStore: Keeps the tokens between runs. Default: that of the settings, else memory.
    ///   - logSink: Receives log lines. Default: none.
    ///   - quotaListener: Receives events of the quota, and decides what a call does at a limit. Default: none.
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/config`` when a setting is missing, invalid or unknown.
    public init(
        settings: JSONObject,
        tokenStore: (any TokenStore)? = nil,
        logSink: (any LogSink)? = nil,
        quotaListener: (any QuotaListener)? = nil
    ) throws {
        let text = try JSONObject(present: ["user_agent": "swift"], extra: settings).text()
        let progress = ProgressReceivers()
        let host = HostCode(progress, tokenStore: tokenStore, logSink: logSink, quotaListener: quotaListener)
        let engine = try engineResult { try Engine.open(settings: text, host: host) }
        connection = Connection(engine: engine, receivers: progress)
    }

    /// Calls an operation by name.
    ///
    /// - Parameters:
    ///   - operation: Its id, `style.attributes_get`, or its short name, `style.get`.
    ///   - arguments: Arguments by the names of the catalogue, such as `header_id`. Default: none.
    ///   - options: Options of the call. Default: the client's settings.
    /// - Returns: The answer, as data, with its history.
    /// - Throws: ``BeProductError``, of kind ``ErrorKind/config`` when the operation is unknown, or an argument or an
    ///   option is missing, invalid or unknown.
    public func call(
        _ operation: String,
        arguments: JSONObject = [:],
        options: CallOptions = CallOptions()
    ) async throws -> Response<JSONValue> {
        try await connection.call(operation, arguments: arguments, options: options)
    }

    /// Calls an operation by name, with options by the names that they have in every language, such as `page_size`.
    /// Times are in seconds.
    public func call(
        _ operation: String,
        arguments: JSONObject = [:],
        options: JSONObject
    ) async throws -> Response<JSONValue> {
        try await connection.call(operation, arguments: arguments, options: CallOptions(named: options))
    }

    /// Lists the records of an operation by name. Nothing is sent before the first record is requested.
    ///
    /// - Parameters:
    ///   - operation: Its id, `style.attributes_list`, or its short name, `style.list`.
    ///   - arguments: Arguments by the names of the catalogue, such as `folder_id`. Default: none.
    ///   - options: Options of the call. Default: the client's settings.
    /// - Returns: The records, as data. Iterating throws what a call throws.
    public func stream(
        _ operation: String,
        arguments: JSONObject = [:],
        options: CallOptions = CallOptions()
    ) -> Paged<JSONValue> {
        connection.stream(operation, arguments: arguments, options: options)
    }

    /// Lists the records of an operation by name, with options by the names that they have in every language.
    public func stream(
        _ operation: String,
        arguments: JSONObject = [:],
        options: JSONObject
    ) -> Paged<JSONValue> {
        connection.stream(operation, arguments: arguments, options: CallOptions(named: options))
    }

    /// The same client with options for all of its calls; those of a call win.
    ///
    ///     let nightly = try client.with(CallOptions(label: "nightly", priority: .bulk))
    ///
    /// Both share everything, and closing one of them closes both. Headers and query parameters are added to those of the
    /// calls.
    ///
    /// - Parameter options: The options. What is not set is as in this client.
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/config`` when an option is invalid.
    public func with(_ options: CallOptions) throws -> BeProduct {
        var options = options
        options.progress = options.progress ?? connection.progress
        let text = try options.sent.text()
        var carrying = connection
        carrying.engine = try engineResult { try connection.engine.withOptions(options: text) }
        carrying.progress = options.progress
        return BeProduct(connection: carrying)
    }

    /// A client that acts for another user of the company. The user of this client has to be an administrator of the
    /// company, and the other user has to be registered there as PRIVATE.
    ///
    /// Its calls use a token of that user. If there is no such token they fail; none is made as the administrator. The
    /// new client shares quota, connections and log with this one, and ends with it; closing it leaves this one open.
    /// Nothing is sent yet.
    ///
    /// - Parameters:
    ///   - userID: Id of the user.
    ///   - clientID: Id of the application that is registered for acting as other users, from the vendor.
    ///   - clientSecret: Secret of that application.
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/config`` when an argument is empty, or when this client acts
    ///   for another user itself.
    public func acting(as userID: String, clientID: String, clientSecret: String) throws -> BeProduct {
        let whom = try JSONObject(
            present: ["user_id": userID, "client_id": clientID, "client_secret": clientSecret]
        ).text()
        var acting = connection
        acting.engine = try engineResult { try connection.engine.child(whom: whom) }
        acting.isActing = true
        return BeProduct(connection: acting)
    }

    /// Ends all calls with ``ErrorKind/cancelled``. Later calls fail with ``ErrorKind/closed``. May be repeated.
    ///
    /// Returns when leased requests (``Configuration/quotaLease``) are given back and the ``LogSink`` has all lines, or
    /// after 5 seconds. Token store, log sink and listener are released then.
    public func close() async {
        // The engine reports no error here.
        try? await connection.engine.close()
        if !connection.isActing { connection.receivers.close() }
    }
}
