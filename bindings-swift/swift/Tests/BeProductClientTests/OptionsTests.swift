import BeProductClient
import Testing

/// Options of all calls of a client, and the progress of calls.
@Suite struct OptionsTests {
    @Test func aClientCarriesOptions() async throws {
        let simulator = try Simulator(styles: 30)
        let client = try simulator.client(plan: .requestsPerDay(100))
        let nightly = try client.with(CallOptions(label: "nightly", priority: .bulk, pageSize: 20, headers: ["X-Job": "1"]))
        _ = try await nightly.style.list().collect()
        _ = try await nightly.style.folders(options: CallOptions(label: "by day", headers: ["X-Step": "2"]))
        _ = try await client.style.folders()
        let requests = try await client.quota.status().usage.map { "\($0.label) \($0.requests)" }
        #expect(requests.sorted() == [" 1", "by day 1", "nightly 2"])
        let headers = try await simulator.requests().compactMap { $0["headers"] }
        #expect(headers.map { $0["x-job"] } == ["1", "1", "1", nil])
        #expect(headers.map { $0["x-step"] } == [nil, nil, "2", nil])
    }

    @Test func optionsAddUp() async throws {
        let simulator = try Simulator()
        let client = try simulator.client().with(CallOptions(attempts: 1)).with(CallOptions(label: "nightly"))
        try await simulator.fault(["path": "Folders", "times": 0, "action": ["status": 503]])
        #expect(try await failure { try await client.style.folders() }.attempts.count == 1)
        let error = try await failure { try await client.style.folders(options: CallOptions(attempts: 2)) }
        #expect(error.attempts.count == 2)
        #expect(try await client.quota.status().usage.map(\.label) == ["nightly"])
    }

    @Test func closingEitherClosesBoth() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await client.with(CallOptions(label: "nightly")).close()
        #expect(try await failure { try await client.style.folders() }.kind == .closed)
    }

    @Test func invalidOptionsAreRefusedAtOnce() throws {
        let client = try BeProduct(answers: [])
        #expect { try client.with(CallOptions(attempts: 0)) } throws: { ($0 as? BeProductError)?.kind == .config }
    }
}

@Suite struct ProgressTests {
    @Test func theProgressOfAListComesInOrder() async throws {
        let simulator = try Simulator(styles: 50)
        let client = try simulator.client()
        let (progress, receiver) = AsyncStream<Progress>.makeStream()
        let options = CallOptions(pageSize: 20) { receiver.yield($0) }
        #expect(try await client.style.list(options: options).collect().count == 50)
        var done: [Int] = []
        for await step in progress {
            #expect((step.operation, step.total) == ("style.attributes_list", 50))
            done.append(step.done)
            if step.done == 50 { break }
        }
        #expect(done == done.sorted())
        #expect(!done.isEmpty)
    }

    @Test func aReceiverOfAllCallsGivesWayToThatOfACall() async throws {
        let simulator = try Simulator(styles: 50)
        let (all, ofAll) = AsyncStream<Progress>.makeStream()
        let (one, ofOne) = AsyncStream<Progress>.makeStream()
        let client = try simulator.client().with(CallOptions(pageSize: 50) { ofAll.yield($0) })
        _ = try await client.style.list(options: CallOptions(label: "one") { ofOne.yield($0) }).collect()
        #expect(await one.first { $0.done == 50 } != nil)
        _ = try await client.quota.status()
        _ = try await client.call("quota.status")
        _ = try await client.with(CallOptions(label: "other")).material.list().collect()
        // Nothing of the first call comes before that of the second.
        #expect(await all.first { _ in true }?.operation == "material.attributes_list")
    }

    @Test func progressGoesOnWhenAClientThatActsForAnotherUserIsClosed() async throws {
        let page: JSONValue = ["result": [["id": "a-1"]], "total": 1]
        let (progress, receiver) = AsyncStream<Progress>.makeStream()
        let client = try BeProduct(answers: [Answer(path: "Style/Headers", body: page, method: "POST")])
            .with(CallOptions { receiver.yield($0) })
        try await client.acting(as: "user", clientID: "app", clientSecret: "secret").close()
        #expect(try await client.style.list().collect().count == 1)
        #expect(await progress.first { _ in true } == Progress(operation: "style.attributes_list", done: 1, total: 1))
    }

    @Test func aReceiverIsReleasedAtTheEndOfItsCall() async throws {
        final class Screen: Sendable {
            private let closed: @Sendable () -> Void

            init(closed: @escaping @Sendable () -> Void) {
                self.closed = closed
            }

            func show(_ progress: Progress) {}

            deinit { closed() }
        }

        @Sendable func options(_ released: AsyncStream<Int>.Continuation, attempts: Int? = nil) -> CallOptions {
            let screen = Screen { released.yield(1) }
            return CallOptions(attempts: attempts) { screen.show($0) }
        }

        let client = try BeProduct(answers: [Answer(path: "Style/Folders", body: [])])
        let (released, release) = AsyncStream<Int>.makeStream()
        let calls: [@Sendable () async throws -> Void] = [
            { _ = try await client.style.folders(options: options(release)) },
            { _ = try await client.material.folders(options: options(release)) },
            { _ = try await client.style.folders(options: options(release, attempts: 0)) },
            { _ = try await client.style.list(options: options(release)).collect() },
            { _ = try await client.style.list(options: options(release, attempts: 0)).collect() },
            { _ = try await client.raw.post(path: "x", body: .double(.nan), options: options(release)) },
            { _ = try await client.with(options(release)).call("quota.status") },
        ]
        var count = 0
        for call in calls {
            try? await call()
        }
        for await _ in released {
            count += 1
            if count == calls.count { break }
        }
        await client.close()
        try? await calls[0]()
        #expect(await released.first { _ in true } == 1)
    }
}
