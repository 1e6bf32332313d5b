import GRDB

/// Why the store could not do something: what was tried, on which file, why it failed, and what the operator can do.
package struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong, by what can be done about it.
  package enum Reason: Sendable, Equatable {
    /// The folder the store should lie in does not exist.
    case missingDirectory(String)
    /// There is no store at the path (readers only: a writer makes one).
    case missingStore
    /// Another process holds the store; its id, where the lock file tells.
    case heldByAnotherProcess(Int32?)
    /// Somebody's SQL shell or a backup tool locks the database at this moment.
    case busy
    /// The store was written by a newer program.
    case newerSchema(store: Int, program: Int)
    /// Its tables are not those of its schema version.
    case otherTables(version: Int)
    /// The file is something else.
    case notAStore
    /// A directory lies at the path.
    case isDirectory
    /// What was to be made is there already.
    case exists
    /// SQLite finds the file damaged.
    case corrupt
    /// The file was deleted, or another put in its place, while it was open.
    case replaced
    /// The file, its folder or its file system cannot be written.
    case readOnly
    /// There is no room left where the store lies.
    case diskFull
    /// The file or its folder may not be opened by this user.
    case noPermission
    /// Whatever else SQLite or the system says.
    case other
  }

  /// What was being done: `opening the store`, `writing a commit`.
  package var action: String
  /// The database file.
  package var path: String
  /// What went wrong.
  package var reason: Reason
  /// What SQLite or the system said; may be empty.
  package var detail: String
  /// What the operator can do, where the usual advice for the reason does not fit what was tried; a sentence.
  package var advice: String?

  init(_ action: String, path: String, _ reason: Reason, detail: String = "", advice: String? = nil) {
    self.action = action
    self.path = path
    self.reason = reason
    self.detail = detail
    self.advice = advice
  }

  /// What a look through the whole file has found.
  package static func damaged(_ path: String, _ detail: String) -> StoreError {
    StoreError("checking", path: path, .corrupt, detail: detail)
  }

  /// Whether freeing space is all that is needed: the same commit can be written again then.
  package var isDiskFull: Bool { reason == .diskFull }

  /// Whether the same call may succeed later with nothing done to the store itself.
  package var isRetryable: Bool { reason == .diskFull || reason == .busy }

  /// One sentence of what happened and one of what to do.
  package var description: String {
    let said = detail.isEmpty ? "" : " (\(detail))"
    return "\(action) \(path): \(cause)\(said). \(advice ?? hint)"
  }

  private var cause: String {
    switch reason {
    case .missingDirectory(let directory): "the directory \(directory) does not exist"
    case .missingStore: "there is no store"
    case .heldByAnotherProcess(let pid?): "another kizashi (process \(pid)) has it open"
    case .heldByAnotherProcess(nil): "another kizashi has it open"
    case .busy: "another program has locked the database"
    case .newerSchema(let store, let program):
      "it has schema version \(store), and this program knows versions up to \(program)"
    case .otherTables(let version):
      "it says schema version \(version), and has not the tables of that: an unreleased build of kizashi made it, or somebody changed it"
    case .notAStore: "this is not a kizashi store, or its first page is damaged"
    case .isDirectory: "this is a directory"
    case .exists: "the file exists already"
    case .corrupt: "the database is damaged"
    case .replaced: "the file was deleted, or another put in its place, while kizashi had it open"
    case .readOnly: "it cannot be written"
    case .diskFull: "no space is left"
    case .noPermission: "permission denied"
    case .other: "it failed"
    }
  }

  var hint: String {
    switch reason {
    case .missingDirectory(let directory):
      "Create it for the user kizashi runs as (mkdir -p \(directory)), or set store.path to a directory that exists."
    case .missingStore: "Check --db or store.path; `kizashi run` and `kizashi replay` create a store."
    case .heldByAnotherProcess: "Stop it first, or use another store.path."
    case .busy: "Close the other program's transaction; kizashi tries again."
    case .newerSchema: "Install the newer kizashi again, or restore a backup this version made."
    case .otherTables:
      "Nothing was changed. Use it with the kizashi that made it; or move it away and make a new one from the event files "
        + "(kizashi replay), exact as far as they reach."
    case .notAStore: "Nothing was changed. Check store.path, or restore a backup and run `kizashi verify`."
    case .isDirectory: "Name the file in it with --db or store.path."
    case .exists: "It is left as it is: choose another name, or remove it."
    case .corrupt: "Nothing is deleted or started anew: stop kizashi, keep a copy, and restore a backup."
    case .replaced:
      "Start kizashi again: it goes on from what lies there now, and reads again from the event files what that lacks."
    case .readOnly: "Check the owner and mode of the file and its directory, and whether the file system is read-only."
    case .diskFull: "Free space where the store lies; nothing is lost and kizashi goes on by itself."
    case .noPermission: "Run as the user that owns the store, or correct the owner and mode."
    case .other: "See the message; the store was left as it was before."
    }
  }
}

extension StoreError {
  /// The error of an SQLite result code.
  /// - Parameter systemError: `errno` as SQLite last saw it on the connection; 0 if unknown.
  init(_ error: DatabaseError, doing action: String, path: String, systemError: Int32 = 0) {
    let reason: Reason
    switch error.resultCode {
    case .SQLITE_FULL: reason = .diskFull
    case .SQLITE_IOERR where systemError == SystemFile.noSpace || systemError == SystemFile.quotaExceeded:
      reason = .diskFull
    case .SQLITE_IOERR where systemError == SystemFile.readOnlyFileSystem: reason = .readOnly
    case .SQLITE_READONLY: reason = .readOnly
    case .SQLITE_BUSY, .SQLITE_LOCKED: reason = .busy
    case .SQLITE_NOTADB: reason = .notAStore
    case .SQLITE_CORRUPT: reason = .corrupt
    case .SQLITE_PERM, .SQLITE_AUTH: reason = .noPermission
    case .SQLITE_CANTOPEN: reason = SystemFile.reasonNotToOpen(path)
    default: reason = .other
    }
    self.init(action, path: path, reason, detail: error.message ?? "SQLite result \(error.resultCode.rawValue)")
  }

  /// Runs `body` and makes every error of it a ``StoreError``.
  static func wrap<T>(_ action: String, path: String, _ body: () throws -> T) throws(StoreError) -> T {
    do {
      return try body()
    } catch let error as StoreError {
      throw error
    } catch let error as DatabaseError {
      throw StoreError(error, doing: action, path: path)
    } catch {
      throw StoreError(action, path: path, .other, detail: String(describing: error))
    }
  }
}
