import Glibc
import KizashiCore
import Logging
import Testing

@testable import KizashiDaemon

/// The service with real processes and an outbox in memory.
@Suite struct HookServiceTests {
  actor TestOutbox: Outbox {
    struct Broken: Error {}
    private(set) var model = ModelOutbox()
    private var failures = 0
    private var earlier: [Instant] = []

    func owe(_ deliveries: [OwedDelivery], at now: Instant) {
      for delivery in deliveries { model.add(delivery, at: now) }
    }
    func failNext(_ count: Int) { failures = count }
    func due(hook: String, now: Instant, limit: Int, severities: Set<String>?) throws -> DueWindow {
      model.due(hook: hook, now: now, limit: limit, severities: severities)
    }
    func endSnoozes(at now: Instant) -> Bool { false }
    func starts(hook: String, since: Instant, now: Instant) throws -> [Instant] { earlier }
    func remember(_ starts: [Instant]) { earlier = starts }
    func mark(_ outcomes: [DeliveryOutcome]) throws {
      if failures > 0 {
        failures -= 1
        throw Broken()
      }
      model.mark(outcomes)
    }
    func states() -> [ModelOutbox.State] { model.rows.map(\.state) }
  }

  let outbox = TestOutbox()
  let directory = TemporaryDirectory()

  private static func wallClock() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  private func service(_ definitions: [HookDefinition], stopGrace: Duration = patience) -> HookService {
    HookService(
      outbox: outbox, definitions: definitions, base: HookBaseEnvironment(["PATH": "/usr/bin:/bin"]),
      runner: HookRunner(killDelay: .milliseconds(200)), stopGrace: stopGrace,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: Self.wallClock)
  }

  private func hook(
    _ script: String, name: String = "pager", retries: Int = 0, groupWait: Int64 = 0
  ) -> HookDefinition {
    // Read by a shell: a file cannot be executed while a child that is being started still has it open for writing.
    let path = directory.write("\(name).sh", script + "\n")
    return HookDefinition(
      policy: HookPolicy(name: name, retries: retries, groupWaitMilliseconds: groupWait), run: ["/bin/sh", path],
      timeout: patience
    )
  }

  @Test func `owed deliveries run in order and become done`() async {
    let log = directory.file("log")
    let service = service([hook("echo \"$KIZASHI_DELIVERY_ID $KIZASHI_ATTEMPT\" >>\(log)")])
    let run = Task { await service.run() }
    await outbox.owe((1...5).map { delivery($0) }, at: Self.wallClock())
    service.notify()
    #expect(await eventually { await outbox.states() == Array(repeating: .done, count: 5) })
    #expect(directory.read("log") == (1...5).map { "gone-quiet:acme:\($0):firing:pager 1\n" }.joined())
    let history = await outbox.model.rows[0].history
    #expect(history == [.running, .done])
    service.stop()
    await run.value
  }

  @Test func `what a dead run said is kept`() async {
    let service = service([hook("echo no such channel; exit 3")])
    let run = Task { await service.run() }
    await outbox.owe([delivery(1)], at: Self.wallClock())
    service.notify()
    #expect(await eventually { await outbox.states() == [.dead] })
    let row = await outbox.model.rows[0]
    #expect(row.exitCode == 3)
    #expect(row.output == "no such channel\n")
    service.stop()
    await run.value
  }

  @Test func `a missing program is told in the delivery`() async {
    let definition = HookDefinition(policy: HookPolicy(name: "pager", retries: 0), run: ["/no/such/hook"])
    let service = service([definition])
    let run = Task { await service.run() }
    await outbox.owe([delivery(1)], at: Self.wallClock())
    service.notify()
    #expect(await eventually { await outbox.states() == [.dead] })
    #expect(await outbox.model.rows[0].output.hasPrefix("[cannot start /no/such/hook: there is no such file"))
    service.stop()
    await run.value
  }

  @Test func `an outcome that cannot be stored is stored later and the hook does not run again`() async {
    let log = directory.file("log")
    let service = service([hook("echo run >>\(log)")])
    let run = Task { await service.run() }
    await outbox.failNext(2)
    await outbox.owe([delivery(1)], at: Self.wallClock())
    service.notify()
    #expect(await eventually { await outbox.states() == [.done] })
    #expect(directory.read("log") == "run\n")
    service.stop()
    await run.value
  }

  @Test func `a group reaches the hook as one object`() async {
    let log = directory.file("log")
    let service = service([hook("cat >>\(log)", groupWait: 50)])
    await outbox.owe(
      [delivery(1, account: "a", payload: "1"), delivery(2, account: "b", payload: "2")], at: Self.wallClock())
    let run = Task { await service.run() }
    #expect(await eventually { await outbox.states() == [.done, .done] })
    #expect(directory.read("log") == #"{"schema":"kizashi.alerts/1","alerts":[1,2]}"# + "\n")
    service.stop()
    await run.value
  }

  @Test func `a digest is one process, however much it has to tell`() async {
    let log = directory.file("log")
    var digest = hook("wc -c >>\(log); grep -c . <<E >>\(log)\n$KIZASHI_DELIVERY_ID\nE\necho told", groupWait: 0)
    digest.policy.isDigest = true
    let service = service([digest])
    await outbox.owe((1...700).map { delivery($0, account: "a\($0)") }, at: Self.wallClock())
    let run = Task { await service.run() }
    #expect(await eventually { await outbox.states() == Array(repeating: .done, count: 700) })
    let lines = directory.read("log").split(separator: "\n")
    #expect(lines.count == 2 && lines.last == "1", "\(lines)")
    #expect(await outbox.model.rows[255].output == "told\n")
    #expect(await outbox.model.rows[256].output.hasPrefix("[one of 700 alerts of one run"))
    service.stop()
    await run.value
  }

  @Test func `a stop waits for what runs and starts nothing more`() async {
    let log = directory.file("log")
    let gate = directory.file("gate")
    let service = service([
      hook("echo begun >>\(log); while [ ! -e \(gate) ]; do sleep 0.02; done; echo ended >>\(log)")
    ])
    let run = Task { await service.run() }
    await outbox.owe([delivery(1), delivery(2)], at: Self.wallClock())
    service.notify()
    #expect(await eventually { directory.read("log") == "begun\n" })
    service.stop()
    directory.write("gate", "")
    await run.value
    #expect(await outbox.states() == [.done, .open])
    #expect(directory.read("log") == "begun\nended\n")
  }

  @Test func `a hook that outlasts the grace is ended and stays owed`() async {
    let log = directory.file("log")
    let service = service(
      [hook("trap '' TERM; echo $$ >>\(log); while :; do sleep 0.05; done")], stopGrace: .milliseconds(100))
    let run = Task { await service.run() }
    await outbox.owe([delivery(1)], at: Self.wallClock())
    service.notify()
    #expect(await eventually { directory.read("log").hasSuffix("\n") })
    service.stop()
    await run.value
    #expect(await outbox.states() == [.open])
    #expect(hasEnded(Int32(directory.read("log").trimmed) ?? 1))
  }

  @Test func `a cancelled service ends its hooks before it returns`() async {
    let log = directory.file("log")
    let service = service([hook("echo $$ >>\(log); exec sleep 100000")])
    let run = Task { await service.run() }
    await outbox.owe([delivery(1)], at: Self.wallClock())
    service.notify()
    #expect(await eventually { directory.read("log").hasSuffix("\n") })
    run.cancel()
    await run.value
    #expect(hasEnded(Int32(directory.read("log").trimmed) ?? 1))
    #expect(await outbox.states() == [.open])
  }

  @Test func `a changed config takes effect without a restart`() async {
    let service = service([hook("exit 0")])
    let run = Task { await service.run() }
    await outbox.owe([delivery(1, hook: "mail")], at: Self.wallClock())
    service.notify()
    service.configure([hook("exit 0"), hook("exit 0", name: "mail")], runningLimit: 2)
    #expect(await eventually { await outbox.states() == [.done] })
    service.stop()
    await run.value
  }

  @Test func `a hook can be tried with a sample`() async {
    let definition = hook("cat; echo $KIZASHI_ACCOUNT $KIZASHI_STATE")
    let result = await HookSample.run(
      definition, base: HookBaseEnvironment([:]), now: Instant(milliseconds: 1_790_000_000_000))
    #expect(result.ending == .exited(0))
    #expect(
      result.text.hasPrefix(#"{"schema":"kizashi.alert/1","delivery_id":"hook-test:example-account:1:firing:pager""#))
    #expect(result.text.hasSuffix("\nexample-account firing\n"))
  }
}
