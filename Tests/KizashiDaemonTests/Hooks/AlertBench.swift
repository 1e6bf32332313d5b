import KizashiConfig
import KizashiCore
import KizashiStore

@testable import KizashiDaemon
@testable import KizashiIngest

/// The real decoder, engine, pipeline, store and delivery scheduler, driven by hand under a clock of its own: for tests of
/// what is owed to whom.
final class AlertBench {
  let place: Workspace
  private(set) var configuration: KizashiConfig.Configuration
  private(set) var machine: Machine
  private var file = World.LogFile(key: "log:0")
  private(set) var now: Int64

  /// Starts on an empty store; `more` follows `sources:` in the config.
  init(_ more: String, at now: Int64 = 1_790_000_000_000) throws {
    place = try Workspace()
    self.now = now
    configuration = try Self.configure(place, more)
    machine = try Machine(path: place.store, configuration, now: now)
  }

  private static func configure(_ place: Workspace, _ more: String) throws -> KizashiConfig.Configuration {
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      business: {timezone: Europe/Berlin}
      store: {path: \(place.store)}
      sources: [{id: log, kind: file, paths: [/log/*]}]
      \(more)
      """)
    return try Configuration.load(path: place.config)
  }

  /// The daemon ends, by `kill -9`, and starts again, perhaps on another config.
  func restart(_ more: String? = nil) throws {
    if let more { configuration = try Self.configure(place, more) }
    try machine.store.close(clean: false)
    machine = try Machine(path: place.store, configuration, now: now)
  }

  /// Events of an account, now or so many milliseconds ago; `commits` false: the next ones are stored with them.
  func events(_ count: Int = 1, account: String = "acme", age: Int64 = 0, commits: Bool = true) throws {
    for _ in 0..<count {
      file.bytes += Array(#"{"timestamp":\#(now - age),"account":"\#(account)","event":"login"}"#.utf8) + [0x0a]
    }
    guard commits else { return }
    while !machine.isReadOut(file) { _ = machine.read(file, budget: 1 << 20, now: now) }
    machine.pipeline.drained(machine.number(of: "log"))
    try commit()
  }

  /// An account's attribute, to be read with the next events.
  func attribute(_ name: String, _ value: String, account: String) {
    let line = #"{"timestamp":\#(now),"account":"\#(account)","type":"group","traits":{"\#(name)":"\#(value)"}}"#
    file.bytes += Array(line.utf8) + [0x0a]
  }

  /// Time goes by, and the clock driver looks every half hour: so that nothing is found too late to be told.
  func pass(_ milliseconds: Int64) throws {
    let end = now + milliseconds
    while now < end {
      now = min(end, now + 1_800_000)
      machine.pipeline.drained(machine.number(of: "log"))
      machine.pipeline.tick(to: Instant(milliseconds: now))
      try commit()
    }
  }

  /// The daemon is away for so long, and catches up when it is back.
  func beAway(_ milliseconds: Int64) throws {
    now += milliseconds
    try restart()
    machine.pipeline.drained(machine.number(of: "log"))
    machine.pipeline.tick(to: Instant(milliseconds: now))
    try commit()
  }

  private func commit() throws {
    guard machine.pipeline.hasSomething else { return }
    try machine.store.write(try machine.pipeline.cut(now: Instant(milliseconds: now)).unit)
  }

  /// Everything that may run now does, and exits with 0; the ids of what ran, a list for each process.
  @discardableResult func runHooks() throws -> [[String]] {
    var ran: [[String]] = []
    while true {
      try machine.mark()
      try machine.remind(configuration, now: now)
      let launches = try machine.launches(now: now)
      if launches.isEmpty && machine.unmarked.isEmpty && machine.runs.isEmpty { return ran }
      for launch in launches {
        ran.append(launch.deliveries.map(\.id))
        machine.runs.append((launch, now, .exited(0)))
      }
      while !machine.runs.isEmpty { machine.ended(0, now: now) }
    }
  }

  /// The rows of a query on what is stored.
  func rows(_ sql: String) throws -> [[String]] { try place.rows(sql) }
}
