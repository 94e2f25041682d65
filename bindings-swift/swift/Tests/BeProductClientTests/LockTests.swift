import BeProductClient
import Foundation
import Testing

@Suite struct LockTests {
    struct WorkFailed: Error {}

    private func isHeld(_ client: BeProduct) async throws -> Bool {
        try await client.automation.lockCheck(names: ["job"], lockTimeout: 1).arrayValue?.first?["locked"] == true
    }

    @Test func aLockIsHeldWhileSomeWorkIsDone() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let result = try await client.automation.withLock(name: "job", lockTimeout: 60) { answer in
            #expect(answer["acquired"] == true)
            #expect(try await isHeld(client))
            let error = try await failure { try await client.automation.withLock(name: "job") { _ in } }
            #expect(error.kind == .conflict)
            #expect(try await isHeld(client))
            return "done"
        }
        #expect(result == "done")
        #expect(try await !isHeld(client))
        // Taken, looked at, refused, looked at, given back, looked at.
        #expect(try await simulator.count("automation") == 6)
    }

    @Test func aLockIsGivenBackWhenTheWorkFails() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        await #expect(throws: WorkFailed.self) {
            try await client.automation.withLock(name: "job") { _ in throw WorkFailed() }
        }
        #expect(try await !isHeld(client))
        #expect(try await simulator.count("automation") == 3)
    }

    @Test func aLockIsGivenBackWhenTheWorkIsCancelled() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let call = Task {
            try await client.automation.withLock(name: "job") { _ in
                begin.finish()
                // Ends with the task alone.
                for await _ in AsyncStream.makeStream(of: Void.self).stream {}
                try Task.checkCancellation()
            }
        }
        for await _ in begun {}
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(try await !isHeld(client))
        #expect(try await simulator.count("automation") == 3)
    }
}
