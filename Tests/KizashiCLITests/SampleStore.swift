import Foundation
import KizashiConfig
import KizashiCore
import KizashiStore
import Testing

/// A small real store and its config, made by the real engine: an account that fell silent, a steady one, one with a
/// hostile name, one with a wide name; alerts, hook runs and refused lines.
final class SampleStore {
  let directory: String
  var database: String { directory + "/kizashi.db" }
  var config: String { directory + "/kizashi.yaml" }

  /// An ESC sequence and a bidirectional override.
  static let hostile = "evil\u{1b}[31m\u{202e}name"
  static let wide = "株式会社サンプル"
  /// 2025-11-19T12:00:00Z, a Wednesday.
  static let now = Instant(milliseconds: 1_763_553_600_000)

  static let configText = """
    version: 1
    business: {timezone: UTC}
    store: {path: kizashi.db}
    sources:
      - {id: app, kind: file, paths: [events/*.ndjson]}
    rules:
      gone-quiet: {kind: silence, feature: any, after: 5d, clear: 1, severity: high, playbook: call-them}
      turned: {kind: band_change, severity: low, hooks: [good]}
    hooks:
      good: {run: [/bin/sh, -c, "printf 'got \\\\033[31m'; cat >/dev/null"]}
      bad: {run: [/bin/sh, -c, "echo no; exit 3"]}
    """

  /// A folder of its own with the config and, unless it is to be empty, a copy of the store.
  init(events: Bool = true) throws {
    directory = try Self.folder()
    try Self.configText.write(toFile: config, atomically: true, encoding: .utf8)
    if events { try Self.template.get().write(to: URL(fileURLWithPath: database)) }
  }

  /// The store's file, made once.
  private static let template = Result {
    let maker = try SampleStore(events: false)
    try maker.fill()
    return try Data(contentsOf: URL(fileURLWithPath: maker.database))
  }

  private static func folder() throws -> String {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("kizashi-cli-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// Stores one more journal entry, of the account `acme`, as a daemon would.
  func append(_ subject: String) throws {
    let (store, version, _) = try open()
    var commit = Commit()
    commit.now = Self.now
    let sequence = try StoreReader(path: database).lastChangeSequence() + 1
    commit.changes = [
      Change(
        sequence: sequence, account: 0, at: Self.now, kind: .rule, subject: subject, from: "ok", to: "firing",
        delta: nil,
        cause: .event, because: [])
    ]
    try store.write(CommitUnit(commit: commit, detectedAt: Self.now, configVersion: version, durable: false))
    try store.close(clean: true)
  }

  private func open() throws -> (store: Store, version: Int, configuration: Configuration) {
    let configuration = try Configuration.load(path: config)
    let store = try Store(path: database, programVersion: "test")
    _ = try store.registerSources(["app"])
    let version = try store.register(
      ConfigRegistration(
        text: configuration.canonicalText, hash: configuration.fingerprint, model: configuration.model,
        windows: configuration.windows.map { UsageWindow(name: $0.text, hours: $0.hours) }, madeAt: Self.now))
    return (store, version, configuration)
  }

  private func fill() throws {
    let (store, version, configuration) = try open()
    var engine = Engine(
      model: configuration.model, configVersion: version, sources: configuration.sourceModels, seed: 1)
    engine.apply(Self.history())
    engine.advance(to: Self.now)
    var unit = CommitUnit(commit: engine.drain(), detectedAt: Self.now, configVersion: version, durable: false)
    unit.streams = [
      StreamRow(
        key: StreamKey(source: 0, key: "1"), path: Array("/log/a\u{1b}.ndjson".utf8), offset: 900,
        size: 1000, finished: false, state: "following", body: [])
    ]
    unit.quarantine = [
      QuarantineRow(
        source: 0, path: Array("a.ndjson".utf8), offset: 17, reason: .badJSON, seenAt: Self.now,
        line: Array("{\"account\":\"\u{1b}]0;owned\u{7}".utf8) + [0xff]),
      QuarantineRow(
        source: 0, path: nil, offset: 99, reason: .missingField, seenAt: Self.now, line: Array("{}".utf8)),
    ]
    unit.deliveries = ["dead", "waiting"].map {
      NewDelivery(
        deliveryID: "turned:acme:1:firing:\($0)", alertID: "turned:acme:1", account: 0, hook: "good", payload: "{}",
        nextAt: Self.now)
    }
    try store.write(unit)
    try store.mark([
      DeliveryUpdate(
        deliveryID: "turned:acme:1:firing:dead", state: .dead, attempts: 6, exitCode: 3, output: "line\n\u{1b}[2J")
    ])
    try store.close(clean: true)
  }

  private static func history() -> EventBatch {
    var batch = EventBatch()
    let day: Int64 = 86_400_000
    func at(_ daysAgo: Int64, _ minute: Int64) -> Int64 { now.milliseconds - daysAgo * day - day / 2 + minute * 60_000 }
    for ago in (0..<60).reversed().map(Int64.init) {
      for n in 0..<6 as Range<Int64> {
        let feature = ["login", "report.created", "api.call"][Int(n) % 3]
        if ago >= 8 { batch.add("acme", feature, user: "user-\(n % 4)", at: at(ago, n)) }
        batch.add("globex", feature, user: "only", at: at(ago, n + 10))
        if ago > 20 || n == 0 { batch.add(wide, feature, user: "佐藤", at: at(ago, n + 20)) }
      }
    }
    batch.add("globex", "login", user: "only", at: now.milliseconds)
    batch.add(hostile, "click\u{7}", user: "\u{9b}user", at: at(1, 30))
    batch.addAttributes("acme", [("csm", "sato"), ("plan", "enterprise\u{1b}")], at: at(0, 40))
    return batch
  }
}

extension EventBatch {
  private mutating func range(_ name: String) -> TextRange {
    defer { text.append(contentsOf: name.utf8) }
    return TextRange(offset: UInt32(text.count), length: UInt32(name.utf8.count))
  }

  private mutating func row(_ rowKind: RowKind, _ account: String, _ event: String, _ user: String, _ at: Int64) {
    kind.append(rowKind.rawValue)
    instant.append(at)
    count.append(1)
    self.account.append(range(account))
    self.event.append(range(event))
    self.user.append(range(user))
    id.append(.absent)
    line.append(UInt32(lines.count))
    lines.append(TextRange(offset: UInt32(lines.count), length: 1))
  }

  mutating func add(_ account: String, _ event: String, user: String, at: Int64) {
    row(.usage, account, event, user, at)
  }

  mutating func addAttributes(_ account: String, _ traits: [(String, String)], at: Int64) {
    records.append(
      (
        rowCount,
        Record(kind: .group, event: "", fields: traits.map { ($0.0, .string($0.1)) }, line: "{}")
      ))
    row(.record, account, "", "", at)
  }
}
