import Foundation
import Glibc

/// The built binary as a process of its own, with its output in files.
final class Child: Sendable {
  let pid: Int32
  let output: String
  let errors: String
  /// What stood in `errors` when it was started.
  private let before: String

  /// The binary stands beside the test bundle; `KIZASHI_BINARY` names another.
  static var binary: String {
    if let named = ProcessInfo.processInfo.environment["KIZASHI_BINARY"] { return named }
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("kizashi").path
  }

  /// Starts it, or another program. Output goes to `NAME.out` and `NAME.err` of the workspace, behind what is there.
  init(
    _ arguments: [String], of program: [String] = [Child.binary], in place: Workspace, name: String = "child",
    variables: [String: String] = [:]
  ) throws {
    output = place.file("\(name).out")
    errors = place.file("\(name).err")
    before = readText(errors) ?? ""
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Whatever this process blocks or ignores, the daemon begins as from a shell.
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let environment = ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/", "LANG": "C.UTF-8"].merging(variables) {
      $1
    }
    var argv: [UnsafeMutablePointer<CChar>?] = (program + arguments).map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var started: pid_t = 0
    let code = posix_spawn(&started, program[0], &actions, &attributes, &argv, &envp)
    guard code == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL, userInfo: ["program": program[0]])
    }
    pid = started
  }

  /// A daemon on the workspace's config.
  static func daemon(
    _ place: Workspace, name: String = "daemon", variables: [String: String] = [:], program: [String] = [Child.binary]
  ) throws -> Child {
    try Child(["run", "--config", place.config], of: program, in: place, name: name, variables: variables)
  }

  /// Waits until the daemon says that it is up: from then on it takes signals.
  func started() async -> Bool { await eventually { self.hasStarted } }

  /// Whether it has said so.
  var hasStarted: Bool { errorText.dropFirst(before.count).contains(" Started ") }

  func signal(_ number: Int32) { kill(pid, number) }

  /// Waits for its end: the exit code, or 128 and the signal; nil: it did not end. Call it once.
  func ended() async -> Int32? {
    var status: Int32 = 0
    let gone = await eventually { waitpid(self.pid, &status, WNOHANG) == self.pid }
    guard gone else {
      // Nothing of a test may be left over.
      kill(pid, SIGKILL)
      return nil
    }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }

  var outputText: String { readText(output) ?? "" }
  var errorText: String { readText(errors) ?? "" }

  /// Runs a verb to its end.
  static func run(_ arguments: [String], in place: Workspace) async throws -> (
    status: Int32?, output: String, errors: String
  ) {
    let child = try Child(arguments, in: place, name: "verb-\(UUID().uuidString)")
    let status = await child.ended()
    return (status, child.outputText, child.errorText)
  }
}

/// The present, as milliseconds since 1970.
func presentMilliseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
