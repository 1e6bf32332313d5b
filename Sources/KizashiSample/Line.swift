/// What one line says. The line is a function of this value and the population, so a duplicate is the value kept.
struct Line: Sendable {
  enum Kind: UInt8, Sendable {
    case usage
    case attributes
    case survey
    case sentiment
  }
  var kind: Kind
  /// The number the id is made from, different for every line.
  var serial: UInt64
  /// When it happened, milliseconds.
  var at: Int64
  var account: Int
  var user: Int
  /// Usage: an index into the event names. Attributes: the percentage of seats issued. Else the answer.
  var value: Int
  /// More chance, for properties.
  var bits: UInt64
}

/// Turns lines into bytes.
struct LineRenderer: Sendable {
  /// No line is longer.
  static let longest = 512

  private let seedOfIDs: UInt64
  private let names = TextTable(Vocabulary.eventNames)
  private let slugs = TextTable(Vocabulary.slugs)
  private let plans = TextTable(Vocabulary.plans)
  private let clients = TextTable(Vocabulary.clients)
  private let regions = TextTable(Vocabulary.regions)
  private let managers = TextTable(Vocabulary.managers)
  private let notes = TextTable(Vocabulary.notes)
  private var timestamps = TimestampWriter()

  init(seed: UInt64) { seedOfIDs = SplitMix.mix(seed) }

  /// Writes the line with its end. There must be room for ``longest`` bytes.
  @inline(__always) mutating func write(_ line: Line, of population: Population, to writer: inout LineWriter) {
    writer.text("{\"timestamp\":\"")
    timestamps.write(line.at, to: &writer)
    writer.text("\",\"id\":\"")
    writer.hexadecimal(SplitMix.mix(line.serial ^ seedOfIDs))
    writer.text("\",\"account\":\"")
    AccountName.write(line.account, to: &writer, slugs: slugs)
    if line.kind == .usage {
      usage(line, of: population, to: &writer)
    } else {
      other(line, of: population, to: &writer)
    }
  }

  @inline(__always) private func usage(_ line: Line, of population: Population, to writer: inout LineWriter) {
    user(line, to: &writer)
    writer.text("\",\"event\":\"")
    writer.text(line.value, of: names)
    writer.text("\",\"properties\":{\"client\":\"")
    // A user stays with one kind of device.
    writer.text((line.user &* 5 &+ line.account) & 7, of: clients)
    writer.text("\",\"plan\":\"")
    writer.text(Population.plan(users: Int(population.users[line.account])), of: plans)
    writer.text("\",\"duration_ms\":")
    // Most things are quick, some take long: a product of two even draws.
    let quick = SplitMix.scaled(UInt32(truncatingIfNeeded: line.bits), below: 120)
    let slow = SplitMix.scaled(UInt32(truncatingIfNeeded: line.bits &>> 32), below: 120)
    writer.number(quick &* slow &+ 3)
    writer.text(",\"version\":\"7.")
    writer.digits(Int(truncatingIfNeeded: line.bits &>> 20 & 3) &+ 12, count: 2)
    writer.text("\"}}\n")
  }

  private func other(_ line: Line, of population: Population, to writer: inout LineWriter) {
    let users = Int(population.users[line.account])
    switch line.kind {
    case .usage: break
    case .attributes:
      let seats = max(1, users * line.value / 100)
      let plan = Population.plan(users: users)
      writer.text("\",\"type\":\"group\",\"traits\":{\"plan\":\"")
      writer.text(plan, of: plans)
      writer.text("\",\"seats_issued\":")
      writer.number(seats)
      writer.text(",\"mrr\":")
      writer.number(seats * (12 + 6 * plan))
      writer.text(",\"csm\":\"")
      writer.text(line.account & 7, of: managers)
      writer.text("\",\"region\":\"")
      writer.text(Int(population.classes[line.account]) % Pattern.count / 3, of: regions)
      writer.text("\"}}\n")
    case .survey:
      user(line, to: &writer)
      writer.text("\",\"event\":\"survey.responded\",\"properties\":{\"survey\":\"nps\",\"score\":")
      writer.number(line.value)
      writer.text("}}\n")
    case .sentiment:
      writer.text("\",\"event\":\"sentiment.recorded\",\"properties\":{\"value\":")
      writer.number(line.value)
      writer.text(",\"by\":\"")
      writer.text(line.account & 7, of: managers)
      writer.text("\",\"note\":\"")
      writer.text(Int(truncatingIfNeeded: line.bits % 5), of: notes)
      writer.text("\"}}\n")
    }
  }

  @inline(__always) private func user(_ line: Line, to writer: inout LineWriter) {
    writer.text("\",\"user\":\"u")
    writer.number(line.user + 1, atLeast: 2)
    writer.byte(UInt8(ascii: "@"))
    AccountName.write(line.account, to: &writer, slugs: slugs)
  }
}
