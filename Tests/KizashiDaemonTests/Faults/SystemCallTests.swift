import Foundation
import Glibc
import Testing

/// The tracer.
private enum Strace {
  static let path = "/usr/bin/strace"

  static let isUsable: Bool = {
    guard let place = try? Workspace(), access(path, X_OK) == 0,
      let child = try? Child(["-qq", "-o", place.file("log"), "/bin/true"], of: [path], in: place)
    else { return false }
    var status: Int32 = -1
    waitpid(child.pid, &status, 0)
    return status == 0
  }()
}

/// That the shim sees every write: strace counts them in the kernel.
@Suite(.enabled(if: Strace.isUsable, "strace is not installed, or may not trace"))
struct SystemCallTests {
  /// Everything by which a process can change what outlives it. Those the shim does not know must not occur.
  private static let known = [
    "write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate", "truncate", "fallocate", "rename",
    "renameat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "link", "symlink", "chmod", "fchmod", "bind",
    "sendto", "sendmsg", "sendfile", "fchown",
  ]
  private static let unknown = [
    "pwritev2", "sync_file_range", "sync", "syncfs", "renameat2", "linkat", "symlinkat", "creat", "fchmodat", "mknod",
    "mknodat", "sendmmsg", "copy_file_range", "splice", "vmsplice", "tee", "msync", "chown", "lchown",
    "fchownat", "setxattr", "fsetxattr", "utimensat", "io_uring_enter", "io_submit",
  ]

  @Test func `no write of the daemon passes the shim unseen`() async throws {
    let workload = FaultWorkload.rotated(hour: FaultRun.presentHour)
    let place = try Workspace()
    try place.write("kizashi.yaml", workload.config(place))
    let page = try FaultPage(place, nil)
    let log = place.file("strace.log")
    let calls = (Self.known + Self.unknown + ["open", "openat", "execve"]).joined(separator: ",")
    // -D: the daemon is our child, strace is not.
    let daemon = try Child(
      ["-D", "-f", "-qq", "-y", "-s", "0", "-o", log, "-e", "trace=\(calls)", "-e", "signal=none"]
        + page.variables.flatMap { ["-E", "\($0.key)=\($0.value)"] }
        + [Child.binary, "run", "--config", place.config], of: [Strace.path], in: place, name: "daemon")
    let watch = StoreWatch(place.store)
    for step in workload.steps {
      _ = try await step.act(place)
      let isRead = await eventually { (watch.look()?.lines ?? 0) >= step.lines }
      #expect(isRead, "\(daemon.errorText)")
    }
    let isDelivered = await eventually { watch.look()?.owed == 0 }
    #expect(isDelivered)
    watch.close()
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")

    // strace is nobody's child now: it has written all when it has let go of the log's end.
    var traced: [String: UInt64] = [:]
    let agrees = await eventually(within: .seconds(20)) {
      traced = Self.count(readText(log) ?? "", daemon: daemon.pid)
      return (Self.known + ["open"]).allSatisfy { traced[$0, default: 0] == page.count(of: $0) }
    }
    for name in Self.known + ["open"] {
      #expect(traced[name, default: 0] == page.count(of: name), "\(name): traced, seen by the shim")
    }
    #expect(agrees)
    for name in Self.unknown { #expect(traced[name, default: 0] == 0, "\(name) is not known to the shim") }
    #expect(page.count(of: "pwrite64") > 100)
  }

  /// The calls of the daemon's threads, by name. Processes that start another program are hooks.
  private static func count(_ log: String, daemon: Int32) -> [String: UInt64] {
    let lines = log.split(separator: "\n")
    let hooks = Set(lines.filter { $0.contains(" execve(") }.map(process)).subtracting(["\(daemon)"])
    var result: [String: UInt64] = [:]
    for line in lines where !hooks.contains(process(line)) {
      // A call that another thread interrupts stands in two lines, the second of which begins with <...
      let rest = line.drop { $0 != " " }.drop { $0 == " " }
      guard let end = rest.firstIndex(of: "("), !rest.hasPrefix("<...") else { continue }
      let name = String(rest[..<end])
      if rest.contains("anon_inode:") { continue }
      switch name {
      case "open", "openat": if rest.contains("O_CREAT") { result["open", default: 0] += 1 }
      default: result[name, default: 0] += 1
      }
    }
    return result
  }

  private static func process(_ line: Substring) -> Substring { line.prefix { $0 != " " } }
}
