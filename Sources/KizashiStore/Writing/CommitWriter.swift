import GRDB
import KizashiCore

/// Writes commits, each as one transaction, and copies the write-ahead log into the database between them.
final class CommitWriter {
  private let usage: UsageWriter
  private let amounts: AmountWriter
  private let accounts: AccountWriter
  private let customers: CustomerWriter
  private let flow: FlowWriter
  private let stalls: StallWriter
  private let expiry: UsageExpiry
  /// How many facts the last commit had.
  private var factsBefore = 0
  /// The fewest expired facts that go at a time, where there are as many: some milliseconds.
  var leastExpired = 1000
  private let clock: HotStatement
  private let advance: HotStatement
  private let gauge: WALGauge
  /// Whether `synchronous` is FULL at this moment.
  private var isSyncingCommits = false
  /// How far the log had grown when a checkpoint was last tried: one that a reader holds up is not tried each commit.
  private var pagesAtCheckpoint: Int32 = 0
  /// Whether the disk had no room when something was last to be written.
  var isDiskFull = false

  private let path: String
  private let checkpointPages: Int32

  /// - Parameter path: Where the database lies, to know how much room it has.
  init(_ db: Database, path: String, checkpointPages: Int32) throws {
    self.path = path
    self.checkpointPages = checkpointPages
    try HotInsert.prepare(db)
    usage = try UsageWriter(db)
    amounts = try AmountWriter(db)
    accounts = try AccountWriter(db)
    customers = try CustomerWriter(db)
    flow = try FlowWriter(db)
    stalls = try StallWriter(db)
    expiry = try UsageExpiry(db)
    clock = try HotStatement(
      db, "UPDATE store_state SET now_ms = ?, now_hour = ?, kept_hour = ?, due_ms = ?, scored_version = ?")
    advance = try HotStatement(db, "INSERT OR REPLACE INTO clock_advance VALUES (?, ?)")
    gauge = WALGauge(db)
  }

  /// Stores a unit whole or not at all: after an error the same unit can be written again.
  func write(_ unit: CommitUnit, config: ConfigMapping, features: FeatureMap, quarantineRows: Int, in db: Database)
    throws
  {
    try setSyncing(unit.durable, db)
    try db.inTransaction(.immediate) {
      try usage.write(unit.commit, calendar: config.calendar)
      try amounts.write(unit.commit.amounts, properties: config.properties)
      try features.add(unit.commit.eventNames, db)
      try accounts.write(unit, config: config)
      try customers.write(unit.commit, config: config)
      // At the clock of the commits before.
      try unit.rulesLeft?.resolveOthers(at: unit.detectedAt, db)
      // Alerts before the runs that are owed for them.
      try stalls.write(unit)
      try flow.write(unit, quarantineRows: quarantineRows)
      for row in unit.commit.clockAdvances {
        advance.bind(1, row.lines)
        advance.bind(2, row.to.milliseconds)
        try advance.run()
      }
      if unit.commit.now.milliseconds != .min {
        clock.bind(1, unit.commit.now.milliseconds)
        clock.bind(2, Int64(unit.commit.now.tile.hour))
        expiry.move(to: unit.commit.now, config)
        clock.bind(3, Int64(expiry.keptHour))
        clock.bind(4, unit.commit.leftBehind?.milliseconds)
        clock.bind(5, Int64(unit.configVersion))
        try clock.run()
      }
      return .commit
    }
    usage.committed(unit.commit)
    factsBefore = unit.commit.facts.count
  }

  /// Whether there is usage to take out; cheap, because it is asked behind each commit.
  func hasExpiredUsage(_ config: ConfigMapping) -> Bool {
    expiry.look(config) { usage.oldestHour }
    return expiry.isDue
  }

  /// Takes out some of the usage that has expired, in a transaction of its own: twice as much as the last commit brought, so
  /// that it is gone some day however fast more comes. What is not done now is done after another commit.
  func expireUsage(_ config: ConfigMapping, _ db: Database) throws {
    try setSyncing(false, db)
    var hour = UsageExpiry.traceHour
    try db.inTransaction(.immediate) {
      hour = try expiry.step(facts: max(leastExpired, 2 * factsBefore), calendar: config.calendar)
      return .commit
    }
    usage.forget(before: hour)
    expiry.stepped(to: hour)
  }

  /// Whether the transactions that follow are synced to disk before they return.
  func setSyncing(_ isSyncing: Bool, _ db: Database) throws {
    guard isSyncing != isSyncingCommits else { return }
    try db.execute(sql: isSyncing ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
    isSyncingCommits = isSyncing
  }

  /// Bounds the write-ahead log. The commits in it are safe already, so that a checkpoint that cannot be made now, for
  /// want of disk or for a reader that still looks at an old state, is tried again later and harms nothing.
  ///
  /// All that is in it is synced and copied at once, and whoever comes meanwhile waits: 20 to 40 ms for 64 MiB. A store that
  /// has time does it a quarter at a time; one that has none would only do it more often.
  func checkpointIfDue(_ db: Database, isIdle: Bool) {
    let waiting = gauge.waiting
    if waiting < pagesAtCheckpoint { pagesAtCheckpoint = 0 }
    // One that was held up is tried again much sooner than the first, so that the disk is given back soon after a reader has
    // gone; while it is there, trying costs next to nothing. Sooner still where less room is left than the log takes.
    let isTight = SystemFile.freeBytes(path).map { $0 < Int64(waiting) * 4096 } ?? false
    let isHeldUp = isTight || pagesAtCheckpoint > 0
    let early = isTight ? min(checkpointPages / 16, Self.reservedPages) : checkpointPages / 16
    let usual = isIdle ? checkpointPages / 4 : checkpointPages
    guard waiting - pagesAtCheckpoint >= (isHeldUp ? early : usual) else { return }
    pagesAtCheckpoint = waiting
    _ = try? db.checkpoint(.passive)
  }

  /// What a commit may add to the log without another look.
  private static let reservedPages: Int32 = 128

  /// Call before anything is written: the log must not take the room its own copying needs. A log that has taken all of the
  /// disk could never be copied, nor be given back, though nothing else lies there that could be deleted.
  ///
  /// - Throws: As SQLite does where the disk is full. What is missing may be in the log: the caller copies it and tries again.
  func keepRoom(_ db: Database) throws {
    // First of all what has been freed lets the log be copied, before a commit takes it for more log.
    if isDiskFull { _ = try? db.checkpoint(.passive) }
    isDiskFull = try !hasRoom(db)
    if isDiskFull {
      throw DatabaseError(resultCode: .SQLITE_FULL, message: "what is left is needed to copy the write-ahead log")
    }
  }

  private func hasRoom(_ db: Database) throws -> Bool {
    let waiting = Int64(gauge.waiting)
    guard let free = SystemFile.freeBytes(path), free < 2 * 4096 * max(waiting, Int64(checkpointPages)) else {
      return true
    }
    let pages = try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA page_count")) ?? 0
    let growth = max(pages * 4096 - SystemFile.size(path), 0)
    // A log that has started over is written where it lies.
    let reusable = max(SystemFile.size(path + "-wal") - waiting * Self.frame, 0)
    return free >= growth + max(Int64(Self.reservedPages) * Self.frame - reusable, 0)
  }

  /// Bytes of a page in the log.
  private static let frame: Int64 = 4096 + 24

  /// Call before the connection closes.
  func detach(_ db: Database) { gauge.detach(db) }
}
