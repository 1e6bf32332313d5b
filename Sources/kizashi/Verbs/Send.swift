import ArgumentParser
import Foundation
import KizashiClient
import KizashiConfig
import KizashiDaemon
import Synchronization

/// `kizashi send FILE…`
struct Send: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send event lines to a running daemon's socket, each exactly once.",
    usage: "kizashi send [<options>] [<file> ...]",
    discussion: """
      The daemon numbers the lines of a producer and acknowledges those it has stored and synced. Sent again under the \
      same name, the same files go on behind the last stored line: after a crash of either side nothing is lost and \
      nothing counts twice. Files are one sequence of lines in the order given, and may have grown; a name is used by one \
      process at a time. Without --producer a single file gets a name made of its first line, so that it can be sent \
      again; standard input gets a new name each time.

      Exit codes: 0 all lines are stored; 65 with --strict, some were refused; 69 no daemon; 75 it stopped answering: run \
      the same command again.

      Examples:
        kizashi send events.ndjson
        kizashi send --producer import-2026 events-*.ndjson
        tail -n +1 -F app.log | kizashi send --producer app-1 -
        kizashi send --socket /run/kizashi/events.sock --format json events.ndjson
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions

  @Argument(
    help: ArgumentHelp("Files in the order they are sent; - is standard input.", valueName: "file"), completion: .file()
  )
  var files: [String] = ["-"]

  @Option(help: ArgumentHelp("The socket, instead of the config's.", valueName: "path"), completion: .file())
  var socket: String?

  @Option(help: ArgumentHelp("The config's source to send to. (default: its only socket)", valueName: "id"))
  var source: String?

  @Option(help: ArgumentHelp("Under which name lines are numbered.", valueName: "name"))
  var producer: String?

  @Option(help: ArgumentHelp("Give up after so long without an answer.", valueName: "length"))
  var timeout = LengthArgument(milliseconds: 30_000)

  @Flag(help: "End with exit code 65 if any line was refused.")
  var strict = false

  @Flag(help: "No progress bar.")
  var quiet = false

  func validate() throws {
    if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("Standard input (-) can be read only once.") }
    if files.count > 1 && producer == nil { throw ValidationError("Several files need a --producer name.") }
    if let producer, !(1...256).contains(producer.utf8.count) || producer.utf8.contains(where: { $0 < 0x20 }) {
      throw ValidationError("--producer needs 1 to 256 bytes without control characters.")
    }
  }

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    let path = try socketPath()
    let name = try producer ?? Self.name(of: files[0])
    let refusals = Mutex<[String: Int64]>([:])
    let client: KizashiClient
    do {
      client = try KizashiClient(ClientOptions(socketPath: path, producer: name)) { _, reason in
        refusals.withLock { $0[reason, default: 0] += 1 }
      }
    } catch {
      throw Failure(.usage, error.description)
    }
    defer { client.close() }
    let began = ContinuousClock.now
    let sender = Sender(client: client, path: path, producer: name, timeout: .milliseconds(timeout.milliseconds))
    let before = try await sender.connected()
    let meter = ProgressMeter(terminal: quiet ? .none : Terminal.behind(2))
    let skipped: Int64
    do {
      defer { meter.finish() }
      // What comes through a pipe is new; a file's lines have their numbers.
      skipped = try await sender.send(files, skipping: files == ["-"] ? 0 : before, meter, began)
    }
    let report = SendReport(
      producer: name, sent: client.status.acknowledged, skipped: skipped, refused: refusals.withLock { $0 },
      elapsedMilliseconds: Int64((ContinuousClock.now - began) / .milliseconds(1)))
    try Output.write(report.text(output.format))
    if strict && !report.refused.isEmpty { throw ExitCode(ExitStatus.badData.rawValue) }
  }

  private func socketPath() throws(Failure) -> String {
    if let socket { return socket }
    let sources = try Session(store).configuration.sources
    let sockets = sources.compactMap { source -> (id: String, path: String)? in
      guard case .unix(let path, _, _) = source.kind else { return nil }
      return (source.id, path)
    }
    if let source {
      if let found = sockets.first(where: { $0.id == source }) { return found.path }
      let known = sockets.isEmpty ? "it has none" : "it has " + sockets.map(\.id).joined(separator: ", ")
      throw Failure(.usage, "the config has no socket source \(source)", hint: known)
    }
    switch sockets.count {
    case 1: return sockets[0].path
    case 0:
      throw Failure(
        .usage, "the config has no socket source",
        hint: "add {id: sock, kind: unix, path: /run/kizashi/events.sock} to its sources, or name one with --socket")
    default:
      throw Failure(
        .usage, "the config has several sockets",
        hint: "choose with --source: " + sockets.map(\.id).joined(separator: ", "))
    }
  }

  /// A name that the same file has each time, and another file with the same path has not.
  private static func name(of file: String) throws(Failure) -> String {
    if file == "-" { return "stdin-\(getpid())-\(Int64(Date().timeIntervalSince1970 * 1000))" }
    var input = try LineInput(file)
    let first = try input.next() ?? []
    // FNV-1a (Fowler, Noll, Vo), 64 bits.
    let hash = first.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return "\(URL(filePath: file).lastPathComponent.prefix(100))-\(String(hash, radix: 16))"
  }
}

/// Moves lines from the input to the client and watches that the daemon goes on answering.
private struct Sender {
  let client: KizashiClient
  let path: String
  let producer: String
  let timeout: Duration

  /// Lines of the producer that the daemon has; fails where none answers in time.
  func connected() async throws -> Int64 {
    do {
      return try await watched { try await client.connect() }
    } catch let failure as Failure where failure.status == ExitStatus.temporary.rawValue {
      let reason = client.status.trouble.map { ": \($0)" } ?? ""
      throw Failure(
        .unavailable, "no daemon answers at \(path)\(reason)",
        hint: "start it (systemctl start kizashi), or name its socket with --socket")
    }
  }

  /// Sends the lines of the files behind the first `count`; returns how many were skipped.
  func send(_ files: [String], skipping count: Int64, _ meter: ProgressMeter, _ began: ContinuousClock.Instant)
    async throws -> Int64
  {
    var missing = count
    for file in files {
      var input = try LineInput(file)
      while var lines = try input.nextLines() {
        while missing > 0, let end = lines.firstIndex(of: 0x0a) {
          lines = lines[(end + 1)...]
          missing -= 1
        }
        try await give(lines)
        meter.show(
          ProgressBar.State(
            bytes: input.bytesRead, totalBytes: input.totalBytes, events: count - missing + client.status.accepted,
            elapsedMilliseconds: Int64((ContinuousClock.now - began) / .milliseconds(1))))
      }
    }
    if missing > 0 {
      throw Failure(
        .badData, "the daemon has \(count) lines of \(producer), and the input has only \(count - missing)",
        hint: "the name belongs to other input: give this one a --producer name of its own")
    }
    try await watched { try await client.flush() }
    return count
  }

  /// Hands lines to the client; only what finds no room is watched.
  private func give(_ lines: ArraySlice<UInt8>) async throws {
    let rest = lines.dropFirst(try client.offer(lines: lines))
    if !rest.isEmpty { try await watched { try await client.send(lines: rest) } }
  }

  /// Runs a step that depends on the daemon; it fails when nothing was acknowledged for as long as the timeout.
  private func watched<R: Sendable>(_ step: @escaping @Sendable () async throws -> R) async throws -> R {
    let client = client
    let timeout = timeout
    do {
      return try await withThrowingTaskGroup(of: R?.self) { group in
        group.addTask { try await step() }
        group.addTask {
          var last = client.status.acknowledged
          while true {
            try await Task.sleep(for: timeout)
            let now = client.status.acknowledged
            if now == last { return nil }
            last = now
          }
        }
        defer { group.cancelAll() }
        if let first = try await group.next(), let result = first { return result }
        throw Failure(
          .temporary,
          "the daemon at \(path) stopped answering; \(client.status.acknowledged) lines of this run are stored",
          hint: "run the same command again: it goes on behind the last stored line")
      }
    } catch let error as ClientError {
      throw Failure(.unavailable, error.description)
    }
  }
}

/// What was sent, for people and machines.
struct SendReport {
  var producer: String
  var sent: Int64
  var skipped: Int64
  var refused: [String: Int64]
  var elapsedMilliseconds: Int64

  private var fields: [Value.Field] {
    [
      .init("producer", .text(producer)), .init("sent", .integer(sent)), .init("skipped", .integer(skipped)),
      .init("refused", .integer(refused.values.reduce(0, +))),
      .init("refusals", .object(refused.sorted { $0.key < $1.key }.map { .init($0.key, .integer($0.value)) })),
      .init("elapsed_ms", .integer(elapsedMilliseconds)),
    ]
  }

  func text(_ format: OutputFormat) -> String {
    switch format {
    case .json: Value.object(fields).indentedJSON + "\n"
    case .ndjson: Value.object(fields).json + "\n"
    case .csv:
      fields.map { CSV.field($0.name) }.joined(separator: ",") + CSV.lineEnd
        + fields.map { CSV.field($0.value.csvText) }.joined(separator: ",") + CSV.lineEnd
    case .table: table
    }
  }

  private var table: String {
    let seconds = Wording.fixed(Double(elapsedMilliseconds) / 1000, digits: 1)
    var text = "\(Wording.counted(sent, "line")) stored in \(seconds) s as \(Visible.text(producer))\n"
    if skipped > 0 { text += "\(Wording.counted(skipped, "line")) had been stored before\n" }
    if !refused.isEmpty {
      let reasons = refused.sorted { $0.key < $1.key }.map { "\($0.key) \(Wording.grouped($0.value))" }
      text += "refused: \(reasons.joined(separator: ", ")) (see kizashi quarantine list)\n"
    }
    return text
  }
}
