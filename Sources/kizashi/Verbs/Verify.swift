import ArgumentParser
import KizashiCore
import KizashiDaemon

/// `kizashi verify`
struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Recompute every metric and score from the stored facts and compare.",
    discussion: """
      Exit code 0 where all agree, 1 with the differences where not. The store is only read; the daemon may run.

      Examples:
        kizashi verify
        kizashi verify --db /var/backups/kizashi-2026-11-19.db
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions

  func run() async throws {
    let session = try Session(store)
    let report = try await KizashiDaemon.Verify.run(
      storePath: session.storePath, configuration: session.configuration)
    try Output.write(Verify.text(report, format: output.format))
    if !report.differences.isEmpty { throw ExitCode(ExitStatus.no.rawValue) }
  }

  private static func text(_ report: VerifyReport, format: OutputFormat) -> String {
    let value = Value.object([
      .init("accounts", Value(report.accounts)), .init("facts", Value(report.facts)),
      .init("measures", Value(report.measures)), .init("differences", .list(report.differences.map(object))),
    ])
    let page = Page(terminal: .behind(1), now: Instant(milliseconds: 0))
    switch format {
    case .json: return value.indentedJSON + "\n"
    case .ndjson: return value.json + "\n"
    case .csv: return listing.text(report.differences, format: .csv, page: page)
    case .table:
      let what = [("account", report.accounts), ("measure", report.measures), ("fact", report.facts)]
        .map { Wording.counted(Int64($1), $0) }.joined(separator: ", ")
      if report.differences.isEmpty { return "All agree: \(what).\n" }
      return listing.text(report.differences, format: .table, page: page)
        + "\(Wording.counted(Int64(report.differences.count), "difference")) in \(what).\n"
    }
  }

  private static func object(_ difference: VerifyReport.Difference) -> Value { listing.object(difference) }

  private static var listing: Listing<VerifyReport.Difference> {
    Listing(
      columns: [
        .text("account", "ACCOUNT", minimum: 8) { $0.account }, .text("what", "WHAT") { $0.what },
        .text("stored", "STORED") { $0.stored }, .text("recomputed", "RECOMPUTED") { $0.recomputed },
      ], nothing: "No difference.")
  }
}
