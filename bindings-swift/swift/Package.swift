// swift-tools-version:6.0
import Foundation
import PackageDescription

/// On a Mac, `scripts/build-xcframework` packs the library for Apple's platforms; elsewhere that of the Rust workspace
/// is linked. `scripts/generate-swift` builds it and writes the folder `Generated`.
let framework = "BeProductEngineFFI.xcframework"
let packed = FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/\(framework)")
let library = Context.environment["BEPRODUCT_LIB_DIR"] ?? "\(Context.packageDirectory)/../../target/ci"

let ffi: Target =
    packed
    ? .binaryTarget(name: "BeProductEngineFFI", path: framework)
    : .systemLibrary(name: "BeProductEngineFFI", path: "Generated/BeProductEngineFFI")

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
                    .unsafeFlags(["-L\(library)", "-Xlinker", "-rpath", "-Xlinker", library]),
                ]
        ),
        .target(name: "BeProductClient", dependencies: ["BeProductEngine"]),
        .executableTarget(name: "SeasonKit", dependencies: ["BeProductClient"], path: "Examples/SeasonKit"),
        .testTarget(name: "BeProductClientTests", dependencies: ["BeProductClient", "SeasonKit"]),
    ],
    swiftLanguageModes: [.v6]
)
