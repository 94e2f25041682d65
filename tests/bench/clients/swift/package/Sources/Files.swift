// A file up or down: bench WORK FILE FOLDER. As clients/files.py does in Python.

import BeProductClient
import Foundation

let style = "00000000-0000-4000-8000-000000000000"

/// What went wrong with a transfer.
struct Wrong: Error, CustomStringConvertible {
    let description: String
}

/// Addresses of the server, and the certificate that it has.
struct Server {
    private let addresses: JSONValue

    init() throws {
        addresses = try JSONValue(text: ProcessInfo.processInfo.environment["BEPRODUCT_BENCH"] ?? "{}")
    }

    subscript(name: String) -> String { addresses[name]?.stringValue ?? "" }
}

/// Bytes of this process: VmRSS at present, VmHWM at most so far.
func memory(_ name: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") } ?? ""
    return (Int(line.filter(\.isNumber)) ?? 0) * 1024
}

/// Seconds that all threads of this process have computed.
func cpu() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Reports what happens inside. Client and connection are there already.
func transfer(_ inside: () async throws -> Void) async throws {
    let (resident, start, before) = (try memory("VmRSS"), Date(), cpu())
    try await inside()
    let (seconds, used) = (Date().timeIntervalSince(start), cpu() - before)
    let bytes = max(try memory("VmHWM") - resident, 0)
    print(#"{"seconds": \#(seconds), "cpu": \#(used), "bytes": \#(bytes)}"#)
}

/// The pieces of a stream, which are dropped.
final class Arrived: @unchecked Sendable {
    private let source: FileHandle
    private let length: UInt64
    private var done: UInt64 = 0

    init(_ file: URL) throws {
        source = try FileHandle(forReadingFrom: file)
        length = try source.seekToEnd()
    }

    func take(_ piece: Data) throws {
        try source.seek(toOffset: done)
        let expected = try source.read(upToCount: min(16, piece.count)) ?? Data()
        guard expected == piece.prefix(16) else { throw Wrong(description: "other bytes at \(done)") }
        done += UInt64(piece.count)
    }

    func end() throws {
        guard done == length else { throw Wrong(description: "\(done) bytes") }
    }
}

func ours(_ server: Server, _ work: String, _ file: URL, _ target: URL) async throws {
    let client = try BeProduct(settings: [
        "company_domain": "acme",
        "access_token": "bench",
        "api_url": .string(server["api"]),
        "identity_url": .string(server["identity"]),
        "ca_certificates": .string(try String(contentsOfFile: server["ca"], encoding: .utf8)),
        "ledger": "memory",
    ])
    _ = try await client.system.version()
    let arrived = try Arrived(file)
    let options = CallOptions(waitTimeout: .zero)
    try await transfer {
        switch work {
        case "upload":
            _ = try await client.style.upload(headerID: style, file: .path(file), options: options)
        case "upload_stream":
            guard let stream = InputStream(url: file) else { throw Wrong(description: "no stream") }
            let source = FileSource.stream(stream, name: file.lastPathComponent)
            _ = try await client.style.upload(headerID: style, file: source, options: options)
        case "download":
            _ = try await client.raw.download(link: server["file"], file: target)
        default:
            for try await piece in client.raw.downloadStream(link: server["file"]) { try arrived.take(piece) }
            try arrived.end()
        }
    }
    await client.close()
}

@main
struct Files {
    static func main() async throws {
        let given = CommandLine.arguments
        let (file, folder) = (URL(fileURLWithPath: given[2]), URL(fileURLWithPath: given[3]))
        let target = folder.appendingPathComponent("arrived.bin")
        try await ours(try Server(), given[1], file, target)
        if given[1] == "download" {
            guard FileManager.default.contentsEqual(atPath: file.path, andPath: target.path) else {
                throw Wrong(description: "another file arrived")
            }
            try FileManager.default.removeItem(at: target)
        }
    }
}
