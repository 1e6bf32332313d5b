import Foundation
import Glibc
import Testing

@testable import KizashiDaemon

/// Whether the tests that take minutes run too.
let isSoak = ProcessInfo.processInfo.environment["KIZASHI_SOAK"] == "1"

extension Workspace {
  /// The command of a script of `lines` that ends by becoming the program under test.
  ///
  /// A shell reads it: a file cannot be executed while any child that is just being started still has it open for writing.
  func script(_ name: String, _ lines: String) throws -> [String] {
    ["/bin/sh", try write(name, "\(lines)\nexec '\(Child.binary)' \"$@\"\n")]
  }

  /// Lines of new accounts, each with one event now.
  func lines(_ accounts: Range<Int>, prefix: String = "acct") -> String {
    accounts.map { #"{"timestamp":\#(presentMilliseconds()),"account":"\#(prefix)-\#($0)","event":"login"}"# + "\n" }
      .joined()
  }

  /// Every fact as (account, events).
  var totals: [String: Int64] {
    get throws {
      let rows = try rows("SELECT a.name, sum(f.events) FROM fact f JOIN account_name a ON a.id = f.account GROUP BY 1")
      return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], Int64($0[1]) ?? -1) })
    }
  }

  /// The size of the log.
  var size: Int64 {
    Int64((try? FileManager.default.attributesOfItem(atPath: log)[.size] as? Int) ?? 0)
  }
}

extension Child {
  /// A line of `/proc/PID/status`.
  func status(_ field: String) -> String? {
    readText("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix("\(field):") }
      .map { String($0.dropFirst(field.count + 1)).trimmed }
  }

  /// Its resident memory in KiB, now and at its highest.
  var memory: (now: Int, peak: Int) {
    func number(_ field: String) -> Int { status(field).flatMap { Int($0.prefix { $0.isNumber }) } ?? 0 }
    return (number("VmRSS"), number("VmHWM"))
  }

  /// Waits for what it says on standard error.
  func says(_ text: String) async -> Bool { await eventually { self.errorText.contains(text) } }

  /// Stops it as an operator does; its exit code.
  func stopped() async -> Int32? {
    signal(SIGTERM)
    return await ended()
  }
}

/// A connection to the Unix socket at a path; nil: nobody listens there now.
func connection(to path: String) -> Int32? {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  guard descriptor >= 0, let (address, length) = SocketAddress.unix(path) else { return nil }
  let result = withUnsafePointer(to: address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
  }
  if result == 0 { return descriptor }
  close(descriptor)
  return nil
}
