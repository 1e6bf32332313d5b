import KizashiConfig
import KizashiIngest
import KizashiStore

/// Why a verb could not do its work: what was done, why it failed, what to do, and the exit code that says so.
package struct DaemonError: Error, Sendable, CustomStringConvertible {
  /// Exit codes of sysexits(3) that kizashi uses.
  package enum Code: Int32, Sendable {
    /// The answer is "no".
    case no = 1
    case usage = 64
    case badData = 65
    case unavailable = 69
    case cannotCreate = 73
    case temporary = 75
    case badConfig = 78
  }
  package var code: Code
  package var description: String

  /// What the process exits with.
  package var exitCode: Int32 { code.rawValue }

  /// An error with a sentence for the operator.
  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// Any error of the modules below, with the code that fits it.
  package init(_ error: any Error) {
    switch error {
    case let error as DaemonError: self = error
    case let error as StoreError: self.init(DaemonError.code(of: error), "\(error)")
    case let error as IngestError: self.init(.unavailable, "\(error)")
    case let error as ControlError: self.init(.unavailable, "\(error)")
    case let error as ConfigurationError: self.init(.badConfig, "\(error)")
    default: self.init(.unavailable, "\(error)")
    }
  }

  private static func code(of error: StoreError) -> Code {
    switch error.reason {
    case .missingDirectory, .noPermission, .readOnly: .cannotCreate
    case .exists: .cannotCreate
    case .missingStore, .isDirectory, .heldByAnotherProcess, .replaced: .unavailable
    case .busy, .diskFull: .temporary
    case .newerSchema, .otherTables, .notAStore, .corrupt: .badData
    case .other: .unavailable
    }
  }
}
