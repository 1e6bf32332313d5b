import Foundation
import Testing

/// The walls of docs/ARCHITECTURE.md, read from the sources.
@Suite struct `Walls between modules` {
  /// What the sources of each target may import. `@testable`, `public` and `package` imports are imports too.
  private static let mayImport: [String: Set<String>] = [
    "KizashiCore": ["CPrefetch"],
    "KizashiSample": [],
    "KizashiDecode": ["KizashiCore", "CSimdjson"],
    "KizashiIngest": ["CZlib", "CLinux", "Glibc", "FoundationEssentials", "Synchronization"],
    "KizashiClient": ["CLinux", "Glibc", "FoundationEssentials", "Synchronization"],
    "KizashiStore": [
      "KizashiCore", "CSQLite", "GRDB", "GRDBSQLite", "Foundation", "Glibc", "Dispatch", "Synchronization",
    ],
    "KizashiConfig": ["KizashiCore", "Yams", "Foundation"],
    "KizashiDaemon": [
      "KizashiCore", "KizashiDecode", "KizashiIngest", "KizashiStore", "KizashiConfig", "Logging", "ServiceLifecycle",
      "CLinux", "Subprocess", "Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization",
      "SystemPackage",
    ],
    "kizashi": [
      "KizashiDaemon", "KizashiClient", "KizashiSample", "KizashiCore", "KizashiStore", "KizashiConfig",
      "ArgumentParser", "Logging",
      "Foundation", "Glibc", "Synchronization",
    ],
  ]

  /// Names by which the pure and the storing modules would get at a clock, at chance, at files or at threads.
  private static let effects: [(pattern: String, targets: Set<String>)] = [
    (#"\bDate\(\)"#, ["KizashiCore", "KizashiDecode", "KizashiStore", "KizashiConfig", "KizashiSample"]),
    (#"\b(ContinuousClock|SuspendingClock)\b"#, pure.union(["KizashiStore", "KizashiConfig"])),
    (
      #"\b(clock_gettime|gettimeofday|DispatchTime|DispatchWallTime)\b"#, pure.union(["KizashiStore", "KizashiConfig"])
    ),
    (#"\bTask\.sleep\b"#, pure.union(["KizashiStore", "KizashiConfig"])),
    (#"\bTask\s*(\.detached)?\s*\{"#, pure.union(["KizashiStore", "KizashiConfig"])),
    (#"\.(random|randomElement|shuffled?)\("#, pure),
    (#"\bSystemRandomNumberGenerator\b"#, pure),
    (#"\b(Mutex|Atomic)<"#, pure),
    (#"\bactor\s+[A-Z]"#, pure.union(["KizashiStore"])),
    // A hash differs from run to run.
    (#"\bHasher\(\)|\.hashValue\b"#, pure),
    (#"\b(print|debugPrint|dump)\("#, pure.union(["KizashiStore", "KizashiConfig", "KizashiIngest", "KizashiDaemon"])),
  ]
  private static let pure: Set<String> = ["KizashiCore", "KizashiDecode", "KizashiSample"]

  private static func imports(_ file: Repository.File) -> [String] {
    let pattern = #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?/#
      .ignoresCase()
    return file.lines.compactMap { line in
      var rest = line
      if let match = try? pattern.prefixMatch(in: rest) { rest = rest[match.range.upperBound...] }
      guard rest.hasPrefix("import ") else { return nil }
      var words = rest.split(separator: " ").dropFirst()
      if let kind = words.first, ["struct", "class", "enum", "protocol", "func", "var", "typealias"].contains(kind) {
        words = words.dropFirst()
      }
      return words.first?.split(separator: ".").first.map(String.init)
    }
  }

  @Test func `every target imports only what its wall lets through`() throws {
    let files = try Repository().files(in: ["Sources"], ending: [".swift"])
    #expect(files.count > 50)
    for file in files {
      let allowed = try #require(Self.mayImport[file.target], "\(file.target) has no row in the table of walls")
      for name in Self.imports(file) {
        #expect(allowed.contains(name), "\(file.path) imports \(name)")
      }
    }
  }

  // Decision 0033. What else stood in that module would be an effect in the core.
  @Test func `the core imports one instruction, in one place`() throws {
    let files = try Repository().files(in: ["Sources/CPrefetch"], ending: [".h", ".c"])
    let code = files.flatMap(\.lines).filter { !$0.isEmpty && !$0.hasPrefix("//") && !$0.hasPrefix("#") }
    #expect(
      code == [
        "static inline __attribute__((always_inline)) void ks_prefetch(const void *address) { __builtin_prefetch(address); }"
      ])
    #expect(files.flatMap(\.lines).filter { $0.hasPrefix("#include") } == [#"#include "CPrefetch.h""#])
    let core = try Repository().files(in: ["Sources/KizashiCore"], ending: [".swift"])
    let importing = core.filter { !Self.imports($0).isEmpty }.map(\.path)
    #expect(importing == ["Sources/KizashiCore/State/Prefetch.swift"])
  }

  @Test func `an import is found in whatever way it is written`() {
    let text = """
      import A
      public import B
      @preconcurrency import C
      @testable package import struct D.E
      // import F
      let important = "import G"
      """
    #expect(Self.imports(Repository.File(path: "", text: text)) == ["A", "B", "C", "D"])
  }

  @Test func `the core names no clock, no chance, no thread and no output`() throws {
    for file in try Repository().files(in: ["Sources"], ending: [".swift"]) {
      for effect in Self.effects where effect.targets.contains(file.target) {
        #expect(file.places(of: effect.pattern) == [])
      }
    }
  }

  @Test func `only the hot writer of the store speaks to sqlite3 itself`() throws {
    let direct = try Repository().files(in: ["Sources"], ending: [".swift"])
      .filter { $0.text.contains("import GRDBSQLite") }.map(\.path)
    #expect(direct.allSatisfy { $0.hasPrefix("Sources/KizashiStore/Writing/Hot") }, "\(direct)")
  }

  @Test func `a program on the core links neither Foundation nor SQLite`() throws {
    let swiftc = try #require(program("swiftc"), "swiftc is not on the PATH")
    try withTemporaryFolder { folder in
      let main = folder.appending(path: "main.swift")
      let text = """
        import KizashiCore
        let when = Instant(milliseconds: 1_767_225_600_000)
        let day = BusinessCalendar.utc.day(of: when.tile)
        precondition(BusinessCalendar.utc.isBusinessDay(day))
        precondition(day.number == 20_454)
        """
      try text.write(to: main, atomically: true, encoding: .utf8)
      let binary = folder.appending(path: "program").path()
      let core = try Self.builtCore()
      let compiled = try run(
        swiftc,
        ["-swift-version", "6", "-I", core.modules, "-Xcc", "-fmodule-map-file=\(core.prefetch)", "-o", binary]
          + [main.path()] + core.objects)
      try #require(compiled.status == 0, "\(compiled.output)")
      // It runs, and what it runs with is all that it names.
      let ran = try run(binary, [])
      #expect(ran.status == 0, "\(ran.output)")
      let readelf = try #require(program("readelf") ?? program("llvm-readelf"), "binutils are missing")
      let needed = try run(readelf, ["-d", binary]).output.split(separator: "\n").filter { $0.contains("NEEDED") }
      #expect(!needed.isEmpty)
      for line in needed {
        let forbidden = ["Foundation", "sqlite", "dispatch", "simdjson", "libz"].first { line.contains($0) }
        #expect(forbidden == nil, "\(line)")
      }
    }
  }

  /// The core as the package's build has just made it, beside the program that runs these tests.
  private static func builtCore() throws -> (modules: String, prefetch: String, objects: [String]) {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let products = URL(filePath: tests).deletingLastPathComponent()
    let folder = products.appending(path: "KizashiCore.build")
    let objects = try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".o") }
    try #require(!objects.isEmpty, "no objects of KizashiCore in \(folder.path())")
    return (
      products.appending(path: "Modules").path(), products.appending(path: "CPrefetch.build/module.modulemap").path(),
      objects.map { folder.appending(path: $0).path() }
    )
  }
}
