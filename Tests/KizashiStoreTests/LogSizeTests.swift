import Foundation
import GRDB
import KizashiCore
import Testing

@testable import KizashiStore

/// How far the write-ahead log grows, and when it gives its disk back.
@Suite struct `The write-ahead log's size` {
  private let temporary: TemporaryStore
  private let store: Store

  init() throws {
    temporary = try TemporaryStore()
    store = try Store(
      path: temporary.path, programVersion: "test", migrations: Migrations(), checkpointPages: Self.pages)
    _ = try store.register(.standard())
    try store.write(CommitUnit(smallCommit()))
  }

  /// A commit of 64 kilobytes, and what is done behind it.
  private func write(_ n: Int, isIdle: Bool = false) throws {
    var commit = Commit()
    commit.now = noon
    commit.records = [
      StoredRecord(
        sequence: Int64(n), source: 0, at: noon, account: 0, user: nil, id: nil,
        record: Record(kind: .group, event: "", fields: [], line: String(repeating: "x", count: 62_500)))
    ]
    try store.write(CommitUnit(commit))
    store.checkpointIfDue(isIdle: isIdle)
  }

  private func size(_ ending: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: temporary.path + ending)[.size] as? Int ?? 0
  }

  /// One megabyte: a sixty-fourth of what a daemon lets it grow to.
  private static let pages: Int32 = 256
  private static let limit = Int(pages) * 4096

  @Test func `the log is copied into the database when it has grown`() throws {
    for n in 1...30 {
      try write(n)
      #expect(try size("-wal") < Self.limit + 160_000)
    }
    #expect(try size("") > Self.limit / 2)
  }

  @Test func `a store that has time copies a quarter of it at a time`() throws {
    let before = try size("-wal")
    #expect(before < Self.limit / 2)
    for n in 1...30 {
      try write(n, isIdle: true)
      #expect(try size("-wal") < max(before, Self.limit / 4) + 160_000)
    }
    #expect(try size("") > Self.limit)
  }

  @Test func `outcomes of hooks count, too`() throws {
    var unit = CommitUnit(Commit())
    unit.commit.now = noon
    unit.deliveries = (0..<20).map {
      NewDelivery(deliveryID: "d\($0)", alertID: "a", account: 0, hook: "h", payload: "{}", nextAt: noon)
    }
    try store.write(unit)
    let output = String(repeating: "o", count: 1024)
    for n in 0..<70 {
      try store.mark(
        (0..<20).map {
          DeliveryUpdate(deliveryID: "d\($0)", state: .retry, attempts: n, nextAt: noon, output: "\(n) \(output)")
        })
      #expect(try size("-wal") < Self.limit + 160_000, "behind \(n) times 20 outcomes")
    }
  }

  @Test func `a reader that looks at an old state makes it grow by what is written, until it has gone`() throws {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.allowsUnsafeTransactions = true
    let reader = try DatabaseQueue(path: temporary.path, configuration: configuration)
    func records() throws -> Int {
      try reader.unsafeRead { try Int.fetchOne($0, sql: "SELECT count(*) FROM record") ?? -1 }
    }
    try reader.inDatabase { try $0.execute(sql: "BEGIN") }
    #expect(try records() == 0)
    let before = try size("-wal")
    var n = 0
    while try size("-wal") < 3 * Self.limit / 2 {
      n += 1
      try write(n)
      #expect(try size("-wal") < before + n * 90_000 + 100_000)
      #expect(try records() == 0, "the reader's state has changed")
    }
    let grown = try size("-wal")
    try reader.inDatabase { try $0.execute(sql: "COMMIT") }
    // A quarter of the limit later at the latest; not only when as much again has been written.
    for more in n + 1...n + 4 { try write(more) }
    #expect(try size("-wal") <= Self.limit + 160_000, "was \(grown)")
    #expect(try records() == n + 4)
  }
}
