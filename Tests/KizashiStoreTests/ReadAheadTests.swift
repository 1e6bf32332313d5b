import Dispatch
import Synchronization
import Testing

@testable import KizashiStore

/// Rows that one thread reads and another one visits.
@Suite struct `Rows that are read ahead` {
  private struct Broken: Error {}

  /// Begins to read on a thread of its own; the group is left when that ends.
  private func begin(
    _ ahead: ReadAhead<Int>, _ read: @escaping @Sendable (_ row: (Int) throws -> Void) throws -> Void
  ) -> DispatchGroup {
    let group = DispatchGroup()
    DispatchQueue(label: "reader").async(group: group) { ahead.fill(read) }
    return group
  }

  @Test(arguments: [0, 1, 3, 4, 1000]) func `all come, in order, in blocks`(count: Int) throws {
    let ahead = ReadAhead<Int>(rowsPerBlock: 3)
    _ = begin(ahead) { row in for number in 0..<count { try row(number) } }
    var blocks: [[Int]] = []
    try ahead.visit { blocks.append($0) }.get()
    #expect(blocks.flatMap { $0 } == Array(0..<count))
    #expect(blocks.dropLast().allSatisfy { $0.count == 3 })
  }

  @Test func `a failure to read is told behind the rows before it`() throws {
    let ahead = ReadAhead<Int>(rowsPerBlock: 2)
    _ = begin(ahead) { row in
      for number in 0..<4 { try row(number) }
      throw Broken()
    }
    var rows: [Int] = []
    let end = try ahead.visit { rows += $0 }
    #expect(rows == [0, 1, 2, 3])
    #expect(throws: Broken.self) { try end.get() }
  }

  @Test func `who visits no more stops the reader, and says why`() throws {
    let ahead = ReadAhead<Int>(rowsPerBlock: 2)
    let read = Atomic(0)
    let group = begin(ahead) { row in
      // Without an end: only being unwanted ends it.
      while true {
        try row(0)
        read.add(1, ordering: .relaxed)
      }
    }
    #expect(throws: Broken.self) { _ = try ahead.visit { _ in throw Broken() } }
    #expect(group.wait(timeout: .now() + 60) == .success, "it never stopped")
    #expect(read.load(ordering: .relaxed) < 100, "it read on")
  }
}
