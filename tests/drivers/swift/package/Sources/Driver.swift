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
            return json(of: try await opened().quota.status())
        case "logs":
            return JSONValue(logs.messages.map(JSONValue.string))
        case "stored":
            return try store.json()
        case "close":
            try opened().close()
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
        store = MemoryStore(try command["stored"].map(Tokens.init(json:)))
        client = try BeProduct(
            settings: command["settings"]?.objectValue ?? [:],
            tokenStore: command["token_store"] == "host" ? store : nil,
            logSink: logs
        )
    }

    private func opened() throws -> BeProduct {
        guard let client else { throw Failure(message: "no client is open") }
        return client
    }

    /// A call as a task of its own, to be cancelled by its name. It starts when this actor is free again: after it was
    /// cancelled, where that came first.
    private func begin(_ command: JSONValue) throws -> Task<JSONValue, any Error> {
        let client = try opened()
        let call = Task { try await Self.perform(command, client) }
        if let name = command["name"]?.stringValue {
            calls[name] = call
            if cancelled.contains(name) { call.cancel() }
        }
        return call
    }

    private static func perform(_ command: JSONValue, _ client: BeProduct) async throws -> JSONValue {
        let operation = command["operation"]?.stringValue ?? ""
        let arguments = command["arguments"]?.objectValue ?? [:]
        let options = command["options"]?.objectValue ?? [:]
        if command["do"] == "call" {
            let response = try await client.call(operation, arguments: arguments, options: options)
            let raw = JSONValue.string(String(decoding: response.body, as: UTF8.self))
            return ["body": response.value, "meta": json(of: response.meta), "raw": raw]
        }
        let list = client.pages(operation, arguments: arguments, options: options)
        var ids: [JSONValue] = []
        if command["do"] == "collect" {
            ids = try await list.collect().map { $0["id"] ?? .null }
        } else {
            let limit = command["limit"]?.intValue
            for try await record in list {
                ids.append(record["id"] ?? .null)
                if ids.count == limit { break }
            }
        }
        return ["ids": .array(ids), "count": .integer(ids.count)]
    }
}
