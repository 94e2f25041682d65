internal import BeProductEngine
import Foundation

/// Code of the program, which the engine calls by the name of a hook (`Hook` in the core), with JSON.
final class HostCode: EngineHost {
    private typealias Code = @Sendable (String) throws -> String

    private let code: [String: Code]

    init(
        _ progress: ProgressReceivers,
        tokenStore: (any TokenStore)? = nil,
        logSink: (any LogSink)? = nil,
        quotaListener: (any QuotaListener)? = nil
    ) {
        var code: [String: Code] = [
            "progress": { report in
                try progress.take(JSONObject(json: JSONValue(text: report)))
                return "null"
            }
        ]
        if let store = tokenStore {
            code["token_store.load"] = { _ in try store.load()?.members.text() ?? "null" }
            code["token_store.save"] = { tokens in
                try store.save(Tokens(json: JSONValue(text: tokens)))
                return "null"
            }
        }
        if let store = tokenStore as? any SharedTokenStore {
            code["token_store.try_lock"] = { _ in String(try store.tryLock()) }
            code["token_store.unlock"] = { _ in
                try store.unlock()
                return "null"
            }
        }
        if let sink = logSink {
            code["on_log"] = { lines in
                try [LogRecord](json: JSONValue(text: lines)).forEach(sink.log)
                return "null"
            }
        }
        if let listener = quotaListener {
            code["on_quota_event"] = { event in
                listener.notice(try QuotaEvent(json: JSONValue(text: event)))
                return "null"
            }
            code["on_quota_limit"] = { event in
                try listener.atLimit(QuotaEvent(json: JSONValue(text: event)))?.json.text() ?? "null"
            }
        }
        self.code = code
    }

    func hooks() -> [String] {
        Array(code.keys)
    }

    func call(hook: String, payload: String) throws -> String {
        do {
            return try code[hook]?(payload) ?? "null"
        } catch {
            let message = (error as? any LocalizedError)?.errorDescription ?? String(describing: error)
            throw HostError.Failed(message: message, id: nil)
        }
    }
}
