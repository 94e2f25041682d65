// The README's example, which has to compile as it stands there. `tests/readme` compares the two.

import BeProductClient

func readmeExample(id: String, secret: String, token: String, folder: String, numbers: [String]) async throws {
  let client = try BeProduct(
    companyDomain: "acme", credentials: .refreshToken(clientID: id, clientSecret: secret, token: token),
    plan: .businessMax(licenses: 8))
  for try await style in client.style.list(folderID: folder, filters: [Filter("season", .eq, "Fall")]) {
    print(style.headerNumber ?? "")
  }
  let found = try await client.style.getManyByNumber(numbers: numbers)
  print(found.found?.count ?? 0, "found,", found.missing ?? [], "missing")
  print(try await client.quota.status().remaining ?? 0, "requests left today")
}
