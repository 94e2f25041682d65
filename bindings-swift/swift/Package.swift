// swift-tools-version:6.0
import Foundation
import PackageDescription

/// On a Mac, `scripts/build-xcframework` packs the library for Apple's platforms. On Linux the package that
/// `scripts/pack-swift` makes has it in the folder `Library`; in the repository that of the Rust workspace is linked.
/// `scripts/generate-swift` builds it and writes the folder `Generated`.
let framework = "BeProductEngineFFI.xcframework"
let folder = Context.packageDirectory
let packed = FileManager.default.fileExists(atPath: "\(folder)/\(framework)")
let shipped = FileManager.default.fileExists(atPath: "\(folder)/Library")
let library = Context.environment["BEPRODUCT_LIB_DIR"] ?? (shipped ? "\(folder)/Library" : "\(folder)/../../target/ci")

let ffi: Target =
    packed
    ? .binaryTarget(name: "BeProductEngineFFI", path: framework)
    : .systemLibrary(name: "BeProductEngineFFI", path: "Generated/BeProductEngineFFI")
/// The example and the tests, which the archive does not have.
let unshipped: [Target] =
    shipped
    ? []
    : [
        .executableTarget(name: "SeasonKit", dependencies: ["BeProductClient"], path: "Examples/SeasonKit"),
        .testTarget(name: "BeProductClientTests", dependencies: ["BeProductClient", "SeasonKit"]),
    ]

let package = Package(
    name: "BeProductClient",
    platforms: [.macOS(.v13), .iOS(.v16)],
    products: [
        .library(name: "BeProductClient", targets: ["BeProductClient"])
    ],
    targets: [
        ffi,
        .target(
            name: "BeProductEngine",
            dependencies: ["BeProductEngineFFI"],
            path: "Generated/BeProductEngine",
            // What uniffi generates is not clean in Swift 6 mode.
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: packed
                ? [.linkedFramework("Security"), .linkedFramework("SystemConfiguration")]
                : [
                    .linkedLibrary("beproduct_mobile"),
                    // A program finds the library where it was linked, or beside itself.
                    .unsafeFlags(["-L\(library)", "-Xlinker", "-rpath", "-Xlinker", "$ORIGIN:\(library)"]),
                ]
        ),
        .target(name: "BeProductClient", dependencies: ["BeProductEngine"]),
    ] + unshipped,
    swiftLanguageModes: [.v6]
)
