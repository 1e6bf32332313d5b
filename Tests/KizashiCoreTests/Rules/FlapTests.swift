import ReferenceModel
import TestSupport
import Testing

@testable import KizashiCore

@Suite struct `A history of daily states` {
  /// The states at the ends of days, the newest last.
  private static func history(_ states: [Bool], _ settings: FlapSettings = FlapSettings()) -> FlapHistory {
    var history = FlapHistory()
    history.end(before: 0, isFiring: false, settings)
    for (day, isFiring) in states.enumerated() { history.end(before: Int32(day) + 1, isFiring: isFiring, settings) }
    return history
  }

  @Test func `weighs each change as Nagios does`() {
    let quiet = Array(repeating: false, count: 19)
    #expect(Self.history([]).percent == "0.00")
    #expect(Self.history([true]).percent == "6.25")
    #expect(Self.history([true] + quiet.map { !$0 }).percent == "3.75")
    #expect(Self.history([true] + quiet.map { !$0 } + [true]).percent == "0.00")
    let alternating = (0..<21).map { $0 % 2 == 0 }
    #expect(Self.history(alternating).percent == "100.00")
    // Its 0.75 + i · 0.5 / 19 for each of the last changes, of 20.
    #expect(Self.history([true, false, true, false, true]).percent == "29.93")
    #expect(Self.history([true, false, true, false, true, false]).percent == "35.53")
  }

  @Test func `flaps from the start on and until the stop, both inclusive`() {
    #expect(!Self.history([true, false, true, false, true]).isFlapping)
    #expect(Self.history([true, false, true, false, true, false]).isFlapping)
    // One change of today is worth 6.25 %, two of them 12.37 %.
    #expect(!Self.history([true], FlapSettings(start: 7, stop: 0)).isFlapping)
    #expect(Self.history([true, false], FlapSettings(start: 12, stop: 0)).isFlapping)
    #expect(!Self.history([true, false], FlapSettings(start: 13, stop: 0)).isFlapping)
    var settled = Self.history([true, false], FlapSettings(start: 12, stop: 0))
    settled.end(before: 21, isFiring: false, FlapSettings(start: 12, stop: 0))
    #expect(settled.isFlapping)
    settled.end(before: 22, isFiring: false, FlapSettings(start: 12, stop: 0))
    #expect(!settled.isFlapping && settled.percent == "0.00")
  }

  @Test(arguments: UInt64(1)...200) func `is the same looked at each day or seldom, and knows when it changes`(
    seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    let start = random.int(7...40)
    let settings = FlapSettings(start: start, stop: random.int(0...start - FlapSettings.leastGap))
    var daily = FlapHistory()
    var seldom = FlapHistory()
    var isFiring = false
    daily.end(before: 0, isFiring: false, settings)
    seldom.end(before: 0, isFiring: false, settings)
    // The day at whose beginning the one that is looked at seldom has to be looked at.
    var due: Int32?
    for day in Int32(1)...120 {
      let was = daily.isFlapping
      daily.end(before: day, isFiring: isFiring, settings)
      #expect(due == nil || day <= due ?? 0)
      #expect(daily.isFlapping == was || due == day, "seed \(seed), day \(day): nobody knew")
      if due == day {
        #expect(daily.isFlapping != was, "seed \(seed), day \(day): nothing changed")
        seldom.end(before: day, isFiring: isFiring, settings)
      }
      // Only what is about to change has to be looked at.
      if random.chance(day < 60 ? 50 : 5) {
        seldom.end(before: day, isFiring: isFiring, settings)
        isFiring.toggle()
      }
      due = seldom.nextChange(after: day, isFiring: isFiring, settings)
      var upToDate = seldom
      upToDate.end(before: day, isFiring: isFiring, settings)
      if upToDate.day == day && seldom.day == day { #expect(seldom == daily, "seed \(seed), day \(day)") }
    }
  }
}

@Suite struct `A rule that flaps` {
  private static let day: Int64 = 86_400_000
  /// 2026-01-05, a Monday.
  private static let monday: Int64 = 20_458 * day

  private static func driver(_ flap: FlapSettings?) -> EngineDriver {
    var scenario = Scenario(seed: 1)
    let busy = RuleKind.threshold(
      .metric(.count(feature: .any, windowHours: 24)), .above(Rational(2)), clear: nil)
    scenario.model = Model(rules: [Rule(name: "busy", kind: busy, flap: flap)])
    scenario.sources = [SourceModel(name: "s")]
    scenario.inputs = []
    return EngineDriver(scenario)
  }

  /// Fires from noon of each of these days to the noon after.
  private static func use(_ driver: inout EngineDriver, _ days: [Int64]) {
    for day in days {
      let noon = monday + day * Self.day + Self.day / 2
      driver.apply(ReferenceEvent(at: noon, account: "acme", event: "login", count: 3))
    }
  }

  private static func told(_ driver: borrowing EngineDriver) -> [String] {
    driver.world.told(of: 0).map { line in
      line.split(separator: " ").map { word in
        guard let at = Int64(word.filter { $0 != "," }), at > monday else { return String(word) }
        return "day \((at - monday) / Self.day)"
      }.joined(separator: " ")
    }
  }

  @Test func `opens and resolves as ever, and what opens meanwhile is told to nobody until it is over`() {
    var driver = Self.driver(FlapSettings())
    Self.use(&driver, [0, 2, 4, 6] + Array(8..<30))
    driver.move(.advance(to: Self.monday + 400 * Self.day))
    _ = driver.commit()
    #expect(
      Self.told(driver) == [
        "busy 1 firing day 0", "busy 1 resolved day 1", "busy 2 firing day 2", "busy 2 resolved day 3",
        "busy 3 firing day 4", "busy 3 resolved day 5", "busy 3 began to flap at day 6 35.53 %, resolved",
        "busy 4 firing day 6 silenced", "busy 4 resolved day 7 silenced", "busy 5 firing day 8 silenced",
        // Nine changes, of which five are left on day 24 (20.07 %) and four on day 25.
        "busy 5 ceased to flap at day 25 15.79 %, firing", "busy 5 resolved day 30",
      ])
    #expect(
      driver.world.flaps.map(\.alert.reason) == [
        "the rule flaps: it changed on 6 of the last 20 days, weighted 35.53 % (30 % or more)",
        "the rule flaps no longer (weighted 15.79 %) and has fired since 2026-01-13",
      ])
    // Nothing is left to wait for.
    #expect(driver.engine.queue.deadline(of: 0) == .max)
    var plain = Self.driver(nil)
    Self.use(&plain, [0, 2, 4, 6] + Array(8..<30))
    plain.move(.advance(to: Self.monday + 400 * Self.day))
    _ = plain.commit()
    #expect(plain.world.changes.map { "\($0)" } == driver.world.changes.map { "\($0)" })
    #expect(plain.world.alerts.map { "\($0.state) \($0.at)" } == driver.world.alerts.map { "\($0.state) \($0.at)" })
  }

  @Test func `that stops to flap while it does not fire says nothing of it`() {
    var driver = Self.driver(FlapSettings())
    Self.use(&driver, [0, 2, 4, 6])
    driver.move(.advance(to: Self.monday + 400 * Self.day))
    Self.use(&driver, [400])
    _ = driver.commit()
    #expect(
      Self.told(driver).suffix(4) == [
        "busy 3 began to flap at day 6 35.53 %, resolved", "busy 4 firing day 6 silenced",
        "busy 4 resolved day 7 silenced", "busy 5 firing day 400",
      ])
  }

  @Test func `keeps no more than an empty list in the state of an account where no rule can`() {
    var plain = Self.driver(nil)
    Self.use(&plain, [0])
    var flapping = Self.driver(FlapSettings())
    Self.use(&flapping, [0])
    let states = [plain.commit().accountRows[0].state, flapping.commit().accountRows[0].state]
    #expect(states[0].last == 0 && states[0].count < states[1].count)
    #expect(states[1].starts(with: states[0].dropLast()))
    #expect(Engine.decodeState(states[1]) != nil)
    #expect(Engine.decodeState(Array(states[1].dropLast())) == nil)
    #expect(MemoryLayout<RuleState>.size == 64)
  }

  @Test func `is judged by a changed config from the end of the day on`() throws {
    var driver = Self.driver(FlapSettings(start: 50, stop: 20))
    Self.use(&driver, [0, 2, 4, 6])
    driver.move(.advance(to: Self.monday + 8 * Self.day + 3_600_000))
    _ = driver.commit()
    #expect(driver.world.flaps.isEmpty)
    for mode in [RestoreMode.resume, .rebase(unchanged: UnchangedConfig())] {
      let model = Model(
        rules: [
          Rule(
            name: "busy",
            kind: .threshold(.metric(.count(feature: .any, windowHours: 24)), .above(Rational(2)), clear: nil),
            flap: FlapSettings())
        ])
      var engine = Engine(model: model, configVersion: 2, sources: [SourceModel(name: "s")], seed: 5)
      try engine.restore(driver.world.restored(model: model, all: true), mode: mode)
      #expect(engine.drain().flaps.isEmpty, "\(mode)")
      engine.settle(at: Instant(milliseconds: Self.monday + 9 * Self.day))
      #expect(engine.drain().flaps.map(\.began) == [true], "\(mode)")
    }
  }
}
