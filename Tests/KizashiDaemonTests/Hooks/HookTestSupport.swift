import Glibc
import KizashiCore

@testable import KizashiDaemon

/// A directory of its own, removed at the end.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/kizashi-test-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "no temporary directory")
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { unlink("\(path)/\(name)") }
    }
    closedir(directory)
    rmdir(path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file and gives its path.
  @discardableResult func write(_ name: String, _ text: String, mode: mode_t = 0o755) -> String {
    let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    precondition(descriptor >= 0, "cannot write \(name)")
    _ = Glibc.write(descriptor, text, text.utf8.count)
    close(descriptor)
    chmod(file(name), mode)
    return file(name)
  }

  func read(_ name: String) -> String { readText(file(name)) ?? "" }
}

/// The text of a file; nil: there is none.
func readText(_ path: String) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    guard count > 0 else { break }
    bytes.append(contentsOf: buffer[..<count])
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// How long to wait for what must happen: only a broken program takes so long, however busy the machine and the tests
/// beside this one are. `KIZASHI_PATIENCE` sets other seconds, for whoever is looking for what breaks.
let patience = Duration.seconds(getenv("KIZASHI_PATIENCE").flatMap { Int(String(cString: $0)) } ?? 300)

/// Looks until something holds; false: it did not, with all patience. Only where no event tells when to look.
func eventually(within patience: Duration = patience, _ holds: () async -> Bool) async -> Bool {
  let deadline = ContinuousClock.now + patience
  while ContinuousClock.now < deadline {
    if await holds() { return true }
    // Gives the thread away: there are only as many as cores.
    try? await Task.sleep(for: .milliseconds(2))
  }
  return await holds()
}

/// Whether the process is gone, or only waits to be reaped by whoever is responsible for it.
func hasEnded(_ pid: Int32) -> Bool {
  guard let text = readText("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return true }
  let state = text[text.index(end, offsetBy: 2)]
  return state == "Z" || state == "X"
}

func delivery(
  _ n: Int, hook: String = "pager", account: String = "acme", sequence: Int64? = nil, attempts: Int = 0,
  payload: String? = nil, severity: String = "high"
) -> OwedDelivery {
  let id = "gone-quiet:\(account):\(n):firing:\(hook)"
  return OwedDelivery(
    id: id, sequence: sequence ?? Int64(n), hook: hook, account: account, rule: "gone-quiet", state: "firing",
    severity: severity, attempts: attempts, payload: payload ?? #"{"schema":"kizashi.alert/1","delivery_id":"\#(id)"}"#)
}
