import KizashiCore

/// What a hook is told of a stalled source: a `kizashi.alert/1` object without an account.
package struct StallPayload: Sendable {
  package var transition: StallTransition
  /// Name of the hook the payload is for; part of the delivery id.
  package var hook: String
  package var detectedAt: Instant

  /// All parts.
  package init(transition: StallTransition, hook: String, detectedAt: Instant) {
    self.transition = transition
    self.hook = hook
    self.detectedAt = detectedAt
  }

  /// `firing` or `resolved`; nil: nobody is told.
  package var state: AlertTransition.State? {
    switch transition.kind {
    case .stalled: .firing
    case .resumed, .retired: transition.stall.isAwaited ? nil : .resolved
    case .heldLongest, .awaited: nil
    }
  }

  /// `pipeline.stalled:source:n`.
  package var alertID: String { "\(PipelineAlert.rule):\(transition.sourceName):\(transition.stall.episode)" }

  /// `pipeline.stalled:source:n:state:hook`.
  package var deliveryID: String { "\(alertID):\(state?.name ?? ""):\(hook)" }

  /// The object as one line of JSON, without a line end.
  package var json: String {
    var json = JSONText()
    json.beginObject()
    json.pair("schema", "kizashi.alert/1")
    json.pair("delivery_id", deliveryID)
    json.pair("alert_id", alertID)
    json.pair("episode", alertID)
    json.pair("state", state?.name)
    json.pair("rule", PipelineAlert.rule)
    json.pair("severity", PipelineAlert.severity)
    json.pair("reason", transition.reason)
    json.pair("account", nil)
    json.key("source")
    json.beginObject()
    json.pair("id", transition.sourceName)
    json.pair("watermark_at", transition.watermark?.rfc3339)
    json.key("accounts")
    json.raw("\(transition.stall.accounts)")
    json.endObject()
    json.pair("score", nil)
    json.key("because")
    json.beginArray()
    json.endArray()
    json.pair("at", transition.at.rfc3339)
    json.pair("detected_at", detectedAt.rfc3339)
    json.pair("suggest", nil)
    json.endObject()
    return json.text
  }
}
