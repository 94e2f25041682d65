internal import BeProductEngine
import Foundation

/// A file to upload.
///
///     try await client.style.upload(headerID: id, file: .path(url))
///     try await client.style.upload(headerID: id, file: .data(data, name: "front.png"))
public struct FileSource: Sendable {
    let json: JSONValue
    private let content: Content

    private enum Content: Sendable {
        case none
        case data(Data)
        /// Hands each chunk on, as long as it is wanted.
        case chunks(read: @Sendable (_ hand: @Sendable (Data) async -> Bool) async throws -> Void)
    }

    private init(_ members: Members, _ content: Content = .none) {
        json = .object(JSONObject(present: members))
        self.content = content
    }

    /// A file on this device. It is opened again for every attempt.
    ///
    /// - Parameter name: Name of the file. Default: the last segment of the path.
    public static func path(_ url: URL, name: String? = nil) -> FileSource {
        // What is no file is refused by the engine, which does not show it.
        FileSource(["path": url.isFileURL ? url.path : url.absoluteString, "name": name])
    }

    /// Bytes, with the name of the file.
    public static func data(_ data: Data, name: String) -> FileSource {
        FileSource(["attached": 0, "name": name], .data(data))
    }

    /// Chunks that are read while they are sent, with the name of the file. They are sent once: not again after a 401 or a 429.
    ///
    /// - Parameter length: Number of bytes, if it is known. Chunks of another length are an error.
    public static func chunks<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks,
        name: String,
        length: Int? = nil
    ) -> FileSource where Chunks.Element == Data {
        FileSource(
            ["attached": 0, "name": name, "length": length],
            .chunks { hand in
                for try await chunk in chunks {
                    guard await hand(chunk) else { return }
                }
            }
        )
    }

    /// An input stream that is read while it is sent, with the name of the file. It is sent once.
    ///
    /// - Parameter length: Number of bytes, if it is known. A stream of another length is an error.
    public static func stream(
        _ stream: sending InputStream,
        name: String,
        length: Int? = nil
    ) -> FileSource {
        let reader = StreamReader(stream)
        return FileSource(
            ["attached": 0, "name": name, "length": length],
            .chunks { hand in
                while let chunk = try await reader.next() {
                    guard await hand(chunk) else { return }
                }
            }
        )
    }

    /// A file that is fetched while it is sent: at most 200 MB in 15 minutes, without the access token, by https and not from
    /// addresses inside a network, unless ``Configuration/allowPrivateSources`` says so.
    ///
    /// - Parameter name: Name of the file. Default: the last segment of the URL.
    public static func url(_ url: URL, name: String? = nil) -> FileSource {
        FileSource(["url": url.absoluteString, "name": name])
    }

    /// Gives the file to a call that has not started. Chunks are read beside the call, as far as they are wanted: by a task that is
    /// to be cancelled with the end of the call.
    func attach(to engine: Engine, call: UInt64) -> Task<Void, Never>? {
        switch content {
        case .none:
            return nil
        case .data(let data):
            _ = engine.attachBytes(call: call, bytes: EngineBytes(bytes: data))
            return nil
        case .chunks(let read):
            let number = engine.attachStream(call: call, replayable: false)
            return Task {
                let supply: @Sendable (EngineSupply) async -> Bool = { part in
                    await engine.supply(call: call, attachment: number, supply: part) != .stop
                }
                guard await supply(.begin) else { return }
                do {
                    try await read { chunk in await supply(.chunk(bytes: EngineBytes(bytes: chunk))) }
                    _ = await supply(.end)
                } catch {
                    _ = await supply(.failed(message: String(describing: error), id: nil))
                }
            }
        }
    }
}

extension FileSource: JSONWritable {}

/// Reads an input stream, in a thread that may wait for a disk or a pipe.
private final class StreamReader: @unchecked Sendable {
    private let stream: InputStream
    private let queue = DispatchQueue(label: "beproduct.client.file")
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    private var isOpen = false

    init(_ stream: InputStream) {
        self.stream = stream
    }

    func next() async throws -> Data? {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.read() }) }
        }
    }

    private func read() throws -> Data? {
        if !isOpen {
            stream.open()
            isOpen = true
        }
        let count = stream.read(&buffer, maxLength: buffer.count)
        if count < 0 { throw stream.streamError ?? CocoaError(.fileReadUnknown) }
        return count == 0 ? nil : Data(buffer[..<count])
    }
}
