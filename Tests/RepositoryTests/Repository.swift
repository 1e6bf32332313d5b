import Foundation
import Testing

/// The files of the repository, read where this test was compiled from.
struct Repository {
  struct File: Sendable {
    /// From the root: `Sources/KizashiCore/Time/Instant.swift`.
    var path: String
    var text: String
    /// The target a source file belongs to.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The places where the pattern is found, as `path:line: text`; lines that are comments only if asked for.
    func places(of pattern: String, comments: Bool = false) -> [String] {
      // Most files hold it nowhere: one look at the whole is much cheaper than one at each line.
      guard text.range(of: pattern, options: .regularExpression) != nil else { return [] }
      return lines.enumerated().compactMap { number, line in
        if !comments && line.drop(while: { $0 == " " }).hasPrefix("//") { return nil }
        guard line.range(of: pattern, options: .regularExpression) != nil else { return nil }
        return "\(path):\(number + 1): \(line)"
      }
    }
  }

  let root: URL

  init() {
    root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }

  /// Every text file below the folders with one of the endings ("" takes all), in order of path. What git ignores
  /// (build folders) is left out.
  func files(in folders: [String] = ["."], ending endings: [String]) throws -> [File] {
    var found: [File] = []
    for folder in folders {
      let start = folder == "." ? root : root.appending(path: folder)
      let walk = try #require(
        FileManager.default.enumerator(at: start, includingPropertiesForKeys: [.isRegularFileKey]),
        "cannot read \(start.path())")
      for case let url as URL in walk {
        let name = url.lastPathComponent
        if name == ".git" || name == ".build" || name.hasPrefix(".build-") || name.hasPrefix(".build_") {
          walk.skipDescendants()
          continue
        }
        guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true,
          endings.contains(where: { name.hasSuffix($0) }), let text = try? String(contentsOf: url, encoding: .utf8)
        else { continue }
        found.append(File(path: String(url.path().dropFirst(root.path().count)), text: text))
      }
    }
    return found.sorted { $0.path < $1.path }
  }

  func file(_ path: String) throws -> File {
    File(path: path, text: try String(contentsOf: root.appending(path: path), encoding: .utf8))
  }
}

/// What a program said and how it ended.
struct Ran {
  var status: Int32
  var output: String
}

/// Runs a program and waits for its end; its two outputs come as one.
func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Ran {
  let process = Process()
  process.executableURL = URL(filePath: program)
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  process.standardInput = FileHandle.nullDevice
  try process.run()
  let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return Ran(status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self))
}

/// Where a program is, by the PATH; nil: nowhere.
func program(_ name: String) -> String? {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// A folder that is gone when the closure has ended.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "kizashi-repository-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
