import Foundation
import KizashiCore
import KizashiDaemon
import Logging

/// Where a verb's log goes: standard error, as the journal wants it where the journal reads.
enum LogOutput {
  /// The program's logger. Call it once.
  static func logger(level: Logger.Level) -> Logger {
    LineLogHandler.bootstrap(level: level, environment: ProcessInfo.processInfo.environment) {
      Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
    return Logger(label: "kizashi")
  }
}
