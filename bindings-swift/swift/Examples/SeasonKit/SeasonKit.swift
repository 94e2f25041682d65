// Prepares the styles of a season for the partner who makes them.
//
//     swift run SeasonKit kit.json pictures handover
//
// `kit.json` says which styles, and what they are made of (see `Kit`). `pictures` has their front pictures as NUMBER.png.
// `handover` is the folder that the partner gets: the pictures as the service keeps them, and the colours as a swatch file.
// What is there stays as it is, so the job may be run again. Each run has a tag of its own, and links the styles that it makes
// to the block.
//
// Company and sign-in come from the variables BEPRODUCT_COMPANY_DOMAIN, BEPRODUCT_CLIENT_ID, BEPRODUCT_CLIENT_SECRET and
// BEPRODUCT_REFRESH_TOKEN.

import BeProductClient
import Foundation

private let label = "season kit"

/// What is to be made, and of what.
struct Kit: Decodable {
    let season: String
    let folder: String  // name of the styles' folder
    let styles: [String: String]  // names by number
    let fabric: String  // number of the material
    let palette: String  // number
    let artwork: String  // number of the image
    let block: String  // number
    let prices: String  // name of the data table that has the price of the trims
    let trims: String  // their code in it
    let partner: String  // id in the directory
    let reviewer: String  // e-mail address of the user who checks the kit
    let plan: String  // id
    let sequence: String  // id of the sequence that numbers the kits
}

/// What stands against a kit.
struct Problem: Error {
    let text: String
}

/// Prepares one kit.
struct Preparation: Sendable {
    let kit: Kit
    let pictures: URL
    let handover: URL
    /// Is told line by line what is worth knowing.
    let tell: @Sendable (String) -> Void
    private let job: BeProduct

    init(client: BeProduct, kit: Kit, pictures: URL, handover: URL, tell: @escaping @Sendable (String) -> Void) throws {
        (self.kit, self.pictures, self.handover, self.tell) = (kit, pictures, handover, tell)
        job = try client.with(CallOptions(label: label, priority: .bulk))
    }

    func run() async throws {
        try await checkLimits()
        guard let folderID = try await job.style.folders().first(where: { $0.name == kit.folder })?.id else {
            throw Problem(text: "there is no folder \(kit.folder)")
        }
        // Once the client has read the schema, it refuses what the service would blank, such as an unknown season.
        _ = try await job.style.folderSchema(folderID: folderID)
        if try await job.masterData.folderFieldGet(folderID: folderID, fieldID: "vendor").active == false {
            throw Problem(text: "\(kit.folder) does not use the field vendor")
        }
        let partner = try await job.directory.get(headerID: kit.partner)
        let reviewer = try await job.user.getByEmail(email: kit.reviewer)
        let palette = try await job.color.getByNumber(headerNumber: kit.palette)
        let fabric = try await job.material.getByNumber(headerNumber: kit.fabric)
        let fields: JSONObject = [
            "season": .string(kit.season),
            "vendor": .string(kit.partner),
            "content": fabric.field("content") ?? .null,
            "cost": try await price(),
        ]
        let lookup = try await job.style.getManyByNumber(numbers: kit.styles.keys.sorted(), folderID: folderID)
        for doubled in lookup.ambiguous {
            tell("\(doubled.number) is carried by \(doubled.records.count) styles, and left alone")
        }
        var styles: [StyleHeader] = []
        for style in lookup.found {
            styles.append(try await withSeason(style, fields))
        }
        if !lookup.missing.isEmpty {
            let artwork = try await job.image.getByNumber(headerNumber: kit.artwork)
            let colorways = colorways(of: palette, imageID: artwork.id)
            let blockID = try await job.block.getByNumber(headerNumber: kit.block).id ?? ""
            for number in lookup.missing {
                var named = fields
                named["header_number"] = .string(number)
                named["header_name"] = .string(kit.styles[number] ?? number)
                let style = try await create(named, number: number, folderID: folderID, colorways: colorways)
                // For its sizes.
                try await job.style.blockLink(headerID: style.id ?? "", blockHeaderID: blockID)
                styles.append(style)
                tell("\(number) is new")
            }
        }

        let number = try await job.automation.autonumberGenerate(id: kit.sequence).generatedNumber ?? ""
        let name = "\(kit.season) \(number)"
        try await job.style.tagCreate(name: name)
        for style in styles {
            try await upload(style)
            try await job.style.headerTagAdd(headerID: style.id ?? "", tagNames: [name])
            try await share(style, name)
        }
        try await job.inbox.taskCreate(
            taskName: "Check \(name)",
            assignees: [InboxPerson(value: reviewer.id)],
            references: ["page": "Style", "headers": .array(styles.map { .string($0.id ?? "") })]
        )
        try await download(styles, palette)
        try await openEnds(folderID)
        let spent = try await job.quota.report(days: 1).byLabel.first { $0.name == label }?.requests ?? 0
        tell("\(name) for \(partner.name ?? ""): \(styles.count) styles, \(spent) requests")
    }

    /// Begins nothing that the service would stop today.
    private func checkLimits() async throws {
        let made = ["create", "update", "block_link", "upload", "upload_status", "header_tag_add"]
        let shared = ["shared_with", "share", "comment_add", "get"]
        let work = (made + shared).map { Work(operation: "style.\($0)", count: kit.styles.count) }
        let needed = try await job.quota.estimate(work).requests
        if let left = try await job.system.ratelimitStatus().perDay?.remaining, needed > left {
            throw Problem(text: "\(kit.styles.count) styles take \(needed) requests, and \(left) are left today")
        }
    }

    /// What the trims cost.
    private func price() async throws -> JSONValue {
        for try await table in job.dataTables.list() where table.name == kit.prices {
            let rows = job.dataTables.data(dataTableID: table.id ?? "", filters: ["code": .eq(.string(kit.trims))])
            for try await row in rows {
                return row.field("price") ?? .null
            }
        }
        throw Problem(text: "\(kit.prices) has no \(kit.trims)")
    }

    /// A colorway for each colour of a palette. The first shows the artwork.
    private func colorways(of palette: ColorHeader, imageID: String?) -> [ColorwayChange] {
        (palette.headerData?.colors?.colors ?? []).enumerated().map { index, color in
            let fields: JSONObject = [
                "color_number": .string(color.colorNumber ?? ""),
                "color_name": .string(color.colorName ?? ""),
                "primary": .string(color.hex ?? ""),
                "secondary": "",
            ]
            return ColorwayChange(
                fields: fields, imageHeaderID: index == 0 ? imageID : nil, colorSourceID: color.id)
        }
    }

    private func create(
        _ fields: JSONObject,
        number: String,
        folderID: String,
        colorways: [ColorwayChange]
    ) async throws -> StyleHeader {
        do {
            return try await job.style.create(folderID: folderID, fields: fields, colorways: colorways)
        } catch let error as BeProductError where error.outcome == .unknown {
            // It was sent and no answer came: it is there, or it may be made again.
            return try await job.style.getByNumber(headerNumber: number, folderID: folderID)
        }
    }

    /// The style with these values. One that is of the season has had its own since.
    private func withSeason(_ style: StyleHeader, _ fields: JSONObject) async throws -> StyleHeader {
        if style.field("season") == fields["season"] { return style }
        return try await job.style.update(headerID: style.id ?? "", fields: fields)
    }

    /// Uploads the picture of a style that has none.
    private func upload(_ style: StyleHeader) async throws {
        guard style.frontPicture == nil else { return }
        let number = style.headerNumber ?? ""
        do {
            let picture = pictures.appendingPathComponent("\(number).png")
            try await job.style.upload(headerID: style.id ?? "", file: .path(picture))
        } catch let error as BeProductError where [.config, .validation].contains(error.kind) {
            // There is no such file, or it is no picture.
            tell("\(number) has no picture: \(error.message)")
        }
    }

    /// Shares a style with the partner, unless it is shared already.
    private func share(_ style: StyleHeader, _ name: String) async throws {
        let id = style.id ?? ""
        let shared = try await job.style.sharedWith(headerID: id)
        if shared.contains(where: { $0.partner?.id == kit.partner }) { return }
        try await job.style.share(headerID: id, partnerList: [kit.partner])
        let who = try await job.auth.userinfo().name ?? ""
        try await job.style.commentAdd(headerID: id, comment: "\(name), prepared by \(who)")
    }

    /// Fills the folder.
    private func download(_ styles: [StyleHeader], _ palette: ColorHeader) async throws {
        try FileManager.default.createDirectory(at: handover, withIntermediateDirectories: true)
        var files: [DownloadFile] = []
        for style in styles {
            // Read again: what was uploaded shows up here.
            let style = try await job.style.get(headerID: style.id ?? "")
            guard let link = style.frontPicture else { continue }
            let file = handover.appendingPathComponent("\(style.headerNumber ?? "").png")
            files.append(DownloadFile(link: link, file: file.path, record: style.id))
        }
        let options = CallOptions { warn("\($0.done) of \($0.total ?? 0) pictures") }
        for outcome in try await job.style.downloadMany(files: files, options: options) {
            if let error = outcome.error { tell("\(outcome.file) is missing: \(error.message)") }
        }
        if let swatches = palette.headerData?.colors?.aseURL {
            try await job.raw.download(link: swatches, file: handover.appendingPathComponent("palette.ase"))
        }
    }

    /// Milestones that are not reached, styles of the season that the kit does not have, and its line sheets and reports.
    private func openEnds(_ folderID: String) async throws {
        for try await row in job.tracking.styleTimelineList(planID: kit.plan) {
            let milestones = row.timelines ?? []
            let ahead = milestones.filter { $0.status != "Approved" }.count
            guard ahead > 0, let number = row.header?.headerNumber, kit.styles[number] != nil else { continue }
            tell("\(number) has \(ahead) of \(milestones.count) milestones ahead")
        }
        let season: Filters = ["season": .eq(.string(kit.season))]
        let styles = try await job.style.list(folderID: folderID, filters: season).collect()
        let others = styles.filter { kit.styles[$0.headerNumber ?? ""] == nil }
        tell("\(others.count) more styles of \(kit.folder) are of \(kit.season)")
        for sheet in try await job.linesheets.list(name: kit.season) {
            guard let name = sheet.name, name.contains(kit.season) else { continue }
            tell("the line sheet \(name) may need them")
        }
        for try await report in job.reports.list() {
            guard let name = report.name, name.contains(kit.season) else { continue }
            tell("the report \(name) shows them")
        }
        let planned = kit.styles.keys.map { number in
            Edit(
                kind: "update",
                resource: "style",
                record: EditRecord(number: number),
                fields: ["season": .string(kit.season)]
            )
        }
        for edit in try await job.changes.preview(edits: planned).edits where edit.action != "unchanged" {
            tell("\(edit.number ?? "") is not of \(kit.season)")
        }
    }
}

extension StyleHeader {
    /// The link to the picture, if the style has one.
    fileprivate var frontPicture: String? {
        guard let link = headerData?.frontImage?.origin, !link.isEmpty else { return nil }
        return link
    }
}

/// Says what does not belong to the result.
private func warn(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
}

@main
struct SeasonKit {
    static func main() async throws {
        let files = CommandLine.arguments.dropFirst().map { URL(fileURLWithPath: $0) }
        guard files.count == 3 else {
            warn("give kit.json, the folder of pictures and the folder of the partner")
            exit(1)
        }
        let kit = try JSONDecoder().decode(Kit.self, from: Data(contentsOf: files[0]))
        let variable = { (name: String) in ProcessInfo.processInfo.environment["BEPRODUCT_\(name)"] ?? "" }
        let client = try BeProduct(
            companyDomain: variable("COMPANY_DOMAIN"),
            credentials: .refreshToken(
                clientID: variable("CLIENT_ID"),
                clientSecret: variable("CLIENT_SECRET"),
                token: variable("REFRESH_TOKEN")
            )
        )
        var problem: String?
        do {
            let preparation = try Preparation(
                client: client, kit: kit, pictures: files[1], handover: files[2], tell: { print($0) })
            try await preparation.run()
        } catch let error as BeProductError where error.kind == .quotaExceeded {
            problem = "run it again in \(error.retryAfter ?? .zero): \(error.message)"
        } catch let error as BeProductError where [.config, .notFound, .validation].contains(error.kind) {
            problem = "the kit cannot be prepared: \(error.message)"
        } catch let error as Problem {
            problem = "the kit cannot be prepared: \(error.text)"
        }
        await client.close()
        if let problem {
            warn(problem)
            exit(1)
        }
    }
}
