import ArgumentParser
import KizashiCore
import KizashiDaemon
import KizashiStore

/// `kizashi quarantine list|retry`
struct Quarantine: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Refused lines: look at them, or give them another try.",
    subcommands: [List.self, Retry.self], defaultSubcommand: List.self)

  /// Which refused lines are meant.
  struct Selection: ParsableArguments {
    @Option(help: ArgumentHelp("Only lines of this source.", valueName: "id"))
    var source: String?

    @Option(help: ArgumentHelp("Only lines refused for this reason.", valueName: "reason"))
    var reason: String?

    func validate() throws {
      let known = RefusalReason.allCases.map(\.name)
      if let reason, !known.contains(reason) {
        let nearest = NearestName.of(reason, in: known).map { " Did you mean \($0)?" } ?? ""
        throw ValidationError(
          "There is no reason “\(Visible.text(reason))”.\(nearest) There are: \(known.joined(separator: ", ")).")
      }
    }
  }

  /// `kizashi quarantine list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Refused lines with their reason, the newest first.",
      usage: "kizashi quarantine list [<options>]",
      discussion: """
        At most limits.quarantine_rows are kept; `kizashi sources` has the exact counts. Control characters are shown \
        as \\u{hex}, bytes that are not UTF-8 as \\x{hex}.

        Examples:
          kizashi quarantine list --reason bad_timestamp
          kizashi quarantine list --source app --limit 5 --format json
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: FormatOptions
    @OptionGroup var limit: LimitOptions
    @OptionGroup var selection: Selection

    func run() throws {
      let session = try Session(store)
      let reader = try session.reader()
      let page = try session.page(reader)
      if let source = selection.source { try session.check(source, is: .source, reader) }
      var query = QuarantineQuery()
      query.source = selection.source
      query.reason = selection.reason
      query.limit = limit.rows
      let rows = try asking { () throws(StoreError) in try reader.quarantine(query) }
      try Output.write(List.listing.text(rows, format: output.format, page: page))
    }

    static var listing: Listing<QuarantinedLine> {
      Listing(
        columns: [
          .text("source", "SOURCE", minimum: 6) { $0.source },
          .text("reason", "REASON") { $0.reason },
          .date("seen_at", "SEEN") { $0.seen },
          .bytes("path", "PATH", minimum: 10) { $0.path }.optional,
          .count("offset", "OFFSET") { $0.offset }.optional,
          .bytes("sample", "LINE", minimum: 20) { $0.sample },
        ],
        nothing: "Nothing is in quarantine.")
    }
  }

  /// `kizashi quarantine retry`
  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read refused lines again, after the cause was mended.",
      usage: "kizashi quarantine retry [<options>]",
      discussion: """
        What is accepted now is counted and leaves the quarantine; the refusal it was is taken back. What is refused again \
        keeps its place. Of lines over 64 KiB only the beginning is kept: they stay, and each is named with its file and the \
        byte where it begins.

        Examples:
          kizashi quarantine retry --source app --reason missing_field
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: FormatOptions
    @OptionGroup var selection: Selection

    func run() async throws {
      let session = try Session(store)
      if let source = selection.source { try session.check(source, is: .source, session.reader()) }
      let request = ControlRequest.quarantineRetry(source: selection.source, reason: selection.reason)
      try await session.perform(request, timeout: .seconds(300)).report(output.format)
    }
  }
}
