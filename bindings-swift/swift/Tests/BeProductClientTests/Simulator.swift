import BeProductClient
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A simulator for one test. It ends when this object does, as its standard input closes.
final class Simulator: Sendable {
    struct Unexpected: Error {
        let text: String
    }

    let addresses: JSONValue
    private let input = Pipe()

    init(styles: Int = 30, materials: Int = 5, tableRows: Int = 10, rotation: String = "reuse", tls: Bool = false) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = Self.executable
        process.arguments = [
            "--until-stdin-closes", "--styles", String(styles), "--materials", String(materials),
            "--table-rows", String(tableRows), "--rotation", rotation,
        ]
        if tls { process.arguments?.append("--tls") }
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { throw Unexpected(text: "the simulator did not start") }
            line += data
        }
        addresses = try JSONValue(text: String(decoding: line, as: UTF8.self))
    }

    deinit {
        try? input.fileHandleForWriting.close()
    }

    private static let executable: URL = {
        if let path = ProcessInfo.processInfo.environment["BEPRODUCT_SIMULATOR"] {
            return URL(fileURLWithPath: path)
        }
        return URL(fileURLWithPath: #filePath)
            .appendingPathComponent("../../../../../target/ci/beproduct-simulator").standardizedFileURL
    }()

    subscript(name: String) -> String {
        addresses[name]?.stringValue ?? ""
    }

    /// A client with recorded time, signed in as the sample user unless other credentials are given.
    func client(
        _ credentials: Credentials? = nil,
        plan: Plan? = nil,
        tokenStore: (any TokenStore)? = nil,
        logSink: (any LogSink)? = nil,
        quotaListener: (any QuotaListener)? = nil,
        change: (inout Configuration) -> Void = { _ in }
    ) throws -> BeProduct {
        var configuration = configuration
        configuration.testing = TestSettings()
        change(&configuration)
        return try BeProduct(
            companyDomain: self["company"],
            credentials: credentials ?? self.credentials,
            plan: plan,
            tokenStore: tokenStore,
            logSink: logSink ?? Transcript.sink,
            quotaListener: quotaListener,
            configuration: configuration
        )
    }

    var credentials: Credentials {
        .refreshToken(clientID: self["client_id"], clientSecret: self["client_secret"], token: self["refresh_token"])
    }

    var configuration: Configuration {
        var configuration = Configuration()
        configuration.apiURL = URL(string: self["api"])
        configuration.automationURL = URL(string: self["automation"])
        configuration.identityURL = URL(string: self["identity"])
        configuration.stateDirectory = FileManager.default.temporaryDirectory
            .appendingPathComponent("beproduct-swift-tests-\(ProcessInfo.processInfo.processIdentifier)")
        return configuration
    }

    @discardableResult
    func control(_ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        guard let url = URL(string: "\(self["control"])/\(path)") else { throw Unexpected(text: path) }
        var request = URLRequest(url: url)
        if let body {
            request.httpMethod = "POST"
            request.httpBody = Data(try body.text().utf8)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        let (data, response) = try await URLSession.shared.data(for: request)
        let text = String(decoding: data, as: UTF8.self)
        guard let response = response as? HTTPURLResponse, 200..<300 ~= response.statusCode else {
            throw Unexpected(text: "\(path): \(text)")
        }
        return text.isEmpty ? .null : try JSONValue(text: text)
    }

    /// Signs a person in at the address of a session, and returns where they are sent back to.
    func signIn(_ session: AuthorizationSession) async throws -> URL {
        let answer = try await control("authorize", ["url": .string(session.url.absoluteString)])
        guard let redirect = answer["redirect"]?.stringValue.flatMap(URL.init) else {
            throw Unexpected(text: "authorize answers without a redirect")
        }
        return redirect
    }

    /// The tokens of a person who signs in to an application without a secret.
    func tokens() async throws -> Tokens {
        let session = try AuthorizationSession(
            clientID: self["public_client_id"],
            redirectURI: self["redirect_uri"],
            configuration: configuration
        )
        return try await session.finish(redirectURL: signIn(session))
    }

    func fault(_ rule: JSONValue) async throws {
        try await control("faults", [rule])
    }

    /// How many requests arrived so far: `api` or `token`.
    func count(_ name: String) async throws -> Int {
        try await control("counts")[name]?.intValue ?? 0
    }

    func requests(base: String = "api") async throws -> [JSONValue] {
        try await control("log?base=\(base)").arrayValue ?? []
    }

    /// Whether the client closed this request. The simulator notices that soon, but not at once.
    func isClosed(request: Int, base: String = "api") async throws -> Bool {
        let deadline = Date(timeIntervalSinceNow: 10)
        while Date() < deadline {
            if try await requests(base: base)[request]["closed_by_client"] == true { return true }
        }
        return false
    }
}

/// The error of a call that has to fail.
func failure(_ work: () async throws -> some Sendable) async throws -> BeProductError {
    do {
        let value = try await work()
        throw Simulator.Unexpected(text: "no error but \(value)")
    } catch let error as BeProductError {
        Transcript.record(error)
        return error
    }
}

/// A value that several threads use.
final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) {
        self.value = value
    }

    func callAsFunction<Result>(_ use: (inout Value) throws -> Result) rethrows -> Result {
        try lock.withLock { try use(&value) }
    }
}
