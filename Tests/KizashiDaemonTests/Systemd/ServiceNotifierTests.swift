import Glibc
import Logging
import Testing

@testable import KizashiDaemon

/// A real datagram socket in the place of systemd's.
final class NotifyReceiver: Sendable {
  let address: String
  private let descriptor: CInt

  init(_ address: String) {
    self.address = address
    descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard let (storage, length) = SocketAddress.unix(address) else { preconditionFailure("bad address \(address)") }
    let bound = withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    precondition(bound == 0, "cannot bind \(address)")
    var limit = timeval(tv_sec: Int(patience.components.seconds), tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// The next datagram; empty: none came.
  func next() async -> String {
    await BlockingWork.run { self.receive(CInt(0)) }
  }

  /// Whether no datagram comes for so long.
  func isSilent(for length: Duration) async -> Bool {
    await BlockingWork.run {
      var look = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
      return poll(&look, 1, CInt(length / .milliseconds(1))) == 0
    }
  }

  /// How many datagrams have come since the last call.
  func drain() -> Int {
    var count = 0
    while !receive(CInt(MSG_DONTWAIT)).isEmpty { count += 1 }
    return count
  }

  private func receive(_ flags: CInt) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, flags)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
  }
}

@Suite struct ServiceNotifierTests {
  let directory = TemporaryDirectory()

  @Test func `every message has the form that systemd reads`() async throws {
    let receiver = NotifyReceiver(directory.file("notify"))
    let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": receiver.address])
    try notifier.ready(status: "Following 3 files")
    #expect(await receiver.next() == "READY=1\nSTATUS=Following 3 files")
    try notifier.ready()
    #expect(await receiver.next() == "READY=1")
    try notifier.status("two\nlines")
    #expect(await receiver.next() == "STATUS=two\\nlines")
    try notifier.reloading(monotonicMicroseconds: 123_456)
    #expect(await receiver.next() == "RELOADING=1\nMONOTONIC_USEC=123456")
    try notifier.stopping(status: "Draining")
    #expect(await receiver.next() == "STOPPING=1\nSTATUS=Draining")
    try notifier.watchdog()
    #expect(await receiver.next() == "WATCHDOG=1")
    try notifier.extendTimeout(microseconds: 5_000_000)
    #expect(await receiver.next() == "EXTEND_TIMEOUT_USEC=5000000")
  }

  @Test func `an abstract address works`() async throws {
    let receiver = NotifyReceiver("@kizashi-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
    try ServiceNotifier(environment: ["NOTIFY_SOCKET": receiver.address]).ready()
    #expect(await receiver.next() == "READY=1")
  }

  @Test func `states that systemd does not take yet are told later, in their order`() async throws {
    let receiver = NotifyReceiver(directory.file("notify"))
    let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": receiver.address])
    var waiting = 0
    #expect(throws: NotifyError.busy(address: receiver.address)) {
      while waiting < 10_000 {
        try notifier.watchdog()
        waiting += 1
      }
    }
    let states = StateNotices(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    states.tell { try notifier.reloading(monotonicMicroseconds: 1) }
    states.tell { try notifier.ready() }
    #expect(receiver.drain() == waiting)
    states.tellAgain()
    #expect(await receiver.next() == "RELOADING=1\nMONOTONIC_USEC=1")
    #expect(await receiver.next() == "READY=1")
    // Told once, and what can never be told stands in nobody's way.
    states.tellAgain()
    states.tell { try ServiceNotifier(environment: ["NOTIFY_SOCKET": "relative"]).ready() }
    states.tell { try notifier.stopping() }
    #expect(await receiver.next() == "STOPPING=1")
    #expect(receiver.drain() == 0)
  }

  @Test func `without systemd nothing happens`() throws {
    try ServiceNotifier(environment: [:]).ready()
    try ServiceNotifier(environment: ["NOTIFY_SOCKET": ""]).watchdog()
  }

  @Test func `an address that cannot be is refused with what to do`() {
    for address in ["relative", "@", "/" + String(repeating: "x", count: 200)] {
      #expect(throws: NotifyError.badAddress(address)) {
        try ServiceNotifier(environment: ["NOTIFY_SOCKET": address]).ready()
      }
    }
    let gone = directory.file("gone")
    do {
      try ServiceNotifier(environment: ["NOTIFY_SOCKET": gone]).ready()
      Issue.record("sent to nobody")
    } catch {
      #expect(error.description.contains("cannot notify systemd at \(gone): send: No such file or directory"))
    }
  }
}

@Suite struct WatchdogTests {
  @Test func `the watchdog's settings are read, and those of another process are not`() {
    let environment = ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"]
    #expect(WatchdogSettings(environment: environment, pid: 42)?.interval == .seconds(30))
    #expect(WatchdogSettings(environment: environment, pid: 42)?.lookEvery == .seconds(5))
    #expect(WatchdogSettings(environment: environment, pid: 43) == nil)
    #expect(WatchdogSettings(environment: ["WATCHDOG_USEC": "1000"], pid: 1)?.interval == .milliseconds(1))
    for bad in ["", "0", "-1", "soon"] {
      #expect(WatchdogSettings(environment: ["WATCHDOG_USEC": bad], pid: 1) == nil)
    }
  }

  @Test func `only a loop that got on or has nothing to do gives a sign`() {
    var state = WatchdogState()
    func look(_ progress: UInt64, idle: Bool = false) -> Bool { state.look(progress: progress, isIdle: idle) }
    let answers = [
      look(0), look(0), look(1), look(1), look(1, idle: true), look(1, idle: true), look(1), look(9),
    ]
    // The first look always gives one; then a hang in the first commit, progress, a hang, idleness twice, a hang, progress.
    #expect(answers == [true, false, true, false, true, true, false, true])
  }

  @Test func `the feeder feeds while idle, stops when the loop hangs, and goes on`() async {
    let directory = TemporaryDirectory()
    let receiver = NotifyReceiver(directory.file("notify"))
    let feeder = WatchdogFeeder(
      settings: WatchdogSettings(interval: .milliseconds(60)),
      notifier: ServiceNotifier(environment: ["NOTIFY_SOCKET": receiver.address]),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let run = Task { await feeder.run() }
    for _ in 0..<3 { #expect(await receiver.next() == "WATCHDOG=1") }
    feeder.busy()
    // One sign may be under way while the loop begins to hang; then silence for a whole interval.
    #expect(
      await eventually {
        _ = receiver.drain()
        return await receiver.isSilent(for: .milliseconds(60))
      })
    feeder.progress()
    #expect(await receiver.next() == "WATCHDOG=1")
    run.cancel()
    await run.value
  }
}
