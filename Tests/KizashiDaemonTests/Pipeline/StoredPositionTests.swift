import Foundation
import KizashiIngest
import KizashiStore
import TestSupport
import Testing

@testable import KizashiDaemon
@testable import KizashiIngest

@Suite struct `Stored positions` {
  private static let seed =
    ProcessInfo.processInfo.environment["KIZASHI_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)

  private func digest(_ random: inout SeededGenerator) -> StreamPosition.Digest {
    .init(length: random.int(0...4096), hash: UInt64.random(in: 0...UInt64.max, using: &random))
  }

  /// Any position: numbers to their limits, names of any bytes, and what may be missing missing or not.
  private func position(_ random: inout SeededGenerator) -> StreamPosition {
    func number() -> Int64 {
      random.int(0...3) == 0
        ? [Int64.min, -1, 0, Int64.max][random.int(0...3)] : Int64.random(in: 0...1 << 50, using: &random)
    }
    func text() -> String {
      let pieces = ["a", "/", "\"", "\\", "\u{0}", "\n", "\u{1b}", "\u{7f}", "é", "株", "\u{2028}", "🗻", "#1"]
      return (0..<random.int(0...8)).map { _ in pieces[random.int(0...pieces.count - 1)] }.joined()
    }
    let path = BytePath(bytes: (0..<random.int(0...12)).map { _ in UInt8.random(in: 0...255, using: &random) })
    var position = StreamPosition(source: text(), key: text(), path: random.int(0...1) == 0 ? path : BytePath(text()))
    position.device = UInt64.random(in: 0...UInt64.max, using: &random)
    position.inode = UInt64.random(in: 0...UInt64.max, using: &random)
    if random.int(0...1) == 0 { position.generation = number() }
    if random.int(0...1) == 0 { position.birth = number() }
    if random.int(0...1) == 0 { position.machineStart = MachineStart(seconds: number()) }
    position.head = digest(&random)
    position.tail = digest(&random)
    for mark in 0..<random.int(0...5) {
      position.trail.add(.init(offset: Int64(mark + 1) << 30, tail: digest(&random)), end: Int64(mark + 2) << 30)
    }
    position.offset = number()
    position.size = number()
    position.compressed = random.int(0...1) == 0
    position.lines = number()
    let endings = [
      nil, StreamPosition.Ending.complete, .closed, .corrupt, .deleted, .departed, .truncated, .copied, .lost,
    ]
    position.ending = endings[random.int(0...endings.count - 1)]
    return position
  }

  @Test func `are read back as they were, and as any reader of JSON reads them`() throws {
    var random = SeededGenerator(seed: Self.seed)
    for _ in 0..<500 {
      let position = position(&random)
      let row = StoredPosition.row(position, source: 3)
      #expect(try StoredPosition.position(row) == position, "KIZASHI_SEED=\(Self.seed)")
      // The same object as the standard encoder's: no field is forgotten, and none has another name.
      let ours = try JSONSerialization.jsonObject(with: Data(row.body)) as? NSDictionary
      let theirs = try JSONSerialization.jsonObject(with: JSONEncoder().encode(position)) as? NSDictionary
      #expect(ours != nil && ours == theirs, "KIZASHI_SEED=\(Self.seed)")
      #expect(row.offset == position.offset && row.finished == (position.ending != nil))
      #expect(row.size == (position.compressed ? nil : position.size))
    }
  }
}
