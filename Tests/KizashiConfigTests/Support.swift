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
