/*
 * Prepares the styles of a season for the partner who makes them.
 *
 *     SeasonKitKt kit.json pictures handover
 *
 * `kit.json` says which styles, and what they are made of (see `Kit`). `pictures` has their front pictures as NUMBER.png.
 * `handover` is the folder that the partner gets: the pictures as the service keeps them, and the colours as a swatch file.
 * What is there stays as it is, so the job may be run again. Each run has a tag of its own, and links the styles that it makes
 * to the block.
 *
 * Company and sign-in come from the variables BEPRODUCT_COMPANY_DOMAIN, BEPRODUCT_CLIENT_ID, BEPRODUCT_CLIENT_SECRET and
 * BEPRODUCT_REFRESH_TOKEN.
 */
package seasonkit

import beproduct.client.*
import java.nio.file.Path
import kotlin.io.path.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.readText
import kotlin.system.exitProcess
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.flow.firstOrNull
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.add
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonArray

private const val LABEL = "season kit"

/** What is to be made, and of what. */
@Serializable
data class Kit(
    val season: String,
    val folder: String, // name of the styles' folder
    val styles: Map<String, String>, // names by number
    val fabric: String, // number of the material
    val palette: String, // number
    val artwork: String, // number of the image
    val block: String, // number
    val prices: String, // name of the data table that has the price of the trims
    val trims: String, // their code in it
    val partner: String, // id in the directory
    val reviewer: String, // e-mail address of the user who checks the kit
    val plan: String, // id
    val sequence: String, // id of the sequence that numbers the kits
)

/** Does the job, and says line by line what is worth knowing. */
fun prepare(client: BeProduct, kit: Kit, pictures: Path, handover: Path): Flow<String> = flow {
    val job = client.withOptions(CallOptions(label = LABEL, priority = Priority.BULK))
    checkLimits(job, kit.styles.size)
    val folder = job.style.folders().find { it.name == kit.folder }
    val folderId = checkNotNull(folder?.id) { "there is no folder ${kit.folder}" }
    // Once the client has read the schema, it refuses what the service would blank, such as an unknown season.
    job.style.folderSchema(folderId)
    val vendor = job.masterData.folderFieldGet(folderId, "vendor")
    check(vendor.active != false) { "${kit.folder} does not use the field vendor" }
    val partner = job.directory.get(kit.partner)
    val reviewer = job.user.getByEmail(kit.reviewer)
    val palette = job.color.getByNumber(kit.palette)
    val fields: Fields = mapOf(
        "season" to kit.season,
        "vendor" to kit.partner,
        "content" to job.material.getByNumber(kit.fabric).field("content"),
        "cost" to price(job, kit),
    )
    val lookup = job.style.getManyByNumber(kit.styles.keys.toList(), folderId)
    for (doubled in lookup.ambiguous) {
        emit("${doubled.number} is carried by ${doubled.records.size} styles, and left alone")
    }
    val styles = lookup.found.map { withSeason(job, it, fields) }.toMutableList()
    if (lookup.missing.isNotEmpty()) {
        val colorways = colorwaysOf(palette, job.image.getByNumber(kit.artwork).id)
        val blockId = job.block.getByNumber(kit.block).id.orEmpty()
        for (number in lookup.missing) {
            val named = fields + mapOf("header_number" to number, "header_name" to kit.styles[number])
            val style = create(job, folderId, number, named, colorways)
            job.style.blockLink(style.id.orEmpty(), blockId) // for its sizes
            styles += style
            emit("$number is new")
        }
    }

    val name = "${kit.season} ${job.automation.autonumberGenerate(kit.sequence).generatedNumber}"
    job.style.tagCreate(name)
    for (style in styles) {
        val (id, number) = style.id.orEmpty() to style.headerNumber
        if (style.frontPicture == null) {
            refusal { job.style.upload(id, FileSource.of(pictures.resolve("$number.png"))) }
                ?.let { emit("$number has no picture: $it") }
        }
        job.style.headerTagAdd(id, listOf(name))
        share(job, id, kit.partner, name)
    }
    val about = buildJsonObject {
        put("page", "Style")
        putJsonArray("headers") { styles.forEach { add(it.id) } }
    }
    job.inbox.taskCreate("Check $name", assignees = listOf(InboxPerson(reviewer.id)), references = about)
    download(job, styles, palette, handover)
    openEnds(job, kit, folderId)
    val spent = job.quota.report(days = 1).byLabel.first { it.name == LABEL }.requests
    emit("$name for ${partner.name}: ${styles.size} styles, $spent requests")
}

/** Begins nothing that the service would stop today. */
private suspend fun checkLimits(job: BeProduct, styles: Int) {
    val made = listOf("create", "update", "block_link", "upload", "upload_status", "header_tag_add")
    val shared = listOf("shared_with", "share", "comment_add", "get")
    val needed = job.quota.estimate((made + shared).map { Work("style.$it", count = styles.toLong()) }).requests
    val left = job.system.ratelimitStatus().perDay?.remaining ?: return
    check(needed <= left) { "$styles styles take $needed requests, and $left are left today" }
}

/** What the trims cost. */
private suspend fun price(job: BeProduct, kit: Kit): JsonElement? {
    val table = job.dataTables.list().firstOrNull { it.name == kit.prices }
    val row = table?.let { job.dataTables.data(it.id.orEmpty(), listOf("code" eq kit.trims)).firstOrNull() }
    return checkNotNull(row) { "${kit.prices} has no ${kit.trims}" }.field("price")
}

/** A colorway for each colour of a palette. The first shows the artwork. */
private fun colorwaysOf(palette: ColorHeader, imageId: String?): List<ColorwayChange> =
    palette.headerData?.colors?.colors.orEmpty().mapIndexed { index, color ->
        ColorwayChange(
            fields = mapOf(
                "color_number" to color.colorNumber,
                "color_name" to color.colorName,
                "primary" to color.hex,
                "secondary" to "",
            ),
            colorSourceId = color.id,
            imageHeaderId = imageId.takeIf { index == 0 },
        )
    }

private suspend fun create(
    job: BeProduct,
    folderId: String,
    number: String,
    fields: Fields,
    colorways: List<ColorwayChange>,
): StyleHeader = try {
    job.style.create(folderId, fields, colorways)
} catch (exception: BeProductException) {
    if (exception.outcome != Outcome.UNKNOWN) throw exception
    // It was sent and no answer came: it is there, or it may be made again.
    job.style.getByNumber(number, folderId)
}

/** The style with these values. One that is of the season has had its own since. */
private suspend fun withSeason(job: BeProduct, style: StyleHeader, fields: Fields): StyleHeader =
    if ((style.field("season") as? JsonPrimitive)?.content == fields["season"]) {
        style
    } else {
        job.style.update(style.id.orEmpty(), fields)
    }

/** What is wrong with a file: it is not there, or it is no picture. */
private suspend fun refusal(upload: suspend () -> Unit): String? = try {
    upload()
    null
} catch (exception: ConfigException) {
    exception.message
} catch (exception: ValidationException) {
    exception.message
}

/** Shares a style with the partner, unless it is shared already. */
private suspend fun share(job: BeProduct, styleId: String, partner: String, kit: String) {
    if (job.style.sharedWith(styleId).any { it.partner?.id == partner }) return
    job.style.share(styleId, listOf(partner))
    job.style.commentAdd(styleId, "$kit, prepared by ${job.auth.userinfo().name}")
}

/** The link to the picture, if the style has one. */
private val StyleHeader.frontPicture: String?
    get() = headerData?.frontImage?.origin?.takeIf { it.isNotEmpty() }

/** Fills the folder. */
private suspend fun FlowCollector<String>.download(
    job: BeProduct,
    styles: List<StyleHeader>,
    palette: ColorHeader,
    handover: Path,
) {
    handover.createDirectories()
    // Read again: what was uploaded shows up here.
    val files = styles.map { job.style.get(it.id.orEmpty()) }.mapNotNull { style ->
        style.frontPicture?.let { DownloadFile(it, "${handover.resolve("${style.headerNumber}.png")}", style.id) }
    }
    val options = CallOptions(progress = { System.err.println("${it.done} of ${it.total} pictures") })
    for (outcome in job.style.downloadMany(files, options)) {
        outcome.error?.let { emit("${outcome.file} is missing: ${it.message}") }
    }
    palette.headerData?.colors?.aseUrl?.let { job.raw.download(it, handover.resolve("palette.ase")) }
}

/** Milestones that are not reached, styles of the season that the kit does not have, and its line sheets and reports. */
private suspend fun FlowCollector<String>.openEnds(job: BeProduct, kit: Kit, folderId: String) {
    job.tracking.styleTimelineList(kit.plan).collect { row ->
        val milestones = row.timelines.orEmpty()
        val ahead = milestones.count { it.status != "Approved" }
        val number = row.header?.headerNumber.orEmpty()
        if (ahead > 0 && number in kit.styles) emit("$number has $ahead of ${milestones.size} milestones ahead")
    }
    val season = job.style.list(folderId, listOf("season" eq kit.season))
    emit("${season.count { it.headerNumber.orEmpty() !in kit.styles }} more styles of ${kit.folder} are of ${kit.season}")
    for (sheet in job.linesheets.list(name = kit.season)) {
        if (kit.season in sheet.name.orEmpty()) emit("the line sheet ${sheet.name} may need them")
    }
    job.reports.list().collect { report ->
        if (kit.season in report.name.orEmpty()) emit("the report ${report.name} shows them")
    }
    val fields = buildJsonObject { put("season", kit.season) }
    val planned = kit.styles.keys.map { Edit("update", "style", EditRecord(number = it), fields = fields) }
    for (edit in job.changes.preview(planned).edits) {
        if (edit.action != "unchanged") emit("${edit.number} is not of ${kit.season}")
    }
}

fun main(arguments: Array<String>) {
    if (arguments.size != 3) {
        System.err.println("give kit.json, the folder of pictures and the folder of the partner")
        exitProcess(1)
    }
    val (file, pictures, handover) = arguments.map { Path(it) }
    val kit = Json.decodeFromString<Kit>(file.readText())
    val variable = { name: String -> System.getenv("BEPRODUCT_$name").orEmpty() }
    val credentials = RefreshToken(variable("CLIENT_ID"), variable("CLIENT_SECRET"), variable("REFRESH_TOKEN"))
    try {
        BeProduct(variable("COMPANY_DOMAIN"), credentials).use { client ->
            runBlocking { prepare(client, kit, pictures, handover).collect { println(it) } }
        }
    } catch (exception: Exception) {
        when (exception) {
            is QuotaExceededException -> System.err.println("run it again in ${exception.retryAfter}: ${exception.message}")
            is ConfigException, is NotFoundException, is ValidationException, is IllegalStateException ->
                System.err.println("the kit cannot be prepared: ${exception.message}")
            else -> throw exception
        }
        exitProcess(1)
    }
}
