// swift-tools-version: 6.2
import PackageDescription

// The targets are walls: what each may touch is written in docs/ARCHITECTURE.md and checked by `scripts/check`.
let package = Package(
  name: "kizashi",
  products: [
    .executable(name: "kizashi", targets: ["kizashi"]),
    .library(name: "KizashiCore", targets: ["KizashiCore"]),
    .library(name: "KizashiDecode", targets: ["KizashiDecode"]),
    .library(name: "KizashiSample", targets: ["KizashiSample"]),
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
    // Pure: imports nothing, sees no clock, file, thread or random source.
    .target(name: "KizashiCore"),

    // Bytes to events.
    .target(
      name: "CSimdjson",
      cxxSettings: [.define("SIMDJSON_EXCEPTIONS", to: "0")],
      linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "KizashiDecode", dependencies: ["KizashiCore", "CSimdjson"]),

    // Descriptors to bytes.
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "KizashiIngest", dependencies: ["CZlib"]),

    // Commits to SQLite and back.
    .target(
      name: "KizashiStore",
      dependencies: ["KizashiCore", .product(name: "GRDB", package: "GRDB.swift")]),

    // YAML to a model.
    .target(name: "KizashiConfig", dependencies: ["KizashiCore", .product(name: "Yams", package: "Yams")]),

    // Deterministic sample usage.
    .target(name: "KizashiSample"),

    // Effects: the only clock, threads, signals, child processes.
    .target(
      name: "KizashiDaemon",
      dependencies: [
        "KizashiCore", "KizashiDecode", "KizashiIngest", "KizashiStore", "KizashiConfig",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ]),

    .executableTarget(
      name: "kizashi",
      dependencies: [
        "KizashiDaemon", "KizashiSample",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  cxxLanguageStandard: .cxx17
)
