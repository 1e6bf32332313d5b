import Foundation
import Glibc
import TestSupport
import Testing

/// What a producer has written so far: every line counts exactly once, whatever happens to the daemon.
private struct Producer {
  private(set) var lines = 0
  /// By (account, event, user).
  private(set) var totals: [[String]: Int64] = [:]
  private(set) var accounts = 0
  private let place: Workspace
  private var random: SeededGenerator
  /// Bytes of the line that is being written: a write may end anywhere.
  private var rest: Substring = ""
  /// How many times the log was renamed, and how many of those files are compressed.
  private(set) var rotations = 0
  private(set) var compressed = 0

  init(_ place: Workspace, seed: UInt64) {
    self.place = place
    random = SeededGenerator(seed: seed)
  }

  /// Writes a few lines of new and known accounts. Every account reaches the threshold of the rule sooner or later.
  mutating func write(lines count: Int) throws {
    var text = String(rest)
    for _ in 0..<count {
      // Each new account owes a hook run sooner or later: not more of them than can be run.
      if accounts == 0 || Int.random(in: 0..<(accounts < 40 ? 12 : 400), using: &random) == 0 { accounts += 1 }
      let account = "acct-\(Int.random(in: max(0, accounts - 8)..<accounts, using: &random))"
      let event = "event-\(Int.random(in: 0..<3, using: &random))"
      let user = "user-\(Int.random(in: 0..<4, using: &random))"
      let events = Int64.random(in: 1...2, using: &random)
      // Lines without ids show what is counted twice; those with ids must not hide it as duplicates.
      let id = Bool.random(using: &random) ? #","id":"line-\#(lines)""# : ""
      text += #"{"timestamp":\#(presentMilliseconds()),"account":"\#(account)","user":"\#(user)","event":"\#(event)","#
      text += #""count":\#(events)\#(id)}"# + "\n"
      totals[[account, event, user], default: 0] += events
      lines += 1
    }
    let cut = Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 0..<40, using: &random) : 0
    let end = text.utf8.index(text.endIndex, offsetBy: -min(cut, text.utf8.count))
    rest = text[end...]
    try place.append(String(text[..<end]))
    if Int.random(in: 0..<40, using: &random) == 0 { try rotate() }
  }

  /// Renames the log and begins a new one; compresses the one before, as gzip(1) does, in one member or two.
  private mutating func rotate() throws {
    try finish()
    rotations += 1
    guard rename(place.log, "\(place.log).\(rotations)") == 0 else { throw CocoaError(.fileWriteUnknown) }
    try place.append("")
    let last = "\(place.log).\(rotations - 1)"
    guard rotations > 1, Bool.random(using: &random), let text = readText(last) else { return }
    let half = text.index(text.startIndex, offsetBy: text.count / 2)
    let members = Bool.random(using: &random) ? gzip(text) : gzip(String(text[..<half])) + gzip(String(text[half...]))
    let middle = Int.random(in: 0...members.count, using: &random)
    try place.append(bytes: members[..<middle], to: last + ".gz")
    try place.append(bytes: members[middle...], to: last + ".gz")
    unlink(last)
    compressed += 1
  }

  /// Ends the last line.
  mutating func finish() throws {
    try place.append(String(rest))
    rest = ""
  }
}

/// kill -9 under load, of files that are rotated and compressed meanwhile. `KIZASHI_CRASHES` says how often, or
/// `KIZASHI_CRASH_MINUTES` for how long; `KIZASHI_CRASH_SEED` repeats a run.
@Suite struct CrashTests {
  private static func setting(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }
  private static let crashes = Int(setting("KIZASHI_CRASHES") ?? 5)

  /// What happened in a run.
  private struct Figures {
    var (crashes, whileStarting, lines, hooks, rotations, compressed) = (0, 0, 0, 0, 0, 0)
  }

  private func configure(_ place: Workspace) throws {
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      business: {timezone: UTC}
      store: {path: \(place.store)}
      log: {level: debug}
      sources:
        - {id: app, kind: file, paths: [\(place.path)/events.ndjson], rotated: ['\(place.path)/events.ndjson.*']}
      rules:
        busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 6, hooks: [note]}
      hooks:
        note:
          run: [/bin/sh, -c, 'cat >/dev/null; echo "$KIZASHI_DELIVERY_ID" >>"$0"', \(place.file("hook.log"))]
          concurrency: 4
          max_per_hour: 100000
          timeout: 60s

      """)
  }

  @Test func `kill -9 at any moment loses nothing, counts nothing twice and forgets no hook`() async throws {
    var seed = Self.setting("KIZASHI_CRASH_SEED") ?? UInt64.random(in: 0...UInt64.max)
    let first = seed
    let began = ContinuousClock.now
    var all = Figures()
    if let minutes = Self.setting("KIZASHI_CRASH_MINUTES") {
      // In rounds, each with a store of its own: a store that grows makes crashes rare.
      while ContinuousClock.now < began + .seconds(Int(minutes) * 60) {
        try await crash(100, seed: seed, &all)
        seed &+= 1
      }
    } else {
      try await crash(Self.crashes, seed: seed, &all)
    }
    print(
      "\(all.crashes) crashes (\(all.whileStarting) while starting) in \(began.duration(to: .now).formatted()),",
      "\(all.lines) lines, \(all.rotations) rotations (\(all.compressed) compressed), \(all.hooks) hook runs owed;",
      "KIZASHI_CRASH_SEED=\(first)")
  }

  private func crash(_ crashes: Int, seed: UInt64, _ figures: inout Figures) async throws {
    let note = Comment(rawValue: "KIZASHI_CRASH_SEED=\(seed)")
    let place = try Workspace()
    try configure(place)
    try place.append("")
    var random = SeededGenerator(seed: seed)
    var producer = Producer(place, seed: seed &+ 1)

    for _ in 0..<crashes {
      let before = place.lines
      let daemon = try Child.daemon(place)
      // Three of four are killed at work, the fourth while they start.
      if Int.random(in: 0..<4, using: &random) > 0 {
        try producer.write(lines: Int.random(in: 1...60, using: &random))
        let reads = await eventually { place.lines > before }
        #expect(reads, "the daemon does not read: \(daemon.errorText.suffix(1000)) \(note)")
      } else {
        figures.whileStarting += 1
      }
      // Writes go on until the seeded moment comes.
      let moment = ContinuousClock.now + .microseconds(Int.random(in: 0...90_000, using: &random))
      while ContinuousClock.now < moment {
        try producer.write(lines: Int.random(in: 1...12, using: &random))
        await Task.yield()
      }
      daemon.signal(SIGKILL)
      #expect(await daemon.ended() == 128 + SIGKILL, "\(daemon.errorText.suffix(1000)) \(note)")
      figures.crashes += 1
    }

    try producer.finish()
    let daemon = try Child.daemon(place)
    let caughtUp = await eventually { place.lines >= producer.lines }
    #expect(caughtUp, "\(place.lines) of \(producer.lines) lines are read \(note)")
    let delivered = await eventually {
      place.number("SELECT count(*) FROM deliveries WHERE state NOT IN ('done', 'suppressed')") == 0
    }
    let open = try place.rows("SELECT delivery_id, state FROM deliveries WHERE state NOT IN ('done', 'suppressed')")
    #expect(delivered, "\(open) \(note)")
    #expect(await daemon.started(), note)
    daemon.signal(SIGTERM)
    let status = await daemon.ended()
    #expect(status == 0, "\(daemon.errorText) \(note)")

    try check(place, producer, note)
    figures.lines += producer.lines
    figures.rotations += producer.rotations
    figures.compressed += producer.compressed
    figures.hooks += try Int(place.rows("SELECT count(*) FROM deliveries")[0][0]) ?? 0
  }

  private func check(_ place: Workspace, _ producer: Producer, _ note: Comment) throws {
    let rows = try place.rows(
      """
      SELECT a.name, e.name, u.name, sum(f.events) FROM fact f JOIN account_name a ON a.id = f.account
      JOIN event_name e ON e.id = f.event JOIN user_name u ON u.id = f.user GROUP BY 1, 2, 3
      """)
    let stored = Dictionary(uniqueKeysWithValues: rows.map { (Array($0[..<3]), Int64($0[3]) ?? 0) })
    if stored != producer.totals {
      // A difference in thousands of rows says nothing by itself, and another run need not show it.
      let differing = producer.totals.filter { stored[$0.key] != $0.value }
      let sums = "\(stored.values.reduce(0, +)) events stored, \(producer.totals.values.reduce(0, +)) written"
      Issue.record("\(sums), \(differing.count) rows differ; \(place.keep()); \(note)")
    }
    #expect(
      try place.rows("SELECT DISTINCT lines, duplicates, refused FROM sources WHERE source = 'app'")
        == [["\(producer.lines)", "0", "0"]], note)

    // One opening for each account above the threshold: none twice, none left out.
    var byAccount: [String: Int64] = [:]
    for (key, events) in producer.totals { byAccount[key[0], default: 0] += events }
    let expected = byAccount.filter { $0.value > 6 }.map { "busy:\($0.key):1" }.sorted()
    #expect(try place.rows("SELECT alert_id FROM alerts ORDER BY 1").map { $0[0] } == expected, note)
    let firings = try place.rows("SELECT account, count(*) FROM changes WHERE kind = 'rule' GROUP BY 1")
    #expect(firings.allSatisfy { $0[1] == "1" } && firings.count == expected.count, note)

    let ran = Set((readText(place.file("hook.log")) ?? "").split(separator: "\n").map(String.init))
    let done = try place.rows("SELECT delivery_id FROM deliveries WHERE state = 'done'").map { $0[0] }
    #expect(done.count == expected.count, note)
    #expect(Set(done).subtracting(ran).isEmpty, "said to be done and never run \(note)")
    #expect(ran == Set(done), note)
  }
}
