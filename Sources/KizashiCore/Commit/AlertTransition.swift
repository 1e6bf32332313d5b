/// One opening or resolution of an episode.
public struct AlertTransition: Sendable {
  /// Which end of the episode this is.
  public enum State: UInt8, Sendable {
    case firing = 0
    case resolved
    /// Late data showed that the episode should never have opened.
    case retracted
    /// The name users see: `firing`, `resolved` or `retracted`.
    public var name: String {
      switch self {
      case .firing: "firing"
      case .resolved: "resolved"
      case .retracted: "retracted"
      }
    }
  }
  /// The account the episode is about.
  public var account: AccountID
  /// Index into the model's rules; nil where the rule is gone from the config and its episode is closed.
  public var rule: Int?
  /// The rule's name, there even where `rule` is nil.
  public var ruleName: String
  /// From 1 for the (rule, account) pair.
  public var episode: Int
  /// Whether the episode opens or ends.
  public var state: State
  /// The engine's clock at the transition.
  public var at: Instant
  /// One sentence: why it opened or resolved.
  public var reason: String
  /// The score at the last journal entry, hundredths; nil: none.
  public var scoreFrom: Int?
  /// The score now, hundredths; nil: none.
  public var scoreTo: Int?
  /// The account's band at the transition.
  public var band: String
  /// The covered share of the scorecard, 0…1.
  public var covered: Rational
  /// The same, for the store.
  public var coverage: Double { covered.approximate }
  /// How the score came from `scoreFrom` to `scoreTo`, largest first; empty where either is nil.
  public var because: [ExplanationLine]
  /// The account's phase; nil: none.
  public var phase: String?
  /// The account's touch; nil: none.
  public var touch: String?
  /// The account's attributes at the transition, ascending by name: what comes later in the same commit is not among them.
  public var attributes: [(name: String, value: Scalar)]
  /// Whether hooks are told nothing of it: its episode opened while the rule flapped.
  public var isSilenced = false
  /// An episode's transition; see the properties.
  public init(
    account: AccountID, rule: Int?, ruleName: String, episode: Int, state: State, at: Instant, reason: String,
    scoreFrom: Int?, scoreTo: Int?, band: String, covered: Rational, because: [ExplanationLine],
    phase: String? = nil, touch: String? = nil, attributes: [(name: String, value: Scalar)] = []
  ) {
    self.phase = phase
    self.touch = touch
    self.account = account
    self.rule = rule
    self.ruleName = ruleName
    self.episode = episode
    self.state = state
    self.at = at
    self.reason = reason
    self.scoreFrom = scoreFrom
    self.scoreTo = scoreTo
    self.band = band
    self.covered = covered
    self.because = because
    self.attributes = attributes
  }
}

/// How many episodes a rule has had for an account: the next one's number is one more, also where the rule was gone from the config
/// for a while.
public struct LastEpisode: Sendable, Equatable {
  /// Name of the rule.
  public var rule: String
  /// The account the episodes are about.
  public var account: AccountID
  /// The highest number given so far.
  public var number: Int
  /// A rule's last episode for an account; see the properties.
  public init(rule: String, account: AccountID, number: Int) {
    self.rule = rule
    self.account = account
    self.number = number
  }
}
