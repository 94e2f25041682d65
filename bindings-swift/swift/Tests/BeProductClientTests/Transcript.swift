import BeProductClient
import Foundation

/// What a person may read of the tests' calls: log lines, and errors in all their forms. It goes to a file in the folder
/// that `BEPRODUCT_TRANSCRIPTS` names, where others look for secrets in it.
enum Transcript {
    private static let file: Locked<FileHandle>? = {
        guard let folder = ProcessInfo.processInfo.environment["BEPRODUCT_TRANSCRIPTS"] else { return nil }
        let place = URL(fileURLWithPath: folder).appendingPathComponent("swift-log.txt")
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let descriptor = open(place.path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
        precondition(descriptor >= 0, "BEPRODUCT_TRANSCRIPTS: \(place.path) cannot be written")
        return Locked(FileHandle(fileDescriptor: descriptor, closeOnDealloc: true))
    }()

    /// For clients whose log no test looks at.
    static var sink: (any LogSink)? { file.map { _ in Sink() } }

    private struct Sink: LogSink {
        func log(_ line: LogRecord) {
            Transcript.append(line.debugDescription)
        }
    }

    static func record(_ error: BeProductError) {
        var dumped = ""
        dump(error, to: &dumped)
        append("\(error)\n\(String(reflecting: error))\n\(error.localizedDescription)\n\(dumped)")
    }

    private static func append(_ text: String) {
        file? { try? $0.write(contentsOf: Data("\(text)\n".utf8)) }
    }
}
