import KizashiCore

extension Reading {
  /// The keys of a rule that say how its alerts are carried on, but for `hooks`.
  func readDelivery(of rule: String, _ section: Section) {
    var delivery = RuleDelivery()
    if let value = section["shadow"]?.boolean() { delivery.isShadow = value }
    ruleDeliveries[rule] = delivery
  }
}
