import Foundation
import KizashiConfig
import KizashiCore
import KizashiDaemon
import KizashiStore

/// The config and store a verb was started on.
struct Session {
  /// What the config says. Where no file is named and none is installed, it is the one the distribution begins with.
  var configuration: Configuration
  /// The config file; nil: there is none.
  var configPath: String?
  /// The store's file.
  var storePath: String
  /// Whether neither a config nor the command line named it.
  private let isStoreAssumed: Bool

  /// Reads the config a verb was given.
  /// - Parameter needsFile: whether the built-in config will not do.
  /// - Throws: 78 with every problem of a bad one.
  init(_ options: StoreOptions, needsFile: Bool = false) throws(Failure) {
    let path = options.config ?? Configuration.standardPath
    let isThere = options.config != nil || needsFile || FileManager.default.fileExists(atPath: path)
    do {
      configuration =
        isThere
        ? try Configuration.load(path: path, environment: ProcessInfo.processInfo.environment)
        : try Configuration.parse(text: Configuration.standardText, file: "the built-in config", directory: "")
    } catch {
      throw Failure(config: error, path: path)
    }
    configPath = isThere ? path : nil
    storePath = options.db ?? configuration.storePath
    isStoreAssumed = !isThere && options.db == nil
  }

  /// Opens the store for reading.
  /// - Throws: 69 where there is none.
  func reader() throws(Failure) -> StoreReader {
    do {
      return try StoreReader(path: storePath)
    } catch {
      // Who only reads cannot fail to create: to them a store out of reach is not there.
      switch error.reason {
      case .missingDirectory where isStoreAssumed, .missingStore where isStoreAssumed:
        throw Failure(
          .unavailable, error.description,
          hint: "there is no config \(Configuration.standardPath) either: name one with --config, or a store with --db")
      case .missingDirectory, .noPermission: throw Failure(.unavailable, error.description)
      default: throw Failure(store: error)
      }
    }
  }

  /// What drawing answers from this store needs.
  func page(_ reader: StoreReader, terminal: Terminal = .behind(1)) throws(Failure) -> Page {
    do {
      let now = try reader.meta().now ?? Instant(milliseconds: 0)
      // The zone the store's local days were made with; the file's may have changed since.
      let calendar = try reader.calendar() ?? configuration.model.calendar
      // A file that says something else explains nothing about the numbers in the store.
      let isInForce = try reader.configHash() == configuration.fingerprint
      return Page(
        terminal: terminal, now: now, calendar: calendar, model: isInForce ? configuration.model : nil)
    } catch {
      throw Failure(store: error)
    }
  }
}

extension Failure {
  /// A config that cannot be used: 78, with everything wrong with it.
  init(config error: ConfigurationError, path: String) {
    switch error {
    case .problems(let problems):
      let count = problems.count == 1 ? "a problem" : "\(problems.count) problems"
      let lines = problems.map { "  \($0.description)" }
      self.init(.badConfig, (["the config \(path) has \(count):"] + lines).joined(separator: "\n"))
    case .unreadable(let path, let why, let hint):
      self.init(.badConfig, "cannot read the config \(path): \(why)", hint: hint)
    }
  }

  /// A store that cannot be used; the library says which exit code that is.
  init(store error: StoreError) { self.init(code: DaemonError(error).exitCode, error.description) }
}

/// Runs a question to the store and makes its errors failures.
func asking<T>(_ question: () throws(StoreError) -> T) throws(Failure) -> T {
  do {
    return try question()
  } catch {
    throw Failure(store: error)
  }
}
