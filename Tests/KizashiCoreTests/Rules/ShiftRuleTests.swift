import ReferenceModel
import TestSupport
import Testing

@testable import KizashiCore

/// A shift rule in an engine, from the event to the alert.
@Suite struct `A shift rule` {
  /// 2026-01-05, a Monday.
  private static let monday: Int64 = 20_458 * 86_400_000

  private static func model(_ rules: [Rule]) -> Model { Model(rules: rules) }

  private static func rule(_ direction: ShiftSettings.Direction = .down, _ name: String = "shifted") -> Rule {
    Rule(name: name, kind: .shift(feature: .named("report"), ShiftSettings(direction: direction)))
  }

  private static func driver(_ rules: [Rule]) -> EngineDriver {
    EngineDriver(scenario(rules))
  }

  private static func scenario(_ rules: [Rule]) -> Scenario {
    var scenario = Scenario(seed: 1)
    scenario.model = model(rules)
    scenario.sources = [SourceModel(name: "s")]
    scenario.inputs = []
    return scenario
  }

  /// 40 reports on each working day and 4 on others, times a share.
  private static func use(_ driver: inout EngineDriver, _ days: Range<Int64>, percent: Int64 = 100) {
    for day in days {
      let usual: Int64 = day % 7 < 5 ? 40 : 4
      for hour in Int64(0)..<4 {
        // Not the same on every Monday.
        let count = (usual + day * 5 % 3 - 1) / 4 * percent / 100
        guard count > 0 else { continue }
        driver.apply(
          ReferenceEvent(
            at: monday + day * 86_400_000 + (8 + hour) * 3_600_000, account: "acme", event: "report", count: count))
      }
    }
  }

  private static func told(_ driver: borrowing EngineDriver) -> [String] {
    driver.world.alerts.map { "\($0.state) on day \(($0.at.milliseconds - monday) / 86_400_000): \($0.reason)" }
  }

  @Test func `tells since when and how far use has fallen, and when it is as usual again`() {
    var driver = Self.driver([Self.rule()])
    Self.use(&driver, 0..<130)
    Self.use(&driver, 130..<140, percent: 50)
    Self.use(&driver, 140..<170)
    _ = driver.commit()
    #expect(
      Self.told(driver) == [
        "firing on day 135: use of report has been below its usual weekday level since about 2026-05-15: 12 a day "
          + "against 24",
        "resolved on day 146: use of report is about as usual for the weekday again: 28 a day against 28",
      ])
  }

  @Test func `resolves where the new level has become usual`() {
    var driver = Self.driver([Self.rule()])
    Self.use(&driver, 0..<130)
    Self.use(&driver, 130..<300, percent: 50)
    _ = driver.commit()
    let told = Self.told(driver)
    #expect(told.count == 2 && told.last?.hasPrefix("resolved") == true, "\(told)")
  }

  @Test func `of both ways closes the one episode and opens the other at once`() {
    var driver = Self.driver([Self.rule(.both)])
    Self.use(&driver, 0..<130)
    Self.use(&driver, 130..<136, percent: 25)
    Self.use(&driver, 136..<145, percent: 300)
    _ = driver.commit()
    #expect(driver.world.alerts.map(\.state) == [.firing, .resolved, .firing])
    #expect(driver.world.alerts[1].at == driver.world.alerts[2].at)
    #expect(driver.world.alerts[1].reason == "use of report has turned up")
    #expect(driver.world.alerts[2].reason.hasPrefix("use of report has been above its usual weekday level since about"))
  }

  @Test func `finds an account that stops at the ends of its days, and then costs no deadline`() {
    var driver = Self.driver([Self.rule()])
    Self.use(&driver, 0..<130)
    driver.move(.advance(to: Self.monday + 400 * 86_400_000))
    _ = driver.commit()
    #expect(driver.world.alerts.map(\.state) == [.firing, .resolved])
    // The last event is of day 129: up to day 219 a day is compared with it. Other measures are settled by then.
    #expect(driver.engine.now.milliseconds == Self.monday + 220 * 86_400_000)
    // What comes back then is judged by what was there: nothing.
    Self.use(&driver, 400..<410)
    _ = driver.commit()
    #expect(driver.world.alerts.count == 2)
  }

  @Test func `a late event changes what later days are compared with, and no judgement`() {
    var driver = Self.driver([Self.rule()])
    Self.use(&driver, 0..<130)
    let before = driver.engine.shifts.detector(0, 0)
    Self.use(&driver, 100..<101, percent: 900)
    #expect(driver.engine.shifts.detector(0, 0) == before)
    var other = Self.driver([Self.rule()])
    Self.use(&other, 0..<130)
    Self.use(&driver, 130..<160, percent: 80)
    Self.use(&other, 130..<160, percent: 80)
    #expect(driver.engine.shifts.detector(0, 0) != other.engine.shifts.detector(0, 0))
  }

  /// An engine of another config, from what a driver has stored.
  private static func changed(_ driver: borrowing EngineDriver, to rules: [Rule]) throws -> Engine {
    try changed(driver.world, to: rules)
  }

  private static func changed(_ world: StoredWorld, to rules: [Rule]) throws -> Engine {
    let model = model(rules)
    var engine = Engine(model: model, configVersion: 2, sources: [SourceModel(name: "s")], seed: 5)
    try engine.restore(world.restored(model: model, all: true), mode: .rebase(unchanged: UnchangedConfig()))
    return engine
  }

  @Test func `use that has expired did not exist, whatever it proves`() throws {
    var driver = Self.driver([])
    Self.use(&driver, 0..<115)
    _ = driver.commit()
    let kept = Int32((Self.monday + 40 * 86_400_000) / 3_600_000)
    func detector(_ facts: [Fact]) throws -> ShiftDetector {
      var world = driver.world
      world.facts = facts
      return try Self.changed(world, to: [Self.rule()]).shifts.detector(0, 0)
    }
    let all = driver.world.facts
    let proofs = all.map { fact in
      var fact = fact
      if fact.hour < kept { fact.events = 0 }
      return fact
    }
    #expect(try detector(proofs) == detector(all.filter { $0.hour >= kept }))
    #expect(try detector(proofs) != detector(all))
  }

  @Test func `a change of config sums up anew from all facts and opens nothing`() throws {
    var before = Self.driver([])
    var always = Self.driver([Self.rule()])
    for days in [0..<130, 130..<137] as [Range<Int64>] {
      Self.use(&before, days, percent: days.lowerBound == 0 ? 100 : 50)
      Self.use(&always, days, percent: days.lowerBound == 0 ? 100 : 50)
    }
    _ = before.commit()
    var engine = try Self.changed(before, to: [Self.rule()])
    #expect(engine.shifts.detector(0, 0) == always.engine.shifts.detector(0, 0))
    #expect(engine.shifts.detector(0, 0).side == .down)
    #expect(engine.drain().alerts.isEmpty)
    // The alarm that lasts stays untold to its end.
    engine.settle(at: Instant(milliseconds: Self.monday + 144 * 86_400_000))
    #expect(engine.drain().alerts.isEmpty)
  }

  @Test func `an open episode stays open over a change of config that leaves its alarm`() throws {
    var driver = Self.driver([Self.rule()])
    Self.use(&driver, 0..<130)
    Self.use(&driver, 130..<137, percent: 50)
    _ = driver.commit()
    #expect(driver.world.alerts.map(\.state) == [.firing])
    var same = try Self.changed(driver, to: [Self.rule(.both), Self.rule(.down, "another")])
    #expect(same.drain().alerts.isEmpty)
    // One that takes its alarm away resolves it, with the next look.
    var deaf = try Self.changed(
      driver, to: [Rule(name: "shifted", kind: .shift(feature: .named("report"), ShiftSettings(h: 1_000_000)))])
    deaf.settle(at: Instant(milliseconds: Self.monday + 139 * 86_400_000))
    #expect(deaf.drain().alerts.map(\.state) == [.resolved])
  }

  @Test func `a stored state that is cut off is not read`() {
    for rules in [[], [Self.rule()]] {
      var driver = Self.driver(rules)
      Self.use(&driver, 0..<3)
      let state = driver.commit().accountRows[0].state
      #expect(Engine.decodeState(state) != nil)
      #expect(Engine.decodeState(Array(state.dropLast())) == nil)
    }
  }

  @Test func `days before 1970 and after leap days have dates`() {
    let dates = [-135_081: "1600-02-29", -1: "1969-12-31", 0: "1970-01-01", 11_016: "2000-02-29", 20_585: "2026-05-12"]
    for (day, text) in dates { #expect(ReasonText.date(Int32(day)) == text) }
  }
}
