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
        let reply = try await reply(operation, arguments, options)
        return Response(body: try reply.decoded(), meta: try Meta(text: reply.meta()), raw: reply.raw())
    }

    /// What the client, or a sign-in, answers itself.
    func ask<Value: JSONReadable>(_ name: String, _ arguments: JSONObject = [:]) async throws -> Value {
        try await reply(name, arguments, [:]).decoded()
    }

    private func reply(_ name: String, _ arguments: JSONObject, _ options: JSONObject) async throws -> EngineReply {
        let (arguments, options) = (try arguments.text(), try options.text())
        return try await cancellable(engine, engine.issueCall()) { call in
            try await engine.call(call: call, name: name, arguments: arguments, options: options)
        }
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
            let stream = try engineResult {
                try engine.stream(call: call, name: operation, arguments: arguments, options: options)
            }
            return Pager(engine: engine, call: call, stream: stream)
        }
    }
}

/// The pages of one list, on their way.
struct Pager<Element: Sendable>: Sendable {
    private let nextPage: @Sendable (_ whole: Bool) async throws -> Page<Element>?
    private let report: @Sendable (UInt32) -> Void
    private let readPosition: @Sendable () throws -> Position

    init(engine: Engine, call: UInt64, stream: EngineStream) where Element: JSONReadable {
        nextPage = { whole in
            let reply = try await cancellable(engine, call) { _ in try await stream.next(all: whole) }
            return try reply.map { reply in
                Page(
                    records: try stream.records(of: reply),
                    total: reply.total().map(Int.init),
                    meta: try Meta(text: reply.meta()),
                    raw: reply.raw()
                )
            }
        }
        report = { stream.consumed(count: $0) }
        readPosition = { try Position(text: stream.position()) }
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
    _ call: UInt64,
    _ work: @Sendable (UInt64) async throws -> Value
) async throws -> Value {
    try await withTaskCancellationHandler {
        try await awaitEngineResult { try await work(call) }
    } onCancel: {
        engine.cancel(call: call)
    }
}

/// What the engine gives, or its error as the one of the public API.
func engineResult<Value>(_ work: () throws -> Value) throws -> Value {
    do {
        return try work()
    } catch {
        throw BeProductError(engine: error)
    }
}

/// What the engine gives, or its error as the one of the public API.
func awaitEngineResult<Value>(_ work: () async throws -> Value) async throws -> Value {
    do {
        return try await work()
    } catch {
        throw BeProductError(engine: error)
    }
}

extension BeProductError {
    /// From what the engine or the generated code over it throws.
    init(engine error: any Error) {
        if case EngineError.Failed(let fields) = error {
            self.init(fields: fields)
        } else {
            // A panic, whose text may hold anything.
            let message = "the client panicked; this is a fault of the client, please report it"
            self.init(kind: .internal, message: message, outcome: .unknown)
        }
    }
}

extension EngineStream {
    /// The records of a page. One that cannot be read comes again when the next is asked for.
    fileprivate func records<Element: JSONReadable>(of page: EngineReply) throws -> [Element] {
        do {
            return try page.decoded()
        } catch {
            again()
            throw error
        }
    }
}

extension EngineReply {
    /// The body as the value that is expected.
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
