/// That a rule began or ceased to flap for an account: no transition of an episode, only something to tell.
public struct FlapNotice: Sendable {
  /// Whether it began; else it is over, and an episode of which nobody was told is still open.
  public var began: Bool
  /// The rule's last episode and how it stands; what is told beside is as of now.
  public var alert: AlertTransition
  /// How many of the commit's ``Commit/alerts`` come before it.
  public var place: Int

  /// A beginning or an end.
  public init(began: Bool, alert: AlertTransition, place: Int) {
    self.began = began
    self.alert = alert
    self.place = place
  }
}
