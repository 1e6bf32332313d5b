import TestSupport
import Testing

@testable import KizashiIngest

/// Where a file was read up to before, and what that is good for: the power goes, and the file loses its end.
@Suite struct `A trail` {
  private static func digest(_ number: Int64) -> StreamPosition.Digest {
    StreamPosition.Digest(length: 4096, hash: UInt64(bitPattern: number))
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `is short, and wherever the file is cut it has a place hardly farther off than what was cut`(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    var trail = Trail()
    var offset: Int64 = 0
    for _ in 0..<5_000 {
      let former = offset
      let step = Int64.random(in: 1...(Bool.random(using: &chance) ? 200 : 256 * 1024), using: &chance)
      offset += step
      trail.add(Trail.Mark(offset: former, tail: Self.digest(former)), end: offset)
      let cut = Int64.random(in: 0...offset, using: &chance)
      let place = trail.last(within: cut) { _ in true }?.offset ?? 0
      // A place can only be where a read ended: one read is the least there is.
      let slack = max(2 * (offset - cut), 0) + Trail.grain + 256 * 1024
      #expect(cut - place <= slack, "seed \(seed): cut at \(cut) of \(offset), going on at \(place)")
    }
    #expect(trail.marks.count <= 40, "seed \(seed): \(trail.marks.count) places for \(offset) bytes")
    #expect(trail.marks.map(\.offset) == trail.marks.map(\.offset).sorted())
    #expect(trail.marks.allSatisfy { $0.tail == Self.digest($0.offset) })
  }

  @Test func `of small steps is as close as the grain`() {
    var trail = Trail()
    for offset in stride(from: Int64(200), through: 1 << 20, by: 200) {
      trail.add(Trail.Mark(offset: offset - 200, tail: Self.digest(offset - 200)), end: offset)
      for distance in [Int64(200), 4_000, 40_000, 400_000] where distance < offset {
        let cut = offset - distance
        let place = trail.last(within: cut) { _ in true }?.offset ?? 0
        #expect(cut - place <= distance + Trail.grain, "cut \(distance) before \(offset): going on at \(place)")
      }
    }
  }

  @Test func `skips places whose bytes are no longer there`() {
    var trail = Trail()
    for offset in [Int64(10_000), 20_000, 40_000] {
      trail.add(Trail.Mark(offset: offset, tail: Self.digest(offset)), end: 50_000)
    }
    #expect(trail.last(within: 30_000) { _ in true }?.offset == 20_000)
    #expect(trail.last(within: 30_000) { $0.offset != 20_000 }?.offset == 10_000)
    #expect(trail.last(within: 9_999) { _ in true } == nil)
    trail.cut(to: 20_000)
    #expect(trail.marks.map(\.offset) == [10_000])
  }
}

@Suite struct `A file that lost its end with the power` {
  private static func options(start: Int64) -> FileSourceOptions {
    var options = FileSourceOptions()
    options.machineStart = MachineStart(seconds: start)
    options.readBudgetBytes = 16 * 1024
    return options
  }

  private func follow(_ scratch: Scratch, _ sink: RecordingSink, start: Int64, until count: Int) async throws {
    try await following(scratch, sink, options: Self.options(start: start)) {
      await sink.wait("\(count) lines") { $0.isDrained && $0.lines.count >= count }
    }
  }

  /// How often each line came.
  private func counts(_ lines: [String]) -> [String: Int] { Dictionary(lines.map { ($0, 1) }, uniquingKeysWith: +) }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `is read on where it still is as it was, and what counts twice is no more than what it lost`(seed: UInt64)
    async throws
  {
    var chance = SeededGenerator(seed: seed)
    let scratch = try Scratch()
    let sink = RecordingSink()
    await sink.allowTakingBack()
    var written = 0
    for _ in 0..<Int.random(in: 1...6, using: &chance) {
      let count = Int.random(in: 1...800, using: &chance)
      scratch.append("a.ndjson", numbered(written + 1...written + count, filler: 60))
      written += count
      try await follow(scratch, sink, start: 1_000, until: written)
    }
    let size = scratch.read("a.ndjson").count
    let cut = max(0, size - Int.random(in: 1...(1 << Int.random(in: 1...17, using: &chance)), using: &chance))
    scratch.truncate("a.ndjson", to: cut)
    // Its writer goes on before anybody looks, behind what was cut within a line.
    let more = Int.random(in: 0...400, using: &chance)
    if more > 0 {
      scratch.append("a.ndjson", "\n" + numbered(written + 1...written + more, filler: 60))
    }
    let present = Set(String(decoding: scratch.read("a.ndjson"), as: UTF8.self).split(separator: "\n").map(String.init))
    let before = await sink.lines
    let last = more > 0 ? "line \(written + more) " : ""
    try await following(scratch, sink, options: Self.options(start: 2_000)) {
      await sink.wait("what was written since") {
        $0.isDrained && $0.lines.last?.hasPrefix(last) == true
      }
    }
    let lines = await sink.lines
    let seen = counts(lines)
    for number in 1...written + more {
      let text = "line \(number) " + String(repeating: "x", count: 60)
      #expect(seen[text, default: 0] >= 1, "seed \(seed): line \(number) is missing")
      // What is lost was counted once, before, and what came since only now.
      if number > written || !present.contains(text) {
        #expect(seen[text] == 1, "seed \(seed): line \(number) came \(seen[text] ?? 0) times")
      }
    }
    let repeated = lines.dropFirst(before.count).filter { counts(before)[$0] != nil }
    let bytes = repeated.reduce(0) { $0 + $1.utf8.count + 1 }
    #expect(bytes <= size - cut + 16 * 1024 + Int(Trail.grain), "seed \(seed): \(bytes) repeated, \(size - cut) lost")
    #expect(await sink.positions.count <= 2)
  }

  @Test func `without another start of the machine was truncated by somebody, and counts anew`() async throws {
    let scratch = try Scratch()
    let sink = RecordingSink()
    for part in 0..<4 {
      scratch.append("a.ndjson", numbered(part * 200 + 1...part * 200 + 200, filler: 60))
      try await follow(scratch, sink, start: 1_000, until: part * 200 + 200)
    }
    scratch.truncate("a.ndjson", to: scratch.read("a.ndjson").count / 2)
    try await follow(scratch, sink, start: 1_001, until: 1_199)
    #expect(await sink.count { if case .truncated = $0 { true } else { false } } == 1)
    #expect(await sink.positions.count == 2)
  }

  @Test func `says what it did in one line`() async throws {
    let scratch = try Scratch()
    let sink = RecordingSink()
    await sink.allowTakingBack()
    for part in 0..<4 {
      scratch.append("a.ndjson", numbered(part * 200 + 1...part * 200 + 200, filler: 92))
      try await follow(scratch, sink, start: 1_000, until: part * 200 + 200)
    }
    let marks = await sink.stored[0].trail.marks.map(\.offset)
    let read = await sink.stored[0].offset
    let mark = try #require(marks.last)
    scratch.truncate("a.ndjson", to: Int(mark) + 10)
    try await following(scratch, sink, options: Self.options(start: 2_000)) {
      await sink.wait("the position") { $0.stored[0].offset == mark }
    }
    let said = try #require(await sink.events.last { if case .takenBack = $0.kind { true } else { false } })
    #expect(
      said.description
        == "end lost when the machine stopped: \(scratch["a.ndjson"]) was read up to byte \(read) and is as it was up to "
        + "byte \(mark): reading on there; lines without an id between there and the loss count twice")
    #expect(await sink.count { if case .truncated = $0 { true } else { false } } == 0)
  }
}
