import KizashiCore
import Testing

@testable import KizashiDaemon

@Suite struct AlertPayloadTests {
  private func payload() -> AlertPayload {
    let because = [
      ExplanationLine(measure: 1, points: -3040, from: Rational(2, 100), to: Rational(-38, 100), cause: .expiry),
      ExplanationLine(measure: 0, points: -498, from: Rational(61, 100), to: Rational(42, 100), cause: .expiry),
    ]
    let transition = AlertTransition(
      account: 7, rule: 0, ruleName: "health-drop", episode: 41, state: .firing,
      at: Instant(milliseconds: 1_790_000_000_123), reason: "", scoreFrom: 9181, scoreTo: 5643, band: "yellow",
      covered: Rational(65, 100), because: because)
    return AlertPayload(
      transition: transition, hook: "pager", account: "acme", phase: "adoption", touch: "high",
      attributes: [("csm", .string("sato"))], severity: "high", measureNames: ["active_users", "reports_trend"],
      detectedAt: Instant(milliseconds: 1_790_000_000_200),
      suggestion: AlertPayload.Suggestion(
        playbook: "usage-recovery", steps: ["Call the champion"], due: Instant(milliseconds: 1_790_086_400_000)))
  }

  /// The example of docs/HOOKS.md, with its dots filled in.
  private let golden =
    #"{"schema":"kizashi.alert/1","delivery_id":"health-drop:acme:41:firing:pager","alert_id":"health-drop:acme:41","#
    + #""episode":"health-drop:acme:41","state":"firing","rule":"health-drop","severity":"high","#
    + #""account":{"id":"acme","phase":"adoption","touch":"high","attributes":{"csm":"sato"}},"#
    + #""score":{"old":91.81,"new":56.43,"delta":-35.38,"band":"yellow","coverage":0.65},"#
    + #""because":[{"measure":"reports_trend","points":-30.40,"from":"0.02","to":"-0.38","cause":"expiry"},"#
    + #"{"measure":"active_users","points":-4.98,"from":"0.61","to":"0.42","cause":"expiry"}],"#
    + #""at":"2026-09-21T14:13:20.123Z","detected_at":"2026-09-21T14:13:20.200Z","#
    + #""suggest":{"playbook":"usage-recovery","steps":["Call the champion"],"due":"2026-09-22T14:13:20.000Z"}}"#

  @Test func `the payload is the documented object to the byte`() {
    #expect(payload().json == golden)
    #expect(payload().deliveryID == "health-drop:acme:41:firing:pager")
    #expect(payload().alertID == "health-drop:acme:41")
  }

  @Test(arguments: [
    (Rational(2, 3), "0.6667"), (Rational(1, 8), "0.1250"), (Rational(1), "1.00"), (Rational(0), "0.00"),
    // As a Double each of these lies below the half that it is.
    (Rational(10_035, 100_000), "0.1004"), (Rational(65_435, 100_000), "0.6544"),
    // Nearly all is not all.
    (Rational(9_994, 10_000), "0.9994"),
  ])
  func `coverage is as exact as in the views`(_ covered: Rational, _ text: String) {
    var payload = payload()
    payload.transition.covered = covered
    #expect(payload.json.contains(#""band":"yellow","coverage":\#(text)}"#), "\(payload.json)")
  }

  @Test func `what is not known is null`() {
    var payload = payload()
    payload.phase = nil
    payload.touch = nil
    payload.suggestion = nil
    payload.attributes = []
    payload.transition.state = .resolved
    payload.transition.scoreFrom = nil
    payload.transition.because = [
      ExplanationLine(measure: -1, points: 7, from: nil, to: Rational(12), cause: .mixed),
      ExplanationLine(measure: -2, points: -100, from: Rational(1, 3), to: nil, cause: .config),
    ]
    let json = payload.json
    #expect(json.contains(#""account":{"id":"acme","phase":null,"touch":null,"attributes":{}}"#))
    #expect(json.contains(#""score":{"old":null,"new":56.43,"delta":null,"band":"yellow","coverage":0.65}"#))
    #expect(json.contains(#"{"measure":"cap","points":0.07,"from":null,"to":"12","cause":"mixed"}"#))
    #expect(json.contains(#"{"measure":"override","points":-1.00,"from":"0.33","to":null,"cause":"config"}"#))
    #expect(json.hasSuffix(#""suggest":null}"#))
  }

  @Test func `foreign text stays inside its quotes and shows no control character`() {
    var payload = payload()
    payload.account = "a\"b\\c\u{1b}[31m\n\u{7f}\u{85}\u{0}日本"
    payload.attributes = [("x\ty", .number("1.50")), ("ok", .bool(true)), ("none", .null)]
    payload.transition.reason = "score fell"
    #expect(payload.json.contains(#""reason":"score fell","account":{"id":"a\"b\\c\u001b[31m\n\u007f\u0085\u0000日本","#))
    #expect(payload.json.contains(#""attributes":{"x\ty":1.50,"ok":true,"none":null}"#))
  }

  @Test(arguments: [
    (0, "0.00"), (5, "0.05"), (-5, "-0.05"), (-3040, "-30.40"), (10_000, "100.00"), (Int.min, "-92233720368547758.08"),
  ])
  func `hundredths are written exactly`(value: Int, text: String) {
    var json = JSONText()
    json.hundredths(value)
    #expect(json.text == text)
  }

  @Test(arguments: [
    (Int64(0), "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
    (4_107_542_399_000, "2100-02-28T23:59:59.000Z"), (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
    (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
  ])
  func `instants are written as RFC 3339`(milliseconds: Int64, text: String) {
    #expect(Instant(milliseconds: milliseconds).rfc3339 == text)
  }

  @Test func `a group is an object of alerts`() {
    #expect(
      AlertPayload.group([#"{"a":1}"#, #"{"b":2}"#])
        == #"{"schema":"kizashi.alerts/1","alerts":[{"a":1},{"b":2}]}"#)
  }

  @Test func `a run's variables say which delivery it is, and the hook's own cannot hide that`() {
    let hook = HookDefinition(
      policy: HookPolicy(name: "pager"), run: ["x"],
      environment: ["TOKEN": "t", "PATH": "/opt", "KIZASHI_RULE": "forged"])
    let base = HookBaseEnvironment(["PATH": "/bin", "SECRET": "s"])
    let one = HookInvocation(hook, deliveries: [delivery(1, attempts: 2, payload: "{}")], base: base)
    #expect(
      one.environment == [
        "PATH": "/opt", "LANG": "C.UTF-8", "HOME": "/", "TOKEN": "t",
        "KIZASHI_DELIVERY_ID": "gone-quiet:acme:1:firing:pager", "KIZASHI_RULE": "gone-quiet",
        "KIZASHI_ACCOUNT": "acme", "KIZASHI_STATE": "firing", "KIZASHI_SEVERITY": "high", "KIZASHI_ATTEMPT": "3",
      ])
    #expect(String(decoding: one.input, as: UTF8.self) == "{}\n")

    let members = [delivery(1, payload: "1"), delivery(2, account: "b", attempts: 1, payload: "2")]
    let group = HookInvocation(hook, deliveries: members, base: base)
    #expect(group.environment["KIZASHI_ACCOUNT"] == "")
    #expect(group.environment["KIZASHI_RULE"] == "gone-quiet")
    #expect(group.environment["KIZASHI_ATTEMPT"] == "2")
    #expect(group.environment["KIZASHI_DELIVERY_ID"] == HookInvocation.groupID(members.map(\.id)))
    #expect(String(decoding: group.input, as: UTF8.self) == #"{"schema":"kizashi.alerts/1","alerts":[1,2]}"# + "\n")
  }
}
