// The README's example, which has to compile as it stands there: `tests/readme` compares the two. Below it, that of this
// package's README, which `ReadmeTests` compares.

import BeProductClient

func readmeExample(id: String, secret: String, token: String, folder: String, numbers: [String]) async throws {
  let client = try BeProduct(
    companyDomain: "acme", credentials: .refreshToken(clientID: id, clientSecret: secret, token: token),
    plan: .businessMax(licenses: 8))
  for try await style in client.style.list(folderID: folder, filters: [Filter("season", .eq, "Fall")]) {
    print(style.headerNumber ?? "")
  }
  let found = try await client.style.getManyByNumber(numbers: numbers)
  print(found.found.count, "found,", found.missing, "missing")
  print(try await client.quota.status().remaining ?? 0, "requests left today")
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
