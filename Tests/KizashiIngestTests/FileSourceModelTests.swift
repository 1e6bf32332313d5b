import Foundation
import Testing

@testable import KizashiIngest

/// What producers and log rotation do to a directory, and which lines must come of it.
///
/// The live file is `a.ndjson`, `b.ndjson` … ; rotated ones get `.1`, `.2` …, compressed ones `.gz` behind that. Each line
/// written is unlike any other, so each must arrive exactly once.
private struct Model {
  let scratch: Scratch
  var chance: Seeded
  /// Whole lines written so far.
  var written: Set<String> = []
  /// Beginnings of lines whose rest will never come: they may arrive as the last line of a file that ends, or not at all.
  var abandoned: Set<String> = []
  /// Unended last line by file.
  var partial: [String: String] = [:]
  var counter = 0
  var log: [String] = []

  private let live = ["a.ndjson", "b.ndjson"]

  mutating func write(to name: String) {
    log.append("write \(name)")
    var text = ""
    for _ in 0..<Int.random(in: 1...30, using: &chance) {
      counter += 1
      let line = "line \(counter) " + String(repeating: "x", count: Int.random(in: 0...200, using: &chance))
      text += line + "\n"
      let begun = partial[name].map { $0 + line } ?? line
      partial[name] = nil
      written.insert(begun)
    }
    if Bool.random(using: &chance) {
      counter += 1
      partial[name] = "part \(counter) "
      text += partial[name]!
    }
    scratch.append(name, text)
  }

  /// One random thing. Nothing is taken away that may be unread: that is `destroy`.
  mutating func act() {
    let name = live.randomElement(using: &chance)!
    switch Int.random(in: 0..<12, using: &chance) {
    case 0...5: write(to: name)
    case 6, 7: rotate(name)
    case 8: copyAndTruncate(name)
    case 9: compress("\(name).1")
    case 10: if scratch.exists("\(name).1") { write(to: "\(name).1") }
    default: if !scratch.exists(name) { scratch.append(name, "") }
    }
  }

  private mutating func shift(_ name: String) {
    for number in stride(from: 20, to: 0, by: -1) {
      for suffix in ["", ".gz"] where scratch.exists("\(name).\(number)\(suffix)") {
        move("\(name).\(number)\(suffix)", "\(name).\(number + 1)\(suffix)")
      }
    }
  }

  private mutating func move(_ from: String, _ to: String) {
    scratch.move(from, to)
    partial[to] = partial.removeValue(forKey: from)
  }

  private mutating func rotate(_ name: String) {
    guard scratch.exists(name) else { return }
    log.append("rotate \(name)")
    shift(name)
    move(name, "\(name).1")
    if Bool.random(using: &chance) { write(to: name) }
  }

  private mutating func copyAndTruncate(_ name: String) {
    guard scratch.exists(name) else { return }
    log.append("copytruncate \(name)")
    shift(name)
    scratch.append("\(name).1", scratch.read(name))
    scratch.truncate(name)
    if let part = partial.removeValue(forKey: name) {
      partial["\(name).1"] = part
    }
    if Bool.random(using: &chance) { write(to: name) }
  }

  private mutating func compress(_ name: String) {
    guard scratch.exists(name), !scratch.exists("\(name).gz") else { return }
    log.append("compress \(name)")
    let bytes = gzip(scratch.read(name))
    let half = bytes.count / 2
    scratch.append("\(name).gz", Array(bytes[..<half]))
    scratch.append("\(name).gz", Array(bytes[half...]))
    scratch.remove(name)
    abandonPart(of: name)
  }

  /// Something that takes bytes away; to be called when all whole lines were read.
  mutating func destroy() {
    let name = live.randomElement(using: &chance)!
    switch Int.random(in: 0..<5, using: &chance) {
    case 0...1: deleteOldest()
    case 2 where scratch.exists(name):
      log.append("truncate \(name)")
      scratch.truncate(name)
      abandonPart(of: name)
      write(to: name)
    case 3 where scratch.exists(name):
      log.append("refill \(name)")
      let size = scratch.read(name).count
      scratch.truncate(name)
      abandonPart(of: name)
      repeat { write(to: name) } while scratch.read(name).count < size
    case 4 where scratch.exists(name):
      log.append("recreate \(name)")
      scratch.remove(name)
      abandonPart(of: name)
      write(to: name)
    default: break
    }
  }

  private mutating func abandonPart(of name: String) {
    if let part = partial.removeValue(forKey: name) { abandoned.insert(part) }
  }

  private mutating func deleteOldest() {
    for name in live {
      for number in stride(from: 21, to: 0, by: -1) {
        for suffix in ["", ".gz"] where scratch.exists("\(name).\(number)\(suffix)") {
          log.append("delete \(name).\(number)\(suffix)")
          scratch.remove("\(name).\(number)\(suffix)")
          return abandonPart(of: "\(name).\(number)\(suffix)")
        }
      }
    }
  }
}

@Suite(.serialized) struct `The file source against a model` {
  static let seeds: [UInt64] =
    ProcessInfo.processInfo.environment["KIZASHI_SEED"].flatMap(UInt64.init).map { [$0] }
    ?? Array(1...(ProcessInfo.processInfo.environment["KIZASHI_SEEDS"].flatMap(UInt64.init) ?? 12))

  @Test(arguments: seeds)
  func `every complete line exactly once, whatever is done to the files`(seed: UInt64) async throws {
    let scratch = try Scratch()
    let sink = RecordingSink()
    var model = Model(scratch: scratch, chance: Seeded(seed))
    var options = quickPasses
    options.readBudgetBytes = [512, 4096, 256 * 1024].randomElement(using: &model.chance)!
    options.maxOpenFiles = [2, 8, 128].randomElement(using: &model.chance)!
    for _ in 0..<8 {
      // Some things happen while nobody looks, some while somebody does.
      for _ in 0..<Int.random(in: 0...6, using: &model.chance) { model.act() }
      let whileWatched = Bool.random(using: &model.chance)
      var isAllRead = false
      try await following(scratch, sink, options: options) {
        for _ in 0..<Int.random(in: 0...6, using: &model.chance) {
          model.act()
          if Bool.random(using: &model.chance) { await Task.yield() }
        }
        guard Bool.random(using: &model.chance) else { return }
        let expected = model.written
        await sink.wait("all \(expected.count) lines, seed \(seed)", seconds: 15) {
          $0.lines.count >= expected.count && expected.isSubset(of: $0.lines)
        }
        isAllRead = true
        if whileWatched { model.destroy() }
      }
      if isAllRead && !whileWatched { model.destroy() }
    }
    let expected = model.written
    try await following(scratch, sink, options: options) {
      await sink.wait("all lines in the end, seed \(seed)", seconds: 15) {
        $0.isDrained && $0.lines.count >= expected.count && expected.isSubset(of: $0.lines)
      }
    }
    let lines = await sink.lines
    var seen: [String: Int] = [:]
    for line in lines { seen[line, default: 0] += 1 }
    let twice = seen.filter { $0.value > 1 }.keys.sorted()
    #expect(twice.isEmpty, "seed \(seed): \(twice.prefix(3)); \(model.log)")
    let missing = expected.subtracting(lines)
    if !missing.isEmpty || !twice.isEmpty { await Self.tellWhere(missing.union(twice), scratch, sink) }
    #expect(missing.isEmpty, "seed \(seed): \(missing.sorted().prefix(3)); \(model.log)")
    let strange = Set(lines).subtracting(expected).subtracting(model.abandoned).subtracting(model.partial.values)
    #expect(strange.isEmpty, "seed \(seed): \(strange.sorted().prefix(3)); \(model.log)")
  }

  /// Says what is known of lines that did not arrive once: the files they are in, and how far those were read.
  private static func tellWhere(_ lines: Set<String>, _ scratch: Scratch, _ sink: RecordingSink) async {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: scratch.path))?.sorted() ?? [] {
      var bytes = scratch.read(name)
      if bytes.starts(with: Inflater.magic) {
        let inflater = Inflater()
        var input = bytes[...]
        bytes = [UInt8](unsafeUninitializedCapacity: 10 << 20) { buffer, count in
          count =
            inflater.inflate(into: UnsafeMutableRawBufferPointer(buffer)) { room in
              let part = input.prefix(room.count)
              room.copyBytes(from: part)
              input = input.dropFirst(part.count)
              return part.count
            }.count
        }
      }
      let here = bytes.split(separator: 0x0a).filter { lines.contains(String(decoding: $0, as: UTF8.self)) }
      let facts = try? FileFacts.at(BytePath(scratch[name])).get()
      print("\(name): inode \(facts?.inode ?? 0), \(bytes.count) bytes, \(here.count) of the lines")
    }
    for position in await sink.stored {
      print(
        "\(position.key) at \(position.path) inode \(position.inode) offset \(position.offset) \(position.ending as Any)"
      )
    }
    for event in await sink.events { print(event) }
  }
}
