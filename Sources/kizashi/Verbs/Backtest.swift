import ArgumentParser
import Foundation
import KizashiConfig
import KizashiCore
import KizashiDaemon
import KizashiStore

/// `kizashi backtest --config NEW`
struct Backtest: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a config over the stored history: what would have fired, and was it right?",
    discussion: """
      Goes through all that is stored under the config, as if it had been in force from the first event on, and \
      tells for each rule how often it would have fired, beside the alerts that are stored, beside the store's own \
      config, and against churn: how many alerts were right (precision), how many churns were foreseen at least --lead \
      before (recall), how long before, and what alerts at random would have done. docs/BACKTEST.md defines each number.

      Churn is an event contract.cancelled, unless one of --churn-event, --churn-attribute, --churn-file says otherwise; \
      the file is CSV: account,date a line. The store is only read; the daemon may run.

      Exit code 1 where --require-precision or --require-recall is not met, or cannot be told.

      Examples:
        kizashi backtest --config new.yaml
        kizashi backtest --config new.yaml --from 2025-03-01 --to 2025-09-01 --list
        kizashi backtest --config new.yaml --against old.yaml --rule usage-falls --rule goes-quiet
        kizashi backtest --config new.yaml --churn-attribute status=closed --horizon 90d
        kizashi backtest --config new.yaml --require-precision 0.5 --require-recall 0.7 --format json
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions

  @Option(
    help: ArgumentHelp(
      "Only alerts and churns from then on: 90d, 2026-07-01, or RFC 3339. (default: the first event)", valueName: "when"
    ))
  var from: MomentArgument?

  @Option(help: ArgumentHelp("Only alerts and churns up to then. (default: the store's clock)", valueName: "when"))
  var to: MomentArgument?

  @Option(
    help: ArgumentHelp("Compare with this config. (default: the one the store was computed under)", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var against: String?

  @Flag(help: "Compare with no other config: takes half the time.")
  var alone = false

  @Option(help: ArgumentHelp("An alert is right if churn follows within this time. (default: 180d)", valueName: "time"))
  var horizon: LengthArgument?

  @Option(help: ArgumentHelp("A churn is foreseen by an alert so long before. (default: 30d)", valueName: "time"))
  var lead: LengthArgument?

  @Option(help: ArgumentHelp("This event is churn. (default: contract.cancelled)", valueName: "name"))
  var churnEvent: String?

  @Option(help: ArgumentHelp("An attribute that gets this value is churn.", valueName: "name=value"))
  var churnAttribute: String?

  @Option(help: ArgumentHelp("Churn is listed in this file: account,date.", valueName: "file"), completion: .file())
  var churnFile: String?

  @Option(
    help: ArgumentHelp(
      "Count only this rule's alerts; may be repeated. (default: all but those of severity opportunity)",
      valueName: "name"))
  var rule: [String] = []

  @Flag(help: "List the episodes too: which accounts, when, and what became of them.")
  var list = false

  @Option(
    help: ArgumentHelp(
      "Exit with 1 where precision_settled is less, 0 to 1: the precision of alerts whose horizon is over.",
      valueName: "share"))
  var requirePrecision: ShareArgument?

  @Option(help: ArgumentHelp("Exit with 1 where recall is less, 0 to 1.", valueName: "share"))
  var requireRecall: ShareArgument?

  @Flag(help: "No progress bar.")
  var quiet = false

  func validate() throws {
    if [churnEvent, churnAttribute, churnFile].compactMap({ $0 }).count > 1 {
      throw ValidationError("Only one of --churn-event, --churn-attribute and --churn-file says what churn is.")
    }
    if against != nil && alone { throw ValidationError("--alone compares with nothing, --against with a config.") }
    if horizonMilliseconds == 0 { throw ValidationError("--horizon needs some time, such as 180d.") }
    if leadMilliseconds > horizonMilliseconds {
      throw ValidationError("--lead must not be longer than --horizon: no alert could be in time.")
    }
    if let churnAttribute, Backtest.attribute(churnAttribute) == nil {
      throw ValidationError("--churn-attribute needs name=value, such as status=closed, found “\(churnAttribute)”.")
    }
    if churnEvent?.isEmpty == true { throw ValidationError("--churn-event needs the name of an event.") }
  }

  func run() async throws {
    let session = try Session(store)
    var request = BacktestRequest(configuration: session.configuration, storePath: session.storePath)
    let page = try session.page(session.reader())
    let calendar = session.configuration.model.calendar
    request.from = from?.instant(now: page.now, calendar: calendar)
    request.to = to?.instant(now: page.now, calendar: calendar)
    if let from = request.from, let to = request.to, from > to {
      throw Failure(.usage, "--from is later than --to: no time lies between them")
    }
    request.baseline = try baseline()
    request.horizonMilliseconds = horizonMilliseconds
    request.leadMilliseconds = leadMilliseconds
    request.churn = try churn(calendar)
    request.rules = try rules(session.configuration, request.baseline)
    request.listsEpisodes = list
    let report = try perform(request)
    let answer = BacktestAnswer(
      report: report, isListed: list, precision: requirePrecision?.value, recall: requireRecall?.value)
    try Output.write(answer.text(output.format, page: page))
    if answer.isMet == false { throw ExitCode(ExitStatus.no.rawValue) }
  }

  private var horizonMilliseconds: Int64 { horizon?.milliseconds ?? 180 * 86_400_000 }
  private var leadMilliseconds: Int64 { lead?.milliseconds ?? 30 * 86_400_000 }

  private func perform(_ request: BacktestRequest) throws -> BacktestReport {
    let meter = ProgressMeter(terminal: quiet ? .none : Terminal.behind(2))
    defer { meter.finish() }
    return try KizashiDaemon.Backtest.run(request) {
      meter.show(
        ProgressBar.State(
          bytes: $0.hours / 24, totalBytes: $0.totalHours / 24, events: $0.events,
          elapsedMilliseconds: $0.elapsedMilliseconds, unit: .days))
    }
  }

  private func baseline() throws(Failure) -> BacktestBaseline {
    guard let against else { return alone ? .none : .stored }
    do {
      return .configuration(
        try Configuration.load(path: against, environment: ProcessInfo.processInfo.environment))
    } catch {
      throw Failure(config: error, path: against)
    }
  }

  /// The names given, which one of the configs must have.
  private func rules(_ configuration: Configuration, _ baseline: BacktestBaseline) throws(Failure) -> Set<String>? {
    guard !rule.isEmpty else { return nil }
    var known = configuration.model.rules.map(\.name)
    if case .configuration(let other) = baseline { known += other.model.rules.map(\.name) }
    for name in rule where !known.contains(name) {
      let nearest = NearestName.of(name, in: known).map { "did you mean \($0)? " } ?? ""
      throw Failure(.usage, "there is no rule “\(name)”", hint: "\(nearest)kizashi check --explain lists them")
    }
    return Set(rule)
  }

  private func churn(_ calendar: BusinessCalendar) throws(Failure) -> ChurnDefinition {
    if let churnEvent { return .event(churnEvent) }
    if let (name, value) = churnAttribute.flatMap(Backtest.attribute) { return .attribute(name: name, value: value) }
    if let churnFile { return .list(try ChurnFile.read(churnFile, calendar: calendar)) }
    return .event("contract.cancelled")
  }

  private static func attribute(_ text: String) -> (name: String, value: String)? {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else { return nil }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }
}

/// A share from 0 to 1, read exactly.
struct ShareArgument: ExpressibleByArgument, Sendable {
  var value: Rational

  init?(argument: String) {
    guard let value = Rational(decimal: argument), value >= Rational(0), value <= Rational(1) else { return nil }
    self.value = value
  }
}
