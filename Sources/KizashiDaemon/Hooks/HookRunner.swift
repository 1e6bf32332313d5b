import Glibc
import Subprocess
import Synchronization

/// What a run of a hook gave.
package struct HookResult: Sendable, Hashable {
  package var ending: HookEnding
  /// Standard output and standard error in the order written, at most ``HookRunner/outputLimit`` bytes.
  package var output: [UInt8]
  /// Bytes written beyond the limit that were read and dropped.
  package var droppedBytes: Int
  package var duration: Duration

  /// The output as text that can be stored and shown: invalid UTF-8 and NUL replaced, what we have to add in front.
  package var text: String {
    var result = ""
    switch ending {
    case .exited, .cancelled: break
    case .signalled(let signal): result += "[ended by signal \(signal)]\n"
    case .timedOut: result += "[ended by kizashi after \(duration.formattedSeconds): longer than the hook's timeout:]\n"
    case .notStarted(let reason): result += "[\(reason)]\n"
    }
    if droppedBytes > 0 { result += "[only the first \(output.count) bytes of output are kept]\n" }
    result += String(decoding: output, as: UTF8.self).replacing("\0", with: "\u{fffd}")
    return result
  }
}

extension Duration {
  /// `10.2s`.
  var formattedSeconds: String {
    let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
    return "\(tenths / 10).\(tenths % 10)s"
  }
}

/// Runs one hook once, in a session of its own, and always comes back.
///
/// The process gets nothing of ours: no descriptors but the three standard ones, the given environment, `/` as working
/// directory, default signal dispositions. It leads a process group, which gets TERM at the timeout and KILL
/// ``killDelay`` later; whatever of the group is left when the leader has ended gets KILL too, so that a grandchild that
/// holds the output neither delays the result nor lives on. Only a process that made itself a session of its own
/// escapes, as from any supervisor short of a control group.
package struct HookRunner: Sendable {
  /// Bytes of output kept of a run.
  package static let outputLimit = 65_536
  /// Most bytes read after the leader has ended, from a pipe that somebody who escaped the group keeps filling.
  static let drainLimit = 1 << 20

  /// Between TERM and KILL.
  package var killDelay: Duration
  /// What the daemon raised its limit of descriptors from; nil: a hook inherits the limit as it is.
  package var openFiles: OpenFiles?

  /// - Parameters:
  ///   - killDelay: Between TERM and KILL.
  ///   - openFiles: What hooks get back; nil: nothing was changed.
  package init(killDelay: Duration = .seconds(5), openFiles: OpenFiles? = nil) {
    self.killDelay = killDelay
    self.openFiles = openFiles
  }

  /// Runs `command` (program and arguments) with exactly `environment`. Ends the run and answers `cancelled` when the task
  /// is cancelled.
  package func run(
    _ command: [String], environment: [String: String], input: [UInt8], timeout: Duration
  ) async -> HookResult {
    let clock = ContinuousClock()
    let start = clock.now
    func result(_ ending: HookEnding, _ output: HookOutput = HookOutput()) -> HookResult {
      HookResult(
        ending: ending, output: output.kept, droppedBytes: output.dropped, duration: start.duration(to: clock.now))
    }
    guard !Task.isCancelled else { return result(.cancelled) }
    guard let program = command.first, !program.isEmpty else {
      return result(.notStarted(HookStartFailure.empty.description))
    }
    do {
      let stdin = try HookInput(input, program: program)
      let execution = try await Subprocess.run(
        configuration(command, environment: environment),
        // Not closed by the library: it would not be where making the other descriptors fails.
        input: .fileDescriptor(.init(rawValue: stdin.descriptor), closeAfterSpawningProcess: false),
        output: .sequence, error: .combinedWithOutput
      ) { execution in
        openFiles?.restore(for: execution.processIdentifier.value)
        return await supervise(execution.standardOutput, pid: execution.processIdentifier.value) {
          await execution.teardown(using: [
            // Signal 0 is none: a step that only waits, until the leader has ended or the time is up.
            .send(signal: Signal(rawValue: 0), allowedDurationToNextStep: timeout),
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: killDelay),
          ])
          return clock.now - start
        }
      }
      let (output, lasted) = execution.closureResult
      if Task.isCancelled { return result(.cancelled, output) }
      if lasted >= timeout { return result(.timedOut, output) }
      switch execution.terminationStatus {
      case .exited(let code): return result(.exited(code), output)
      case .signaled(let signal): return result(.signalled(signal), output)
      }
    } catch let failure as HookStartFailure {
      return result(.notStarted(failure.description))
    } catch {
      if Task.isCancelled { return result(.cancelled) }
      let failure = HookStartFailure.diagnose(
        program: program, path: environment["PATH"] ?? "", reason: String(describing: error))
      return result(.notStarted(failure.description))
    }
  }

  private func configuration(_ command: [String], environment: [String: String]) -> Configuration {
    var options = PlatformOptions()
    // setsid makes the leader's process group too. Asking for both would make the library fork the whole daemon.
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: killDelay)]
    let program = command[0]
    return Configuration(
      executable: program.contains("/") ? .path(.init(program)) : .name(program),
      arguments: Arguments(Array(command.dropFirst())),
      environment: .custom(environment.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)\0".utf8) }),
      workingDirectory: "/",
      platformOptions: options)
  }

  /// Collects output until the leader has ended, then ends its group.
  private func supervise(
    _ sequence: SubprocessOutputSequence, pid: pid_t, untilLeaderEnded: () async -> Duration
  ) async -> (HookOutput, Duration) {
    let hasEnded = Flag()
    async let output = HookOutput.collect(sequence, hasEnded: hasEnded)
    let lasted = await untilLeaderEnded()
    // The leader is not reaped before this closure returns, so its number still names its own group.
    kill(-pid, SIGKILL)
    hasEnded.raise()
    return (await output, lasted)
  }
}

/// Tells the collector of output that the leader has ended.
final class Flag: Sendable {
  private let value = Atomic(false)
  var isRaised: Bool { value.load(ordering: .acquiring) }
  func raise() { value.store(true, ordering: .releasing) }
}

/// What a hook has written.
struct HookOutput: Sendable, Hashable {
  private(set) var kept: [UInt8] = []
  private(set) var dropped = 0
  private var afterEnd = 0

  /// Takes a piece; answers whether to read on: to the end, but only a little more than a pipe holds once the leader has
  /// ended.
  mutating func take(_ bytes: UnsafeRawBufferPointer, leaderHasEnded: Bool) -> Bool {
    let room = HookRunner.outputLimit - kept.count
    kept.append(contentsOf: bytes.prefix(room))
    dropped += max(0, bytes.count - room)
    if leaderHasEnded { afterEnd += bytes.count }
    return afterEnd < HookRunner.drainLimit
  }

  /// Reads to the end. `collect(upTo:)` of the library is no help here: it throws at its limit, and the hook would get
  /// SIGPIPE.
  static func collect(_ sequence: SubprocessOutputSequence, hasEnded: Flag) async -> HookOutput {
    var output = HookOutput()
    do {
      for try await buffer in sequence {
        let readsOn = buffer.withUnsafeBytes { output.take($0, leaderHasEnded: hasEnded.isRaised) }
        guard readsOn else { break }
      }
    } catch {
      // A failed read of a pipe ends what can be known of the output; the run's ending is known all the same.
    }
    return output
  }
}
