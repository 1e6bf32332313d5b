import Foundation
import Glibc
import Testing

@testable import KizashiDaemon

/// A file system of a few megabytes at `disk` in a workspace, in a mount namespace of its own that a sleeping process holds:
/// nothing of it is left over, even where a test is cut short.
final class TinyDisk: Sendable {
  let place: Workspace
  private let holder: Child
  /// The disk as this process sees it.
  var outside: String { "/proc/\(holder.pid)/root\(place.file("disk"))" }
  /// The store as processes in the namespace see it.
  var store: String { place.file("disk/kizashi.db") }

  /// Whether this user may mount at all.
  static let isAvailable: Bool = {
    let probe = Process()
    probe.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    probe.arguments = ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    probe.standardError = FileHandle.nullDevice
    guard (try? probe.run()) != nil else { return false }
    probe.waitUntilExit()
    return probe.terminationStatus == 0
  }()
  static let whyNot: Comment = "needs the right to mount a file system: run the tests as root"

  init(_ place: Workspace, size: String) async throws {
    self.place = place
    try FileManager.default.createDirectory(atPath: place.file("disk"), withIntermediateDirectories: true)
    let script = try place.write(
      "holder.sh",
      """
      exec /usr/bin/unshare -m --propagation private sh -c \
      'mount -t tmpfs -o size=\(size) tmpfs "$0" && echo mounted && exec sleep 900' '\(place.file("disk"))'
      """)
    let holder = try Child([], of: ["/bin/sh", script], in: place, name: "holder")
    self.holder = holder
    let isMounted = await eventually { holder.outputText.contains("mounted") }
    try #require(isMounted, "\(holder.errorText)")
  }

  deinit {
    kill(holder.pid, SIGKILL)
    var status: Int32 = 0
    waitpid(holder.pid, &status, 0)
  }

  /// Runs something in the namespace.
  private func inside(_ command: String) -> [String] { ["/usr/bin/nsenter", "-t", "\(holder.pid)", "-m", command] }

  /// A daemon whose store lies on the disk.
  func daemon(name: String = "daemon") throws -> Child {
    try Child(
      ["run", "--config", place.config, "--db", store], of: inside(Child.binary), in: place, name: name)
  }

  /// A verb on the store.
  func verb(_ arguments: [String]) async throws -> (status: Int32?, output: String, errors: String) {
    let child = try Child(
      arguments + ["--config", place.config, "--db", store], of: inside(Child.binary), in: place,
      name: "verb-\(UUID().uuidString)")
    return (await child.ended(), child.outputText, child.errorText)
  }

  /// Changes how it is mounted.
  func remount(_ options: String) async throws {
    let child = try Child(
      ["-o", "remount,\(options)", place.file("disk")], of: inside("/usr/bin/mount"), in: place,
      name: "mount-\(UUID().uuidString)")
    let status = await child.ended()
    try #require(status == 0, "\(child.errorText)")
  }

  /// Leaves no byte free.
  func fill() throws {
    let descriptor = open("\(outside)/ballast", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    for size in [65_536, 4096, 1] {
      let bytes = [UInt8](repeating: 1, count: size)
      while write(descriptor, bytes, size) > 0 {}
    }
  }

  /// Gives the space back.
  func free() { unlink("\(outside)/ballast") }

  /// Holds what a reader holds that looks at the store as it is now, until the descriptor is closed: SQLite itself would look for
  /// the store where this process sees it, and there is none.
  func holdSnapshot() async throws -> Int32 {
    let descriptor = open("\(outside)/kizashi.db-shm", O_RDWR | O_CLOEXEC)
    // The marks of readers, see "WAL-mode file format".
    var lock = flock(l_type: Int16(F_RDLCK), l_whence: Int16(SEEK_SET), l_start: 123, l_len: 5, l_pid: 0)
    let isHeld = await eventually { fcntl(descriptor, F_SETLK, &lock) == 0 }
    try #require(isHeld)
    return descriptor
  }

  /// Copies the store to where it can be read from here, at a moment when nobody writes.
  func copyOut() throws {
    for ending in ["", "-wal"] {
      unlink(place.store + ending)
      let from = "\(outside)/kizashi.db\(ending)"
      if access(from, F_OK) == 0 { try FileManager.default.copyItem(atPath: from, toPath: place.store + ending) }
    }
    unlink(place.store + "-shm")
  }

  /// What the daemon says of itself.
  func status() async -> String? {
    try? await ControlClient.send(path: "\(outside)/control.sock", request: .status, timeout: .seconds(30)).message
  }
}
