import Foundation
import GRDB
import KizashiConfig
import KizashiStore

/// A folder with a config, logs and a store, removed at the end.
final class Workspace: Sendable {
  let path: String
  var store: String { file("kizashi.db") }
  var log: String { file("events.ndjson") }
  var config: String { file("kizashi.yaml") }

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "kizashi-e2e-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Copies everything to where it stays for somebody to look at; says where.
  func keep() -> String {
    let copy = path.hasSuffix("/") ? path.dropLast() + "-kept" : path + "-kept"
    do {
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      return "everything is kept in \(copy)"
    } catch {
      return "nothing could be kept: \(error)"
    }
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  @discardableResult func write(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// Adds bytes at the end of a file, in one write, as a producer does.
  func append(_ text: String) throws { try append(bytes: Array(text.utf8)[...]) }

  /// The same of bytes that need not be text.
  func append(bytes slice: ArraySlice<UInt8>, to path: String? = nil) throws {
    let descriptor = open(path ?? log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
    defer { close(descriptor) }
    let bytes = Array(slice)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw CocoaError(.fileWriteUnknown) }
  }

  /// A config that follows `events.ndjson`, written to the folder, with more sections below it.
  func configure(_ more: String = "", timezone: String = "UTC") throws -> KizashiConfig.Configuration {
    try write(
      "kizashi.yaml",
      """
      version: 1
      business: {timezone: \(timezone)}
      store: {path: \(store)}
      sources:
        - {id: app, kind: file, paths: [\(path)/events*.ndjson]}
      \(more)
      """)
    return try Configuration.load(path: config)
  }

  /// The rows of a query, each value as text, NULL as `-`.
  func rows(_ sql: String, in store: String? = nil) throws -> [[String]] {
    let reader = try Store.openReader(store ?? self.store)
    return try reader.read { db in
      try Row.fetchAll(db, sql: sql).map { row in
        row.databaseValues.map { value in
          switch value.storage {
          case .null: "-"
          case .int64(let number): "\(number)"
          case .double(let number): "\(number)"
          case .string(let text): text
          case .blob(let data): "\(data.count) bytes"
          }
        }
      }
    }
  }

  /// One number; nil: the store cannot be read yet, or there is none.
  func number(_ sql: String) -> Int64? {
    guard let text = try? rows(sql).first?.first else { return nil }
    return Int64(text)
  }

  /// Changes the store behind the program's back.
  func corrupt(_ sql: String) throws {
    let queue = try DatabaseQueue(path: store)
    try queue.write { try $0.execute(sql: sql) }
    try queue.close()
  }

  /// Lines read and stored, of all files.
  var lines: Int64 { number("SELECT max(lines) FROM sources WHERE source = 'app'") ?? 0 }

  /// How far the log has been read and stored.
  var offset: Int64 { number("SELECT offset FROM sources WHERE source = 'app' AND path IS NOT NULL") ?? 0 }
}

/// Everything a store says that must be the same whatever the way there, one text a row.
enum CanonicalDump {
  /// Facts and all that was refused.
  static let facts = [
    """
    SELECT 'fact', f.hour, a.name, e.name, u.name, f.events, f.first, f.span FROM fact f
    JOIN account_name a ON a.id = f.account JOIN event_name e ON e.id = f.event LEFT JOIN user_name u ON u.id = f.user
    """,
    """
    SELECT 'amount', m.hour, a.name, e.name, e.conditions, p.name, m.high, m.low FROM amount m
    JOIN account_name a ON a.id = m.account JOIN event_name e ON e.id = m.event JOIN property_name p ON p.id = m.property
    """,
    "SELECT 'refusal', * FROM refusals",
    "SELECT 'quarantine', source, offset, reason, sample FROM quarantine",
    """
    SELECT DISTINCT 'source', source, watermark_at, lines, events, duplicates, refused FROM sources WHERE lines > 0
    """,
  ]
  /// What is computed.
  static let results = [
    "SELECT 'account', account, score, band, coverage, computed_score, first_seen_at, last_seen_at FROM accounts",
    "SELECT 'attribute', * FROM account_attributes",
    "SELECT 'measure', account, measure, value, grade, share, points, missing FROM measures",
    "SELECT 'history', account, day, at, score, band FROM score_history",
    "SELECT 'change', account, at, kind, subject, from_value, to_value, delta, cause, because FROM changes",
    "SELECT 'alert', alert_id, rule, account, state, severity, at, resolved_at, reason FROM alerts",
    "SELECT 'usage', * FROM feature_usage",
    "SELECT 'user', * FROM users",
  ]

  /// How many accounts have a score, or have had it since, that is not that of their newest day.
  static let adrift = """
    SELECT count(*) FROM account r JOIN account_name a ON a.id = r.id
    LEFT JOIN (SELECT account, max(at) AS at, score FROM score_history GROUP BY account) h ON h.account = a.name
    WHERE strftime('%Y-%m-%dT%H:%M:%fZ', r.since_ms / 1000.0, 'unixepoch') IS NOT h.at
      OR round(r.score / 100.0, 2) IS NOT round(h.score, 2)
    """

  static func of(_ workspace: Workspace, store: String? = nil, _ queries: [String] = facts + results) throws -> [String]
  {
    try queries.flatMap { try workspace.rows($0, in: store) }.map { $0.joined(separator: " | ") }.sorted()
  }

  /// The rows only one of two dumps has, for a failure's message.
  static func differences(_ a: [String], _ b: [String]) -> String {
    let (left, right) = (Set(a), Set(b))
    return
      (a.filter { !right.contains($0) }.prefix(8).map { "- \($0)" }
      + b.filter { !left.contains($0) }.prefix(8).map { "+ \($0)" }).joined(separator: "\n")
  }
}
