import BeProductClient
import Foundation
import Testing

@testable import SeasonKit

@Suite struct ExamplesTests {
    private let simulator: Simulator
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kit-\(UUID())")
    private var handover: URL { folder.appendingPathComponent("handover") }

    /// Offers the palette of the kit, with both spellings of the members that have two.
    init() async throws {
        simulator = try Simulator(styles: 60, materials: 20, tableRows: 60)
        let file = try await simulator.control("files", ["name": "palette.ase", "length": 300])
        let swatches = try #require(file["link"]?.stringValue)
        let palette = try Self.shared("palette.json").replacingOccurrences(of: "SWATCHES", with: swatches)
        let action: JSONValue = ["status": 200, "body": [try JSONValue(text: palette)]]
        try await simulator.fault(["path": "Color/Headers", "times": 0, "action": action])
    }

    private static func shared(_ name: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../../tests/examples").standardizedFileURL
        return try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
    }

    /// What the example says of the kit. Two of its three styles have a picture.
    private func prepared(_ client: BeProduct, changes: [String: String] = [:]) async throws -> [String] {
        let pictures = folder.appendingPathComponent("pictures")
        try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
        for number in ["KIT-1", "ST-000004"] {
            try Data("a picture".utf8).write(to: pictures.appendingPathComponent("\(number).png"))
        }
        var json = try JSONDecoder().decode(JSONObject.self, from: Data(Self.shared("kit.json").utf8))
        for (name, value) in changes { json[name] = .string(value) }
        let kit = try JSONDecoder().decode(Kit.self, from: JSONEncoder().encode(json))
        let lines = Locked<[String]>([])
        let tell = { @Sendable [path = folder.path] (line: String) in
            lines { $0.append(line.replacingOccurrences(of: path, with: "FOLDER")) }
        }
        let preparation = try Preparation(client: client, kit: kit, pictures: pictures, handover: handover, tell: tell)
        try await preparation.run()
        return lines { $0 }
    }

    @Test func theKitOfASeasonIsPrepared() async throws {
        let client = try simulator.client()
        let expected = try Self.shared("lines.txt").split(separator: "\n").map(String.init)
        #expect(try await prepared(client) == expected)
        let found = try await client.style.getManyByNumber(numbers: ["KIT-1", "KIT-2", "ST-000004"]).found
        #expect(found.count == 3)
        for style in found {
            let id = try #require(style.id)
            #expect(style.field("season") == "Fall 2026")
            #expect(try await client.style.headerTagList(headerID: id).last?.name == "Fall 2026 exm00042")
            let comments = try await client.style.commentList(headerID: id)
            #expect(comments.map { $0["Body"] } == ["Fall 2026 exm00042, prepared by Sample Designer"])
        }
        #expect(
            found[0].colorways?.map(\.colorSourceID) == [
                "c2d6a3a8-1f0e-4a57-8f3b-53a1c4b90e21", "9d1f5f5a-0d35-47e4-8a61-6bb0f5b7a902",
            ])
        let files = try FileManager.default.contentsOfDirectory(atPath: handover.path).sorted()
        #expect(files == ["KIT-1.png", "ST-000004.png", "palette.ase"])
        #expect(try Data(contentsOf: handover.appendingPathComponent("KIT-1.png")) == Data("a picture".utf8))
        #expect(try Data(contentsOf: handover.appendingPathComponent("palette.ase")).count == 300)
    }

    @Test func nothingIsMadeOfAKitWithAMistake() async throws {
        let client = try simulator.client()
        #expect(try await failure { try await prepared(client, changes: ["season": "Fal 2026"]) }.kind == .config)
        #expect(try await failure { try await prepared(client, changes: ["fabric": "MT-NONE"]) }.kind == .notFound)
        let stranger = ["reviewer": "nobody@example.com"]
        #expect(try await failure { try await prepared(client, changes: stranger) }.kind == .validation)
        await #expect(throws: Problem.self) { try await prepared(client, changes: ["trims": "C99999"]) }
        #expect(try await client.style.getManyByNumber(numbers: ["KIT-1", "KIT-2"]).found.isEmpty)
    }
}
