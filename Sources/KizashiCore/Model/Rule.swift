/// A length of time in a rule: exact, or in whole business days.
public enum RuleSpan: Sendable, Equatable, BitwiseCopyable {
  case milliseconds(Int64)
  case businessDays(Int)
}

/// What a threshold looks at.
public enum ThresholdSubject: Sendable, Equatable {
  /// A measure's grade, 0…100.
  case measure(String)
  /// A metric's value.
  case metric(Metric)
}

/// Above or below which value a threshold holds (strictly).
public enum Comparison: Sendable, Equatable {
  case above(Rational)
  case below(Rational)
}

/// What makes a rule true.
public enum RuleKind: Sendable, Equatable {
  /// True from a change into one of `to` (empty: any other band), coming from one of `from` (empty: any), for as long as
  /// the account stays in that band. Changes into or out of `unknown` count only where it is named.
  case bandChange(from: [String], to: [String])
  /// (highest effective score in [now − within, now]) − now ≥ by. `by` in hundredths.
  case drop(by: Int, withinMilliseconds: Int64)
  /// `clear`: with `below: x` the value that ends it is ≥ clear; with `above: x` it is ≤ clear. Nil: the negated condition.
  case threshold(ThresholdSubject, Comparison, clear: Rational?)
  /// The account is in one of these bands (how long is ``Rule/forMilliseconds``).
  case persistent(bands: [String])
  /// At most `share` of the features used in the window before are used in this one, and in that one `least` or more were.
  case breadthCollapse(windowHours: Int, share: Rational, least: Int)
  /// The feature was used on `days` days of the window. Opens once for an account.
  case adopted(feature: FeatureReference, windowHours: Int, days: Int)
  /// No event of the feature for `after`; ends after `clear` events (≥ 1).
  case silence(feature: FeatureReference, after: RuleSpan, clear: Int)
  /// The milestone is past due and not reached.
  case overdue(milestone: String)
  /// No event of the feature in the window, though it was used on `days` days or more of the `beforeHours` before it, and
  /// though the account has used anything within `aliveHours`.
  case abandoned(feature: FeatureReference, windowHours: Int, beforeHours: Int, days: Int, aliveHours: Int)
  /// A user who carried much of the core use has not been seen for `after`, or one of these traits says that they are
  /// gone; see ``PowerUsers``.
  case powerUserLost(after: RuleSpan, role: [TraitTest] = [])
  /// The attribute passes the test.
  case attribute(String, AttributeTest)
  /// The attribute got another value within so long, after the account's first evaluation. Milliseconds.
  case attributeChanged(String, withinMilliseconds: Int64)
  /// All, or at least one, of these rules (which stand before this one) fire.
  case composite(all: Bool, rules: [String])
  /// The feature's daily use has shifted from its usual weekday level, and the shift lasts (see ``ShiftDetector``).
  case shift(feature: FeatureReference, ShiftSettings)
}

extension RuleKind {
  /// Whether it tells of a first time, and so opens one episode and no more.
  public var opensOnce: Bool { if case .adopted = self { true } else { false } }
}

/// A named condition that opens and resolves episodes. A `trend` rule is a threshold on a trend metric.
public struct Rule: Sendable, Equatable {
  /// The config's name for it, unique among rules.
  public var name: String
  /// The condition watched.
  public var kind: RuleKind
  /// Limits the rule: while it is false the rule is too, and an open episode ends.
  public var when: Condition
  /// Once it holds the rule is false, and an open episode ends; nil: never.
  public var until: Condition?
  /// Ends an episode instead of what the kind says; nil: what the kind says.
  public var clear: Condition?
  /// How long the condition must hold before it fires, in milliseconds.
  public var forMilliseconds: Int64
  /// How long the clear condition must hold before it resolves, in milliseconds.
  public var keepFiringForMilliseconds: Int64
  /// How long after a resolution it stays shut, in milliseconds.
  public var cooldownMilliseconds: Int64
  /// `info` … `critical`, or `opportunity`: for people and hooks, decides nothing here.
  public var severity: String
  /// Name of the playbook an alert suggests; nil: none.
  public var playbook: String?
  /// Names of the hooks to run when it fires and when it resolves.
  public var hooks: [String]
  /// When it counts as flapping, so that hooks are told that instead of each episode; nil: never.
  public var flap: FlapSettings?
  /// A rule; by default it fires and resolves at once, without cooldown.
  public init(
    name: String, kind: RuleKind, forMilliseconds: Int64 = 0, keepFiringForMilliseconds: Int64 = 0,
    cooldownMilliseconds: Int64 = 0, severity: String = "medium", playbook: String? = nil, hooks: [String] = [],
    when: Condition = .always, until: Condition? = nil, clear: Condition? = nil, flap: FlapSettings? = nil
  ) {
    self.name = name
    self.kind = kind
    self.when = when
    self.until = until
    self.clear = clear
    self.flap = flap
    self.forMilliseconds = forMilliseconds
    self.keepFiringForMilliseconds = keepFiringForMilliseconds
    self.cooldownMilliseconds = cooldownMilliseconds
    self.severity = severity
    self.playbook = playbook
    self.hooks = hooks
  }
}
