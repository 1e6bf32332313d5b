import Glibc
import Testing

@testable import KizashiDaemon

/// Real processes, real signals. Where a run must not be delayed, what would delay it goes on for ever.
@Suite struct HookRunnerTests {
  let runner = HookRunner(killDelay: .milliseconds(200))
  let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/"]

  private func run(
    _ command: [String], input: String = "", timeout: Duration = patience, environment: [String: String]? = nil
  ) async -> HookResult {
    await runner.run(
      command, environment: environment ?? self.environment, input: Array(input.utf8), timeout: timeout)
  }

  private func shell(_ script: String, input: String = "", timeout: Duration = patience) async -> HookResult {
    await run(["/bin/sh", "-c", script], input: input, timeout: timeout)
  }

  private func text(_ result: HookResult) -> String { String(decoding: result.output, as: UTF8.self) }

  @Test func `a hook reads its input and both its outputs are kept in order`() async {
    let result = await shell("echo out; echo err >&2; cat", input: "payload\n")
    #expect(result.ending == .exited(0))
    #expect(text(result) == "out\nerr\npayload\n")
    #expect(result.droppedBytes == 0)
  }

  @Test func `a hook sees exactly the environment it is given`() async {
    let result = await run(["/usr/bin/env"], environment: environment.merging(["KIZASHI_RULE": "a=b \"c\""]) { $1 })
    let lines = text(result).split(separator: "\n").sorted()
    #expect(lines == ["HOME=/", "KIZASHI_RULE=a=b \"c\"", "LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"])
  }

  @Test func `a hook leads a session of its own in the root directory`() async {
    let result = await shell("cut -d' ' -f1,5,6 /proc/$$/stat; pwd")
    let lines = text(result).split(separator: "\n")
    let numbers = lines.first?.split(separator: " ") ?? []
    #expect(numbers.count == 3 && Set(numbers).count == 1, "pid, group and session: \(numbers)")
    #expect(lines.last == "/")
  }

  @Test func `a hook inherits no descriptor`() async {
    let leaky = (0..<9).map { _ in open("/dev/null", O_RDONLY) }
    defer { for descriptor in leaky { close(descriptor) } }
    let result = await run(["/bin/ls", "/proc/self/fd"])
    // The fourth is the directory that ls reads.
    #expect(text(result).split(separator: "\n") == ["0", "1", "2", "3"])
  }

  @Test func `signals that the daemon ignores end a hook as usual`() async {
    signal(SIGPIPE, SIG_IGN)
    #expect(await shell("kill -PIPE $$; echo survived").ending == .signalled(SIGPIPE))
  }

  @Test(arguments: [0, 1, 75, 127, 255]) func `the exit code is told`(code: Int32) async {
    #expect(await shell("exit \(code)").ending == .exited(code))
  }

  @Test func `a hook ended by a signal is told apart`() async {
    #expect(await shell("kill -9 $$").ending == .signalled(SIGKILL))
  }

  @Test func `a hook that exits without reading a megabyte harms nobody`() async {
    let input = String(repeating: "x", count: 1_000_000)
    for _ in 0..<20 { #expect(await run(["/bin/true"], input: input).ending == .exited(0)) }
  }

  @Test(arguments: [0, 1, 65_536, 65_537, 1_048_576, 1_048_577, 5_000_000])
  func `input of any size arrives whole`(size: Int) async {
    let result = await shell("wc -c", input: String(repeating: "x", count: size))
    #expect(text(result).trimmed == "\(size)")
  }

  @Test func `a hook that takes too long gets TERM`() async {
    let result = await shell("trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done", timeout: .seconds(1))
    // Whatever it exits with: it was not done.
    #expect(result.ending == .timedOut)
    #expect(text(result).hasSuffix("bye\n"))
  }

  @Test func `a hook that ignores TERM gets KILL`() async {
    let result = await shell("trap '' TERM; echo $$; while :; do sleep 1; done", timeout: .seconds(1))
    #expect(result.ending == .timedOut)
    #expect(result.duration >= .milliseconds(1200))
    #expect(hasEnded(Int32(text(result).trimmed) ?? 1))
  }

  @Test func `a grandchild that holds the output neither delays the result nor lives on`() async {
    let result = await shell("trap '' TERM; sleep 100000 & echo $!")
    #expect(result.ending == .exited(0))
    let pid = Int32(text(result).trimmed) ?? 1
    #expect(await eventually { hasEnded(pid) })
  }

  @Test func `a grandchild that fills the output without end does not delay the result`() async {
    let result = await shell("yes & echo started")
    #expect(result.ending == .exited(0))
  }

  @Test func `a grandchild that left the session does not delay the result`() async {
    let result = await shell("setsid sh -c 'echo $$; exec yes' & sleep 0.2")
    #expect(result.ending == .exited(0))
    // Nobody reads what it writes any more.
    let pid = Int32(text(result).split(separator: "\n").first ?? "") ?? 1
    #expect(await eventually { hasEnded(pid) })
  }

  @Test func `what is read after the leader has ended is bounded`() {
    let piece = [UInt8](repeating: 1, count: 60_000)
    var output = HookOutput()
    var readsOn = (0..<100).allSatisfy { _ in piece.withUnsafeBytes { output.take($0, leaderHasEnded: false) } }
    #expect(readsOn, "as long as the leader lives everything is read")
    let pieces = HookRunner.drainLimit / piece.count
    readsOn = (0..<pieces).allSatisfy { _ in piece.withUnsafeBytes { output.take($0, leaderHasEnded: true) } }
    #expect(readsOn)
    readsOn = piece.withUnsafeBytes { output.take($0, leaderHasEnded: true) }
    #expect(!readsOn)
    #expect(output.kept.count == HookRunner.outputLimit)
    #expect(output.kept.count + output.dropped == (100 + pieces + 1) * piece.count)
  }

  @Test func `two gigabytes of output are drained, 64 KiB of them kept`() async {
    let result = await shell("head -c 2147483648 /dev/zero; echo done >&2")
    #expect(result.ending == .exited(0))
    #expect(result.output.count == HookRunner.outputLimit)
    #expect(result.droppedBytes == 2_147_483_648 + 5 - HookRunner.outputLimit)
    #expect(!result.text.contains("\0"))
  }

  @Test func `a hook that closes its output is waited for`() async {
    let result = await shell("exec >&- 2>&-; sleep 0.2; exit 7")
    #expect(result.ending == .exited(7))
    #expect(result.duration >= .milliseconds(200))
  }

  @Test func `a cancelled run ends its group`() async {
    let directory = TemporaryDirectory()
    let mark = directory.file("pid")
    let task = Task { await shell("trap '' TERM; echo $$ >\(mark); while :; do sleep 1; done") }
    #expect(await eventually { readText(mark)?.hasSuffix("\n") == true })
    task.cancel()
    let result = await task.value
    #expect(result.ending == .cancelled)
    #expect(hasEnded(Int32(directory.read("pid").trimmed) ?? 1))
  }

  @Test func `what cannot be started is said with what to do`() async {
    let directory = TemporaryDirectory()
    let plain = directory.write("plain", "#!/bin/sh\n", mode: 0o644)
    let lost = directory.write("lost", "#!/no/such/interpreter -x\necho\n")
    let windows = directory.write("windows", "#!/bin/sh\r\necho\r\n")
    let text = directory.write("text", "echo hello\n")
    let cases: [([String], String)] = [
      ([], "its run: is empty"),
      (["/no/such/hook"], "cannot start /no/such/hook: there is no such file"),
      (["no-such-hook-anywhere"], "no executable of that name in PATH /usr/local/bin:/usr/bin:/bin"),
      ([directory.path], "it is a directory"),
      ([plain], "it is not executable for the daemon's user (chmod +x \(plain)"),
      ([lost], "its interpreter /no/such/interpreter does not exist"),
      ([windows], "beware of CRLF"),
      ([text], "neither a binary of this machine nor a script with a #! line"),
    ]
    for (command, expected) in cases {
      let result = await run(command)
      guard case .notStarted(let reason) = result.ending else {
        Issue.record("\(command) was started: \(result.ending)")
        continue
      }
      #expect(reason.contains(expected), "\(command): \(reason)")
      #expect(result.text.hasPrefix("[cannot start"))
    }
  }

  @Test func `a program without a slash is found in the PATH it is given`() async {
    #expect(await run(["true"]).ending == .exited(0))
  }

  @Test func `many runs at once leave no descriptor behind`() async {
    _ = await run(["/bin/true"])
    await withTaskGroup(of: HookEnding.self) { group in
      for index in 0..<40 {
        group.addTask { await shell("sleep 0.01; exit \(index % 3)", input: "x").ending }
      }
      var codes: [Int32?: Int] = [:]
      for await ending in group { codes[ending.exitCode, default: 0] += 1 }
      #expect(codes == [0: 14, 1: 13, 2: 13])
    }
    // Other tests run beside this one and hold some of their own; a leak here would be of forty or more.
    #expect(await eventually { openPipes() < 40 })
  }

  private func openPipes() -> Int {
    var count = 0
    for descriptor in 0..<CInt(1024) {
      var status = stat()
      if fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO { count += 1 }
    }
    return count
  }
}

extension String {
  /// Without white space at either end.
  var trimmed: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
