/// When a rule counts as flapping for an account, in percent of its weighted changes of state (see ``FlapHistory``).
public struct FlapSettings: Sendable, Equatable {
  /// The least that may lie between them: one change is worth up to 6.25 %, and must not both begin and end it.
  public static let leastGap = 7
  /// Flapping begins where the changes come to so much or more: 7…100.
  public var start: Int
  /// It ends where they come to so much or less: 0…`start` − 7.
  public var stop: Int
  /// What a rule with `flap: true` has.
  public init(start: Int = 30, stop: Int = 20) {
    self.start = start
    self.stop = stop
  }
}
