/// A range of numbers; an end that is not given is open.
public struct NumberRange: Sendable, Equatable {
  /// Greater than this.
  public var above: Rational?
  /// At least this.
  public var atLeast: Rational?
  /// Less than this.
  public var below: Rational?
  /// At most this.
  public var atMost: Rational?
  /// A range; see the properties.
  public init(
    above: Rational? = nil, atLeast: Rational? = nil, below: Rational? = nil, atMost: Rational? = nil
  ) {
    self.above = above
    self.atLeast = atLeast
    self.below = below
    self.atMost = atMost
  }
  /// Just this number.
  public init(exactly value: Rational) { self.init(atLeast: value, atMost: value) }

  /// Whether a number lies in the range.
  public func contains(_ value: Rational) -> Bool {
    if let above, value <= above { return false }
    if let atLeast, value < atLeast { return false }
    if let below, value >= below { return false }
    if let atMost, value > atMost { return false }
    return true
  }
}

/// What a condition asks of an attribute.
public enum AttributeTest: Sendable, Equatable {
  /// One of these values: numbers by value, all else as text; `null`: the attribute is not set.
  case oneOf([Scalar])
  /// A number within the range; an attribute that is none is not in it.
  case within(NumberRange)
}

/// What a user's trait says where the user is gone.
public struct TraitTest: Sendable, Equatable {
  /// The trait's name as `identify` lines have it.
  public var trait: String
  /// Passed: the user is gone. What was never said passes no test.
  public var test: AttributeTest
  /// A test of a trait; see the properties.
  public init(_ trait: String, _ test: AttributeTest) {
    self.trait = trait
    self.test = test
  }
}

/// Where an account's contracts stand.
public enum ContractState: String, Sendable, CaseIterable {
  /// No contract event was ever seen.
  case none
  /// At least one product is under contract.
  case active
  /// There were contracts, and all are cancelled.
  case cancelled
}

/// Where a milestone stands for an account.
public enum MilestoneState: String, Sendable, CaseIterable {
  /// Not reached, and not due yet or never.
  case open
  /// Not reached, and its due date has passed.
  case overdue
  case reached
}

/// Something that is true or false of an account: what limits rules, chooses scorecards and phases, and caps scores.
public indirect enum Condition: Sendable, Equatable {
  /// All hold; none: always.
  case all([Condition])
  /// At least one holds.
  case any([Condition])
  case not(Condition)
  /// The account's phase is one of these.
  case phase([String])
  /// The account's touch is one of these.
  case touch([String])
  /// The account belongs to one of these segments.
  case segment([String])
  /// The account's band is one of these; `unknown` is one.
  case band([String])
  case contract([ContractState])
  /// The same of the contract of one product.
  case product(String, [ContractState])
  case attribute(String, AttributeTest)
  /// Local days since the contract's start, else since first seen. False without either.
  case tenure(NumberRange)
  /// Local days until the attribute `renewal_at`; negative once it has passed. False without one.
  case renewal(NumberRange)
  /// A measure's grade, 0…100. False while it has none.
  case measure(String, NumberRange)
  case milestone(String, [MilestoneState])

  /// Holds always.
  public static let always = Condition.all([])
}

extension Condition {
  /// Visits this condition and all inside it.
  public func visit(_ body: (Condition) -> Void) {
    body(self)
    switch self {
    case .all(let parts), .any(let parts): for part in parts { part.visit(body) }
    case .not(let part): part.visit(body)
    default: break
    }
  }
}

extension Model {
  /// Every condition of the model, those inside others not counted.
  public var conditions: [Condition] {
    var result = segments.map(\.when) + phases.map(\.when)
    if case .computed(let cases) = touch { result += cases.map(\.when) }
    for card in scorecards { result += [card.when] + card.caps.map(\.condition) }
    for rule in rules { result += [rule.when] + [rule.until, rule.clear].compactMap { $0 } }
    return result
  }
}
