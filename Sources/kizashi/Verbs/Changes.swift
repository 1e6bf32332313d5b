import ArgumentParser
import KizashiCore
import KizashiStore

/// `kizashi changes`
struct Changes: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The journal: what changed, when, and why.", usage: "kizashi changes [<options>]",
    discussion: """
      The newest entries, the newest last. The points of an entry's reasons add up to its change since the entry \
      before. With --follow it goes on as a log does; the formats are then table and ndjson.

      Examples:
        kizashi changes --since 24h
        kizashi changes --account acme --limit 0
        kizashi changes --kind band --since 2026-11-01
        kizashi changes --follow --format ndjson | jq .account
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions
  @OptionGroup var limit: LimitOptions

  @Option(help: ArgumentHelp("Only changes of this account.", valueName: "id"))
  var account: String?

  @Option(help: ArgumentHelp("Only changes from then on: 7d, 2026-11-19, or RFC 3339.", valueName: "when"))
  var since: MomentArgument?

  @Option(
    help: ArgumentHelp(
      "Only this kind: score, band, rule, phase, milestone, attribute, override, config.", valueName: "kind"))
  var kind: String?

  @Flag(help: "Go on printing changes as they are stored, until Ctrl-C.")
  var follow = false

  func validate() throws {
    if follow && (output.format == .json || output.format == .csv) {
      throw ValidationError("--follow never ends: use --format table or ndjson with it.")
    }
    if let kind, !JournalQuery.kinds.contains(kind) {
      throw ValidationError(
        "There is no kind “\(Visible.text(kind))”; there are: \(JournalQuery.kinds.joined(separator: ", ")).")
    }
  }

  func run() async throws {
    let session = try Session(store)
    let reader = try session.reader()
    var page = try session.page(reader)
    var query = JournalQuery()
    query.account = account
    query.kind = kind
    query.since = since?.instant(now: page.now, calendar: page.calendar)
    query.limit = limit.rows
    // Looked up before the entries, so that nothing written in between is missed.
    var last = try asking { () throws(StoreError) in try reader.lastChangeSequence() }
    if let account { try known(account, reader) }
    let rows = try asking { () throws(StoreError) in try reader.changes(query) }
    if !(follow && rows.isEmpty) {
      try Output.write(ChangeListing.text(rows, format: output.format, page: page))
    }
    last = max(last, rows.last?.sequence ?? 0)
    while follow {
      // There is nothing to wait on across processes but the store's own counter; a look costs some microseconds.
      try await Task.sleep(for: .milliseconds(200))
      query.afterSequence = last
      query.limit = 1000
      query.fromOldest = true
      let newest = try asking { () throws(StoreError) in try reader.lastChangeSequence() }
      let rows = newest > last ? try asking { () throws(StoreError) in try reader.changes(query) } : []
      // Of a full page the rest comes next; else everything up to `newest` was looked at, and what is in `rows` shown.
      last = rows.count == 1000 ? rows[999].sequence : max(last, newest, rows.last?.sequence ?? 0)
      guard !rows.isEmpty else { continue }
      page.now = try asking { () throws(StoreError) in try reader.meta().now ?? page.now }
      try Output.write(ChangeListing.text(rows, format: output.format, page: page))
    }
  }
}

/// Ends with "no" where an account a verb was asked about does not exist.
func known(_ account: String, _ reader: StoreReader) throws(Failure) {
  let isKnown = try asking { () throws(StoreError) in try reader.isAccount(account) }
  if !isKnown { throw try Failure(unknownAccount: account, reader) }
}

extension Failure {
  /// An account that does not exist: the answer is "no".
  init(unknownAccount name: String, _ reader: StoreReader) throws(Failure) {
    let nearest = try asking { () throws(StoreError) in try reader.nearestAccount(to: name) }
    self.init(
      .no, "there is no account “\(name)” in \(reader.path)",
      hint: nearest.map { "did you mean \($0)?" } ?? "kizashi accounts --sort name lists them")
  }
}

/// The shape of the journal.
enum ChangeListing {
  static func text(_ rows: [JournalEntry], format: OutputFormat, page: Page) -> String {
    guard format == .table else { return listing.text(rows, format: format, page: page) }
    if rows.isEmpty { return page.painter.paint(listing.nothing, .dim) + "\n" }
    return rows.map { entry($0, page: page) }.joined()
  }

  static var listing: Listing<JournalEntry> {
    Listing(
      columns: [
        .hidden("seq") { .integer($0.sequence) },
        .text("account", nil) { $0.account },
        .time("at", nil) { $0.at },
        .time("detected_at", nil) { $0.detected },
        .text("kind", nil) { $0.kind },
        .text("subject", nil) { $0.subject },
        .text("from_value", nil) { $0.from },
        .text("to_value", nil) { $0.to },
        .points("delta", nil) { $0.delta },
        .text("cause", nil) { $0.cause },
        .hidden("because") { .list($0.because.map(value)) },
      ],
      nothing: "No change.")
  }

  /// One explanation line as JSON, as the view has it.
  static func value(_ line: StoredExplanation) -> Value {
    .object([
      .init("measure", .text(line.measure)), .init("points", .decimal(line.points)), .init("from", Value(line.from)),
      .init("to", Value(line.to)), .init("cause", .text(line.cause)),
    ])
  }

  /// An entry for people: one line of what, and one for each reason.
  private static func entry(_ change: JournalEntry, page: Page) -> String {
    let painter = page.painter
    let head = [
      painter.paint(page.time(change.at), .dim), painter.paint(change.account, .bold),
      ChangeWords.what(change).map(painter.paint).joined(),
    ]
    var text = head.joined(separator: "  ") + "\n"
    // The reasons of a rule's move are those of the entry beside it.
    guard change.kind != Change.Kind.rule.name else { return text }
    for line in change.because { text += ChangeWords.line(line, page: page, indent: 18) }
    return text
  }
}
