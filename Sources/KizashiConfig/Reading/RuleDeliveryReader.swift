import KizashiCore

extension Reading {
  /// The keys of a rule that say how its alerts are carried on, but for `hooks`.
  func readDelivery(of rule: String, _ section: Section) {
    var delivery = RuleDelivery()
    if let value = section["shadow"]?.boolean() { delivery.isShadow = value }
    let range = Milliseconds.minute...Milliseconds.longest
    if let place = section["renotify"], let value = place.durationOrNever("a duration", in: range) {
      delivery.renotifyMilliseconds = value
    }
    ruleDeliveries[rule] = delivery
  }
}
