internal import BeProductEngine
import Foundation

/// The way from typed methods to the engine, which takes and gives JSON text.
struct Connection: Sendable {
    let engine: Engine

    func call<Value: JSONReadable>(
        _ operation: String,
        _ arguments: KeyValuePairs<String, (any JSONWritable)?>,
        _ options: CallOptions
    ) async throws -> Response<Value> {
        try await call(operation, arguments: JSONObject(present: arguments), options: options.json)
    }

    func call<Value: JSONReadable>(
        _ operation: String,
        arguments: JSONObject,
        options: JSONObject
    ) async throws -> Response<Value> {
        let (arguments, options) = (try arguments.text(), try options.text())
        let reply = try await cancellable(engine) { call in
            try await engine.call(call: call, operation: operation, arguments: arguments, options: options)
        }
        let meta = try Meta(text: reply.meta)
        return Response(value: try decode(reply.body, operation, meta), meta: meta, body: reply.raw)
    }

    func pages<Record: JSONReadable>(
        _ operation: String,
        _ arguments: KeyValuePairs<String, (any JSONWritable)?>,
        _ options: CallOptions
    ) -> Paged<Record> {
        pages(operation, arguments: JSONObject(present: arguments), options: options.json)
    }

    func pages<Record: JSONReadable>(
        _ operation: String,
        arguments: JSONObject,
        options: JSONObject
    ) -> Paged<Record> {
        Paged { [engine] in
            let (arguments, options) = (try arguments.text(), try options.text())
            let call = engine.issueCall()
            let pager = try engineResult {
                try engine.pages(call: call, operation: operation, arguments: arguments, options: options)
            }
            return Pager(engine: engine, call: call, pager: pager, operation: operation)
        }
    }
}

/// The pages of one list, on their way.
struct Pager<Element: Sendable>: Sendable {
    private let nextPage: @Sendable (_ whole: Bool) async throws -> Page<Element>?
    private let report: @Sendable (UInt32) -> Void
    private let readPosition: @Sendable () throws -> Position

    init(engine: Engine, call: UInt64, pager: EnginePager, operation: String) where Element: JSONReadable {
        nextPage = { whole in
            let reply = try await cancellable(engine, call) { _ in try await pager.nextPage(whole: whole) }
            return try reply.map { reply in
                let meta = try Meta(text: reply.meta)
                return Page(
                    records: try decode(reply.body, operation, meta),
                    total: reply.total.map(Int.init),
                    meta: meta,
                    body: reply.raw
                )
            }
        }
        report = { pager.consumed(count: $0) }
        readPosition = { try Position(text: pager.position()) }
    }

    func next() async throws -> Page<Element>? {
        try await nextPage(false)
    }

    func collect() async throws -> [Element] {
        var records: [Element] = []
        while let page = try await nextPage(true) {
            records += page.records
        }
        return records
    }

    /// How far the list was read.
    func position() throws -> Position {
        try readPosition()
    }

    /// Records that were taken.
    func consumed(_ count: Int) {
        report(UInt32(clamping: count))
    }
}

/// Runs a call that ends when the task is cancelled. Its number is issued before the start, so that a task that is
/// cancelled already sends nothing.
private func cancellable<Value: Sendable>(
    _ engine: Engine,
    _ number: UInt64? = nil,
    _ work: @Sendable (UInt64) async throws -> Value
) async throws -> Value {
    let call = number ?? engine.issueCall()
    return try await withTaskCancellationHandler {
        try await awaitEngineResult { try await work(call) }
    } onCancel: {
        engine.cancel(call: call)
    }
}

/// What the engine gives, or its error as the one of the public API.
func engineResult<Value>(_ work: () throws -> Value) throws -> Value {
    do {
        return try work()
    } catch EngineError.Failed(let fields) {
        throw BeProductError(fields: fields)
    }
}

/// What the engine gives, or its error as the one of the public API.
func awaitEngineResult<Value>(_ work: () async throws -> Value) async throws -> Value {
    do {
        return try await work()
    } catch EngineError.Failed(let fields) {
        throw BeProductError(fields: fields)
    }
}

private func decode<Value: JSONReadable>(_ body: String, _ operation: String, _ meta: Meta? = nil) throws -> Value {
    do {
        return try Value(json: JSONValue(text: body))
    } catch let error as UnexpectedValue {
        throw BeProductError(
            kind: .decode,
            message: "the answer does not have the shape that the catalogue states: \(error)",
            outcome: .applied,
            operation: operation,
            meta: meta
        )
    }
}
