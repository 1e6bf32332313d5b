/// A named group of accounts. An account may belong to several.
public struct Segment: Sendable, Equatable {
  /// The config's name for it, unique among segments.
  public var name: String
  /// Who belongs to it. Asks for nothing but attributes, contracts, tenure, renewal, milestones and measures.
  public var when: Condition
  /// A segment; see the properties.
  public init(name: String, when: Condition) {
    self.name = name
    self.when = when
  }
}

/// How an account's touch (`high`, `low`, `tech`) is found.
public enum TouchModel: Sendable, Equatable {
  /// The value of an account attribute.
  case attribute(String)
  /// The first whose condition holds; may ask for segments beside what a segment may.
  case computed([(name: String, when: Condition)])

  /// Equal in every part; written out because of the tuples.
  public static func == (a: TouchModel, b: TouchModel) -> Bool {
    switch (a, b) {
    case (.attribute(let a), .attribute(let b)): a == b
    case (.computed(let a), .computed(let b)): a.elementsEqual(b, by: ==)
    default: false
    }
  }

  /// The names an account's touch can have.
  public static let names = ["high", "low", "tech"]
}

/// A stage of an account's life. An account is in the first phase whose condition holds.
public struct Phase: Sendable, Equatable {
  /// The config's name for it, unique among phases.
  public var name: String
  /// When an account is in it, unless an earlier one holds. May ask for anything but phase and band.
  public var when: Condition
  /// A phase; see the properties.
  public init(name: String, when: Condition) {
    self.name = name
    self.when = when
  }
}

/// What reaches a milestone.
public enum MilestoneGoal: Sendable, Equatable {
  /// Usage events of names that match (`*`: any run of characters), so many in all.
  case events(pattern: String, atLeast: Int64)
  /// A metric that is so large at an evaluation.
  case metric(Metric, atLeast: Rational)
}

/// Something an account reaches once. What has been reached stays reached.
public struct Milestone: Sendable, Equatable {
  /// The config's name for it, unique among milestones.
  public var name: String
  /// What reaches it.
  public var goal: MilestoneGoal
  /// Due so long after the contract's start, else after the account was first seen, in milliseconds; nil: never.
  public var dueMilliseconds: Int64?
  /// The product it is a milestone of: due dates go by the contract of that, and without an active one it is never due. Nil: of none
  /// in particular.
  public var product: String?
  /// Whether the customer has had value of the product then: the first of these ends the time to value.
  public var value: Bool
  /// A milestone; see the properties.
  public init(
    name: String, goal: MilestoneGoal, dueMilliseconds: Int64? = nil, product: String? = nil, value: Bool = false
  ) {
    self.name = name
    self.goal = goal
    self.dueMilliseconds = dueMilliseconds
    self.product = product
    self.value = value
  }
}

/// A bound on the score of accounts of which something is true, whatever their measures say.
public struct Cap: Sendable, Equatable {
  /// May ask for anything but the band.
  public var condition: Condition
  /// The most the score can be, in hundredths.
  public var most: Int
  /// A cap; see the properties.
  public init(condition: Condition, most: Int) {
    self.condition = condition
    self.most = most
  }
}
