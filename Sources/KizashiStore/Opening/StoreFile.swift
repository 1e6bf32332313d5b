import CSQLite
import GRDB

/// How a store's file is recognised, opened and tuned.
enum StoreFile {
  /// `kzsi`: in the file's header, so that no other program's database is taken for a store.
  static let applicationID: Int32 = 0x6b7a_7369

  /// How many WAL pages (of 4 KiB) may wait before they are copied into the database: 64 MiB. Large enough that a
  /// catch-up commit is copied once, small enough to bound the disk used and the recovery after a crash.
  static let checkpointPages: Int32 = 16_384

  /// Once in a process, before its first connection.
  private static let tuneProcess: Void = {
    ks_sqlite_keep_no_memory_statistics()
    // Where that cannot be, pages are written one by one.
    _ = ks_sqlite_gather_log_writes()
  }()

  /// The connection that writes. Nothing is changed in the file before ``check(_:path:migrations:)`` has recognised it.
  static func openWriter(_ path: String) throws -> DatabaseQueue {
    tuneProcess
    var configuration = Configuration()
    configuration.label = "kizashi.store"
    // No table has foreign keys; the writer is the only one who could break them.
    configuration.foreignKeysEnabled = false
    // Long enough for a reader's moment, short enough for the daemon's watchdog: it tries again by itself.
    configuration.busyMode = .timeout(1)
    return try DatabaseQueue(path: path, configuration: configuration)
  }

  /// Refuses what is not a store of ours, or of a newer program. A file without any table is a store to be made.
  /// - Returns: Whether it is to be made.
  static func check(_ db: Database, path: String, _ migrations: Migrations) throws -> Bool {
    let latest = migrations.latest
    let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
    if application == 0 && isEmpty { return true }
    // The first migration's own table may stand alone after a crash in the middle of making a store.
    let isUnfinished =
      try application == 0
      && String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'") == [
        "grdb_migrations"
      ] && Int.fetchOne(db, sql: "SELECT count(*) FROM grdb_migrations") == 0
    if isUnfinished { return true }
    guard application == applicationID else { throw StoreError("opening the store", path: path, .notAStore) }
    guard version <= latest else {
      throw StoreError("opening the store", path: path, .newerSchema(store: version, program: latest))
    }
    if let misfit = try migrations.misfit(of: version, db) {
      throw StoreError("opening the store", path: path, .otherTables(version: version), detail: misfit)
    }
    guard try Int.fetchOne(db, sql: "SELECT count(*) FROM store_state") == 1 else {
      throw StoreError("opening the store", path: path, .corrupt, detail: "store_state does not have one row")
    }
    return false
  }

  /// What holds for the writing connection's whole life.
  ///
  /// - `wal_autocheckpoint = 0`: the writer checkpoints between commits, never inside one.
  /// - `secure_delete = OFF`: Debian builds it on, and it doubles the pages a delete writes.
  /// - `journal_size_limit`: a WAL that once grew under a long reader gives its disk back when it starts over.
  /// - `cache_size`: 64 MiB, so that the upper levels of the trees and the newest hours stay; it grows only with use.
  /// - No memory mapping: a read error would then be a signal that kills the daemon instead of an error code.
  static func tune(_ db: Database, checkpointPages: Int32) throws {
    let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
    guard mode == "wal" else {
      throw DatabaseError(resultCode: .SQLITE_READONLY, message: "the database cannot use a write-ahead log")
    }
    try db.execute(
      sql: """
        PRAGMA wal_autocheckpoint = 0;
        PRAGMA secure_delete = OFF;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -65536;
        PRAGMA journal_size_limit = \(Int(checkpointPages) * 4096);
        PRAGMA synchronous = NORMAL;
        """)
  }

  /// A connection that can only read, for any process at any time, with or without a daemon running.
  ///
  /// - Parameters:
  ///   - newest: The newest schema that can be read.
  ///   - migrations: How its tables are made; nil: somebody has looked at them already.
  static func openReader(
    _ path: String, newest: Int = Migrations().latest, _ migrations: Migrations? = Migrations()
  ) throws(StoreError) -> DatabaseQueue {
    let action = "reading the store"
    guard SystemFile.exists(path) else {
      // What is there may well be a store: nobody should think that it is lost.
      if SystemFile.isHidden(path) { throw StoreError(action, path: path, .noPermission) }
      let reason = SystemFile.reasonNotToOpen(path)
      // Who reads wants a store that is there; a new directory would hold none.
      let advice = StoreError(action, path: path, .missingStore).hint
      if case .missingDirectory = reason { throw StoreError(action, path: path, reason, advice: advice) }
      throw StoreError(action, path: path, .missingStore)
    }
    // SQLite opens it, and calls it a disk error.
    guard !SystemFile.isDirectory(path) else { throw StoreError(action, path: path, .isDirectory) }
    tuneProcess
    return try StoreError.wrap(action, path: path) {
      var configuration = Configuration()
      configuration.label = "kizashi.reader"
      configuration.readonly = true
      configuration.foreignKeysEnabled = false
      configuration.busyMode = .timeout(5)
      configuration.prepareDatabase { db in
        try db.execute(sql: "PRAGMA query_only = ON; PRAGMA cache_size = -16384;")
      }
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.read { db in
        guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == applicationID else {
          throw StoreError(action, path: path, .notAStore)
        }
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version <= newest else {
          throw StoreError(action, path: path, .newerSchema(store: version, program: newest))
        }
        // Of an older version nobody reads views that it has not.
        if version == newest, let misfit = try migrations?.misfit(of: version, db) {
          throw StoreError(action, path: path, .otherTables(version: version), detail: misfit)
        }
      }
      return queue
    }
  }
}
