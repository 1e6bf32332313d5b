/// What one run of a hook is given.
package struct HookInvocation: Sendable, Hashable {
  package var environment: [String: String]
  /// Standard input: one JSON object and a line end.
  package var input: [UInt8]

  /// - Parameter deliveries: One, or the members of a group in order; not empty.
  package init(_ definition: HookDefinition, deliveries: [OwedDelivery], base: HookBaseEnvironment) {
    precondition(!deliveries.isEmpty, "a hook runs for at least one delivery")
    let first = deliveries[0]
    var variables = [
      "KIZASHI_DELIVERY_ID": first.id,
      "KIZASHI_RULE": Self.common(deliveries, \.rule),
      "KIZASHI_ACCOUNT": Self.common(deliveries, \.account),
      "KIZASHI_STATE": Self.common(deliveries, \.state),
      "KIZASHI_SEVERITY": Self.common(deliveries, \.severity),
      "KIZASHI_ATTEMPT": String((deliveries.map(\.attempts).max() ?? 0) + 1),
    ]
    if deliveries.count > 1 { variables["KIZASHI_DELIVERY_ID"] = Self.groupID(deliveries.map(\.id)) }
    // The hook's own `env:` may replace PATH, LANG and HOME, never what says which delivery this is.
    environment = base.variables
      .merging(definition.environment) { _, own in own }
      .merging(variables) { _, ours in ours }
    input = Array(AlertGroup.text(deliveries).utf8) + [UInt8(ascii: "\n")]
  }

  /// The members' value where they agree, else empty.
  private static func common(_ deliveries: [OwedDelivery], _ part: (OwedDelivery) -> String) -> String {
    let value = part(deliveries[0])
    return deliveries.allSatisfy { part($0) == value } ? value : ""
  }

  /// The same for the same members in the same order.
  static func groupID(_ ids: [String]) -> String {
    let digits = String(fnv1a(ids.joined(separator: "\u{1f}").utf8), radix: 16)
    return "group:" + String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The three variables a hook takes over from the daemon.
package struct HookBaseEnvironment: Sendable, Hashable {
  /// `PATH`, `LANG` and `HOME`.
  package var variables: [String: String]

  /// - Parameter environment: The daemon's own; what it lacks gets the values a systemd service would see.
  package init(_ environment: [String: String]) {
    variables = [
      "PATH": environment["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG": environment["LANG"] ?? "C.UTF-8",
      "HOME": environment["HOME"] ?? "/",
    ]
  }
}
