/// How a rule's alerts are carried on. Decides no number: the engine evaluates, and the journal and the alerts say the same,
/// whatever stands here.
package struct RuleDelivery: Sendable, Equatable {
  /// Whether its alerts are stored and shown, but owe no hook run.
  package var isShadow = false
  /// After how long hooks are told again that an episode is still open, in milliseconds; nil: never.
  package var renotifyMilliseconds: Int64?

  /// What a rule has that says nothing.
  package init() {}
}
