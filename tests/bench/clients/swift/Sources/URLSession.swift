import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Hands the pieces of an answer on as they come.
private final class Receiver: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let take: (Data) throws -> Void
    private let end: (Result<Void, any Error>) -> Void
    private var problem: (any Error)?

    init(take: @escaping (Data) throws -> Void, end: @escaping (Result<Void, any Error>) -> Void) {
        self.take = take
        self.end = end
    }

    func urlSession(_: URLSession, dataTask task: URLSessionDataTask, didReceive data: Data) {
        do {
            try take(data)
        } catch {
            problem = error
            task.cancel()
        }
    }

    func urlSession(_: URLSession, task _: URLSessionTask, didCompleteWithError error: (any Error)?) {
        end((problem ?? error).map(Result.failure) ?? .success(()))
    }
}

private let boundary = "bench"

/// The body of an upload. A session streams files, so that it has to be one.
private func multipart(_ file: URL, in folder: URL) throws -> URL {
    let body = folder.appendingPathComponent("body.bin")
    guard FileManager.default.createFile(atPath: body.path, contents: nil) else {
        throw Wrong(description: "\(body.path) cannot be written")
    }
    let (source, sink) = (try FileHandle(forReadingFrom: file), try FileHandle(forWritingTo: body))
    let head = "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file.bin\"\r\n\r\n"
    try sink.write(contentsOf: Data(head.utf8))
    while let part = try source.read(upToCount: 256 * 1024), !part.isEmpty { try sink.write(contentsOf: part) }
    try sink.write(contentsOf: Data("\r\n--\(boundary)--\r\n".utf8))
    try sink.close()
    return body
}

func urlSession(_ server: Server, _ work: String, _ file: URL, _ target: URL) async throws {
    // How the Foundation of Linux is told of other authorities, and where downloads lie until they are moved.
    setenv("URLSessionCertificateAuthorityInfoFile", server["bundle"], 1)
    setenv("TMPDIR", target.deletingLastPathComponent().path, 1)
    let session = URLSession(configuration: .ephemeral)
    func request(_ path: String) throws -> URLRequest {
        var request = URLRequest(url: try server.url(path), timeoutInterval: 600)
        request.setValue("Bearer bench", forHTTPHeaderField: "Authorization")
        return request
    }
    func check(_ response: URLResponse) throws {
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard status == 200 else { throw Wrong(description: "status \(status)") }
    }
    try check(try await session.data(for: request("/api/acme/Info/Version")).1)
    switch work {
    case "upload", "upload_stream":
        let body = try multipart(file, in: target.deletingLastPathComponent())
        defer { try? FileManager.default.removeItem(at: body) }
        var upload = try request("/api/acme/Style/Header/\(style)/Image/Upload")
        upload.httpMethod = "POST"
        upload.setValue("multipart/form-data; boundary=\(boundary)", forHTTPHeaderField: "Content-Type")
        let sent = upload
        try await transfer { try check(try await session.upload(for: sent, fromFile: body).1) }
    case "download":
        let asked = try request(server["file"])
        try await transfer {
            let (location, response) = try await session.download(for: asked)
            try check(response)
            try FileManager.default.moveItem(at: location, to: target)
        }
    default:
        let (asked, arrived) = (try request(server["file"]), try Arrived(file))
        try await transfer {
            try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
                let receiver = Receiver(take: arrived.take) { ended.resume(with: $0) }
                let streaming = URLSession(configuration: .ephemeral, delegate: receiver, delegateQueue: nil)
                streaming.dataTask(with: asked).resume()
                streaming.finishTasksAndInvalidate()
            }
            try arrived.end()
        }
    }
}
