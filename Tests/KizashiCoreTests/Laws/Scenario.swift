import KizashiCore
import ReferenceModel
import TestSupport

/// A small universe: a config and everything that happens under it.
struct Scenario {
  var seed: UInt64
  var model: Model
  var sources: [SourceModel]
  /// Since when some of the model's filters have been looked for.
  var filterStarts: [FilterStart]
  /// Since when some of its properties have been added up.
  var sumStarts: [SumStart]
  /// In log order, ending with a `settle`.
  var inputs: [ReferenceInput]

  /// What a scenario may contain.
  struct Traits {
    /// Wall-clock advances between lines.
    var advances = true
    /// Measures that hold their grade, ids with two contents, caps and lateness: all that depends on the order of lines.
    var orderMatters = true
    /// Sources stall.
    var stalls = true
    /// At most so many lines.
    var lines = 70
  }

  init(seed: UInt64, traits: Traits = Traits()) {
    var random = SeededGenerator(seed: seed)
    self.seed = seed
    model = ModelGenerator.model(&random, traits)
    sources = (0..<random.int(1...3)).map { index in
      let lateness =
        traits.orderMatters && random.chance(15) ? Int64(random.int(1...40)) * 3_600_000 : nil
      return SourceModel(name: "s\(index)", allowedLatenessMilliseconds: lateness)
    }
    filterStarts = ModelGenerator.filterStarts(model, &random)
    sumStarts = ModelGenerator.sumStarts(model, &random)
    let edges = [model.limits.dedupHorizonMilliseconds] + sources.compactMap(\.allowedLatenessMilliseconds)
    var lines = LineGenerator(traits: traits, sources: sources.count, edges: edges, start: ModelGenerator.start)
    inputs = lines.inputs(&random)
    if traits.stalls {
      StallGenerator.watch(&sources, &random)
      StallGenerator.insert(into: &inputs, sources, &random)
    }
  }

  /// A universe that is no random one.
  init(model: Model, inputs: [ReferenceInput]) {
    seed = 0
    self.model = model
    sources = [SourceModel(name: "s")]
    filterStarts = []
    sumStarts = []
    self.inputs = inputs
  }

  /// The lines in another order, at one end.
  func shuffled(_ random: inout SeededGenerator) -> Scenario {
    var copy = self
    let end = copy.inputs.removeLast()
    copy.inputs.shuffle(using: &random)
    copy.inputs.append(end)
    return copy
  }
}

/// Makes log lines that are mostly in order, with everything real logs have beside.
struct LineGenerator {
  let traits: Scenario.Traits
  let sources: Int
  /// Distances behind a watermark at which something begins to differ.
  let edges: [Int64]
  private var now: Int64
  private var sent: [ReferenceEvent] = []
  private var usedInstants: Set<Int64> = []
  private var latestAcceptable: Int64 = .max
  /// How far each source is behind the others.
  private var lags: [Int64] = []

  private static let events = ["api.get", "api.put", "report.made", "open", "free", "other", "core"]

  init(traits: Scenario.Traits, sources: Int, edges: [Int64], start: Int64) {
    self.traits = traits
    self.sources = sources
    self.edges = edges
    now = start
  }

  mutating func inputs(_ random: inout SeededGenerator) -> [ReferenceInput] {
    var result: [ReferenceInput] = []
    let count = random.int(5...traits.lines)
    lags = (0..<sources).map { _ in random.chance(15) ? Int64(random.int(1...240)) * 3_600_000 : 0 }
    // Long steps make silences, short ones bursts within an hour.
    let pace = random.pick([60_000, 3_600_000, 4 * 3_600_000, 12 * 3_600_000])
    latestAcceptable = now + Int64(count * pace) + 3 * 86_400_000
    for _ in 0..<count {
      now += Int64(random.int(0...2 * pace))
      if random.chance(5) { now += Int64(random.int(1...5)) * 86_400_000 }
      // Exactly on an hour: where tiles, days and deadlines meet.
      if random.chance(20) {
        now = now / 3_600_000 * 3_600_000 + (random.chance(50) ? 3_600_000 : 0)
      }
      if traits.advances && random.chance(12) {
        result.append(.advance(to: now + Int64(random.int(-2...40)) * 1_800_000))
      }
      var event = event(&random)
      sent.append(event)
      result.append(.event(event))
      // The same line twice in a row: whether the second counts tells exactly where the horizon ends.
      if event.id != nil && random.chance(6) {
        event.source = random.int(0...sources - 1)
        result.append(.event(event))
      }
    }
    result.append(
      .settle(at: max(now, latestAcceptable) + Int64(random.int(0...8 * 24)) * 3_600_000))
    return result
  }

  private mutating func event(_ random: inout SeededGenerator) -> ReferenceEvent {
    if !sent.isEmpty && random.chance(8) {
      var copy = random.pick(random.chance(50) ? sent.suffix(8) : sent)
      if random.chance(50) { copy.source = random.int(0...sources - 1) }
      // The same id with other content is a conflict; without an id a repeated line is another event.
      if traits.orderMatters && random.chance(25) { copy.count = copy.count % 7 + 1 }
      // Properties take no part in what is the same.
      if copy.kind == .usage && traits.orderMatters && random.chance(25) { copy.fields = Self.properties(&random) }
      if copy.id != nil || (copy.kind == .usage && random.chance(30)) { return copy }
    }
    let source = random.int(0...sources - 1)
    var at = now - lags[source]
    if random.chance(20) { at -= Int64(random.int(0...60)) * 1_800_000 }
    if random.chance(4) { at -= Int64(random.int(1...12)) * 86_400_000 }
    if random.chance(8), traits.orderMatters, let watermark = sent.lazy.filter({ $0.source == source }).map(\.at).max()
    {
      at = watermark - random.pick(edges) - Int64(random.int(0...1))
    }
    if random.chance(2) { at = latestAcceptable + Int64(random.int(0...2)) }
    let kind = random.int(0...99)
    var event = ReferenceEvent(
      source: source, at: at,
      account: random.pick(["acme", "acme", "beta", "corp", "dune"]),
      user: random.chance(80) ? random.pick(["u1", "u2", "u3"]) : nil,
      event: random.pick(Self.events),
      id: random.chance(60) ? "id\(sent.count)" : nil,
      count: random.chance(15) ? Int64(random.int(2...5)) : 1,
      latestAcceptable: latestAcceptable)
    if random.chance(2) { event.count = random.pick([1000, 3_000_000, 1 << 40]) }
    if traits.orderMatters && random.chance(1) { event.count = random.pick([(1 << 40) + 1, .max]) }
    if random.chance(50) { event.fields = Self.properties(&random) }
    if kind >= 75 { makeRecord(&event, &random) }
    return event
  }

  private static func properties(_ random: inout SeededGenerator) -> [(name: String, value: Scalar)] {
    [
      ("plan", random.pick([.string("pro"), .string("pro"), .string("team"), .null])),
      ("size", random.pick([.number("5"), .number("5.00"), .string("5"), .number("7"), .string("5.0")])),
      ("trial", .bool(random.chance(50))), ("amount", amount(&random)),
      ("cost", .number("\(random.int(-300...900)).\(random.int(10...99))")),
    ].filter { _ in random.chance(70) }
  }

  /// Mostly an amount of money, as producers write them; and what is at the edge of one, or is none.
  private static func amount(_ random: inout SeededGenerator) -> Scalar {
    let few = "\(random.int(0...9))"
    switch random.int(0...19) {
    case 0...7: return .number("\(random.int(0...40)).\(random.int(10...99))")
    case 8, 9: return .number("-\(random.int(0...40))")
    case 10, 11: return .string("\(random.int(0...400)).5")
    case 12: return .number("\(few).\(random.int(0...9))e\(random.int(-9...2))")
    case 13:
      return .number(
        "\(random.chance(50) ? "-" : "")0.\(few)\(random.pick(["000005", "0000005", "0000015", "0000005001"]))")
    case 14: return .string("\(random.pick(["+", "-", "0"]))\(few)E+1")
    case 15: return random.pick([.bool(true), .null, .string(""), .string("many"), .string("1,5"), .string("1.")])
    // The largest there are, and one more.
    case 16: return .number(random.pick(["9223372036854.775807", "-9223372036854.775808", "9e12", "92233720368.5"]))
    case 17 where random.chance(30):
      return random.pick([
        .number("9223372036854.775808"), .number("9223372036854.7758075"), .number("-9223372036854.7758086"),
        .number("1e300"), .string("-99999999999999999999"),
      ])
    default: return .number(few)
    }
  }

  private mutating func makeRecord(_ event: inout ReferenceEvent, _ random: inout SeededGenerator) {
    // Of equal instants the later in the log wins: where the order must not matter, none are equal.
    while !traits.orderMatters && usedInstants.contains(event.at) { event.at -= 1 }
    usedInstants.insert(event.at)
    if event.count < 1 << 40 && random.chance(70) { event.count = 1 }
    switch random.int(0...9) {
    case 0...3:
      event.kind = .group
      event.event = ""
      event.fields = [(random.pick(["seats", "level"]), Self.scalar(&random))]
      if random.chance(30) { event.fields.append(("plan", .string("pro"))) }
    case 4...7:
      event.kind = .reserved
      event.event = "survey.responded"
      let score: Scalar =
        random.chance(85)
        ? (random.chance(50) ? .number("\(random.int(0...10))") : .string("\(random.int(0...9)).5"))
        : random.pick([.null, .bool(true), .string("good")])
      event.fields = [("survey", .string(random.pick(["nps", "nps", "ces"]))), ("score", score)]
    case 8 where random.chance(60):
      event.kind = .reserved
      makeContractOrOverride(&event, &random)
    case 8:
      event.kind = .reserved
      event.event = random.pick(["sentiment.recorded", "contract.renewed", "touch.recorded"])
      event.fields = [
        ("value", .number("\(random.int(0...100))")), ("mrr", .number("\(random.int(0...90))")),
        ("term_end", .string("2027-0\(random.int(1...9))-01")),
        ("kind", .string("call")),
      ]
    default:
      event.kind = random.chance(50) ? .identify : .heartbeat
      if event.kind == .heartbeat || random.chance(30) { event.account = nil }
      event.event = ""
      event.fields = event.kind == .identify ? Self.traits(&random) : []
      if event.kind == .heartbeat {
        event.id = nil
        event.user = nil
      }
    }
  }

  private static func traits(_ random: inout SeededGenerator) -> [(name: String, value: Scalar)] {
    [
      ("left", random.pick([.bool(true), .bool(false), .string("true"), .null])),
      ("role", random.pick([.string("former"), .string("admin"), .number("7.0"), .number("5"), .null])),
    ].filter { _ in random.chance(60) }
  }

  private mutating func makeContractOrOverride(_ event: inout ReferenceEvent, _ random: inout SeededGenerator) {
    guard random.chance(50) else {
      let kinds = ["started", "renewed", "expanded", "contracted", "cancelled"]
      event.event = "contract.\(random.pick(kinds))"
      event.fields = [("product", .string(random.pick(["base", "extra"]))), ("mrr", .number("\(random.int(0...90))"))]
      if random.chance(50) { event.fields.append(("term_end", .string("2027-02-\(random.int(10...28))"))) }
      return
    }
    event.event = "override.set"
    let value: (kind: String, value: Scalar) = random.pick([
      ("score", .number("\(random.int(0...100))")), ("score", .string("33.335")), ("band", .string("green")),
      ("band", .string("fine")), ("band", .string("gone")), ("score", .null),
    ])
    event.fields = [("kind", .string(value.kind)), ("value", value.value), ("reason", .string("spoke to them"))]
    let until = Instant(milliseconds: event.at + Int64(random.int(0...96)) * 1_800_000 + 1000)
    if random.chance(60) { event.fields.append(("until", .string(Self.text(until, random.chance(30))))) }
  }

  /// An instant as text, in whole seconds, or its date.
  private static func text(_ instant: Instant, _ isDate: Bool) -> String {
    let seconds = floorDivide(instant.milliseconds, 1000)
    let day = floorDivide(seconds, 86_400)
    let date = CivilDate.text(LocalDay(number: Int32(day)))
    if isDate { return date }
    func padded(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let rest = seconds - day * 86_400
    return "\(date)T\(padded(rest / 3600)):\(padded(rest / 60 % 60)):\(padded(rest % 60))Z"
  }

  private static func scalar(_ random: inout SeededGenerator) -> Scalar {
    switch random.int(0...11) {
    case 0...5: .number("\(random.int(0...100))")
    case 6: .string("\(random.int(0...100)).\(random.int(0...99_999_999))")
    case 7: .bool(random.chance(50))
    case 8, 9: .null
    case 10:
      random.chance(50)
        ? .string("-\(random.int(0...9_000_000_000_000)).25")
        : .number("\(random.int(0...9)).\(random.int(0...99))\(random.pick(["e1", "E-1", "e+2", "e-7"]))")
    default: .string("many")
    }
  }
}
