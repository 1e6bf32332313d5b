import KizashiCore
import ReferenceModel
import TestSupport

/// Universes of two to three years: few accounts, sparse use that comes and goes with the seasons, contracts that are renewed or
/// cancelled, surveys, people who leave, and lines that come months late.
enum YearGenerator {
  private static let day: Int64 = 86_400_000

  /// A line and when it comes in.
  private typealias Line = (arrival: Int64, event: ReferenceEvent)

  /// A long universe; the same for the same seed.
  static func scenario(seed: UInt64, traits: Scenario.Traits) -> Scenario {
    var random = SeededGenerator(seed: seed &+ 0x5eed)
    let model = model(&random, traits)
    var sources = [SourceModel(name: "s0"), SourceModel(name: "s1")]
    let days = random.int(730...1095)
    var lines = account("acme", days: days, steps: 2...6, &random)
    lines += account("beta", days: days, steps: 9...25, &random)
    // Of one arrival the earlier written first.
    let order = lines.indices.sorted { (lines[$0].arrival, $0) < (lines[$1].arrival, $1) }
    var inputs: [ReferenceInput] = []
    var used: Set<Int64> = []
    for index in order {
      var (arrival, event) = lines[index]
      // Of equal instants the later in the log wins: where the order must not matter, none are equal.
      while !traits.orderMatters && used.contains(event.at) { event.at -= 1 }
      used.insert(event.at)
      if event.id != nil { event.id = "id\(index)" }
      if traits.advances && random.chance(10) {
        inputs.append(.advance(to: arrival + Int64(random.int(-2...60)) * day / 2))
      }
      inputs.append(.event(event))
      if event.id != nil && random.chance(5) { inputs.append(.event(event)) }
    }
    inputs.append(.settle(at: ModelGenerator.start + Int64(days + random.int(0...60)) * day))
    if traits.stalls {
      StallGenerator.watch(&sources, &random)
      StallGenerator.insert(into: &inputs, sources, &random)
    }
    var scenario = Scenario(model: model, inputs: inputs)
    (scenario.seed, scenario.sources) = (seed, sources)
    return scenario
  }

  /// A small universe's config with all that is measured in hours made thirteen times as long: windows of 13 hours to 13 weeks.
  static func model(_ random: inout SeededGenerator, _ traits: Scenario.Traits) -> Model {
    var model = ModelGenerator.model(&random, traits)
    model.mapMetrics { $0.mapped(hours: { $0 * 13 }) }
    for index in model.measures.indices {
      if case .hold(let length) = model.measures[index].missing {
        model.measures[index].missing = .hold(milliseconds: length * 13)
      }
      if let decay = model.measures[index].decay {
        model.measures[index].decay = Decay(freshDays: decay.freshDays * 13, expireDays: decay.expireDays * 13)
      }
    }
    for index in model.milestones.indices {
      model.milestones[index].dueMilliseconds = model.milestones[index].dueMilliseconds.map { $0 * 13 }
    }
    for index in model.rules.indices {
      model.rules[index].kind = stretched(model.rules[index].kind)
      model.rules[index].forMilliseconds *= 13
      model.rules[index].keepFiringForMilliseconds *= 13
      model.rules[index].cooldownMilliseconds *= 13
    }
    // What years are for.
    model.rules.append(
      Rule(
        name: "left",
        kind: .powerUserLost(after: .businessDays(10), role: [TraitTest("left", .oneOf([.string("true")]))])))
    if random.chance(50) {
      model.rules.append(
        Rule(
          name: "renewal", kind: .persistent(bands: [model.bands.bands[0].name]),
          when: .renewal(NumberRange(atLeast: Rational(0), atMost: Rational(60)))))
    }
    model.limits.dedupHorizonMilliseconds = traits.orderMatters ? 60 * day : 2000 * day
    model.limits.retentionMilliseconds = nil
    return model
  }

  // MARK: - Lines

  private static func account(
    _ name: String, days: Int, steps: ClosedRange<Int>, _ random: inout SeededGenerator
  ) -> [Line] {
    var lines: [Line] = []
    func add(_ at: Int64, late percent: Int, _ event: ReferenceEvent, _ random: inout SeededGenerator) {
      let delay = random.chance(percent) ? Int64(random.int(1...120)) * day : 0
      var event = event
      event.source = random.int(0...1)
      lines.append((at + delay, event))
    }
    func instant(_ day: Int, _ random: inout SeededGenerator) -> Int64 {
      ModelGenerator.start + Int64(day) * Self.day + Int64(random.int(0...47)) * 1_800_000
    }
    func reserved(_ day: Int, _ what: String, _ fields: [(name: String, value: Scalar)]) {
      let at = instant(day, &random)
      add(at, late: 10, ReferenceEvent(kind: .reserved, at: at, account: name, event: what, fields: fields), &random)
    }
    // Seasons of use, by one or two people each, and the quiet between them.
    var today = random.int(0...20)
    while today < days {
      let end = today + random.int(20...120)
      let people = random.chance(50) ? ["u1"] : ["u1", "u2"]
      while today < min(end, days) {
        let at = instant(today, &random)
        let event = ReferenceEvent(
          at: at, account: name, user: random.chance(90) ? random.pick(people) : nil,
          event: random.pick(["api.get", "api.put", "report.made", "open"]), id: random.chance(60) ? "" : nil,
          count: random.chance(20) ? Int64(random.int(2...9)) : 1)
        add(at, late: 8, event, &random)
        today += random.int(steps)
      }
      today = end + random.int(3...120)
    }
    // Terms of a year, the last of them perhaps cancelled, and perhaps begun again.
    var start = random.int(0...40)
    var what = "contract.started"
    while start < days {
      let term = CivilDate.text(LocalDay(number: Int32(ModelGenerator.start / day) + Int32(start + 365)))
      reserved(
        start, what,
        [("product", .string("base")), ("mrr", .number("\(random.int(1...90))")), ("term_end", .string(term))])
      if random.chance(40) {
        reserved(
          start + random.int(30...300), "contract.\(random.pick(["expanded", "contracted"]))",
          [("product", .string("base")), ("mrr", .number("\(random.int(1...90))"))])
      }
      start += 365 + random.int(-20...5)
      what = "contract.renewed"
      guard random.chance(30) else { continue }
      reserved(start, "contract.cancelled", [("product", .string("base")), ("reason", .string("price"))])
      what = "contract.started"
      start += random.int(20...300)
    }
    // Quarterly answers, notes now and then, people who come and go.
    for quarter in stride(from: random.int(10...90), to: days, by: 91) {
      reserved(
        quarter, "survey.responded",
        [("survey", .string(random.pick(["nps", "ces"]))), ("score", .number("\(random.int(0...10))"))])
      if random.chance(40) {
        reserved(quarter + 9, "sentiment.recorded", [("value", .number("\(random.int(0...100))"))])
      }
      if random.chance(60) {
        let at = instant(quarter + 20, &random)
        let fields: [(name: String, value: Scalar)] = [
          (random.pick(["seats", "level"]), .number("\(random.int(0...100))")),
          ("plan", random.pick([.string("pro"), .string("team"), .null])),
        ]
        add(at, late: 20, ReferenceEvent(kind: .group, at: at, account: name, fields: fields), &random)
      }
      if random.chance(50) {
        let at = instant(quarter + 40, &random)
        let left: Scalar = random.pick([.bool(true), .bool(true), .null])
        add(
          at, late: 20, ReferenceEvent(kind: .identify, at: at, account: name, user: "u1", fields: [("left", left)]),
          &random)
      }
    }
    return lines
  }

  // MARK: - Thirteen times as long

  private static func stretched(_ kind: RuleKind) -> RuleKind {
    switch kind {
    case .drop(let by, let within): .drop(by: by, withinMilliseconds: within * 13)
    case .breadthCollapse(let hours, let share, let least):
      .breadthCollapse(windowHours: hours * 13, share: share, least: least)
    case .adopted(let feature, let hours, let days): .adopted(feature: feature, windowHours: hours * 13, days: days)
    case .silence(let feature, .milliseconds(let length), let clear):
      .silence(feature: feature, after: .milliseconds(length * 13), clear: clear)
    case .abandoned(let feature, let hours, let before, let days, let alive):
      .abandoned(
        feature: feature, windowHours: hours * 13, beforeHours: before * 13, days: days, aliveHours: alive * 13)
    case .attributeChanged(let name, let within): .attributeChanged(name, withinMilliseconds: within * 13)
    default: kind
    }
  }
}
