// swift-tools-version: 6.2
import PackageDescription

// The targets are walls: what each may touch is written in docs/ARCHITECTURE.md and checked by `scripts/check`.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "kizashi",
  products: [
    .executable(name: "kizashi", targets: ["kizashi"]),
    .library(name: "KizashiCore", targets: ["KizashiCore"]),
    .library(name: "KizashiDecode", targets: ["KizashiDecode"]),
    .library(name: "KizashiSample", targets: ["KizashiSample"]),
    .library(name: "KizashiClient", targets: ["KizashiClient"]),
    // For Benchmarks only: what docs/SHIFT.md measures, the same code as the tests hold it to.
    .library(name: "ShiftEvidence", targets: ["ShiftEvidence"]),
    // For the fault tests only: a library to preload has to be a product.
    .library(name: "FaultShim", type: .dynamic, targets: ["FaultShim"]),
  ],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    // Pure: sees no clock, file, thread or random source, and imports nothing but an instruction.
    .target(name: "CPrefetch"),
    .target(name: "KizashiCore", dependencies: ["CPrefetch"], swiftSettings: strict),

    // Bytes to events.
    .target(
      name: "CSimdjson", cxxSettings: [.define("SIMDJSON_EXCEPTIONS", to: "0")],
      linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "KizashiDecode", dependencies: ["KizashiCore", "CSimdjson"], swiftSettings: strict),

    // Descriptors to bytes.
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CLinux"),
    .target(name: "KizashiIngest", dependencies: ["CZlib", "CLinux"], swiftSettings: strict),

    // Commits to SQLite and back.
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(name: "KizashiStore", dependencies: ["KizashiCore", "CSQLite", grdb, sqlite], swiftSettings: strict),

    // YAML to a model.
    .target(name: "KizashiConfig", dependencies: ["KizashiCore", yams], swiftSettings: strict),

    // The producer's side of the acknowledged socket, for other programs and for `kizashi send`.
    .target(name: "KizashiClient", dependencies: ["CLinux"], swiftSettings: strict),

    // Deterministic sample usage.
    .target(name: "KizashiSample", swiftSettings: strict),

    // Effects: the only clock, threads, signals, child processes.
    .target(
      name: "KizashiDaemon",
      dependencies: [
        "KizashiCore", "KizashiDecode", "KizashiIngest", "KizashiStore", "KizashiConfig", "CLinux", logging, lifecycle,
        subprocess,
      ], swiftSettings: strict),
    .executableTarget(
      name: "kizashi",
      dependencies: [
        "KizashiCore", "KizashiConfig", "KizashiStore", "KizashiDaemon", "KizashiSample", "KizashiClient",
        logging, arguments,
      ], swiftSettings: strict),

    // Tests. ReferenceModel recomputes everything from the raw events; the engine must agree with it.
    .target(name: "ReferenceModel", dependencies: ["KizashiCore"], path: "Tests/ReferenceModel", swiftSettings: strict),
    .testTarget(
      name: "ReferenceModelTests", dependencies: ["ReferenceModel", "KizashiCore"], swiftSettings: strict),
    // Chance, accidents and gzip for all of them.
    .target(name: "TestSupport", dependencies: ["CZlib"], path: "Tests/TestSupport", swiftSettings: strict),
    // Simulated accounts and the published measures by which the detector of shifts is judged. See docs/SHIFT.md.
    .target(
      name: "ShiftEvidence", dependencies: ["KizashiCore", "TestSupport"], path: "Tests/ShiftEvidence",
      swiftSettings: strict),
    .testTarget(
      name: "KizashiCoreTests", dependencies: ["KizashiCore", "ReferenceModel", "ShiftEvidence", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "KizashiDecodeTests", dependencies: ["KizashiDecode", "KizashiCore", "ReferenceModel", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "KizashiIngestTests", dependencies: ["KizashiIngest", "CLinux", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "KizashiStoreTests", dependencies: ["KizashiStore", "KizashiCore", "TestSupport", grdb, sqlite],
      swiftSettings: strict),
    .testTarget(
      name: "KizashiConfigTests", dependencies: ["KizashiConfig", "KizashiCore", "TestSupport", yams],
      swiftSettings: strict),
    .testTarget(name: "KizashiClientTests", dependencies: ["KizashiClient", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "KizashiSampleTests", dependencies: ["KizashiSample"], swiftSettings: strict),
    // Stands between the daemon and the C library and makes its k-th write fail, or its last. See docs/RELIABILITY.md.
    .target(name: "FaultControl", path: "Tests/FaultControl"),
    .target(
      name: "FaultShim", dependencies: ["FaultControl"], path: "Tests/FaultShim",
      linkerSettings: [.linkedLibrary("dl")]),
    .testTarget(
      name: "KizashiDaemonTests",
      dependencies: [
        "FaultControl", "TestSupport",
        "KizashiDaemon", "KizashiIngest", "KizashiCore", "KizashiConfig", "KizashiStore", "KizashiSample",
        "KizashiClient", "KizashiDecode", "ReferenceModel", grdb, logging, subprocess,
      ], swiftSettings: strict),
    .testTarget(
      name: "KizashiCLITests",
      dependencies: ["kizashi", "KizashiConfig", "KizashiCore", "KizashiStore", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "RepositoryTests", swiftSettings: strict),
  ],
  cxxLanguageStandard: .cxx17
)
