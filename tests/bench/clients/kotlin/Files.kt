/** A file up or down: Files CLIENT WORK FILE FOLDER. As clients/files.py does in Python. */
package beproduct.bench

import beproduct.client.BeProduct
import beproduct.client.CallOptions
import beproduct.client.FileSource
import com.sun.management.OperatingSystemMXBean
import java.io.RandomAccessFile
import java.lang.management.ManagementFactory
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublisher
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse
import java.net.http.HttpResponse.BodyHandler
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.security.cert.CertificateFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import kotlin.io.path.deleteExisting
import kotlin.io.path.fileSize
import kotlin.io.path.inputStream
import kotlin.io.path.name
import kotlin.io.path.readText
import kotlin.time.Duration
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put

/** What the rival reads and asks for at a time. */
private const val CHUNK = 256 * 1024
private const val STYLE = "00000000-0000-4000-8000-000000000000"
private const val HEAD = "--bench\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file.bin\"\r\n\r\n"
private const val TAIL = "\r\n--bench--\r\n"

private val server: JsonObject = Json.parseToJsonElement(System.getenv("BEPRODUCT_BENCH")).jsonObject

private fun address(name: String): String = server.getValue(name).jsonPrimitive.content

/** Bytes of this process: VmRSS at present, VmHWM at most so far. */
private fun memory(name: String): Long {
    val line = Files.readAllLines(Path.of("/proc/self/status")).first { it.startsWith("$name:") }
    return line.filter { it.isDigit() }.toLong() * 1024
}

/** Reports what happens inside. Client and connection are there already. */
private inline fun transfer(inside: () -> Unit) {
    val system = ManagementFactory.getOperatingSystemMXBean() as OperatingSystemMXBean
    val resident = memory("VmRSS")
    val (start, before) = System.nanoTime() to system.processCpuTime
    inside()
    val (seconds, cpu) = (System.nanoTime() - start) / 1e9 to (system.processCpuTime - before) / 1e9
    val bytes = maxOf(memory("VmHWM") - resident, 0)
    println(buildJsonObject { put("seconds", seconds); put("cpu", cpu); put("bytes", bytes) })
}

/** The pieces of a stream, which are dropped. */
private class Arrived(file: Path) {
    private val source = RandomAccessFile(file.toFile(), "r")
    private val expected = ByteArray(16)
    private var done = 0L

    fun take(piece: ByteArray, count: Int = piece.size) {
        source.seek(done)
        val compared = source.read(expected, 0, minOf(expected.size, count))
        check((0..<compared).all { piece[it] == expected[it] }) { "other bytes at $done" }
        done += count
    }

    fun end() = check(done == source.length()) { "$done bytes" }
}

private fun ours(work: String, file: Path, target: Path) = runBlocking {
    val settings = buildJsonObject {
        put("company_domain", "acme")
        put("access_token", "bench")
        put("api_url", address("api"))
        put("identity_url", address("identity"))
        put("ca_certificates", Path.of(address("ca")).readText())
        put("ledger", "memory")
    }
    BeProduct.fromSettings(settings).use { client ->
        client.system.version()
        val arrived = Arrived(file)
        val options = CallOptions(waitTimeout = Duration.ZERO)
        transfer {
            when (work) {
                "upload" -> client.style.upload(STYLE, FileSource.of(file), options)
                "upload_stream" -> file.inputStream().use { stream ->
                    client.style.upload(STYLE, FileSource.of(file.name, stream, file.fileSize()), options)
                }
                "download" -> client.raw.download(address("file"), target)
                else -> {
                    client.raw.downloadStream(address("file")).collect { arrived.take(it) }
                    arrived.end()
                }
            }
        }
    }
}

private fun trusting(ca: Path): SSLContext {
    val store = KeyStore.getInstance(KeyStore.getDefaultType()).apply { load(null, null) }
    val certificates = ca.inputStream().use { CertificateFactory.getInstance("X.509").generateCertificates(it) }
    certificates.forEachIndexed { index, certificate -> store.setCertificateEntry("$index", certificate) }
    val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).apply { init(store) }
    return SSLContext.getInstance("TLS").apply { init(null, trust.trustManagers, null) }
}

private fun httpClient(work: String, file: Path, target: Path) {
    val client = HttpClient.newBuilder().sslContext(trusting(Path.of(address("ca")))).build()
    fun <T> send(url: String, body: BodyHandler<T>, sent: BodyPublisher? = null): HttpResponse<T> {
        val request = HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer bench")
        sent?.let { request.POST(it).header("Content-Type", "multipart/form-data; boundary=bench") }
        return client.send(request.build(), body).also { check(it.statusCode() == 200) { "status ${it.statusCode()}" } }
    }
    val api = "${address("api")}/api/acme"
    send("$api/Info/Version", BodyHandlers.ofString())
    val arrived = Arrived(file)
    transfer {
        when (work) {
            "upload", "upload_stream" -> {
                val parts = arrayOf(
                    BodyPublishers.ofString(HEAD),
                    BodyPublishers.ofFile(file),
                    BodyPublishers.ofString(TAIL),
                )
                send("$api/Style/Header/$STYLE/Image/Upload", BodyHandlers.ofString(), BodyPublishers.concat(*parts))
            }
            "download" -> send(address("file"), BodyHandlers.ofFile(target))
            else -> send(address("file"), BodyHandlers.ofInputStream()).body().use { stream ->
                val piece = ByteArray(CHUNK)
                while (true) arrived.take(piece, stream.read(piece).takeIf { it >= 0 } ?: break)
                arrived.end()
            }
        }
    }
}

fun main(arguments: Array<String>) {
    val (client, work, file, folder) = arguments
    val (source, target) = Path.of(file) to Path.of(folder, "arrived.bin")
    if (client == "ours") ours(work, source, target) else httpClient(work, source, target)
    if (work == "download") {
        check(Files.mismatch(source, target) == -1L) { "another file arrived" }
        target.deleteExisting()
    }
}
