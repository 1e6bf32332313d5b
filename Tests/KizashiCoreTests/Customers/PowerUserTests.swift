import KizashiCore
import ReferenceModel
import Testing

/// Who carried an account's use and is missed: because they are silent, or because an `identify` line says so.
@Suite struct `Stories about power users` {
  /// The built-in measures, and rules.
  private func model(_ rules: [Rule]) -> Model { Model(rules: rules) }

  @Test func `who carried half of the use and is gone for ten business days is missed`() throws {
    let rule = Rule(name: "gone", kind: .powerUserLost(after: .businessDays(10)))
    var inputs: [ReferenceInput] = []
    for day in 0..<10 {
      inputs += [
        Story.use(Int64(day), 9, user: "main", count: 5), Story.use(Int64(day), 10, user: "other", count: 4),
      ]
    }
    for day in stride(from: 10, through: 40, by: 5) { inputs.append(Story.use(Int64(day), 10, user: "other")) }
    inputs.append(Story.use(41, 9, user: "main"))
    let journal = try Story.journal(model([rule]), inputs, until: 42)
    // Last seen on Wednesday the 14th: ten business days lie between it and Thursday the 29th.
    #expect(
      journal.filter { $0.contains("rule") } == ["24d 0h rule gone ok → firing", "41d 9h rule gone firing → ok"])
  }

  @Test func `who used it on no more days than it takes is missed, too`() throws {
    let rule = Rule(name: "gone", kind: .powerUserLost(after: .businessDays(10)))
    let inputs = (0..<8).map { Story.use($0, 9, user: "main") } + [Story.use(40, 9, "page.seen", user: "other")]
    var model = model([rule])
    model.features = [Feature(name: "reports", patterns: ["report.*"], core: true)]
    let rules = try Story.journal(model, inputs, until: 41).filter { $0.contains("rule") }
    #expect(rules.first?.hasSuffix("rule gone ok → firing") == true)
  }

  /// Ten days on which `main` makes more than half of the core use, then only `other` does something.
  private var habits: [ReferenceInput] {
    (0..<10).flatMap { day in
      [Story.use(day, 9, user: "main", count: 5), Story.use(day, 10, user: "other", count: 4)]
    } + stride(from: 10, through: 40, by: 5).map { Story.use($0, 10, user: "other") }
  }

  private func identify(
    _ days: Int64, _ traits: [(name: String, value: Scalar)], hours: Int64 = 8, user: String = "main"
  ) -> ReferenceInput {
    .event(ReferenceEvent(kind: .identify, at: Story.at(days, hours), account: "a", user: user, fields: traits))
  }

  private let gone = Rule(
    name: "gone",
    kind: .powerUserLost(
      after: .milliseconds(40 * 86_400_000),
      role: [TraitTest("left", .oneOf([.string("true")])), TraitTest("role", .oneOf([.string("former")]))]))

  private func rules(_ journal: [String]) -> [String] { journal.filter { $0.contains("rule") } }

  @Test func `who is said to be gone is missed at once, until that is taken back`() throws {
    let told =
      habits + [
        identify(41, [("left", .bool(true))]), identify(43, [("left", .null)]),
        identify(44, [("role", .string("former"))]), identify(45, [("role", .string("admin"))]),
      ]
    #expect(
      try rules(Story.journal(model([gone]), told, until: 46)) == [
        "41d 8h rule gone ok → firing", "43d 8h rule gone firing → ok",
        "44d 8h rule gone ok → firing", "45d 8h rule gone firing → ok",
      ])
  }

  @Test func `of what is said of somebody the latest holds, of one instant what comes later`() throws {
    let told =
      habits + [
        identify(41, [("role", .string("former"))]),
        // Older than what is known: it was so, and is not any more.
        identify(40, [("role", .string("admin"))], hours: 12), Story.use(42, 10, user: "other"),
        identify(42, [("role", .string("former"))], hours: 11), identify(42, [("role", .string("owner"))], hours: 11),
      ]
    #expect(
      try rules(Story.journal(model([gone]), told, until: 46)) == [
        "41d 8h rule gone ok → firing", "42d 11h rule gone firing → ok",
      ])
  }

  @Test func `somebody who is gone is missed from when they count as a power user, and only of their own account`()
    throws
  {
    let early = [identify(2, [("left", .bool(true))]), identify(2, [("left", .bool(true))], user: "nobody")]
    // Eight of the days on which `main` did something lie 14 days back or more.
    #expect(
      try rules(Story.journal(model([gone]), Array(habits[..<4]) + early + habits[4...], until: 25)) == [
        "21d 0h rule gone ok → firing"
      ])
    let elsewhere = ReferenceEvent(
      kind: .identify, at: Story.at(41), account: "b", user: "main", fields: [("left", .bool(true))])
    let nowhere = ReferenceEvent(
      kind: .identify, at: Story.at(41), account: nil, user: "main", fields: [("left", .bool(true))])
    #expect(
      try rules(Story.journal(model([gone]), habits + [.event(elsewhere), .event(nowhere)], until: 42)).isEmpty)
  }

  @Test func `a line without an account tells of the account that is remembered for its user`() throws {
    for remembers in [true, false] {
      var driver = EngineDriver(Scenario(model: model([gone]), inputs: habits))
      try driver.run()
      driver.apply(ReferenceEvent(kind: .group, at: Story.at(41), account: "b", user: "main"))
      driver.apply(ReferenceEvent(kind: .group, at: Story.at(41), account: "a", user: "main"))
      // Goes on from who belongs where, without the lines that said so.
      try driver.restart()
      let told = ReferenceEvent(
        kind: .identify, at: Story.at(41), account: nil, user: "main", fields: [("left", .bool(true))])
      driver.apply(told, remembersAccounts: remembers)
      #expect(driver.commit().alerts.map(\.state) == (remembers ? [.firing] : []))
    }
  }

  @Test func `the reason names who is gone and what says so`() throws {
    let scenario = Scenario(model: model([gone]), inputs: habits + [identify(41, [("role", .string("former"))])])
    var driver = EngineDriver(scenario)
    try driver.run()
    #expect(
      driver.world.alerts.map(\.reason) == ["main, who carried much of the core use, is gone: role is former"])
  }
}
