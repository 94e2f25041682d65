// The README's example, which has to compile: `tests/readme` compares the two. Below it, those of
// this package's README, which `ReadmeTests` compares.

import BeProductClient
import Foundation

func readmeExample(id: String, secret: String, token: String, folder: String, numbers: [String]) async throws {
  let client = try BeProduct(
    companyDomain: "acme", credentials: .refreshToken(clientID: id, clientSecret: secret, token: token),
    plan: .businessMax(licenses: 8))
  for try await style in client.style.list(folderID: folder, filters: ["season": "Fall"]) {
    print(style.headerNumber ?? "")
  }
  let found = try await client.style.getManyByNumber(numbers: numbers)
  print(found.found.count, "found,", found.missing, "missing")
  print(try await client.quota.status().remaining ?? 0, "requests left today")
}

func packageExample(id: String, secret: String, token: String, folder: String, store: any TokenStore, date: Date) async throws {
    let client = try BeProduct(
        companyDomain: "acme",
        credentials: .refreshToken(clientID: id, clientSecret: secret, token: token),
        plan: .businessMax(licenses: 8),
        tokenStore: store
    )
    let filters: Filters = ["season": ["Fall", "Winter"], "ModifiedAt": .gte(.date(date))]
    for try await style in client.style.list(folderID: folder, filters: filters) {
        print(style.headerNumber ?? "", style.field("season") ?? "")
    }
    let nightly = try client.with(CallOptions(label: "nightly", priority: .bulk))
    let progress = CallOptions { print($0.done, "of", $0.total ?? 0) }
    let all = try await nightly.material.list(folderID: folder, options: progress).collect()
    print(all.count)
    do {
        try await client.style.update(headerID: id, fields: ["season": "Fall", "due": .date(date)])
    } catch let error as BeProductError where error.outcome == .unknown {
        // The write was sent and may have taken effect: read before writing again.
    }
    let response = try await client.style.detailed.get(headerID: id)
    print(response.body.headerName ?? "", response.meta.attempts.count, response.meta.cost)
}

func quotaExample(credentials: Credentials) async throws {
    struct Listener: QuotaListener {
        func notice(_ event: QuotaEvent) {
            print("\(event.event): \(event.used) requests of the \(event.window)")
        }

        func atLimit(_ event: QuotaEvent) -> Duration? {
            event.label == "nightly" ? .seconds(12 * 3600) : nil
        }
    }

    let plan = Plan.businessMax(licenses: 8, requestsPerMinute: 100, timeZone: "America/New_York")
    let client = try BeProduct(companyDomain: "acme", credentials: credentials, plan: plan, quotaListener: Listener())
    let status = try await client.quota.status()
    print(status.remaining ?? 0, status.pace, status.runsOutAt?.formatted() ?? "not today")
    for share in try await client.quota.report(days: 7).byLabel {
        print(share.name, share.requests)
    }
    let estimate = try await client.quota.estimate([Work(operation: "style.list", count: 5000)])
    if !estimate.enough {
        try await client.quota.changePlan(.enterprise(licenses: 8))
    }
}

func testingExample() async throws {
    let client = try BeProduct(answers: [
        Answer(path: "Style/Header/a-1", status: 503, times: 1),
        Answer(path: "Style/Header/a-1", body: ["id": "a-1", "headerNumber": "EX-1"]),
    ])
    let style = try await client.style.detailed.get(headerID: "a-1")
    precondition(style.body.headerNumber == "EX-1" && style.meta.attempts.count == 2)
}
