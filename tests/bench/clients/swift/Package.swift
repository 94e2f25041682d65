// swift-tools-version:6.0
import PackageDescription

let package = Package(
    name: "bench",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "../../../../bindings-swift/swift")],
    targets: [
        .executableTarget(
            name: "bench",
            dependencies: [.product(name: "BeProductClient", package: "swift")],
            path: "Sources"
        )
    ],
    swiftLanguageModes: [.v6]
)
