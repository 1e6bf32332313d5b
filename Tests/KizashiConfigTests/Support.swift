import Foundation
import KizashiCore
import Testing

@testable import KizashiConfig

/// The repository's root.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// The configuration a text means; relative paths stay as they are.
func parse(_ text: String, environment: [String: String] = [:]) throws -> Configuration {
  try Configuration.parse(text: text, file: "kizashi.yaml", directory: "", environment: environment)
}

/// What is wrong with a text; empty when nothing is.
func problems(_ text: String) -> [Problem] {
  do {
    _ = try parse(text)
    return []
  } catch ConfigurationError.problems(let problems) {
    return problems
  } catch {
    Issue.record("\(error)")
    return []
  }
}

/// As an operator reads them, without the file's name.
func complaints(_ text: String) -> [String] {
  problems(text).map { String($0.description.dropFirst("kizashi.yaml:".count)) }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A folder that is removed when the test ends.
final class ScratchFolder {
  let path: String
  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "kizashi-config-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  func write(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
    return "\(path)/\(name)"
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}
