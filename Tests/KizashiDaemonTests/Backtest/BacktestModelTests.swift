import KizashiCore
import TestSupport
import Testing

@testable import KizashiDaemon

/// The figures against a model that looks at every millisecond of a book that lasts a few hundred.
@Suite struct `Backtest figures` {
  /// A small book and alerts in it.
  struct World {
    var terms: BacktestTerms
    var stays: [Stay] = []
    var alerts: [(account: AccountID, at: Int64)] = []

    init(seed: UInt64) {
      var random = SeededGenerator(seed: seed)
      let end = Int64(random.int(60...200))
      let from = Int64(random.int(0...40))
      let horizon = Int64(random.int(1...80))
      terms = BacktestTerms(
        from: from, to: Int64(random.int(Int(from)...Int(end))), end: end, horizon: horizon,
        lead: Int64(random.int(0...Int(horizon))))
      for account in 0..<AccountID(random.int(1...6)) {
        var at = Int64(random.int(0...60))
        for _ in 0..<random.int(1...3) {
          guard at < end else { break }
          // Some never were customers: their first line was the last.
          let to = random.chance(60) ? at + Int64(random.int(0...90)) : .max
          stays.append(Stay(account: account, from: at, to: to > end ? .max : to))
          guard to <= end else { break }
          at = to + Int64(random.int(1...30))
        }
        for _ in 0..<random.int(0...8) { alerts.append((account, Int64(random.int(0...Int(end))))) }
      }
    }

    /// The churn of the time as a customer that an instant lies in; nil: it lies in none. `.max`: none.
    func end(_ account: AccountID, _ at: Int64) -> Int64? {
      stays.first { $0.account == account && $0.from <= at && at < $0.to }?.to
    }

    var churns: [Stay] {
      stays.filter { $0.to != .max && $0.to > $0.from && (terms.from...terms.to).contains($0.to) }
    }
  }

  @Test(arguments: 0..<400 as Range<UInt64>) func `are what counting one by one gives`(seed: UInt64) throws {
    let world = World(seed: seed)
    let terms = world.terms
    let judge = AlertJudge(terms: terms, stays: world.stays)
    let base = BacktestBase(judge)
    let figures = BacktestFigures(world.alerts, judge, base)

    let counted = world.alerts.filter { (terms.from...terms.to).contains($0.at) }
    let about = counted.filter { world.end($0.account, $0.at) != nil }
    #expect(figures.alerts == Int64(about.count))
    #expect(figures.gone == Int64(counted.count - about.count))
    #expect(figures.accounts == Int64(Set(about.map(\.account)).count))
    let hits = about.filter { (world.end($0.account, $0.at) ?? .max) <= $0.at + terms.horizon }
    let settled = about.filter { $0.at + terms.horizon <= terms.end }
    let settledHits = settled.filter { (world.end($0.account, $0.at) ?? .max) <= $0.at + terms.horizon }
    #expect(figures.precision == Share(Int64(hits.count), of: Int64(hits.count + settled.count - settledHits.count)))
    #expect(figures.settledPrecision == Share(Int64(settledHits.count), of: Int64(settled.count)))

    // A time as a customer is told apart by its account and its end.
    let told = Dictionary(grouping: settled) { [Int64($0.account), world.end($0.account, $0.at) ?? 0] }
    let right = told.filter { stay, alerts in alerts.contains { stay[1] <= $0.at + terms.horizon } }
    #expect(figures.customers == Share(Int64(right.count), of: Int64(told.count)))

    var foreseen: Int64 = 0
    var leads: [Int64] = []
    for churn in world.churns {
      let before = world.alerts.filter { $0.account == churn.account && world.end($0.account, $0.at) == churn.to }
        .map { churn.to - $0.at }.filter { $0 <= terms.horizon }
      if before.contains(where: { $0 >= terms.lead }) { foreseen += 1 }
      if let longest = before.max() { leads.append(longest) }
    }
    #expect(figures.recall == Share(foreseen, of: Int64(world.churns.count)))
    #expect(figures.leads == leads.sorted())
    #expect(figures.warned == Int64(leads.count))

    // Chance: an alert at each millisecond of each customer.
    var time: Int64 = 0
    var rightTime: Int64 = 0
    var decided: Int64 = 0
    var rightSettled: Int64 = 0
    var whole: Int64 = 0
    for account in 0..<6 as Range<AccountID> {
      for at in terms.from...terms.to {
        guard let end = world.end(account, at) else { continue }
        time += 1
        let isRight = end != .max && end - at <= terms.horizon
        let isSettled = at + terms.horizon <= terms.end
        if isRight { rightTime += 1 }
        if isRight || isSettled { decided += 1 }
        if isSettled { whole += 1 }
        if isRight && isSettled { rightSettled += 1 }
      }
    }
    #expect(base.customerTime == time)
    #expect(base.churns == Int64(world.churns.count))
    #expect(base.precision == (rightTime, decided))
    #expect(base.settledPrecision == (rightSettled, whole))
  }

  @Test func `what chance would foresee is what throwing alerts gives`() throws {
    var random = SeededGenerator(seed: 4)
    let terms = BacktestTerms(from: 0, to: 1000, end: 1000, horizon: 200, lead: 50)
    let stays = (0..<20 as Range<AccountID>).map { account in
      Stay(account: account, from: 0, to: account < 8 ? Int64(random.int(100...1000)) : .max)
    }
    let judge = AlertJudge(terms: terms, stays: stays)
    let base = BacktestBase(judge)
    let places = stays.flatMap { stay in (stay.from...min(1000, stay.to - 1)).map { (stay.account, $0) } }
    let settledPlaces = places.filter { $0.1 <= 800 }
    var foreseen: Int64 = 0
    var customers = Share(0, of: 0)
    for _ in 0..<2000 {
      let alerts = (0..<30).map { _ in random.pick(places) }.map { (account: $0.0, at: $0.1) }
      foreseen += BacktestFigures(alerts, judge, base).recall.part
      let settled = (0..<30).map { _ in random.pick(settledPlaces) }.map { (account: $0.0, at: $0.1) }
      let figures = BacktestFigures(settled, judge, base)
      customers = Share(customers.part + figures.customers.part, of: customers.whole + figures.customers.whole)
    }
    let thirty = BacktestFigures((0..<30).map { _ in places[0] }.map { (account: $0.0, at: $0.1) }, judge, base)
    let expected = try #require(thirty.recallAtRandom)
    #expect(abs(Double(foreseen) / 16_000 - expected) < 0.02, "\(foreseen) of 16,000, expected \(expected)")
    let expectedCustomers = try #require(thirty.customersAtRandom)
    let found = Double(customers.part) / Double(customers.whole)
    #expect(abs(found - expectedCustomers) < 0.02, "\(found), expected \(expectedCustomers)")
  }

  @Test func `quartiles are of the nearest rank`() {
    var figures = BacktestFigures(
      [], AlertJudge(terms: Self.none, stays: []), BacktestBase(AlertJudge(terms: Self.none, stays: [])))
    #expect(figures.lead(quartile: 2) == nil)
    for (leads, quartiles) in [
      ([7], [7, 7, 7]), ([1, 2], [1, 1, 2]), ([1, 2, 3, 4], [1, 2, 3]), ([1, 2, 3, 4, 5], [2, 3, 4]),
    ] as [([Int64], [Int64])] {
      figures.leads = leads
      #expect([1, 2, 3].compactMap { figures.lead(quartile: $0) } == quartiles)
    }
  }

  private static let none = BacktestTerms(from: 0, to: 1, end: 1, horizon: 1, lead: 0)
}
