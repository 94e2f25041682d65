import BeProductClient
import Foundation
import Testing

@Suite struct CancellationTests {
    @Test func aCancelledReadClosesItsRequest() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await simulator.fault(["path": "Folders", "action": ["hang": true]])
        let call = Task { try await client.style.folders() }
        try await simulator.control("wait?base=api&requests=1")
        call.cancel()
        let error = try await failure { try await call.value }
        #expect(error.kind == .cancelled)
        #expect(error.operation == "style.folders")

        // The next request is logged after the connection of the first was seen to close.
        let closed = try await simulator.isClosed(request: 0)
        #expect(closed)
    }

    @Test func aCancelledWriteMayHaveTakenEffect() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await simulator.fault(["path": "Create", "action": ["hang": true]])
        let call = Task {
            try await client.style.create(folderID: simulator["style_folder"], fields: ["header_name": "x"])
        }
        try await simulator.control("wait?base=api&requests=1")
        call.cancel()
        let error = try await failure { try await call.value }
        #expect(error.kind == .cancelled)
        #expect(error.outcome == .unknown)
        #expect(try await client.quota.status().used == 1)
    }

    @Test func aTaskThatIsCancelledBeforeSendsNothing() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let call = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.style.folders()
        }
        let error = try await failure { try await call.value }
        #expect(error.kind == .cancelled)
        #expect(error.outcome == .notSent)
        #expect(try await simulator.count("api") == 0)
    }

    @Test func cancellingReachesThePageOnItsWay() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await simulator.fault(["path": "Headers", "action": ["hang": true]])
        let call = Task {
            for try await _ in client.style.list() {}
        }
        try await simulator.control("wait?base=api&requests=1")
        call.cancel()
        #expect(try await failure { try await call.value }.kind == .cancelled)
        let closed = try await simulator.isClosed(request: 0)
        #expect(closed)
    }

    @Test func closingEndsCallsAndRefusesLaterOnes() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await simulator.fault(["path": "Folders", "action": ["hang": true]])
        let call = Task { try await client.style.folders() }
        try await simulator.control("wait?base=api&requests=1")
        await client.close()
        #expect(try await failure { try await call.value }.kind == .cancelled)
        #expect(try await failure { try await client.style.folders() }.kind == .closed)
    }
}
