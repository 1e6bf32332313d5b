import ArgumentParser
import Foundation
import KizashiCore
import KizashiDaemon
import KizashiStore

/// `kizashi replay FILE…`
struct Replay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read files to their end with the same engine; the state a live run would have reached.",
    usage: "kizashi replay [<options>] <file> ...",
    discussion: """
      A file that a source's globs match is read as that source's and its position is kept, so that `run` goes on \
      behind it; others are the stream 'replay'. Reading the same file again adds nothing. No hook runs. `-` is \
      standard input, .gz files are unpacked. Without --until the clock stays at the last event: nothing \
      falls silent after it.

      Refused lines are counted and quarantined; with --strict any of them ends with exit code 65.

      Examples:
        kizashi replay --db test.db events-2026-*.ndjson.gz
        kizashi replay --until 2026-11-19T00:00:00Z /var/log/product/events.ndjson
        kizashi generate --days 90 | kizashi replay --db sample.db -
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions

  @Argument(
    help: ArgumentHelp("Files in the order they are read; - is standard input.", valueName: "file"),
    completion: .file())
  var files: [String]

  @Option(help: ArgumentHelp("Move the clock there at the end; later events are refused.", valueName: "when"))
  var until: MomentArgument?

  @Flag(help: "End with exit code 65 if any line was refused.")
  var strict = false

  @Flag(help: "No progress bar.")
  var quiet = false

  func validate() throws {
    if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("Standard input (-) can be read only once.") }
  }

  func run() async throws {
    let session = try Session(store)
    let wallClock = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    let end = until?.instant(now: wallClock, calendar: session.configuration.model.calendar)
    let request = ReplayRequest(
      configuration: session.configuration, storePath: session.storePath, inputs: files, until: end)
    let terminal = Terminal.behind(2)
    let meter = ProgressMeter(terminal: quiet ? .none : terminal)
    let logger = LogOutput.logger(level: .warning)
    let summary: ReplaySummary
    do {
      defer { meter.finish() }
      summary = try await KizashiDaemon.Replay.run(request, logger: logger) {
        meter.show(
          ProgressBar.State(
            bytes: $0.bytesRead, totalBytes: $0.totalBytes, events: $0.events,
            elapsedMilliseconds: $0.elapsedMilliseconds))
      }
    }
    try Output.write(ReplayReport(summary: summary, calendar: session.configuration.model.calendar).text(output.format))
    if strict && summary.refusedLines > 0 { throw ExitCode(ExitStatus.badData.rawValue) }
  }
}

/// What a replay did, for people and machines.
struct ReplayReport {
  let summary: ReplaySummary
  /// People read times in its zone, which is the store's from now on.
  let calendar: BusinessCalendar

  func text(_ format: OutputFormat) -> String {
    switch format {
    case .json: value.indentedJSON + "\n"
    case .ndjson: value.json + "\n"
    case .csv: csv
    case .table: table
    }
  }

  private var fields: [Value.Field] {
    [
      .init("lines", .integer(summary.lines)), .init("events", .integer(summary.events)),
      .init("duplicates", .integer(summary.duplicates)), .init("ignored", .integer(summary.ignored)),
      .init("refused", .integer(summary.refusedLines)),
      .init("refusals", .object(summary.refused.map { .init($0.reason, .integer($0.lines)) })),
      .init("bytes", .integer(summary.bytes)), .init("accounts", Value(summary.accounts)),
      .init("changes", .integer(summary.changes)), .init("alerts", .integer(summary.alerts)),
      .init("now_at", Value(summary.now.map(InstantText.text))),
      .init("elapsed_ms", .integer(summary.elapsedMilliseconds)),
      .init("events_per_second", .integer(rate)),
    ]
  }

  private var value: Value { .object(fields) }

  private var csv: String {
    fields.map { CSV.field($0.name) }.joined(separator: ",") + CSV.lineEnd
      + fields.map { CSV.field($0.value.csvText) }.joined(separator: ",") + CSV.lineEnd
  }

  private var rate: Int64 { summary.events * 1000 / max(1, summary.elapsedMilliseconds) }

  private var table: String {
    let seconds = Wording.fixed(Double(summary.elapsedMilliseconds) / 1000, digits: 1)
    var text = "\(Wording.counted(summary.events, "event")) from \(Wording.counted(summary.lines, "line"))"
    text +=
      " (\(Wording.bytes(summary.bytes))) in \(seconds) s, "
    text += "\(Wording.grouped(rate)) events/s\n"
    var more: [String] = []
    if summary.duplicates > 0 { more.append(Wording.counted(summary.duplicates, "duplicate")) }
    if summary.ignored > 0 { more.append("\(Wording.grouped(summary.ignored)) ignored") }
    if summary.refusedLines > 0 {
      let reasons = summary.refused.map { "\($0.reason) \(Wording.grouped($0.lines))" }.joined(separator: ", ")
      more.append("\(Wording.grouped(summary.refusedLines)) refused: \(reasons) (see kizashi quarantine list)")
    }
    if !more.isEmpty { text += more.joined(separator: "; ") + "\n" }
    text += "\(Wording.counted(Int64(summary.accounts), "account")), \(Wording.counted(summary.changes, "change")), "
    text += "\(Wording.counted(summary.alerts, "alert")) opened"
    if let now = summary.now { text += "; the clock stands at \(time(now))" }
    text += "\n"
    if let expired = summary.expiredBefore {
      text += "usage before \(time(expired)) has expired and is no longer kept"
      text += ": store.retention says how long it is kept\n"
    }
    return text
  }

  private func time(_ instant: Instant) -> String {
    let page = Page(terminal: .none, now: instant, calendar: calendar)
    return "\(page.time(instant)) (\(page.zone))"
  }
}
