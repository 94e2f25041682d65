import BeProductClient
import Foundation
import Testing

@Suite struct FilesTests {
    let picture = Data("a picture".utf8)

    private let quick = CallOptions(waitTimeout: .zero)

    private func style(_ client: BeProduct) async throws -> String {
        try #require(try await client.style.list().collect().first?.id)
    }

    private func chunks() -> AsyncStream<Data> {
        AsyncStream { stream in
            stream.yield(picture.prefix(4))
            stream.yield(picture.dropFirst(4))
            stream.finish()
        }
    }

    @Test func everyFormOfAFileIsSent() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let id = try await style(client)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).png")
        try picture.write(to: path)
        let files: [FileSource] = [
            .path(path),
            .path(path, name: "back.png"),
            .data(picture, name: "a.png"),
            .chunks(chunks(), name: "b.png"),
            .stream(InputStream(data: picture), name: "c.png", length: picture.count),
        ]
        for file in files {
            let upload = try #require(try await client.style.upload(headerID: id, file: file, options: quick).imageID)
            #expect(try await client.style.uploadStatus(uploadID: upload).finished == false)
        }
    }

    @Test func aFileThatCannotBeSentIsAnErrorOfItsOwn() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        for own in [CocoaError(.fileReadUnknown), CancellationError()] as [any Error] {
            let broken = AsyncThrowingStream<Data, any Error> { $0.finish(throwing: own) }
            let failed = try await failure {
                try await client.style.upload(headerID: "1", file: .chunks(broken, name: "a.png"))
            }
            #expect(failed.kind == .callback)
        }
        let wrong: [(FileSource, String)] = [
            (.data(Data(), name: "a.png"), "is empty"),
            (.chunks(chunks(), name: "a.png", length: 5), "became longer"),
            (.url(URL(string: "https://10.0.0.1/x.png")!), "is a private address"),
        ]
        for (file, says) in wrong {
            let error = try await failure {
                try await client.style.upload(headerID: "1", file: file, options: quick)
            }
            #expect(error.message.contains(says), "\(error)")
        }
        #expect(try await simulator.count("token") == 1)
    }

    @Test func aFileIsDownloadedAsAStreamAndToAPath() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let id = try await style(client)
        try await client.style.upload(headerID: id, file: .data(picture, name: "a.png"))
        let link = try #require(try await client.style.get(headerID: id).headerData?.frontImage?.origin)
        var bytes = Data()
        for try await part in client.style.downloadStream(headerID: id, link: "\(link)x") {
            bytes += part
        }
        #expect(bytes == picture)
        let error = try await failure {
            for try await _ in client.raw.downloadStream(link: "\(link)x") {}
        }
        #expect(error.status == 403)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).png")
        let outcomes = try await client.style.downloadMany(files: [
            DownloadFile(link: link, file: path.path, record: id)
        ])
        #expect(outcomes.map(\.size) == [picture.count])
        #expect(try Data(contentsOf: path) == picture)
    }

    @Test func bytesOfAnyNumberArriveAsTheyAre() async throws {
        let simulator = try Simulator()
        let client = try simulator.client()
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).bin")
        for length in [0, 1, 3_000_001] {
            let file = try await simulator.control("files", ["name": "file.bin", "length": .integer(length)])
            let link = try #require(file["link"]?.stringValue)
            try await client.raw.download(link: link, file: path)
            var bytes = Data()
            for try await part in client.raw.downloadStream(link: link) {
                bytes += part
            }
            #expect(bytes.count == length)
            #expect(try Data(contentsOf: path) == bytes)
        }
    }
}
