import Foundation

/// The code that receives the progress of calls, by the number of each call, until the engine reports the end of the
/// call or the client is closed.
final class ProgressReceivers: @unchecked Sendable {
    typealias Receiver = @Sendable (Progress) -> Void

    private let lock = NSLock()
    /// Nil once the client is closed.
    private var receivers: [Int: Receiver]? = [:]

    func add(_ receiver: @escaping Receiver, call: UInt64) {
        lock.withLock { receivers?[Int(call)] = receiver }
    }

    /// Takes what the engine reports: the progress of a call, or the number of a call that has ended.
    func take(_ report: JSONObject) throws {
        guard let call = report["call"]?.intValue else { return }
        if report["operation"] == nil {
            lock.withLock { receivers?[call] = nil }
        } else if let receiver = lock.withLock({ receivers?[call] }) {
            receiver(try Progress(members: report))
        }
    }

    func close() {
        lock.withLock { receivers = nil }
    }
}

extension CallOptions {
    /// What goes to the engine.
    var sent: JSONObject {
        progress == nil ? members : JSONObject(present: ["progress": true], extra: members)
    }
}
