// swift-tools-version: 6.2
import PackageDescription

// What each stage of the pipeline costs by itself. A package of its own, so that building kizashi does not build it.
let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "kizashi", path: ".."),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .executableTarget(
      name: "stages",
      dependencies: [
        .product(name: "KizashiCore", package: "kizashi"), .product(name: "KizashiDecode", package: "kizashi"),
        // SQLite by itself, as GRDB gives it to the store.
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ], swiftSettings: [.treatAllWarnings(as: .error)]),
    // Calibration and score of the detector of shifts: see docs/SHIFT.md.
    .executableTarget(
      name: "shift",
      dependencies: [
        .product(name: "KizashiCore", package: "kizashi"), .product(name: "ShiftEvidence", package: "kizashi"),
      ], swiftSettings: [.treatAllWarnings(as: .error)]),
  ]
)
