/// What one line of a book says.
struct BookLine: Sendable {
  enum Kind: UInt8, Sendable {
    case usage
    case attributes
    case started
    case renewed
    case cancelled
    case survey
  }
  var kind: Kind
  /// The number the id is made from, different for every line.
  var serial: UInt64
  /// When it happened, milliseconds.
  var at: Int64
  var account: Int
  var user = 0
  /// Usage: an index into the event names. Contracts: the day the term ends. Survey: the answer. Cancelled: the reason.
  var value = 0

  /// The order of the lines.
  static func < (a: BookLine, b: BookLine) -> Bool { a.at != b.at ? a.at < b.at : a.serial < b.serial }
}

/// Turns lines of a book into bytes.
struct BookRenderer: Sendable {
  /// No line is longer.
  static let longest = 512

  private let seedOfIDs: UInt64
  private let firstDay: Int64
  private let names = TextTable(Vocabulary.eventNames)
  private let slugs = TextTable(Vocabulary.slugs)
  private let plans = TextTable(Vocabulary.plans)
  private let managers = TextTable(Vocabulary.managers)
  private let touches = TextTable(["tech", "low", "high"])
  private let reasons = TextTable(BookRenderer.reasons)
  private var timestamps = TimestampWriter()

  /// Why customers leave: the first three after a decline, the others all of a sudden.
  static let reasons: [StaticString] = ["low_usage", "competitor", "price", "acquired", "insolvent", "budget_cut"]

  init(options: BookOptions) {
    seedOfIDs = SplitMix.mix(options.seed &+ 0xB00C)
    firstDay = options.startMilliseconds.dividedDown(by: 86_400_000)
  }

  /// Writes the line with its end. There must be room for ``longest`` bytes.
  mutating func write(_ line: BookLine, of customer: Customer, to writer: inout LineWriter) {
    writer.text("{\"timestamp\":\"")
    timestamps.write(line.at, to: &writer)
    writer.text("\",\"id\":\"")
    writer.hexadecimal(SplitMix.mix(line.serial ^ seedOfIDs))
    writer.text("\",\"account\":\"")
    AccountName.write(line.account, to: &writer, slugs: slugs)
    switch line.kind {
    case .usage:
      user(line, to: &writer)
      writer.text("\",\"event\":\"")
      writer.text(line.value, of: names)
      writer.text("\"}\n")
    case .survey:
      user(line, to: &writer)
      writer.text("\",\"event\":\"survey.responded\",\"properties\":{\"survey\":\"nps\",\"score\":")
      writer.number(line.value)
      writer.text("}}\n")
    case .attributes: attributes(line, customer, to: &writer)
    case .started: contract("started", line, customer, to: &writer)
    case .renewed: contract("renewed", line, customer, to: &writer)
    case .cancelled:
      writer.text("\",\"event\":\"contract.cancelled\",\"properties\":{\"product\":\"core\",\"reason\":\"")
      writer.text(line.value, of: reasons)
      writer.text("\"}}\n")
    }
  }

  private func user(_ line: BookLine, to writer: inout LineWriter) {
    writer.text("\",\"user\":\"u")
    writer.number(line.user + 1, atLeast: 2)
    writer.byte(UInt8(ascii: "@"))
    AccountName.write(line.account, to: &writer, slugs: slugs)
  }

  private func attributes(_ line: BookLine, _ customer: Customer, to writer: inout LineWriter) {
    writer.text("\",\"type\":\"group\",\"traits\":{\"plan\":\"")
    writer.text(Population.plan(users: customer.users), of: plans)
    writer.text("\",\"seats_issued\":")
    writer.number(seats(customer))
    writer.text(",\"mrr\":")
    writer.number(revenue(customer))
    writer.text(",\"csm\":\"")
    writer.text(line.account & 7, of: managers)
    writer.text("\",\"touch\":\"")
    writer.text(customer.weight >= 16_384 ? 2 : customer.weight >= 4096 ? 1 : 0, of: touches)
    writer.text("\"}}\n")
  }

  private func contract(_ what: StaticString, _ line: BookLine, _ customer: Customer, to writer: inout LineWriter) {
    writer.text("\",\"event\":\"contract.")
    writer.text(what)
    writer.text("\",\"properties\":{\"product\":\"core\",\"currency\":\"EUR\",\"mrr\":")
    writer.number(revenue(customer))
    writer.text(",\"term_end\":\"")
    let end = CivilDate(day: firstDay + Int64(line.value))
    writer.digits(end.year, count: 4)
    writer.byte(UInt8(ascii: "-"))
    writer.digits(end.month, count: 2)
    writer.byte(UInt8(ascii: "-"))
    writer.digits(end.day, count: 2)
    writer.text("\"}}\n")
  }

  /// A tenth to a half more than it has users.
  private func seats(_ customer: Customer) -> Int {
    customer.users * (110 + Int(customer.traits >> 56) * 40 / 256) / 100
  }

  private func revenue(_ customer: Customer) -> Int {
    seats(customer) * (12 + 6 * Population.plan(users: customer.users))
  }
}
