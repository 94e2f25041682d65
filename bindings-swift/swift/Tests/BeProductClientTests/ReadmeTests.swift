import Foundation
import Testing

@Suite struct ReadmeTests {
    @Test(arguments: ["# BeProductClient for Swift", "## Quota", "## Tests"])
    func theExampleOfASectionCompiles(heading: String) throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let readme = try String(contentsOf: here.appendingPathComponent("../../README.md"), encoding: .utf8)
        let example = try String(contentsOf: here.appendingPathComponent("ReadmeExample.swift"), encoding: .utf8)
        let section = try #require("\n\(readme)".components(separatedBy: "\n\(heading)\n").dropFirst().first)
        let shown = try #require(section.components(separatedBy: "```swift\n").dropFirst().first)
        let code = stripped(try #require(shown.components(separatedBy: "```").first))
            .replacing("import BeProductClient\n", with: "")
        #expect(!code.isEmpty)
        #expect(stripped(example).contains(code))
    }

    /// Without indentation and blank lines.
    private func stripped(_ text: String) -> String {
        text.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }.joined(separator: "\n")
    }
}
