internal import BeProductEngine
import Foundation

/// The connection of typed methods to the engine, with JSON text in both directions.
struct Connection: Sendable {
    var engine: Engine
    var receivers = ProgressReceivers()
    /// Whether it ends before others that have the same receivers.
    var isActing = false
    /// Receives the progress of the calls that have no receiver.
    var progress: ProgressReceivers.Receiver?

    func call<Value: JSONReadable>(
        _ operation: String,
        _ arguments: Members,
        _ options: CallOptions,
        file: FileSource? = nil
    ) async throws -> Response<Value> {
        try await call(operation, arguments: JSONObject(present: arguments), options: options, file: file)
    }

    func call<Value: JSONReadable>(
        _ operation: String,
        arguments: JSONObject,
        options: CallOptions,
        file: FileSource? = nil
    ) async throws -> Response<Value> {
        let reply = try await reply(operation, arguments, options, file)
        return Response(body: try reply.decoded(), meta: try reply.history(), raw: Data(reply.raw()))
    }

    /// Calls a method of the client itself, or of a sign-in.
    func ask<Value: JSONReadable>(_ name: String, _ arguments: Members = [:]) async throws -> Value {
        try await reply(name, JSONObject(present: arguments), CallOptions()).decoded()
    }

    private func reply(
        _ name: String,
        _ arguments: JSONObject,
        _ options: CallOptions,
        _ file: FileSource? = nil
    ) async throws -> EngineReply {
        let begun = try begin(arguments, options)
        let reading = file?.attach(to: engine, call: begun.call)
        defer { reading?.cancel() }
        return try await cancellable(engine, begun.call) {
            try await engine.call(call: begun.call, name: name, arguments: begun.arguments, options: begun.options)
        }
    }

    /// Does some work while something is held, and gives that back by an operation, whatever becomes of the work.
    func holding<Result: Sendable>(
        _ release: String,
        _ arguments: Members,
        _ options: CallOptions,
        isolation: isolated (any Actor)? = #isolation,
        work: () async throws -> Result
    ) async throws -> Result {
        let arguments = JSONObject(present: arguments)
        // A task of its own: one that is cancelled sends nothing.
        func giveBack() async throws {
            let given = Task { let _: Response<JSONValue> = try await call(release, arguments: arguments, options: options) }
            try await given.value
        }
        let result: Result
        do {
            result = try await work()
        } catch {
            // What fails here is in the log.
            try? await giveBack()
            throw error
        }
        try await giveBack()
        return result
    }

    /// The bytes of a file, a part at a time.
    func bytes(
        _ operation: String,
        _ arguments: Members,
        _ options: CallOptions
    ) -> AsyncThrowingStream<Data, any Error> {
        let arguments = JSONObject(present: arguments)
        let source = ByteSource(engine: engine) {
            let (call, arguments, options) = try begin(arguments, options)
            let stream = try engineResult {
                try engine.stream(call: call, name: operation, arguments: arguments, options: options)
            }
            return (call, stream)
        }
        return AsyncThrowingStream { try await source.next() }
    }

    func stream<Record: JSONReadable>(
        _ operation: String,
        _ arguments: Members,
        _ options: CallOptions
    ) -> Paged<Record> {
        stream(operation, arguments: JSONObject(present: arguments), options: options)
    }

    func stream<Record: JSONReadable>(
        _ operation: String,
        arguments: JSONObject,
        options: CallOptions
    ) -> Paged<Record> {
        Paged {
            let (call, arguments, options) = try begin(arguments, options)
            let stream = try engineResult {
                try engine.stream(call: call, name: operation, arguments: arguments, options: options)
            }
            return Pager(engine: engine, call: call, stream: stream) { try $0.decoded() }
        }
    }

    /// The number of a call and what goes to the engine. Nothing may fail between this and the engine, which reports the
    /// end of each call that has a receiver.
    private func begin(
        _ arguments: JSONObject,
        _ options: CallOptions
    ) throws -> (call: UInt64, arguments: String, options: String) {
        let call = (engine.issueCall(), try arguments.text(), try options.sent.text())
        if let receiver = options.progress ?? progress { receivers.add(receiver, call: call.0) }
        return call
    }
}

/// The bytes of one file as the engine reads them. It is opened when the first are asked for.
private actor ByteSource {
    private let engine: Engine
    private let open: @Sendable () throws -> (call: UInt64, stream: EngineStream)
    private var opened: (call: UInt64, stream: EngineStream)?

    init(engine: Engine, open: @escaping @Sendable () throws -> (call: UInt64, stream: EngineStream)) {
        self.engine = engine
        self.open = open
    }

    func next() async throws -> Data? {
        let (call, stream) = try opened ?? open()
        opened = (call, stream)
        return try await cancellable(engine, call) { try await stream.next(all: false) }.map { Data($0.raw()) }
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
        let reply = try await cancellable(engine, call) { try await stream.next(all: all) }
        return try reply.map { reply in
            Page(
                records: try records(of: reply),
                total: reply.total().map(Int.init),
                meta: try reply.history(),
                raw: Data(reply.raw())
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
        try Position(json: JSONValue(text: stream.position()))
    }
}

/// Runs a call that ends when the task is cancelled. Its number is issued before the start, so that a task that is
/// cancelled already sends nothing.
private func cancellable<Value: Sendable>(
    _ engine: Engine,
    _ call: UInt64,
    _ work: @Sendable () async throws -> Value
) async throws -> Value {
    try await withTaskCancellationHandler {
        do {
            return try await work()
        } catch {
            throw BeProductError(engine: error)
        }
    } onCancel: {
        engine.cancel(call: call)
    }
}

extension Data {
    /// A copy of bytes of the engine, which others may read at the same time.
    fileprivate init(_ bytes: EngineBytes) {
        self = withExtendedLifetime(bytes) {
            guard let address = UnsafeRawPointer(bitPattern: UInt(bytes.address())) else { return Data() }
            return Data(bytes: address, count: Int(bytes.count()))
        }
    }
}

extension EngineReply {
    /// The body as the expected type.
    func decoded<Value: JSONReadable>() throws -> Value {
        try read(try engineResult { try body() })
    }

    /// The history of the answer. An answer of the client itself has none.
    func history() throws -> Meta {
        meta() == "null" ? .none : try read(meta())
    }

    private func read<Value: JSONReadable>(_ text: String) throws -> Value {
        do {
            return try Value(json: JSONValue(text: text))
        } catch {
            let problem = (error as? BeProductError)?.message ?? String(describing: error)
            throw BeProductError(fields: unreadable(message: "the answer does not have the expected shape: \(problem)"))
        }
    }
}
