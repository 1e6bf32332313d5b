import Foundation
import GRDB
import KizashiCore
import TestSupport
import Testing

@testable import KizashiStore

/// What a power cut or a lying disk leaves of the write-ahead log: cut short, torn, blocks never written. Whatever is left, the
/// store must be as some commit left it, all of its tables together, and exactly as the last commit whose bytes are
/// whole. `KIZASHI_IMAGE_SEED` repeats a run.
@Suite struct `What is left of the write-ahead log` {
  /// Everything stored, but for what opening a store itself writes.
  private static func dump(_ path: String) throws -> [String] {
    let reader = try Store.openReader(path)
    defer { try? reader.close() }
    return try reader.read { db in
      let tables = try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
      return try tables.flatMap { table -> [String] in
        // A run that a crash interrupted is owed again.
        let columns =
          switch table {
          case "store_state": "now_ms, now_hour, config_version, schema_version"
          case "delivery":
            "seq, delivery_id, iif(state = 2, 1, state), attempts, next_ms, exit_code, output, length(payload)"
          case "config_version": "version, hash"
          default: "*"
          }
        return try Row.fetchAll(db, sql: "SELECT \(columns) FROM \(table)").map { "\(table): \($0)" }
      }
    }
  }

  private let rule = Rule(
    name: "gone-quiet", kind: .silence(feature: .any, after: .milliseconds(1), clear: 1), severity: "high",
    playbook: "call", hooks: ["pager"])

  /// A commit that touches every table a live daemon's does.
  private func unit(_ n: Int, _ random: inout SeededGenerator) -> CommitUnit {
    let account = AccountID(n)
    var commit = Commit()
    commit.now = noon.advanced(by: Int64(n))
    commit.accounts = NameBlock(firstID: account, ["account-\(n)"])
    commit.users = NameBlock(firstID: UInt32(n + 1), ["user-\(n)"], accounts: [account])
    if n == 0 { commit.eventNames = NameBlock(firstID: 0, ["login", "report.created"]) }
    let hour = noon.tile.hour
    commit.facts = (0..<Int.random(in: 1...60, using: &random)).map { k in
      let start = noon.tile.start.milliseconds - Int64(k) * Tile.length
      return Fact(
        hour: hour - Int32(k), account: AccountID.random(in: 0...account, using: &random), event: UInt32(k % 2),
        user: UInt32(n + 1), events: Int64(k + 1), first: start, last: start + 5)
    }
    commit.fingerprints = [FingerprintBlock(hour: hour, bytes: [UInt8](repeating: UInt8(n & 255), count: 100 + n))]
    commit.accountRows = [accountRow(account, score: 5000 + n), accountRow(0, score: 4000 + n)]
    commit.scoreHistory = [
      ScoreHistoryRow(
        account: account, day: BusinessCalendar.utc.day(of: noon.tile), at: noon, score: 5000 + n, band: 1)
    ]
    commit.changes = [
      Change(
        sequence: Int64(n + 1), account: account, at: noon, kind: .score, subject: "", from: nil, to: nil, delta: nil,
        cause: .event, because: [])
    ]
    commit.alerts = [
      AlertTransition(
        account: account, rule: 0, ruleName: "gone-quiet", episode: 1, state: .firing, at: noon, reason: "because",
        scoreFrom: 9181, scoreTo: 5643, band: "yellow", covered: Rational(65, 100), because: [])
    ]
    var source = SourceRow(source: 0)
    source.lines = Int64(n + 1)
    commit.sources = [source]
    var unit = CommitUnit(commit, durable: Bool.random(using: &random))
    unit.streams = [
      StreamRow(
        key: StreamKey(source: 0, key: "log"), path: Array("/log".utf8), offset: Int64(n + 1) * 1000, size: nil,
        finished: false, state: "following", body: [UInt8(n & 255)])
    ]
    unit.deliveries = [
      NewDelivery(
        deliveryID: "gone-quiet:account-\(n):1:firing:pager", alertID: "gone-quiet:account-\(n):1", account: account,
        hook: "pager", payload: String(repeating: "p", count: Int.random(in: 10...9000, using: &random)), nextAt: noon)
    ]
    unit.quarantine = [
      QuarantineRow(source: 0, path: nil, offset: Int64(n), reason: .badJSON, seenAt: noon, line: [UInt8(n & 255)])
    ]
    return unit
  }

  /// The two files at a moment, and what a part of the log is worth.
  private struct Image {
    var database: Data
    var log: Data
    /// Bytes of the log that were synced before they were copied into the database: no fault loses those.
    var synced: Int
    /// States since then, each with where its last byte lies; the first is the database's own.
    var states: [(end: Int, dump: [String])]
  }

  @Test func `the store is as one commit left it, whatever of the log is lost or torn`() throws {
    let environment = ProcessInfo.processInfo.environment
    let seed = environment["KIZASHI_IMAGE_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max)
    print("KIZASHI_IMAGE_SEED=\(seed)")
    var random = SeededGenerator(seed: seed)
    let images = try record(&random, steps: environment["KIZASHI_SOAK"] == "1" ? 300 : 40)
    var seen: Set<Int> = []
    for round in 0..<(environment["KIZASHI_SOAK"] == "1" ? 3000 : 25) {
      let image = images.randomElement(using: &random)!
      let (log, whole, what) = mutilated(image, &random)
      let expected = image.states.last { $0.end <= whole } ?? image.states[0]
      let temporary = try TemporaryStore()
      try image.database.write(to: URL(fileURLWithPath: temporary.path))
      try log.write(to: URL(fileURLWithPath: temporary.path + "-wal"))
      let store = try temporary.open()
      let found = try Self.dump(temporary.path)
      let isExpected = found == expected.dump
      #expect(
        isExpected,
        """
        KIZASHI_IMAGE_SEED=\(seed), round \(round): \(what); only here: \
        \(Set(found).subtracting(expected.dump).sorted().prefix(5)); only expected: \
        \(Set(expected.dump).subtracting(found).sorted().prefix(5))
        """)
      #expect(try store.access("checking") { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
      seen.insert(expected.end)
    }
    #expect(seen.count > 5, "the faults hit too few places")
  }

  /// What is left of the log, and how many of its first bytes are whole.
  private func mutilated(_ image: Image, _ random: inout SeededGenerator) -> (log: Data, whole: Int, what: String) {
    let size = image.log.count
    guard size > image.synced else { return (image.log, size, "nothing") }
    let place = Int.random(in: image.synced..<size, using: &random)
    var log = image.log
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return (log.prefix(place), place, "cut at \(place) of \(size)")
    case 1:
      log[place] ^= UInt8.random(in: 1...255, using: &random)
      return (log, place, "byte \(place) of \(size) torn")
    case 2:
      // Blocks of the file that were never written, while later ones were.
      let first = max(image.synced, place / 512 * 512)
      let end = min(size, first + 512 * Int.random(in: 1...20, using: &random))
      let whole = (first..<end).first { log[$0] != 0 } ?? size
      log.replaceSubrange(first..<end, with: Data(count: end - first))
      return (log, whole, "bytes \(first)..<\(end) of \(size) never written")
    default:
      log =
        log.prefix(place)
        + Data((0..<Int.random(in: 1...9000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
      return (log, place, "garbage from \(place) of \(size) on")
    }
  }

  /// Writes commits, outcomes of hooks and checkpoints, and keeps the files as they were behind each.
  private func record(_ random: inout SeededGenerator, steps: Int) throws -> [Image] {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    var states = [(end: 0, dump: try Self.dump(temporary.path))]
    var images: [Image] = []
    var synced = 0
    var isOver = true
    func snap() throws {
      let log = try Data(contentsOf: URL(fileURLWithPath: temporary.path + "-wal"))
      let end = Self.end(of: log)
      // Behind a full checkpoint the log starts over with the next commit; until then what is in it is in the database.
      if isOver { synced = 0 }
      isOver = false
      states.append((end, try Self.dump(temporary.path)))
      images.append(
        Image(
          database: try Data(contentsOf: URL(fileURLWithPath: temporary.path)), log: log, synced: synced,
          states: states))
    }
    // An empty store is made anew from any part of its own making.
    try snap()
    states.removeLast()
    _ = try store.registerSources(["app"])
    try snap()
    _ = try store.register(.standard(Model(rules: [rule])))
    try snap()
    var commits = 0
    for _ in 0..<steps {
      switch Int.random(in: 0..<10, using: &random) {
      case 0 where commits > 0:
        try store.access("copying") { _ = try $0.checkpoint(.passive) }
        states = [(0, states[states.count - 1].dump)]
        isOver = true
      case 1, 2, 3:
        guard commits > 0 else { continue }
        let n = Int.random(in: 0..<commits, using: &random)
        let state = [DeliveryState.running, .retry, .done].randomElement(using: &random)!
        let changed = try store.mark([
          DeliveryUpdate(
            deliveryID: "gone-quiet:account-\(n):1:firing:pager", state: state, attempts: 1, nextAt: noon,
            output: "said \(commits)")
        ])
        if changed > 0 { try snap() }
      default:
        try store.write(unit(commits, &random))
        commits += 1
        try snap()
      }
    }
    return images
  }

  /// Where the last commit of a log ends: frames carry the salt of the header they were written under.
  private static func end(of log: Data) -> Int {
    guard log.count > 32 else { return 0 }
    let salt = log[16..<24]
    var end = 0
    var at = 32
    while at + 4120 <= log.count, log[(at + 8)..<(at + 16)].elementsEqual(salt) {
      // A frame that ends a commit says how many pages the database has.
      if log[(at + 4)..<(at + 8)].contains(where: { $0 != 0 }) { end = at + 4120 }
      at += 4120
    }
    return end
  }
}
