import Foundation
import Glibc
import Testing

/// One workload from its beginning to its end, with a fault on the way or without, and what is in the store then.
///
/// The daemon under the fault may be killed by it, may stop with an error of its own, or may wait and go on. Whatever it is,
/// producers go on, a daemon that has ended is started again without any fault, and in the end everything is read, every
/// hook that is owed has run, and the daemon stops when it is told to.
struct FaultRun {
  /// What came of it.
  struct Outcome: Sendable {
    /// Everything the store holds.
    var dump: [String] = []
    /// The call that met the fault; nil: the run was over before.
    var hit: String?
    /// The call without what differs from run to run.
    var call: String {
      guard let hit else { return "none" }
      let words = hit.split(separator: ",")[0].split(separator: " ")
      let file = words.dropFirst().last?.split(separator: "/").last ?? ""
      return "\(words[0]) \(file.prefix { $0 != ":" })"
    }
    /// Write-like calls of the first daemon that each kind of fault could meet.
    var calls: [Fault.Kind: UInt64] = [:]
    /// Whether the hour turned meanwhile, so that the run proves nothing.
    var isVoid = false
    /// How the daemons that did not live to the end ended, in order.
    var endings: [Int32] = []
    /// What went wrong.
    var problems: [String] = []
  }

  /// The longest a step may take. Only a daemon that does not go on by itself takes so long.
  private static let longest = Duration.seconds(60)
  /// How long a broken disk stays broken where the daemon does not say that it notices.
  private static let repair = Duration.milliseconds(300)

  private let workload: FaultWorkload
  private let fault: Fault?
  /// What the first daemon started after the fault meets; it is the crash in a recovery.
  private let second: Fault?
  private let hour: Int64
  private let place: Workspace
  private let page: FaultPage
  private var pages: [FaultPage]
  private var daemon: Child
  private var watch: StoreWatch
  private var outcome = Outcome()
  private var isStopping = false

  /// The beginning of the present hour.
  static var presentHour: Int64 { presentMilliseconds() / 3_600_000 * 3_600_000 }

  private init(_ workload: FaultWorkload, _ fault: Fault?, then second: Fault?, hour: Int64) throws {
    self.workload = workload
    self.fault = fault
    self.second = second
    self.hour = hour
    place = try Workspace()
    try place.write("kizashi.yaml", workload.config(place))
    page = try FaultPage(place, fault)
    pages = [page]
    daemon = try Child.daemon(place, name: "daemon-1", variables: page.variables)
    watch = StoreWatch(place.store)
  }

  /// Runs it. Throws only where the test itself cannot work.
  static func of(_ workload: FaultWorkload, _ fault: Fault?, then second: Fault? = nil, hour: Int64) async throws
    -> Outcome
  {
    var run = try FaultRun(workload, fault, then: second, hour: hour)
    let page = run.page
    // Beside the steps: one may wait for an answer for which the daemon has to write.
    async let _ = mend(page, after: fault)
    do {
      try await run.steps()
      try await run.finish()
    } catch let problem as Problem {
      run.outcome.problems.append(problem.text)
      run.daemon.signal(SIGKILL)
      _ = await run.daemon.ended()
    }
    return try run.judged()
  }

  private struct Problem: Error { var text: String }

  private mutating func steps() async throws {
    var index = 0
    while index < workload.steps.count {
      let step = workload.steps[index]
      if try await step.act(place) {
        index += 1
        if try await reach(lines: step.lines) { continue }
        // A daemon that has ended by now is sometimes started at once and sometimes after the next thing has happened.
        var next: FaultWorkload.Step?
        if index < workload.steps.count && (fault?.point ?? 0) % 2 == 0 && !workload.steps[index].needsDaemon {
          next = workload.steps[index]
          index += 1
        }
        try await restart(after: next)
        try await reachOrRestart(lines: workload.steps[index - 1].lines)
      } else {
        if await eventually(within: .milliseconds(100), { hasEnded(daemon.pid) }) { try await restart(after: nil) }
      }
    }
  }

  /// Waits until so many lines are stored; false: the daemon has ended.
  private mutating func reach(lines: Int64, owing: Bool = true) async throws -> Bool {
    var (isReached, ended) = (false, false)
    _ = await eventually(within: Self.longest) {
      // In this order: what a daemon did before it ended counts.
      ended = hasEnded(daemon.pid)
      if let look = watch.look() { isReached = look.lines >= lines && (owing || look.owed == 0) }
      return isReached || ended
    }
    if ended { return false }
    if !isReached { throw Problem(text: "not \(lines) lines and \(owing ? "any" : "no") owed hooks: \(story)") }
    return true
  }

  private mutating func reachOrRestart(lines: Int64, owing: Bool = true) async throws {
    while try await !reach(lines: lines, owing: owing) { try await restart(after: nil) }
  }

  /// Mends a lasting fault once the daemon has said that it cannot write, or has had the time to.
  private static func mend(_ page: FaultPage, after fault: Fault?) async {
    guard let fault, !fault.kills else { return }
    var brokenSince: ContinuousClock.Instant?
    _ = await eventually {
      if Task.isCancelled { return true }
      guard page.hits > 0 else { return false }
      let since = brokenSince ?? .now
      brokenSince = since
      guard since.duration(to: .now) > repair else { return false }
      page.mend()
      return true
    }
  }

  /// Takes note of how the daemon ended and starts another one, after the next step if there is one.
  private mutating func restart(after step: FaultWorkload.Step?) async throws {
    watch.close()
    guard let status = await daemon.ended() else { throw Problem(text: "it does not end: \(story)") }
    note(status)
    page.mend()
    if let step { _ = try await step.act(place) }
    try startAgain()
  }

  private mutating func note(_ status: Int32) {
    outcome.endings.append(status)
    if let complaint = complaint(of: status) { outcome.problems.append(complaint) }
  }

  private mutating func startAgain() throws {
    guard outcome.endings.count <= 3 else { throw Problem(text: "ended again and again: \(story)") }
    let number = outcome.endings.count + 1
    var variables: [String: String] = [:]
    if number == 2, let second {
      let page = try FaultPage(place, name: "fault-\(number)", second)
      pages.append(page)
      variables = page.variables
    }
    daemon = try Child.daemon(place, name: "daemon-\(number)", variables: variables)
  }

  /// What is wrong with how a daemon ended; nil: it was killed as planned, or stopped and said why.
  private func complaint(of status: Int32) -> String? {
    let said = daemon.errorText
    if status == 128 + SIGKILL { return pages.contains { $0.hits > 0 } ? nil : "killed by somebody else" }
    // Whatever a crash leaves behind, the next start must cope with it.
    if fault?.kills == true { return "a start after the crash ended with \(status): \(story)" }
    // A running daemon waits for space; only one that starts, or is stopped, has to give up. So has one whose commit
    // could not be synced: what the kernel failed to write it may have forgotten.
    let isSync = page.what?.hasPrefix("fdatasync ") == true
    if case .fail(errno: EIO, _)? = fault?.kind {
    } else if !isSync && said.contains(" Started ") && !isStopping {
      return "a full disk ended a running daemon with \(status): \(story)"
    }
    let isDocumented = [69, 73, 75].contains(status)
    let isExplained = said.contains("kizashi: ") && said.contains(place.path)
    return isDocumented && isExplained ? nil : "ended with \(status): \(story)"
  }

  /// Waits until all is read and every hook has run, and stops the daemon. The fault may meet it even then.
  private mutating func finish() async throws {
    while true {
      try await reachOrRestart(lines: workload.lines, owing: false)
      watch.close()
      page.mend()
      let isUp = await eventually(within: Self.longest) { daemon.hasStarted || hasEnded(daemon.pid) }
      guard isUp else { throw Problem(text: "it does not start: \(story)") }
      daemon.signal(SIGTERM)
      isStopping = true
      guard let status = await daemon.ended() else { throw Problem(text: "it does not stop: \(story)") }
      if status == 0 { return }
      note(status)
      isStopping = false
      try startAgain()
    }
  }

  private func judged() throws -> Outcome {
    var outcome = outcome
    outcome.hit = page.what
    for kind in Fault.Kind.all { outcome.calls[kind] = page.calls(for: kind) }
    outcome.isVoid = Self.presentHour != hour
    guard outcome.problems.isEmpty else { return outcome }
    outcome.dump = try StoreDump.of(place)
    let done = Set(try place.rows("SELECT delivery_id FROM deliveries WHERE state = 'done'").map { $0[0] })
    let owed = try place.rows("SELECT delivery_id, state FROM deliveries WHERE state NOT IN ('done', 'suppressed')")
    let runs = (readText(place.file("hook.log")) ?? "").split(separator: "\n").map(String.init)
    if !owed.isEmpty { outcome.problems.append("not delivered: \(owed)") }
    let never = done.subtracting(runs)
    if !never.isEmpty { outcome.problems.append("said to be done and never run: \(never.sorted())") }
    let unknown = Set(runs).subtracting(done)
    if !unknown.isEmpty { outcome.problems.append("run and not known: \(unknown.sorted())") }
    // Each end of a daemon may repeat what ran at that moment, four at a time.
    let repeated = runs.count - Set(runs).count
    if repeated > 4 * outcome.endings.count { outcome.problems.append("\(repeated) runs of hooks were repeated") }
    return outcome
  }

  private var story: String {
    "\(watch.look().map { "\($0)" } ?? "no store"); " + daemon.errorText.suffix(1500)
  }
}
