import Foundation
import Testing

@testable import KizashiSample

/// A generated line as a reader of JSON sees it.
struct ReadLine {
  var id: String
  var at: Int64
  var account: String
  var type: String?
  var event: String?
  var user: String?
  var object: [String: Any]

  init(_ text: Substring) throws {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "not an object: \(text)")
    self.object = object
    id = try #require(object["id"] as? String)
    account = try #require(object["account"] as? String)
    at = try ReadLine.milliseconds(try #require(object["timestamp"] as? String))
    type = object["type"] as? String
    event = object["event"] as? String
    user = object["user"] as? String
  }

  var isUsage: Bool { type == nil && event != "survey.responded" && event != "sentiment.recorded" }

  private static func milliseconds(_ text: String) throws -> Int64 {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    return Int64((try style.parse(text).timeIntervalSince1970 * 1000).rounded())
  }
}

/// All bytes of a sample.
func bytes(_ options: SampleOptions, chunk: Int = 1 << 16) throws -> [UInt8] {
  var generator = try SampleGenerator(options: options)
  var all: [UInt8] = []
  var buffer: [UInt8] = []
  while generator.next(into: &buffer, upTo: chunk) { all += buffer }
  return all
}

/// All lines of a sample, read back.
func read(_ bytes: [UInt8]) throws -> [ReadLine] {
  let text = try #require(String(validating: bytes, as: UTF8.self))
  return try text.split(separator: "\n", omittingEmptySubsequences: true).map { try ReadLine($0) }
}

/// The usage lines of a sample as plain values, without the cost of a JSON reader.
func usage(_ options: SampleOptions) throws -> [(account: String, event: String, user: String)] {
  let text = String(decoding: try bytes(options), as: UTF8.self)
  return text.split(separator: "\n").map { line in
    let fields = line.split(separator: "\"", maxSplits: 20)
    return (String(fields[11]), String(fields[19]), String(fields[15]))
  }
}
