import BeProductClient
import Foundation
import Testing

@Suite struct ErrorTests {
    @Test(arguments: [
        (400, ErrorKind.validation), (403, .permission), (404, .notFound), (429, .rateLimited),
        (500, .server),
    ])
    func anAnswerBecomesAnError(status: Int, kind: ErrorKind) async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let action: JSONValue = [
            "status": .integer(status), "body": ["message": "what the service says"],
            "headers": ["Retry-After": "600"],
        ]
        try await simulator.fault(["path": "Style/Header/", "times": 0, "action": action])
        let error = try await failure { try await client.style.get(headerID: "a-1") }
        #expect(error.kind == kind)
        #expect(error.status == status)
        #expect(error.operation == "style.attributes_get")
        #expect(error.method == "GET")
        #expect(error.url == "\(simulator["api"])/api/acme/Style/Header/a-1")
        #expect(error.requestID != nil)
        #expect(error.attempts.first?.status == status)
        #expect(error.bodyExcerpt?.contains("what the service says") == true)
        #expect(error.retryAfter == .seconds(600))
        #expect(error.details == Optional.none)
        #expect(error.localizedDescription.hasPrefix("\(kind.rawValue): "))
        #expect(error.debugDescription.contains("status: \(status)"))
    }

    @Test func aLostConnection() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await simulator.fault(["path": "Create", "action": ["reset": "before"]])
        let error = try await failure {
            try await client.style.create(folderID: simulator["style_folder"], fields: ["header_name": "x"])
        }
        #expect(error.kind == .network)
        #expect(error.outcome == .unknown)
        #expect(!error.retryable)
        #expect(error.cause != nil)
        #expect(error.description.hasSuffix("it may have taken effect"))
    }

    @Test func aDeadlineThatPasses() async throws {
        let simulator = try Simulator()
        let client = try simulator.client { $0.testing = nil }
        try await simulator.fault(["path": "Folders", "times": 0, "action": ["hang": true]])
        let error = try await failure {
            try await client.style.folders(options: CallOptions(timeout: .milliseconds(50)))
        }
        #expect(error.kind == .timeout)
        #expect(error.retryable)
    }

    @Test func anAnswerOfAnotherShape() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        try await simulator.fault(["path": "Style/Header/", "action": ["status": 200, "body": ["id": 5]]])
        let error = try await failure { try await client.style.get(headerID: "a-1") }
        #expect(error.kind == .decode)
        #expect(error.message.contains("id is not a text"))
        #expect(error.operation == "style.attributes_get")
        #expect(error.status == 200)
        #expect(error.attempts.count == 1)
    }

    @Test func wrongSettingsAreRefused() throws {
        func message(_ make: () throws -> BeProduct) -> String {
            do {
                _ = try make()
                return "no error"
            } catch let error as BeProductError {
                Transcript.record(error)
                return "\(error.kind): \(error.message)"
            } catch {
                return "\(error)"
            }
        }
        let token = Credentials.accessToken("token")
        #expect(message { try BeProduct(companyDomain: "", credentials: token) }.hasPrefix("config: company_domain"))
        #expect(
            message { try BeProduct(companyDomain: "acme", credentials: .accessToken("")) }
                .hasPrefix("config: credentials")
        )
        #expect(message { try BeProduct(settings: ["company": "acme"]) }.contains("company"))
        var configuration = Configuration()
        configuration.timeout = .seconds(-1)
        #expect(
            message { try BeProduct(companyDomain: "acme", credentials: token, configuration: configuration) }
                .contains("timeout")
        )
    }

    @Test func aNumberOutOfItsBoundsIsRefusedByItsName() {
        let numbers: [(String, @Sendable (inout Configuration, Int) -> Void)] = [
            ("attempts", { $0.attempts = $1 }), ("concurrency", { $0.concurrency = $1 }),
            ("max_answer_size", { $0.maxAnswerSize = $1 }), ("max_page_size", { $0.maxPageSize = $1 }),
            ("quota_lease", { $0.quotaLease = $1 }),
        ]
        let seconds: [(String, @Sendable (inout Configuration, Duration) -> Void)] = [
            ("timeout", { $0.timeout = $1 }), ("turn_timeout", { $0.turnTimeout = $1 }),
            ("idle_timeout", { $0.idleTimeout = $1 }), ("connect_timeout", { $0.connectTimeout = $1 }),
            ("max_wait", { $0.maxWait = $1 }), ("quota_wait", { $0.quotaWait = $1 }),
        ]
        func expectRefused(_ name: String, _ change: (inout Configuration) -> Void) {
            var configuration = Configuration()
            change(&configuration)
            #expect {
                try BeProduct(companyDomain: "acme", credentials: .accessToken("x"), configuration: configuration)
            } throws: { error in
                guard let error = error as? BeProductError else { return false }
                return error.kind == .config && error.message.hasPrefix("\(name) has to be ")
            }
        }
        for (name, change) in numbers {
            for number in [-1, 0, Int.min, Int.max] { expectRefused(name) { change(&$0, number) } }
        }
        expectRefused("concurrency") { $0.concurrency = 100_000_000_000 }
        for (name, change) in seconds {
            for time: Duration in [.seconds(-1), .zero, .seconds(1_000_000_001)] {
                expectRefused(name) { change(&$0, time) }
            }
        }
    }

    @Test func wrongArgumentsSendNothing() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let folder = simulator["style_folder"]
        let wrong: [@Sendable () async throws -> StyleHeader] = [
            { try await client.style.get(headerID: "../x") },
            { try await client.style.create(folderID: folder, fields: ["price": .double(.nan)]) },
            { try await client.style.create(folderID: folder, fields: ["season": "Fall", "season": "Spring"]) },
            { try await client.style.update(headerID: "a-1", fields: ["size": ["name": "S", "name": "M"]]) },
            {
                try await client.style.update(
                    headerID: "a-1",
                    colorways: [ColorwayChange(fields: ["color_name": "Red"])]
                )
            },
            { try await client.style.get(headerID: "a-1", options: CallOptions(attempts: 0)) },
            { try await client.style.get(headerID: "a-1", options: CallOptions(headers: ["Authorization": "x"])) },
        ]
        for call in wrong {
            let error = try await failure(call)
            #expect(error.kind == .config)
            #expect(error.outcome == .notSent)
        }
        #expect(try await simulator.count("api") == 0)
    }

    @Test func aClockThatCannotBeMoved() throws {
        let client = try BeProduct(companyDomain: "acme", credentials: .accessToken("token"))
        #expect { try client.clock.advance(seconds: 1) } throws: { ($0 as? BeProductError)?.kind == .config }
    }
}
