import Foundation
import Testing

@Suite struct ReadmeTests {
    @Test func theSectionOnTheQuotaCompilesAsItStands() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let readme = try String(contentsOf: here.appendingPathComponent("../../README.md"), encoding: .utf8)
        let example = try String(contentsOf: here.appendingPathComponent("ReadmeExample.swift"), encoding: .utf8)
        let section = try #require(readme.components(separatedBy: "\n## Quota\n").dropFirst().first)
        let shown = try #require(section.components(separatedBy: "```swift\n").dropFirst().first)
        let code = stripped(try #require(shown.components(separatedBy: "```").first))
        #expect(!code.isEmpty)
        #expect(stripped(example).contains(code))
    }

    /// Without indentation and blank lines.
    private func stripped(_ text: String) -> String {
        text.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }.joined(separator: "\n")
    }
}
