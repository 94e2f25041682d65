import BeProductClient
import Foundation

/// Carries commands out, over the public API.
actor Driver {
    struct Failure: Error {
        let message: String
    }

    private var client: BeProduct?
    private var store = MemoryStore(nil)
    private var logs = Logs()
    private var listener: Listener?
    private var calls: [String: Task<JSONValue, any Error>] = [:]
    /// Names that were cancelled, perhaps before their call began.
    private var cancelled: Set<String> = []

    func answer(_ command: JSONValue) async -> JSONObject {
        do {
            return ["ok": try await carryOut(command)]
        } catch let error as BeProductError {
            return ["error": fields(of: error)]
        } catch {
            return ["error": ["kind": "driver", "message": .string(String(reflecting: error))]]
        }
    }

    private func carryOut(_ command: JSONValue) async throws -> JSONValue {
        switch command["do"] {
        case "open":
            try open(command)
            return true
        case "call", "list", "collect":
            return try await begin(command).value
        case "cancel":
            let name = command["name"]?.stringValue ?? ""
            cancelled.insert(name)
            calls[name]?.cancel()
            return true
        case "advance":
            try opened().clock.advance(seconds: command["seconds"]?.doubleValue ?? 0)
            return true
        case "quota":
            return .object(try await opened().quota.status().members)
        case "report":
            let quota = try opened().quota
            guard let days = command["days"]?.intValue else { return .object(try await quota.report().members) }
            return .object(try await quota.report(days: days).members)
        case "estimate":
            guard let work: [Work] = command["work"].flatMap(records) else { throw NotExpressible() }
            return .object(try await opened().quota.estimate(work).members)
        case "change_plan":
            guard let plan = command["plan"].flatMap(plan) else { throw NotExpressible() }
            try await opened().quota.changePlan(plan)
            return true
        case "events":
            let events = try await listener?.taken(count: command["count"]?.intValue ?? 0) ?? []
            return .array(events.json())
        case "event":
            return .object(try parseEvent(command["body"]?.stringValue ?? "").members)
        case "logs":
            return .array(logs.messages.map(JSONValue.string))
        case "stored":
            return store.load().map { .object($0.members) } ?? .null
        case "close":
            try await opened().close()
            return true
        case let other:
            throw Failure(message: "there is no command \(other ?? .null)")
        }
    }

    private func open(_ command: JSONValue) throws {
        calls = [:]
        cancelled = []
        client = nil
        logs = Logs()
        store = MemoryStore(try command["stored"]?.objectValue.map(Tokens.init(members:)))
        var settings = command["settings"]?.objectValue ?? [:]
        listener = settings["quota_listener"].map { Listener(answer: $0["at_limit"] ?? .null) }
        settings["quota_listener"] = nil
        client = try BeProduct(
            settings: settings,
            tokenStore: command["token_store"] == "host" ? store : nil,
            logSink: logs,
            quotaListener: listener
        )
    }

    private func opened() throws -> BeProduct {
        guard let client else { throw Failure(message: "no client is open") }
        return client
    }

    /// A call as a task, which can be cancelled by its name.
    private func begin(_ command: JSONValue) throws -> Task<JSONValue, any Error> {
        let client = try opened()
        let name = command["name"]?.stringValue
        let isCancelled = name.map(cancelled.contains) ?? false
        let call = Task {
            // Cancelled from inside, because it may run before this function returns.
            if isCancelled { withUnsafeCurrentTask { $0?.cancel() } }
            return try await Self.perform(command, client)
        }
        if let name { calls[name] = call }
        return call
    }

    private static func perform(_ command: JSONValue, _ client: BeProduct) async throws -> JSONValue {
        let operation = command["operation"]?.stringValue ?? ""
        let arguments = command["arguments"]?.objectValue ?? [:]
        let options = command["options"]?.objectValue ?? [:]
        if command["do"] == "call" {
            do {
                return try await client.typedCall(operation, arguments, CallOptions(given: options))
            } catch is NotExpressible {
                return try await client.call(operation, arguments: arguments, options: options).json()
            }
        }
        let taking = Taking(atOnce: command["do"] == "collect", limit: command["limit"]?.intValue)
        let records: [JSONValue]
        do {
            records = try await client.typedList(operation, arguments, CallOptions(given: options), taking)
        } catch is NotExpressible {
            records = try await client.stream(operation, arguments: arguments, options: options).taken(taking)
        }
        return ["ids": .array(records.map { $0["id"] ?? .null }), "count": .integer(records.count)]
    }
}
