import Foundation
import TestSupport
import Testing

@testable import kizashi

@Suite struct `Lines of a file` {
  private static let seed =
    ProcessInfo.processInfo.environment["KIZASHI_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)

  private func file(_ bytes: [UInt8]) throws -> String {
    let url = FileManager.default.temporaryDirectory.appending(path: "kizashi-lines-\(UUID().uuidString)")
    try Data(bytes).write(to: url)
    return url.path
  }

  /// Each line, its end cut off where it is longer than the daemon takes.
  private func expected(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map { Array($0) }
    if lines.last == [] { lines.removeLast() }
    return lines
  }

  @Test func `of a folder there are none, and it says so`() {
    let folder = FileManager.default.temporaryDirectory.path
    do {
      _ = try LineInput(folder)
      Issue.record("a folder was opened as a file")
    } catch {
      #expect("\(error)".contains("it is a folder"), "\(error)")
    }
  }

  @Test(arguments: 0..<12)
  func `are the same one by one and many at once, whatever their length`(_ round: Int) throws {
    let seed = Self.seed &+ UInt64(round)
    let note = Comment(rawValue: "KIZASHI_SEED=\(seed)")
    var random = SeededGenerator(seed: seed)
    let lengths = [0...3, 0...300, 0...300_000, (1 << 20) - 3...(1 << 20) + 3, (1 << 20)...(3 << 20)]
    var bytes: [UInt8] = []
    for _ in 0..<Int.random(in: 0...12, using: &random) {
      let length = Int.random(in: lengths[Int.random(in: 0..<lengths.count, using: &random)], using: &random)
      bytes += [UInt8](repeating: UInt8.random(in: 0x61...0x7a, using: &random), count: length) + [0x0a]
    }
    if Bool.random(using: &random), bytes.last == 0x0a { bytes.removeLast() }
    let path = try file(bytes)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let whole = expected(bytes)

    var input = try LineInput(path)
    var oneByOne: [[UInt8]] = []
    while let line = try input.next() { oneByOne.append(Array(line)) }
    var blocks = try LineInput(path)
    var together: [UInt8] = []
    while let lines = try blocks.nextLines() { together += lines }

    #expect(together == oneByOne.flatMap { $0 + [0x0a] }, note)
    #expect(oneByOne.count == whole.count, note)
    for (line, all) in zip(oneByOne, whole) {
      // What is longer than the limit comes whole or cut there: never so short that the daemon would take it.
      #expect(line == all || (line.count == LineInput.lineLimit && all.starts(with: line)), note)
    }
    #expect(oneByOne.allSatisfy { $0.count <= LineInput.lineLimit + 256 * 1024 }, note)
    #expect(blocks.bytesRead == Int64(bytes.count) && input.bytesRead == Int64(bytes.count), note)
  }
}
