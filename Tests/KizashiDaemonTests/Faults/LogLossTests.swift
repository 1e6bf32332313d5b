import Foundation
import Glibc
import Testing

@testable import KizashiDaemon

/// The log is its writer's, and nobody syncs it: when the power goes it may lose lines that the store has counted. To the daemon
/// the machine was started again, because it runs with another offset of the clock since boot (`unshare --time`, which needs root).
@Suite(.enabled("needs root, for a clock of its own") { geteuid() == 0 })
struct LogLossTests {
  private static let restarted = ["/usr/bin/unshare", "--time", "--boottime", "100000", Child.binary]

  /// One line of a thousand accounts in turn; `id` makes it count once, however often it is read.
  private static func line(_ number: Int, withID: Bool) -> String {
    let id = withID ? #""id":"e-\#(number)","# : ""
    return #"{\#(id)"timestamp":\#(presentMilliseconds()),"account":"acct-\#(number)","event":"login"}"# + "\n"
  }

  @Test(arguments: [true, false])
  func `after the power was cut the rest of the log is not counted again`(withIDs: Bool) async throws {
    let place = try Workspace()
    _ = try place.configure()
    var number = 0
    func write(_ count: Int) throws {
      try place.append((number..<number + count).map { Self.line($0, withID: withIDs) }.joined())
      number += count
    }
    let daemon = try Child.daemon(place, name: "before")
    #expect(await daemon.started(), "\(daemon.errorText)")
    // A log that grows: what was read of it at once is what may be read again.
    for _ in 0..<20 {
      try write(500)
      #expect(await eventually { place.offset == place.size }, "\(place.offset) of \(place.size)")
    }
    daemon.signal(SIGKILL)
    _ = await daemon.ended()
    let size = place.size
    // The last hundred lines, and a part of another, were not on the disk.
    #expect(truncate(place.log, off_t(size - 100 * 80 - 20)) == 0)
    let cut = place.size
    let after = try Child.daemon(place, name: "after", program: Self.restarted)
    #expect(await after.says("end lost when the machine stopped"), "\(after.errorText)")
    try write(1)
    #expect(await eventually { place.offset == place.size }, "\(place.offset) of \(place.size)")
    try write(500)
    #expect(await eventually { place.offset == place.size }, "\(place.offset) of \(place.size)")
    #expect(await after.stopped() == 0)

    let totals = try place.totals
    // The line that the writer's first one was appended to was broken by the loss, and says so in quarantine.
    let broken = number - 501
    for account in 0..<number where account != broken {
      let count = totals["acct-\(account)"] ?? 0
      #expect(withIDs ? count == 1 : (1...2).contains(count), "acct-\(account): \(count)")
    }
    let twice = totals.values.filter { $0 > 1 }.count
    // At most a read before the cut, which was of 500 lines, and as much as was lost.
    #expect(twice <= (withIDs ? 0 : 600), "\(twice) lines of \(number) count twice; cut at \(cut) of \(size)")
  }
}
