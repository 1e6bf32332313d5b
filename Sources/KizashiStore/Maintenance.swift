import GRDB
import Glibc

extension Store {
  /// Copies a store into one file while it is in use. The copy is of one instant and complete, or it is not there.
  ///
  /// It reads through a connection of its own, so that a daemon goes on writing.
  package static func backup(of path: String, to destination: String) throws(StoreError) {
    let action = "writing a backup of \(path) to"
    guard !SystemFile.exists(destination) else {
      throw StoreError(action, path: destination, .exists)
    }
    let source = try openReader(path)
    let partial = destination + ".partial"
    unlink(partial)
    do {
      try StoreError.wrap(action, path: partial) {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let target = try DatabaseQueue(path: partial, configuration: configuration)
        try source.backup(to: target)
        // The copy is a file to be moved about: it must not depend on a log beside it.
        try target.inDatabase { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
        try target.close()
        try source.close()
      }
    } catch {
      unlink(partial)
      // The file beside it is our own affair.
      throw StoreError(
        action, path: destination, error.reason, detail: error.detail, advice: backupAdvice(error.reason))
    }
    guard rename(partial, destination) == 0 else {
      throw StoreError(action, path: destination, .other, detail: SystemFile.message(errno))
    }
  }

  /// What can be done where the copy cannot be made: the store is not where it should lie.
  private static func backupAdvice(_ reason: StoreError.Reason) -> String? {
    switch reason {
    case .missingDirectory(let directory):
      "Create it (mkdir -p \(directory)), or name a file in a directory that exists."
    case .noPermission, .readOnly: "Name a file in a directory that you may write, or run as a user who may."
    case .diskFull: "Free space there, or name a file on another disk; the store is as it was."
    default: nil
    }
  }

  /// Copies this store into one file; see ``backup(of:to:)``.
  package func backup(to destination: String) throws(StoreError) { try Store.backup(of: path, to: destination) }

  /// What SQLite finds wrong with the file; empty: nothing. Reads all of it, at about 150 MB/s, through a connection of its
  /// own, so that a daemon goes on writing. Ends early, by throwing, where its task is cancelled.
  package static func problems(of path: String) async throws -> [String] {
    let reader = try openReader(path)
    do {
      let found = try await reader.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
      return found == ["ok"] ? [] : found
    } catch let error as DatabaseError {
      // So damaged that it cannot even be looked through.
      if [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) { return [error.message ?? "it cannot be read"] }
      throw StoreError(error, doing: "checking", path: path)
    }
  }
}
