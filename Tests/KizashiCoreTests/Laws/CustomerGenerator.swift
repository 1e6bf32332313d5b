import KizashiCore
import TestSupport

/// Random segments, touch, phases, milestones, scorecards and conditions.
enum CustomerGenerator {
  /// What a condition may ask for, each also for all before it.
  enum Scope: Int {
    case segment, touch, phase, scorecard, band
  }

  /// Adds what a config says of customers to a model that has measures and bands.
  static func add(to model: inout Model, _ random: inout SeededGenerator, _ traits: Scenario.Traits) {
    for index in 0..<random.int(0...3) { model.milestones.append(milestone("ms\(index)", &random, traits)) }
    for index in 0..<random.int(0...2) {
      model.segments.append(Segment(name: "s\(index)", when: condition(model, .segment, &random)))
    }
    if let milestone = model.milestones.first, let last = model.milestones.last, random.chance(40) {
      model.measures[0].metric = .milestones([milestone.name, last.name])
    }
    if random.chance(50) {
      let names = TouchModel.names.shuffled(using: &random).prefix(random.int(1...3))
      model.touch =
        random.chance(30)
        ? .attribute("plan") : .computed(names.map { ($0, condition(model, .touch, &random)) })
    }
    for index in 0..<random.int(0...3) {
      model.phases.append(Phase(name: "p\(index)", when: condition(model, .phase, &random)))
    }
    var cards = (0..<random.int(1...3)).map { index in
      var card = ModelGenerator.scorecard(model.measures, &random)
      card.name = "card\(index)"
      card.when = condition(model, .scorecard, &random)
      return card
    }
    if random.chance(70) { cards[cards.count - 1].when = .always }
    for index in cards.indices where random.chance(50) {
      cards[index].caps = (0..<random.int(1...2)).map { _ in
        Cap(condition: condition(model, .scorecard, &random), most: random.int(0...100) * 100)
      }
    }
    model.scorecards = cards
  }

  private static func milestone(
    _ name: String, _ random: inout SeededGenerator, _ traits: Scenario.Traits
  ) -> Milestone {
    let goal: MilestoneGoal =
      random.chance(70) || !traits.orderMatters
      ? .events(pattern: random.pick(["api.*", "open", "*", "report.made"]), atLeast: Int64(random.int(1...6)))
      : .metric(ModelGenerator.metric(&random), atLeast: Rational(Int64(random.int(0...6))))
    return Milestone(
      name: name, goal: goal, dueMilliseconds: random.chance(70) ? Int64(random.int(1...200)) * 1_234_567 : nil,
      product: random.chance(30) ? random.pick(["base", "extra"]) : nil, value: random.chance(50))
  }

  /// A condition of any kind that its place may have, sometimes of several.
  static func condition(_ model: Model, _ scope: Scope, _ random: inout SeededGenerator) -> Condition {
    switch random.int(0...9) {
    case 0: return .any((0..<random.int(1...2)).map { _ in part(model, scope, &random) })
    case 1: return .not(part(model, scope, &random))
    case 2: return .all((0..<random.int(0...2)).map { _ in part(model, scope, &random) })
    default: return part(model, scope, &random)
    }
  }

  private static func part(_ model: Model, _ scope: Scope, _ random: inout SeededGenerator) -> Condition {
    switch random.int(0...10) {
    case 0 where scope.rawValue > Scope.segment.rawValue && !model.segments.isEmpty:
      return .segment([random.pick(model.segments).name])
    case 1 where scope.rawValue > Scope.touch.rawValue && model.touch != nil:
      return .touch([random.pick(TouchModel.names)])
    case 2 where scope.rawValue > Scope.phase.rawValue && !model.phases.isEmpty:
      return .phase([random.pick(model.phases).name])
    case 3 where scope == .band: return .band([random.pick(model.bands.bands.map(\.name) + ["unknown"])])
    case 4:
      let states = [random.pick(ContractState.allCases)]
      return random.chance(50) ? .contract(states) : .product(random.pick(["base", "extra"]), states)
    case 5: return .tenure(range(0...6, &random))
    case 6: return .renewal(range(280...380, &random))
    case 7: return .measure(random.pick(model.measures).name, range(0...100, &random))
    case 8 where !model.milestones.isEmpty:
      return .milestone(
        random.pick(model.milestones).name,
        random.chance(60) ? [random.pick(MilestoneState.allCases)] : [.open, random.pick([.overdue, .reached])])
    default: return .attribute(random.pick(["seats", "level", "plan", "sentiment", "mrr"]), test(&random))
    }
  }

  static func test(_ random: inout SeededGenerator) -> AttributeTest {
    random.chance(50)
      ? .within(range(0...100, &random))
      : .oneOf(random.pick([[.string("pro"), .string("12")], [.null], [.string("true")], [.null, .string("many")]]))
  }

  private static func range(_ values: ClosedRange<Int>, _ random: inout SeededGenerator) -> NumberRange {
    let end = Rational(Int64(random.int(values)))
    let half = Rational(Int128(random.int(values) * 2 + 1), 2)
    switch random.int(0...4) {
    case 0: return NumberRange(above: end)
    case 1: return NumberRange(atLeast: end)
    case 2: return NumberRange(below: end)
    case 3: return NumberRange(atMost: half)
    default: return NumberRange(atLeast: min(end, half), below: max(end, half))
    }
  }
}
