import Foundation
import GRDB
import KizashiCore

@testable import KizashiStore

/// A folder of its own for a test's store, gone with the test.
final class TemporaryStore {
  let directory: String
  var path: String { directory + "/kizashi.db" }

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("kizashi-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    directory = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func open() throws(StoreError) -> Store { try Store(path: path, programVersion: "test") }

  /// All rows of a query, each as `column=value` texts in column order.
  func rows(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> [[String]] {
    let reader = try Store.openReader(path)
    defer { try? reader.close() }
    return try reader.read { db in
      try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
        row.map { _, value in value.isNull ? "NULL" : String.fromDatabaseValue(value) ?? value.description }
      }
    }
  }
}

extension NameBlock {
  init(firstID: UInt32, _ names: [String], accounts: [AccountID] = []) {
    self.init(firstID: firstID)
    for name in names {
      bytes.append(contentsOf: name.utf8)
      ends.append(UInt32(bytes.count))
    }
    self.accounts = accounts
  }
}

extension ConfigRegistration {
  static func standard(_ model: Model = Model(), windows: [UsageWindow] = UsageWindow.standard, hash: String = "h")
    -> ConfigRegistration
  {
    ConfigRegistration(
      text: "version: 1", hash: hash, model: model, windows: windows, madeAt: Instant(milliseconds: 1000))
  }
}

extension CommitUnit {
  init(_ commit: Commit, version: Int = 1, durable: Bool = false) {
    self.init(
      commit: commit, detectedAt: Instant(milliseconds: 1_700_000_000_500), configVersion: version, durable: durable)
  }
}

/// 2025-11-19T12:00:00.000Z, a Wednesday.
let noon = Instant(milliseconds: 1_763_553_600_000)

/// A commit that names two accounts, two events and two users, at noon.
func smallCommit() -> Commit {
  var commit = Commit()
  commit.now = noon
  commit.accounts = NameBlock(firstID: 0, ["acme", "globex"])
  commit.eventNames = NameBlock(firstID: 0, ["report.created", "login"])
  commit.users = NameBlock(firstID: 1, ["ann", "bob"], accounts: [0, 0])
  let hour = noon.tile.hour
  let start = noon.tile.start.milliseconds
  commit.facts = [
    Fact(hour: hour, account: 0, event: 0, user: 1, events: 2, first: start, last: start + 10),
    Fact(
      hour: hour - 40, account: 0, event: 1, user: 2, events: 1, first: start - 144_000_000, last: start - 144_000_000),
  ]
  return commit
}

func accountRow(_ account: AccountID, score: Int?, band: String? = "green", at: Instant = noon) -> AccountRow {
  AccountRow(
    account: account, firstSeen: 0, lastSeen: at.milliseconds, score: score, computedScore: score, band: band,
    coverage: 0.65, scoredAt: at, configVersion: 1, state: [1, 2, 0, 255])
}
