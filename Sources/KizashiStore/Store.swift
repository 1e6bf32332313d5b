import GRDB
import KizashiCore

/// The one SQLite file that holds everything: facts, scores, changes, positions in the input, and the hook runs owed.
///
/// It is used from one thread at a time, its owner's. In the whole program only this connection writes and checkpoints
/// (SQLite before 3.51.3 can lose commits when two do); everybody else reads through ``openReader(_:)``.
///
/// ```swift
/// let store = try Store(path: "/var/lib/kizashi/kizashi.db", programVersion: "1.0.0")
/// let sources = try store.registerSources(["app"])       // numbers for EventBatch.source
/// let version = try store.register(config)               // a version for Engine.init
/// let restored = try store.restore(factHorizonHours: engine.factHorizonHours)
/// …
/// try store.write(CommitUnit(commit: engine.drain(), detectedAt: now, configVersion: version, durable: true))
/// store.checkpointIfDue()
/// try store.close(clean: true)
/// ```
package final class Store {
  /// The database file.
  package let path: String
  /// Whether there was no store at the path, so that nothing has ever been read into this one.
  package let isNew: Bool
  /// Whether there once was a store at the path that is not there any more, as far as its lock file tells.
  package let wasRemoved: Bool
  /// Whether the file has to be looked through for damage with ``problems(of:)``, because a process that had it open did
  /// not close it and nobody has looked since. It stays so over any number of clean stops until ``checked()``.
  package private(set) var needsCheck: Bool
  /// The version of the tables, see ``Migrations``.
  package let schemaVersion: Int
  /// The most refused lines quarantine keeps (`limits.quarantine_rows`); the oldest make room for new ones.
  package var quarantineRows = 10_000

  let queue: DatabaseQueue
  private let lock: StoreLock
  /// Which file it is, whatever lies at the path later.
  private let identity: SystemFile.Identity?
  /// Nil once closed: its statements must be released before the connection.
  private(set) var writer: CommitWriter?
  private var mappings: [Int: ConfigMapping] = [:]
  private var features: FeatureMap?

  /// Opens the store at `path`, making it if there is none, and brings its tables up to date.
  ///
  /// - Throws: ``StoreError`` where another process has it, where it is newer than this program, damaged, or no store
  ///   at all. Nothing is changed in a file that is refused.
  package convenience init(path: String, programVersion: String) throws(StoreError) {
    try self.init(path: path, programVersion: programVersion, migrations: Migrations())
  }

  /// - Parameter checkpointPages: how far the write-ahead log grows; tests do not want to write so much.
  init(
    path: String, programVersion: String, migrations: Migrations, checkpointPages: Int32 = StoreFile.checkpointPages
  ) throws(StoreError) {
    let action = "opening the store"
    // Before a lock is left beside what can be no store.
    guard !SystemFile.isDirectory(path) else { throw StoreError(action, path: path, .isDirectory) }
    let lock = try StoreLock(storePath: path)
    let (queue, isNew, wasStoppedCleanly) = try StoreError.wrap(action, path: path) {
      let queue = try StoreFile.openWriter(path)
      let isNew = try queue.inDatabase { try StoreFile.check($0, path: path, migrations) }
      try queue.inDatabase { try StoreFile.tune($0, checkpointPages: checkpointPages) }
      try migrations.apply(to: queue, programVersion: programVersion)
      let wasStoppedCleanly = try queue.inDatabase { db in
        var wasStoppedCleanly = true
        try db.inTransaction(.immediate) {
          try Views(windows: ConfigRegistry.windows(db)).install(db)
          wasStoppedCleanly = try Bool.fetchOne(db, sql: "SELECT clean_stop FROM store_state") ?? true
          try db.execute(
            sql: "UPDATE store_state SET clean_stop = 0, program_version = ?", arguments: [programVersion])
          // What ran when the process ended may or may not have finished: at least once.
          try db.execute(
            sql: "UPDATE delivery SET state = ? WHERE state = ?",
            arguments: [DeliveryState.retry.rawValue, DeliveryState.running.rawValue])
          return .commit
        }
        return wasStoppedCleanly
      }
      // Producers are about to be told what is stored, and owed hooks to run. A process that was killed between writing a
      // commit and syncing it has left it here to be read, but not on the disk.
      let file = try queue.inDatabase { db in
        // Where it really lies: the log is beside it, and not beside a link to it.
        try String.fetchOne(db, sql: "SELECT file FROM pragma_database_list WHERE name = 'main'") ?? path
      }
      try SystemFile.sync(file + "-wal", action)
      return (queue, isNew, wasStoppedCleanly)
    }
    self.path = path
    self.lock = lock
    self.queue = queue
    self.isNew = isNew
    wasRemoved = isNew && lock.wasThere
    needsCheck = !wasStoppedCleanly
    identity = SystemFile.identity(path)
    schemaVersion = migrations.latest
    writer = try StoreError.wrap(action, path: path) {
      try queue.inDatabase { try CommitWriter($0, path: path, checkpointPages: checkpointPages) }
    }
  }

  deinit { try? release() }

  /// Numbers for sources, the same for the same name as long as the store lives: `EventBatch.source` and everything
  /// that names a source by number uses them. Numbers start at 0 and have no gaps, so that an engine given the sources
  /// in order of ``sourceNames()`` numbers them alike.
  package func registerSources(_ names: [String]) throws(StoreError) -> [Int] {
    try access("registering sources in") { db in
      try db.inTransactionReturning { db in
        try names.map { name in
          try db.execute(
            sql: """
              INSERT INTO source (id, name) VALUES ((SELECT ifnull(max(id) + 1, 0) FROM source), ?)
              ON CONFLICT (name) DO NOTHING
              """, arguments: [name])
          return try Int.fetchOne(db, sql: "SELECT id FROM source WHERE name = ?", arguments: [name]) ?? 0
        }
      }
    }
  }

  /// The names of all sources ever registered, by number.
  package func sourceNames() throws(StoreError) -> [String] {
    try access("reading") { db in try String.fetchAll(db, sql: "SELECT name FROM source ORDER BY id") }
  }

  /// Makes a config the current one and gives its version. The same text as the last gives the same version.
  ///
  /// Views follow at once (windows, features, local days); commits of an engine that still runs under an older version
  /// can be written as long as they say so.
  package func register(_ config: ConfigRegistration) throws(StoreError) -> Int {
    let (version, mapping) = try access("registering a config in") { db in
      try db.inTransactionReturning { db in try ConfigRegistry.register(config, db) }
    }
    mappings[version] = mapping
    features = FeatureMap(config.model)
    return version
  }

  /// Stores a unit whole or not at all. Behind it, when nobody waits for it any more, call ``checkpointIfDue(isIdle:)``.
  ///
  /// - Throws: ``StoreError``; the same unit can then be written again, see ``StoreError/isRetryable``.
  /// - Precondition: ``register(_:)`` gave its `configVersion` since the store was opened.
  package func write(_ unit: CommitUnit) throws(StoreError) {
    guard let mapping = mappings[unit.configVersion], let features else {
      preconditionFailure("a commit of config version \(unit.configVersion), which was not registered")
    }
    try access("writing a commit to") { db in
      try writer?.keepRoom(db)
      try writer?.write(unit, config: mapping, features: features, quarantineRows: quarantineRows, in: db)
    }
  }

  /// Takes out some of the usage that has expired. Call after a commit, when nobody waits for it any more.
  ///
  /// - Parameter version: Of the config in force.
  package func expireUsage(configVersion version: Int) throws(StoreError) {
    guard let mapping = mappings[version], writer?.hasExpiredUsage(mapping) == true else { return }
    try access("taking expired usage out of") { db in
      try writer?.keepRoom(db)
      try writer?.expireUsage(mapping, db)
    }
  }

  /// Copies the write-ahead log into the database where it has grown long. Call behind whatever writes again and again, and
  /// outside its errors: what is stored must not be reported as failed.
  ///
  /// - Parameter isIdle: Nothing is waiting to be stored: then a shorter log is copied, in less time than somebody who comes
  ///   meanwhile would notice.
  package func checkpointIfDue(isIdle: Bool = false) {
    queue.inDatabase { writer?.checkpointIfDue($0, isIdle: isIdle) }
  }

  /// The file has been looked through and nothing is wrong with it.
  package func checked() { needsCheck = false }

  /// Closes the store; it cannot be used afterwards.
  /// - Parameter clean: All that was read is stored: the next start needs no check, unless this one still owes it.
  package func close(clean: Bool) throws(StoreError) {
    if clean {
      let needsCheck = needsCheck
      try access("closing") { db in
        try db.execute(sql: "PRAGMA synchronous = FULL")
        if !needsCheck { try db.execute(sql: "UPDATE store_state SET clean_stop = 1") }
        // A reader may hold it up; then the next start does it.
        _ = try? db.checkpoint(.truncate)
      }
    }
    try StoreError.wrap("closing", path: path) { try release() }
  }

  private func release() throws {
    guard writer != nil else { return }
    queue.inDatabase { writer?.detach($0) }
    writer = nil
    try queue.close()
    lock.release()
  }

  /// Runs `body` on the connection; what it throws becomes a ``StoreError`` with what the system said.
  func access<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
    precondition(writer != nil, "the store is closed")
    // SQLite goes on with a file that has no name any more, and all that is stored would be gone with the process.
    guard SystemFile.identity(path) == identity else { throw StoreError(action, path: path, .replaced) }
    do {
      return try queue.inDatabase { db in
        do {
          return try body(db)
        } catch let error as DatabaseError {
          throw StoreError(error, doing: action, path: path, systemError: WALGauge.systemError(db))
        }
      }
    } catch let error as StoreError {
      // The log may be what fills the disk: what is in it goes into the database, as far as that has room, and the next
      // try has the log's.
      if error.isDiskFull {
        writer?.isDiskFull = true
        _ = try? queue.inDatabase { try $0.checkpoint(.truncate) }
      }
      throw error
    } catch {
      throw StoreError(action, path: path, .other, detail: String(describing: error))
    }
  }
}

extension Store {
  /// A connection to the store at `path` that can only read, in any process, whether or not a daemon runs.
  package static func openReader(_ path: String) throws(StoreError) -> DatabaseQueue {
    try StoreFile.openReader(path)
  }
}

extension Database {
  /// One write transaction; rolled back where `body` throws.
  func inTransactionReturning<T>(_ body: (Database) throws -> T) throws -> T {
    var result: T?
    try inTransaction(.immediate) {
      result = try body(self)
      return .commit
    }
    guard let result else { throw DatabaseError(resultCode: .SQLITE_MISUSE) }
    return result
  }
}
