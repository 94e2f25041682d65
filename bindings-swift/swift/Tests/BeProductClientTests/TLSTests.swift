import BeProductClient
import Foundation
import Testing

/// HTTPS with a certificate that nobody on this machine trusts.
@Suite struct TLSTests {
    @Test func anUnknownAuthorityIsRefused() async throws {
        let simulator = try Simulator(tls: true)
        let client = try simulator.client()
        let error = try await failure { try await client.system.version() }
        #expect(error.kind == .network)
        #expect(error.outcome == .notSent)
        #expect(error.message.contains("ca_certificates"))
    }

    @Test func anAuthorityThatWasGivenIsTrusted() async throws {
        let simulator = try Simulator(styles: 5, tls: true)
        let authority = try String(contentsOfFile: simulator["ca"], encoding: .utf8)
        let client = try simulator.client { $0.caCertificates = authority }
        #expect(try await client.system.version()["version"] == "simulator")
        #expect(try await client.style.list().collect().count == 5)
    }
}
