import BeProductClient
import Testing

/// What the client offers to tests of programs that use it.
@Suite struct TestingTests {
    @Test func aTableAnswersTheRequests() async throws {
        let client = try BeProduct(answers: [
            Answer(path: "Style/Header/a-1", status: 503, headers: ["Retry-After": "30"], times: 1),
            Answer(path: "Style/Header/a-1", body: .object(StyleHeader(id: "a-1", headerNumber: "EX-1").members)),
            Answer(path: "Style/Headers?pageNumber=0", body: ["result": [["id": "a-1"]], "total": 1], method: "POST"),
            Answer(path: "/api/example/Material/Folders", status: 502, text: "<html>"),
        ])
        let style = try await client.style.detailed.get(headerID: "a-1")
        #expect(style.body.headerNumber == "EX-1")
        #expect(style.meta.waits.map(\.reason) == [.retryAfter])
        #expect(try await client.style.list().collect().map(\.id) == ["a-1"])
        #expect(try await failure { try await client.material.folders() }.status == 502)
    }

    @Test func aRequestThatIsNotInTheTableIsNamed() async throws {
        let client = try BeProduct(answers: [Answer(path: "Style/Folders", body: [])])
        let error = try await failure { try await client.material.folders() }
        #expect(error.kind == .network)
        #expect(error.description.contains("GET Material/Folders"), "\(error)")
    }

    @Test func anInvalidAnswerIsNamed() {
        #expect { try BeProduct(answers: [Answer(path: "x", status: 99)]) } throws: { error in
            guard let error = error as? BeProductError else { return false }
            return error.kind == .config && error.message.contains("answers[0]")
        }
    }

    @Test func anAnswerIsReadAsItWasWritten() throws {
        let answer = Answer(path: "x", body: [1], status: 503, headers: ["Retry-After": "30"], times: 1)
        #expect(try Answer(members: answer.members) == answer)
    }

    @Test func aTableForAClientWithAPlan() async throws {
        var configuration = Configuration()
        configuration.testing = TestSettings(answers: [Answer(path: "Style/Folders", body: [])])
        let client = try BeProduct(
            companyDomain: "acme",
            credentials: .accessToken("test"),
            plan: .requestsPerDay(1),
            configuration: configuration
        )
        #expect(try await client.style.folders().isEmpty)
        #expect(try await failure { try await client.style.folders() }.kind == .quotaExceeded)
    }
}
