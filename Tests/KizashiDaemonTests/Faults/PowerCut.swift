import Foundation
import Glibc

@testable import KizashiDaemon

/// Power cuts, without cutting the power.
///
/// The store lies on a file system in an image file, mounted through a loop device: the image holds only what the kernel has
/// written back. A copy of it, taken while the daemon stands still, is what a disk would hold after the power went: what was
/// synced is there, most of the rest is not. Logs and what hooks write lie elsewhere, as on a disk that lost nothing.
struct PowerCut {
  /// Something the daemon lets others rely on. What was promised before the cut must be in the store after it.
  struct Promise: Sendable {
    var name: String
    /// What was promised so far, asked while the daemon stands still.
    var given: @Sendable (Workspace) throws -> Set<String>
    /// What of it the store at a path holds.
    var kept: @Sendable (Workspace, _ store: String) throws -> Set<String>

    /// A hook that has run, or runs: its alert and the run itself are stored.
    static let hookRuns = Promise(
      name: "hooks that ran",
      given: { Set((readText($0.file("hook.log")) ?? "").split(separator: "\n").map(String.init)) },
      kept: { place, store in
        Set(
          try place.rows("SELECT delivery_id FROM deliveries d JOIN alerts a ON a.alert_id = d.alert_id", in: store)
            .map { $0[0] })
      })

    /// A line the daemon has acknowledged, or greeted its producer with: it is stored.
    static let acknowledgedLines = Promise(
      name: "acknowledged lines",
      given: { numbers(ProducerConnection.acknowledged($0)) },
      kept: { place, store in numbers(try position(in: store, place)) })

    /// How many lines of the producer on the socket a store holds.
    static func position(in store: String, _ place: Workspace) throws -> Int {
      let sql = """
        SELECT json_extract(CAST(body AS TEXT), '$.lines') FROM stream
        WHERE source = (SELECT id FROM source WHERE name = 'sock')
        """
      return try place.rows(sql, in: store).first.flatMap { Int($0[0]) } ?? 0
    }

    private static func numbers(_ count: Int) -> Set<String> { Set((0..<count).map { "line \($0 + 1)" }) }
  }

  /// Why no power can be cut here; nil: it can.
  static let obstacle: String? = {
    guard getuid() == 0 else { return "mounting needs root" }
    guard let place = try? Workspace() else { return "no folder" }
    let script = """
      cd "$1" && truncate -s 4M disk.img && mke2fs -q -t ext4 disk.img && mkdir disk && mount -o loop disk.img disk
      """
    guard let child = try? Child(["--mount", "/bin/sh", "-c", script, "sh", place.path], of: [unshare], in: place),
      wait(for: child) == 0
    else { return "no file system can be made in a file and mounted (mke2fs, loop devices, mount namespaces)" }
    return nil
  }()

  private static let unshare = "/usr/bin/unshare"

  private static func wait(for child: Child) -> Int32 {
    var status: Int32 = -1
    waitpid(child.pid, &status, 0)
    return status
  }

  /// In a mount namespace of its own, so that nothing stays mounted whatever happens. `$1`: the folder, `$2`: the program,
  /// `$3`: how often it is started, a word for each; what follows are variables of its environment.
  private static let script = """
    set -eu
    cd "$1"
    program=$2 starts=$3
    shift 3
    mkdir disk copy found
    truncate -s 64M disk.img
    mke2fs -q -t ext4 disk.img
    mount -o loop,commit=300 disk.img disk
    for start in $starts; do
      env "$@" "$program" run --config kizashi.yaml >>daemon.out 2>>daemon.err &
      echo "$!" >daemon.pid
      wait "$!" || true
    done &
    until [ -e cut ]; do sleep 0.005; done
    cp --sparse=always disk.img copy.img
    kill -KILL "$(cat daemon.pid)"
    wait
    umount disk
    mount -o loop copy.img copy
    cp copy/kizashi.db* found/ || true
    umount copy
    """

  private let place: Workspace
  private let shell: Child

  /// What the daemon's disk would hold after the cut; there may be nothing.
  let found: String

  /// Starts a daemon on a disk of its own. The workspace's config must name ``store(_:)``.
  ///
  /// - Parameter fault: What kills it on the way; then it is started once more.
  init(_ place: Workspace, fault: FaultPage? = nil) async throws {
    self.place = place
    found = place.file("found/kizashi.db")
    shell = try Child(
      ["--mount", "/bin/sh", "-c", Self.script, "sh", place.path, Child.binary, fault == nil ? "once" : "once again"]
        + (fault?.variables.map { "\($0)=\($1)" } ?? []), of: [Self.unshare], in: place, name: "shell")
  }

  /// Where the store lies.
  static func store(_ place: Workspace) -> String { place.file("disk/kizashi.db") }

  /// Waits until the daemon reads; false: it does not.
  func started() async -> Bool {
    await eventually {
      readText(place.file("daemon.err"))?.contains(" Started ") == true || hasEnded(shell.pid)
    } && !hasEnded(shell.pid)
  }

  /// Lines the daemon has read, as it says; nil: it says nothing.
  func linesRead() async -> Int? {
    // Where the daemon sees its disk.
    let path = "/proc/\(shell.pid)/root\(place.file("disk/control.sock"))"
    let reply = try? await ControlClient.send(path: path, request: .status, timeout: .seconds(30))
    return reply?.message.firstMatch(of: #/ (\d+) lines/#).flatMap { Int($0.1) }
  }

  /// The daemon stands still from here on, whatever it was at.
  func stop() async throws {
    guard let pid = readText(place.file("daemon.pid")).flatMap({ Int32($0.trimmed) }) else {
      throw PowerCutError(description: "no daemon: \(shell.errorText)")
    }
    kill(pid, SIGSTOP)
    // A thread within a call to the kernel ends it first.
    let isStill = await eventually {
      let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
      return !threads.isEmpty
        && threads.allSatisfy { readText("/proc/\(pid)/task/\($0)/stat")?.contains(") T ") == true }
    }
    guard isStill else { throw PowerCutError(description: "the daemon goes on") }
  }

  /// Cuts the power of a daemon that stands still; gives what of the promises is not kept. Afterwards ``found`` is there.
  func cut(_ promises: [Promise]) async throws -> [String] {
    let given = try promises.map { try $0.given(place) }
    try place.write("cut", "")
    let status = await shell.ended()
    guard status == 0 else { throw PowerCutError(description: "the cut failed (\(status ?? -1)): \(shell.errorText)") }
    return zip(promises, given).flatMap { promise, given in
      // A store that is not there, or is none yet, keeps nothing.
      let kept = (try? promise.kept(place, found)) ?? []
      return given.subtracting(kept).sorted().map { "\(promise.name): \($0) is lost" }
    }
  }
}

/// Why a cut could not be made.
struct PowerCutError: Error, CustomStringConvertible { var description: String }
