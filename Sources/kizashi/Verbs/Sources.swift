import ArgumentParser
import KizashiCore
import KizashiDaemon
import KizashiStore

/// `kizashi sources`
struct Sources: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Where events come from: position, lag, watermark, what was counted and refused.",
    discussion: """
      One row for each followed file or producer; the counts are those of its whole source. Events counted as \
      'no dedup' came without an id or from beyond limits.dedup_horizon, so a repeated line would count twice. A \
      source is stalled when it has delivered nothing for its stall_after; what silence would change of its accounts \
      then waits. A path is unreadable where the daemon's user may not read it, missing where no file matches it. How much of a followed file is still to be read is looked up in the file itself; all else is as of \
      the store's clock.

      Examples:
        kizashi sources
        kizashi sources --format json | jq '.[] | select(.lag_bytes > 0)'
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions

  func run() async throws {
    let session = try Session(store)
    let reader = try session.reader()
    let page = try session.page(reader)
    let now = try asking { () throws(StoreError) in try reader.meta().now }
    let rows = try asking { () throws(StoreError) in try reader.sourcesNow() }
    try Output.write(Self.listing.text(rows, format: output.format, page: page))
    guard output.format == .table else { return }
    for row in rows { if let hint = Self.hint(row) { Output.writeError("kizashi: \(hint)\n") } }
    // What a table shows of a daemon that is down looks like one with nothing to do.
    guard
      await ControlClient.isAbsent(
        path: Daemon.controlPath(storePath: session.storePath), store: Daemon.absolute(session.storePath))
    else { return }
    let clock = now.map { "; as of \(page.time($0))" } ?? ""
    Output.writeError("kizashi: no daemon runs on \(Visible.text(session.storePath))\(clock)\n")
  }

  /// What to do about a path that cannot be read; nil: it can.
  static func hint(_ row: SourceStream) -> String? {
    guard let trouble = row.trouble, let bytes = row.path else { return nil }
    let (source, path) = (Visible.text(row.source), Styled(bytes: bytes).text)
    switch trouble {
    case "missing":
      return
        "source \(source): no file matches \(path) (is the path right, in the config's `paths`? else it is read as soon as "
        + "it is there)"
    default:
      return
        "source \(source): the daemon cannot read \(path) (its user needs permission to read it, and to search the "
        + "directories above; its log has the reason: journalctl -u kizashi)"
    }
  }

  static var listing: Listing<SourceStream> {
    Listing(
      columns: [
        .text("source", "SOURCE", minimum: 6) { $0.source },
        .bytes("path", "PATH", minimum: 12) { $0.path },
        Column(
          key: "state", title: "STATE", value: { Value($0.state) },
          cell: { row, page in
            guard let stalled = row.stalled else {
              return Styled(row.state, row.trouble == nil ? .plain : row.trouble == "missing" ? .yellow : .red)
            }
            let verb = row.waiting == 1 ? "waits" : "wait"
            let waiting = row.waiting > 0 ? ", \(Wording.counted(row.waiting, "account")) \(verb)" : ""
            return Styled("stalled since \(page.time(stalled))\(waiting)", .red)
          }),
        .time("stalled_at", nil) { $0.stalled },
        .hidden("waiting") { Value($0.waiting) },
        .count("offset", "OFFSET") { $0.offset }.optional,
        .hidden("size") { Value($0.size) },
        Column(
          key: "lag_bytes", title: "LAG", alignment: .right, value: { Value($0.lagBytes) },
          cell: { row, _ in
            row.lagBytes.map { Styled(Wording.bytes($0), $0 > 0 ? .yellow : .plain) } ?? Styled("–", .dim)
          }),
        .time("watermark_at", "WATERMARK") { $0.watermark }.optional,
        .count("lines", "LINES") { $0.lines }.optional,
        .count("events", "EVENTS") { $0.events },
        .count("duplicates", "DUPLICATES") { $0.duplicates }.optional,
        .count("undeduplicated", "NO DEDUP") { $0.undeduplicated }.optional,
        Column(
          key: "refused", title: "REFUSED", minimum: 8, value: { Value($0.refused) },
          cell: { row, _ in
            guard row.refused > 0 else { return Styled("0", .dim) }
            let reasons = row.refusals.map { "\($0.reason) \(Wording.grouped($0.lines))" }.joined(separator: ", ")
            return Styled("\(Wording.grouped(row.refused)): \(reasons)", .yellow)
          }),
        .hidden("refusals") { .object($0.refusals.map { .init($0.reason, .integer($0.lines)) }) },
      ],
      nothing: "No source has been read yet.")
  }
}

extension Column {
  /// Bytes that are mostly text: people see what is not UTF-8 as `\x{hex}`, machines as U+FFFD.
  static func bytes(
    _ key: String, _ title: String?, minimum: Int? = nil, _ bytes: @escaping (Row) -> [UInt8]?
  ) -> Column {
    Column(
      key: key, title: title, minimum: minimum,
      value: { row in Value(bytes(row).map { String(decoding: $0, as: UTF8.self) }) },
      cell: { row, _ in bytes(row).map { Styled(bytes: $0) } ?? Styled("–", .dim) })
  }
}
