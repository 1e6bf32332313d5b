import KizashiCore

/// What several deliveries become that are handed over in one run: the `kizashi.alerts/1` object.
///
/// A group has no more members than it shows. What gathered behind a used up hour, or for a digest, can be more than a
/// program can be handed: then the first are shown and the others counted.
enum AlertGroup {
  /// Most alerts that are shown …
  static let shownLimit = 256
  /// … and most bytes of them (one is always shown).
  static let byteLimit = 1 << 20

  /// How many of the deliveries of one run are shown, from the first on.
  static func shownCount(_ deliveries: [OwedDelivery]) -> Int {
    var bytes = 0
    var count = 0
    for delivery in deliveries.prefix(shownLimit) {
      bytes += delivery.payload.utf8.count
      if count > 0 && bytes > byteLimit { break }
      count += 1
    }
    return count
  }

  /// Standard input of the run, without a line end.
  static func text(_ deliveries: [OwedDelivery]) -> String {
    if deliveries.count == 1 { return deliveries[0].payload }
    let shown = shownCount(deliveries)
    let alerts = AlertPayload.group(deliveries.prefix(shown).map(\.payload))
    guard shown < deliveries.count else { return alerts }
    return String(alerts.dropLast()) + #","more":"# + counts(deliveries.dropFirst(shown)) + "}"
  }

  /// What the hook's output says of a delivery that was only counted.
  static func outputOfCounted(_ deliveries: [OwedDelivery]) -> String {
    "[one of \(deliveries.count) alerts of one run, which showed the first \(shownCount(deliveries)) and counted the "
      + "others; its output is with \(deliveries[0].id)]"
  }

  private struct Kind: Hashable, Comparable {
    var rule: String
    var state: String
    var severity: String

    static func < (a: Kind, b: Kind) -> Bool { (a.rule, a.state, a.severity) < (b.rule, b.state, b.severity) }
  }

  private static func counts(_ deliveries: ArraySlice<OwedDelivery>) -> String {
    let counts = deliveries.reduce(into: [Kind: Int]()) {
      $0[Kind(rule: $1.rule, state: $1.state, severity: $1.severity), default: 0] += 1
    }
    var json = JSONText()
    json.beginArray()
    for (kind, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      json.beginObject()
      json.pair("rule", kind.rule)
      json.pair("state", kind.state)
      json.pair("severity", kind.severity)
      json.key("alerts")
      json.raw("\(count)")
      json.endObject()
    }
    json.endArray()
    return json.text
  }
}
