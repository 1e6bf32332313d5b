import KizashiCore
import KizashiDaemon
import KizashiStore

/// What a backtest found, for machines; ``table(_:)`` is for people.
struct BacktestAnswer {
  let report: BacktestReport
  /// Whether episodes were asked for.
  let isListed: Bool
  /// What was required, 0…1; nil: nothing.
  let precision: Rational?
  let recall: Rational?

  /// One of the things required, and what was found.
  struct Requirement {
    var name: String
    var required: Rational
    var found: Share

    /// What cannot be told is not met.
    var isMet: Bool { found.exact.map { $0 >= required } ?? false }
  }

  var requirements: [Requirement] {
    let total = report.new.total
    return [
      precision.map { Requirement(name: "precision of settled alerts", required: $0, found: total.settledPrecision) },
      recall.map { Requirement(name: "recall", required: $0, found: total.recall) },
    ].compactMap(\.self)
  }

  /// Nil: nothing was required.
  var isMet: Bool? { requirements.isEmpty ? nil : requirements.allSatisfy(\.isMet) }

  func text(_ format: OutputFormat, page: Page) -> String {
    switch format {
    case .json: value.indentedJSON + "\n"
    case .ndjson: value.json + "\n"
    case .csv: isListed ? episodeTable(.csv, page) : Self.listing.text(rows, format: .csv, page: page)
    case .table: table(page)
    }
  }

  func episodeTable(_ format: OutputFormat, _ page: Page) -> String {
    Self.episodes.text(report.episodes, format: format, page: page)
  }

  var value: Value {
    .object([
      .init("from_at", .text(InstantText.text(report.from))), .init("to_at", .text(InstantText.text(report.to))),
      .init("first_at", .text(InstantText.text(report.first))), .init("now_at", .text(InstantText.text(report.now))),
      .init("facts", .integer(report.facts)), .init("events", .integer(report.events)),
      .init("records", .integer(report.records)), .init("accounts", .integer(report.accounts)),
      .init("account_years", Self.decimal(years, digits: 2)),
      .init("horizon_days", Self.days(report.horizon)), .init("lead_days", Self.days(report.lead)),
      .init(
        "churn",
        .object([
          .init("by", .text(report.churn.text)), .init("churns", .integer(report.base.churns)),
          .init("per_account_year", Self.decimal(churnRate)), .init("unmatched", Value(report.unmatched)),
        ])),
      .init(
        "at_random",
        .object([
          .init("precision", Self.share(report.base.precision)),
          .init("precision_settled", Self.share(report.base.settledPrecision)),
        ])),
      .init("baseline", .text(report.baseline.rawValue)),
      .init("new", side(report.new)), .init("old", report.old.map(side) ?? .null),
      .init("rules", .list(report.rules.map(Self.rule))),
      .init("episodes", isListed ? .list(report.episodes.map(Self.episodes.object)) : .null),
      .init("required", required), .init("elapsed_ms", .integer(report.elapsedMilliseconds)),
    ])
  }

  private var required: Value {
    .object([
      .init("precision", Self.decimal(precision)), .init("recall", Self.decimal(recall)),
      .init("met", isMet.map(Value.bool) ?? .null),
    ])
  }

  var years: Rational { Rational(Int128(report.base.customerTime), Int128(BacktestBase.year)) }

  var churnRate: Rational? {
    report.base.customerTime == 0 ? nil : Rational(Int128(report.base.churns)) / years
  }

  private func side(_ side: BacktestReport.Side) -> Value {
    .object(
      [.init("config", .text(side.fingerprint))] + Self.figures(side.total) + [
        .init("unread", .list(side.unread.map(Self.unread))),
        .init("bands", Self.bands(side.bands, side.days)),
        .init(
          "months",
          .list(
            side.months.map {
              .object([
                .init("month", .text($0.month)), .init("account_days", .integer($0.days.reduce(0, +))),
                .init("bands", Self.bands(side.bands, $0.days)),
              ])
            })),
      ])
  }

  private static func unread(_ unread: BacktestReport.Unread) -> Value {
    .object([
      .init("property", .text(unread.property)), .init("value", Value(unread.value)),
      .init("since_at", Value(unread.since.map(InstantText.text))),
    ])
  }

  /// Shares of the book by the bands' names.
  private static func bands(_ names: [String], _ days: [Int64]) -> Value {
    let sum = days.reduce(0, +)
    return .object(zip(names, days).map { Value.Field($0, share((part: $1, whole: sum))) })
  }

  private static func rule(_ row: BacktestReport.RuleRow) -> Value {
    .object([
      .init("rule", .text(row.rule)), .init("severity", Value(row.severity)), .init("counts", .bool(row.counts)),
      .init("new", row.new.map { .object(figures($0)) } ?? .null),
      .init("old", row.old.map { .object(figures($0)) } ?? .null),
      .init("stored", .integer(row.comparison.stored)), .init("both", .integer(row.comparison.both)),
      .init("only_new", .integer(row.comparison.onlyNew)), .init("only_stored", .integer(row.comparison.onlyStored)),
    ])
  }

  /// The figures in one order for JSON and CSV.
  static func figures(_ figures: BacktestFigures) -> [Value.Field] {
    [
      .init("alerts", .integer(figures.alerts)), .init("gone", .integer(figures.gone)),
      .init("accounts", .integer(figures.accounts)),
      .init("alerts_per_account_year", decimal(figures.alertsPerAccountYear)),
      .init("precision", decimal(figures.precision.exact)), .init("hits", .integer(figures.precision.part)),
      .init("decided", .integer(figures.precision.whole)),
      .init("precision_settled", decimal(figures.settledPrecision.exact)),
      .init("hits_settled", .integer(figures.settledPrecision.part)),
      .init("settled", .integer(figures.settledPrecision.whole)),
      .init("precision_customers", decimal(figures.customers.exact)),
      .init("hits_customers", .integer(figures.customers.part)),
      .init("customers", .integer(figures.customers.whole)),
      .init("precision_customers_at_random", rounded(figures.customersAtRandom)),
      .init("recall", decimal(figures.recall.exact)), .init("foreseen", .integer(figures.recall.part)),
      .init("churns", .integer(figures.recall.whole)),
      .init("recall_at_random", rounded(figures.recallAtRandom)),
      .init("warned", .integer(figures.warned)),
      .init("lead_days_q1", figures.lead(quartile: 1).map { days($0) } ?? .null),
      .init("lead_days_median", figures.lead(quartile: 2).map { days($0) } ?? .null),
      .init("lead_days_q3", figures.lead(quartile: 3).map { days($0) } ?? .null),
    ]
  }

  /// With so many digits, half up.
  static func decimal(_ number: Rational?, digits: Int = 4) -> Value {
    guard let number else { return .null }
    let scale = (0..<digits).reduce(Int64(1)) { scale, _ in scale * 10 }
    return .decimal(Double(Int64(clamping: (number * Rational(scale)).halfUp)) / Double(scale))
  }

  private static func rounded(_ share: Double?) -> Value { Value(share.map { ($0 * 10_000).rounded() / 10_000 }) }

  private static func share(_ share: (part: Int64, whole: Int64)) -> Value {
    decimal(Share(share.part, of: share.whole).exact)
  }

  private static func days(_ milliseconds: Int64) -> Value {
    decimal(Rational(Int128(milliseconds), 86_400_000), digits: 1)
  }

  static var episodes: Listing<BacktestReport.Episode> {
    Listing(
      columns: [
        .date("at", "AT") { $0.at }, .text("rule", "RULE", minimum: 8) { $0.rule },
        .text("account", "ACCOUNT", minimum: 8) { $0.account },
        .date("resolved_at", "RESOLVED") { $0.resolved }.optional,
        .text("seen", "SEEN") { $0.seen.rawValue },
        .text("outcome", "OUTCOME", style: { $0.outcome == .hit ? .green : $0.outcome == .miss ? .red : .dim }) {
          $0.outcome.rawValue
        },
        .date("churned_at", "CHURNED") { $0.churned },
        .hidden("lead_days") { episode in
          episode.churned.map { days($0.milliseconds - episode.at.milliseconds) } ?? .null
        },
      ], nothing: "No episode.")
  }
}
