internal import BeProductEngine
import Foundation

/// What the engine returns, with its errors as those of the public API.
func engineResult<Value>(_ work: () throws -> Value) throws -> Value {
    do {
        return try work()
    } catch {
        throw BeProductError(engine: error)
    }
}

extension BeProductError {
    /// From an error of the engine, or of the generated code over it.
    init(engine error: any Error) {
        if case EngineError.Failed(let fields) = error {
            self.init(fields: fields)
        } else {
            // A panic, whose text may hold anything.
            let message = "the client panicked; this is a fault of the client, please report it"
            self.init(kind: .internal, message: message, outcome: .unknown)
        }
    }

    /// From the JSON text of the engine's error.
    init(fields text: String) {
        do {
            try self.init(members: JSONObject(json: JSONValue(text: text)))
        } catch {
            let message = "the engine reported an error that cannot be read; this is a fault of the client, please report it"
            self.init(kind: .internal, message: message, outcome: .unknown, cause: text)
        }
    }

    static func config(_ message: String) -> BeProductError {
        BeProductError(kind: .config, message: message)
    }
}

extension BeProductError: LocalizedError {
    public var errorDescription: String? { description }
    public var failureReason: String? { message }
}

extension BeProductError: CustomStringConvertible, CustomDebugStringConvertible {
    /// Every field that is set, one a line.
    public var debugDescription: String {
        let lines = Mirror(reflecting: self).children.compactMap { label, value -> String? in
            let field = Mirror(reflecting: value)
            guard field.displayStyle == .optional else { return "  \(label ?? ""): \(value)" }
            return field.children.first.map { "  \(label ?? ""): \($0.value)" }
        }
        return (["BeProductError"] + lines).joined(separator: "\n")
    }
}
