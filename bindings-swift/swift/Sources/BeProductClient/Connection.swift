internal import BeProductEngine
import Foundation

/// The connection of typed methods to the engine, with JSON text in both directions.
struct Connection: Sendable {
    let engine: Engine

    func call<Value: JSONReadable>(
        _ operation: String,
        _ arguments: Members,
        _ options: CallOptions
    ) async throws -> Response<Value> {
        try await call(operation, arguments: JSONObject(present: arguments), options: options.members)
    }

    func call<Value: JSONReadable>(
        _ operation: String,
        arguments: JSONObject,
        options: JSONObject
    ) async throws -> Response<Value> {
        let reply = try await reply(operation, arguments, options)
        return Response(body: try reply.decoded(), meta: try Meta(text: reply.meta()), raw: reply.raw())
    }

    /// Calls a method of the client itself, or of a sign-in.
    func ask<Value: JSONReadable>(
        _ name: String,
        _ arguments: Members = [:]
    ) async throws -> Value {
        try await reply(name, JSONObject(present: arguments), [:]).decoded()
    }

    private func reply(_ name: String, _ arguments: JSONObject, _ options: JSONObject) async throws -> EngineReply {
        let (arguments, options) = (try arguments.text(), try options.text())
        return try await cancellable(engine, engine.issueCall()) { call in
            try await engine.call(call: call, name: name, arguments: arguments, options: options)
        }
    }

    func stream<Record: JSONReadable>(
        _ operation: String,
        _ arguments: Members,
        _ options: CallOptions
    ) -> Paged<Record> {
        stream(operation, arguments: JSONObject(present: arguments), options: options.members)
    }

    func stream<Record: JSONReadable>(
        _ operation: String,
        arguments: JSONObject,
        options: JSONObject
    ) -> Paged<Record> {
        Paged { [engine] in
            let (arguments, options) = (try arguments.text(), try options.text())
            let call = engine.issueCall()
            let stream = try engineResult {
                try engine.stream(call: call, name: operation, arguments: arguments, options: options)
            }
            return Pager(engine: engine, call: call, stream: stream) { try $0.decoded() }
        }
    }
}

/// The pages of one list as the engine fetches them.
struct Pager<Element: Sendable>: Sendable {
    let engine: Engine
    let call: UInt64
    let stream: EngineStream
    let decode: @Sendable (EngineReply) throws -> [Element]

    /// The next page. `all` says that all pages are wanted.
    func next(all: Bool = false) async throws -> Page<Element>? {
        let reply = try await cancellable(engine, call) { _ in try await stream.next(all: all) }
        return try reply.map { reply in
            Page(
                records: try records(of: reply),
                total: reply.total().map(Int.init),
                meta: try Meta(text: reply.meta()),
                raw: reply.raw()
            )
        }
    }

    /// The records of a page. If it cannot be read, the next call returns it again.
    private func records(of page: EngineReply) throws -> [Element] {
        do {
            return try decode(page)
        } catch {
            stream.again()
            throw error
        }
    }

    /// Reports consumed records.
    func consumed(_ count: Int) {
        stream.consumed(count: UInt32(clamping: count))
    }

    /// How far the list was read.
    func position() throws -> Position {
        try JSONDecoder().decode(Position.self, from: Data(stream.position().utf8))
    }
}

/// Runs a call that ends when the task is cancelled. Its number is issued before the start, so that a task that is
/// cancelled already sends nothing.
private func cancellable<Value: Sendable>(
    _ engine: Engine,
    _ call: UInt64,
    _ work: @Sendable (UInt64) async throws -> Value
) async throws -> Value {
    try await withTaskCancellationHandler {
        do {
            return try await work(call)
        } catch {
            throw BeProductError(engine: error)
        }
    } onCancel: {
        engine.cancel(call: call)
    }
}

extension EngineReply {
    /// The body as the expected type.
    func decoded<Value: JSONReadable>() throws -> Value {
        let text = try engineResult { try body() }
        do {
            return try Value(json: JSONValue(text: text))
        } catch {
            let problem = (error as? BeProductError)?.message ?? String(describing: error)
            throw BeProductError(fields: unreadable(message: "the answer does not have the expected shape: \(problem)"))
        }
    }
}
