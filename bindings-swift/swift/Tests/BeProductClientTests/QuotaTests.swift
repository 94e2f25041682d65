import Foundation
import Testing

@testable import BeProductClient

@Suite struct QuotaTests {
    /// 2026-11-25T10:15:30Z, which is far from the end of an hour.
    private static let start = Date(timeIntervalSince1970: 1_795_601_730)

    private static let midnight = time("2026-11-26T00:00:00Z")

    private static func time(_ text: String) -> Date {
        ISO8601DateFormatter().date(from: text) ?? .distantPast
    }

    private func client(
        _ simulator: Simulator,
        _ plan: Plan?,
        logSink: (any LogSink)? = nil,
        listener: (any QuotaListener)? = nil
    ) throws -> BeProduct {
        try simulator.client(plan: plan, logSink: logSink, quotaListener: listener) {
            $0.testing = TestSettings(start: Self.start)
        }
    }

    @Test func plansAsTheEngineReadsThem() throws {
        let plans: [(Plan, String)] = [
            (.businessMax(licenses: 8), #"{"edition":"business_max","licenses":8}"#),
            (
                .enterprise(licenses: 4, requestsPerMinute: 60),
                #"{"edition":"enterprise","licenses":4,"requests_per_minute":60}"#
            ),
            (
                .requestsPerDay(100, requestsPerHour: 20, dayStart: "06:30", timeZone: "Europe/Berlin"),
                #"{"requests_per_day":100,"requests_per_hour":20,"day_start":"06:30","time_zone":"Europe/Berlin"}"#
            ),
            (.fromService(requestsPerHour: 9), #"{"from_service":true,"requests_per_hour":9}"#),
            (.unlimited(requestsPerMinute: 7), #"{"requests_per_minute":7}"#),
            (.unlimited(), "{}"),
        ]
        for (plan, json) in plans {
            #expect("\(plan)" == "Plan\(json)")
            _ = try BeProduct(companyDomain: "acme", credentials: .accessToken("token"), plan: plan)
        }
        for wrong in [Plan.businessMax(licenses: -1), .requestsPerDay(1, timeZone: "Nowhere")] {
            #expect {
                try BeProduct(companyDomain: "acme", credentials: .accessToken("token"), plan: wrong)
            } throws: {
                ($0 as? BeProductError)?.kind == .config
            }
        }
    }

    @Test func everyLimitIsReported() async throws {
        let simulator = try Simulator()
        let client = try client(simulator, .requestsPerDay(10, requestsPerHour: 5))
        _ = try await client.style.folders(options: CallOptions(label: "nightly"))
        let status = try await client.quota.status()
        let expected: [LimitStatus] = [
            .init(window: .day, limit: 10, used: 1, remaining: 9, resetsAt: Self.midnight),
            .init(window: .hour, limit: 5, used: 1, remaining: 4, resetsAt: Self.time("2026-11-25T11:00:00Z")),
        ]
        #expect(status.limits == expected)
        #expect(status.store == .memory)
        #expect(status.resetsAt == Self.midnight)
        #expect(status.usage == [.init(operation: "style.folders", label: "nightly", requests: 1)])
        #expect((status.pace, status.leased, status.others) == (1, 0, 0))
        #expect(status.runsOutAt == Self.time("2026-11-25T19:15:30Z"))
        #expect(status.pausedUntil == nil)
    }

    @Test func whoUsedIt() async throws {
        let simulator = try Simulator()
        let client = try client(simulator, nil)
        _ = try await client.style.folders(options: CallOptions(label: "nightly"))
        try client.clock.advance(seconds: 24 * 3600)
        for _ in 0..<2 { _ = try await client.material.folders() }

        let report = try await client.quota.report()
        #expect((report.from, report.to, report.requests) == ("2026-10-28", "2026-11-26", 3))
        func shares(_ shares: [Share]) -> [String] { shares.map { "\($0.name) \($0.requests)" } }
        #expect(shares(report.byDay) == ["2026-11-25 1", "2026-11-26 2"])
        #expect(shares(report.byOperation) == ["material.folders 2", "style.folders 1"])
        #expect(shares(report.byLabel) == [" 2", "nightly 1"])
        #expect(report.byProcess.map(\.requests) == [3])
        let process = try #require(report.byProcess.first).name
        let row = ReportRow(
            day: "2026-11-25",
            operation: "style.folders",
            label: "nightly",
            process: process,
            requests: 1
        )
        #expect(report.rows.first == row)

        #expect(try await client.quota.report(days: 1).requests == 2)
        for days in [-1, 0, 91] {
            let error = try await failure { try await client.quota.report(days: days) }
            #expect(error.kind == .config)
            #expect(error.message.contains("days has to be") && error.message.contains(String(days)))
        }
    }

    @Test func whatSomeWorkTakes() async throws {
        let simulator = try Simulator()
        let client = try client(simulator, .requestsPerDay(30))
        let work = [Work(operation: "style.list", count: 5000), Work(operation: "style.list", count: 100, pageSize: 50), Work(operation: "style.get")]
        let estimate = try await client.quota.estimate(work)
        #expect((estimate.requests, estimate.remaining, estimate.enough) == (28, 30, true))
        let items: [EstimateItem] = [
            .init(operation: "style.attributes_list", count: 5000, requests: 25),
            .init(operation: "style.attributes_list", count: 100, requests: 2),
            .init(operation: "style.attributes_get", count: 1, requests: 1),
        ]
        #expect(estimate.items == items)
        #expect(try await !client.quota.estimate(work + work).enough)

        let wrong = [
            (Work(operation: "style.lst"), "style.lst"), (Work(operation: "style.list"), "count is missing"),
            (Work(operation: "style.list", count: 1, pageSize: 0), "page_size"), (Work(operation: "style.list", count: -1), "-1"),
        ]
        for (piece, says) in wrong {
            let error = try await failure { try await client.quota.estimate([piece]) }
            #expect(error.kind == .config)
            #expect(error.message.contains(says))
        }
        #expect(try await simulator.count("api") == 0)
    }

    @Test func thePlanIsReplaced() async throws {
        let simulator = try Simulator()
        let client = try client(simulator, .requestsPerDay(1))
        _ = try await client.style.folders()
        #expect(try await failure { try await client.style.folders() }.kind == .quotaExceeded)
        let wrong = try await failure { try await client.quota.changePlan(.requestsPerDay(5, dayStart: "noon")) }
        #expect(wrong.kind == .config)
        #expect(try await failure { try await client.style.folders() }.kind == .quotaExceeded)
        try await client.quota.changePlan(.requestsPerDay(2))
        _ = try await client.style.folders()
        #expect(try await client.quota.status().remaining == 0)
        try await client.quota.changePlan(.unlimited(requestsPerHour: 100))
        _ = try await client.style.folders()
        #expect(try await client.quota.status().limit == nil)
    }

    @Test func aListenerReceivesEvents() async throws {
        let simulator = try Simulator()
        let listener = SampleListener()
        let client = try client(simulator, .requestsPerDay(5), listener: listener)
        for _ in 0..<5 { _ = try await client.style.folders() }
        // Nothing is the usual error.
        let error = try await failure { try await client.style.folders(options: CallOptions(label: "nightly")) }
        #expect(error.kind == .quotaExceeded)
        #expect(error.cause == nil)

        let events = await listener.events(3)
        #expect(events.map(\.event) == [.threshold, .threshold, .limit])
        #expect(events.map(\.threshold) == [80, 95, nil])
        #expect(events.map(\.used) == [4, 5, 5])
        let limit = try #require(events.last)
        #expect((limit.window, limit.limit, limit.remaining) == (.day, 5, 0))
        #expect((limit.operation, limit.label) == ("style.folders", "nightly"))
        #expect(limit.resetsAt == Self.midnight)
        #expect(limit.resetsIn == .seconds(13 * 3600 + 44 * 60 + 30))
    }

    @Test func aListenerLetsACallWait() async throws {
        let simulator = try Simulator()
        for answer in [{ $0.resetsIn }, { _ in .seconds(1e12) }] as [@Sendable (QuotaEvent) -> Duration?] {
            let client = try client(simulator, .requestsPerDay(1), listener: SampleListener(answer: answer))
            _ = try await client.style.folders()
            let response = try await client.style.detailed.folders()
            #expect(response.meta.waits.map(\.reason) == [.quota])
        }
        let impatient = SampleListener { _ in .seconds(3600) }
        let client = try client(simulator, .requestsPerDay(0), listener: impatient)
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .quotaExceeded)
        #expect(error.cause == nil)
    }

    @Test func whatAListenerThrowsIsTheCause() async throws {
        let simulator = try Simulator()
        let listener = SampleListener { _ in throw SampleListener.Refusal() }
        for (plan, kind) in [
            (Plan.requestsPerDay(0), ErrorKind.quotaExceeded), (.unlimited(requestsPerHour: 0), .rateLimited),
        ] {
            let client = try client(simulator, plan, listener: listener)
            let error = try await failure { try await client.style.folders() }
            #expect(error.kind == kind)
            #expect(error.cause == "no answer at the limit")
            #expect(error.message.hasSuffix("no answer at the limit"))
            #expect(error.outcome == .notSent)
        }
        #expect(try await simulator.count("api") == 0)
    }

    @Test func noCallWaitsForLessThanNothing() async throws {
        let simulator = try Simulator()
        let listener = SampleListener { _ in .seconds(-5) }
        let client = try client(simulator, .requestsPerDay(0), listener: listener)
        let error = try await failure { try await client.style.folders() }
        #expect(error.kind == .quotaExceeded)
        #expect(error.message.contains("on_quota_limit has to give the seconds that a call may wait, or nothing, not -5"))
    }

    @Test func whatAListenerDoesNotDefine() async throws {
        struct Silent: QuotaListener {}
        let simulator = try Simulator()
        let client = try client(simulator, .requestsPerDay(1), listener: Silent())
        _ = try await client.style.folders()
        #expect(try await failure { try await client.style.folders() }.kind == .quotaExceeded)
    }

    @Test func linesHaveWhatWasMeasured() async throws {
        let simulator = try Simulator()
        let sink = SampleSink()
        let client = try client(simulator, .requestsPerDay(9), logSink: sink)
        _ = try await client.style.folders(options: CallOptions(label: "nightly"))
        await sink.arrival(of: "style.folders answered")
        let lines = sink.lines { $0.suffix(2).map(\.attributes) }
        #expect(lines.first?["http.request.method"] == "GET")
        #expect(lines.first?["http.response.status_code"] == 200)
        #expect(lines.last?["beproduct.label"] == "nightly")
        #expect(lines.last?["beproduct.quota.limit"] == 9)
    }
}
