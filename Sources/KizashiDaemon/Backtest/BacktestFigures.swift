import Glibc
import KizashiCore

/// A share with what it is made of.
package struct Share: Sendable, Equatable {
  package var part: Int64
  package var whole: Int64

  package init(_ part: Int64, of whole: Int64) {
    self.part = part
    self.whole = whole
  }

  /// Nil: of nothing.
  package var exact: Rational? { whole == 0 ? nil : Rational(Int128(part), Int128(whole)) }
}

/// How well alerts foresee churn. docs/BACKTEST.md defines each.
package struct BacktestFigures: Sendable, Equatable {
  /// Alerts of the period about customers; `gone`: about those that were none any more.
  package var alerts: Int64 = 0
  package var gone: Int64 = 0
  /// Accounts with at least one of the alerts.
  package var accounts: Int64 = 0
  /// For each year that an account was a customer.
  package var alertsPerAccountYear: Rational?
  /// Hits, of the alerts that are decided.
  package var precision = Share(0, of: 0)
  /// The same, of the alerts whose whole horizon is known: free of the bias that near the end only hits can be decided.
  package var settledPrecision = Share(0, of: 0)
  /// Customers that churned within the horizon of a settled alert, of those with such an alert: of each it counts once whether
  /// it is told of rightly, however often and by however many rules.
  package var customers = Share(0, of: 0)
  /// What as many alerts at random times of random customers would come to, 0…1, for display.
  package var customersAtRandom: Double?
  /// Churns of the period that an alert foresaw in time.
  package var recall = Share(0, of: 0)
  /// What as many alerts at random times of random customers would have foreseen, 0…1, for display.
  package var recallAtRandom: Double?
  /// Churns that some alert preceded within the horizon, and how long before the first of them was: milliseconds.
  package var warned: Int64 = 0
  package var leads: [Int64] = []

  /// Of no alert and no churn.
  package init() {}

  /// The nearest-rank quartile 1, 2 or 3 of the lead times; nil: no churn was warned of.
  package func lead(quartile: Int) -> Int64? {
    leads.isEmpty ? nil : leads[(quartile * leads.count + 3) / 4 - 1]
  }
}

/// What is true of the book whatever the config: the time it lasted, and how often chance would be right.
package struct BacktestBase: Sendable, Equatable {
  /// Time of all customers in the period, milliseconds.
  package var customerTime: Int64 = 0
  /// Churns of the period.
  package var churns: Int64 = 0
  /// The part of the customers' time after which a churn followed within the horizon, of the time of which that is
  /// known: what an alert at random is worth.
  package var precision: (part: Int64, whole: Int64) = (0, 0)
  /// The same where the whole horizon is known.
  package var settledPrecision: (part: Int64, whole: Int64) = (0, 0)

  package static func == (a: BacktestBase, b: BacktestBase) -> Bool {
    a.customerTime == b.customerTime && a.churns == b.churns && a.precision == b.precision
      && a.settledPrecision == b.settledPrecision
  }

  init(_ judge: AlertJudge) {
    let terms = judge.terms
    for stay in judge.stays where stay.to > stay.from {
      let time = BacktestBase.length(stay.from, stay.to - 1, terms.from, terms.to)
      customerTime += time
      if stay.hasEnded, terms.from <= stay.to, stay.to <= terms.to { churns += 1 }
      let settled = BacktestBase.length(stay.from, stay.to - 1, terms.from, min(terms.to, terms.end - terms.horizon))
      settledPrecision.whole += settled
      guard stay.hasEnded else {
        precision.whole += settled
        continue
      }
      let first = max(stay.from, stay.to - terms.horizon)
      let right = BacktestBase.length(first, stay.to - 1, terms.from, terms.to)
      let rightSettled = BacktestBase.length(
        first, stay.to - 1, terms.from, min(terms.to, terms.end - terms.horizon))
      precision.part += right
      precision.whole += right + settled - rightSettled
      settledPrecision.part += rightSettled
    }
  }

  /// How many milliseconds two ranges share, ends included; 0 where one is empty.
  static func length(_ a: Int64, _ b: Int64, _ from: Int64, _ to: Int64) -> Int64 {
    max(0, min(b, to) - max(a, from) + 1)
  }

  /// A year of 365 days.
  package static let year: Int64 = 365 * 86_400_000
}

extension BacktestFigures {
  /// The figures of alerts given as (account, instant), in any order.
  init(_ alerts: [(account: AccountID, at: Int64)], _ judge: AlertJudge, _ base: BacktestBase) {
    let terms = judge.terms
    var accounts: Set<AccountID> = []
    /// Stays with a settled alert of the period, and whether it is a hit.
    var told: [Int: Bool] = [:]
    /// Per stay: instants of alerts before its end, of all the history.
    var byStay: [Int: [Int64]] = [:]
    for alert in alerts {
      let judged = judge.judge(alert.account, at: alert.at)
      if let stay = judged.stay { byStay[stay, default: []].append(alert.at) }
      guard terms.from <= alert.at, alert.at <= terms.to else { continue }
      guard judged.outcome != .gone else {
        gone += 1
        continue
      }
      self.alerts += 1
      accounts.insert(alert.account)
      let hit: Int64 = judged.outcome == .hit ? 1 : 0
      if judged.outcome != .undecided { precision = Share(precision.part + hit, of: precision.whole + 1) }
      if judged.isSettled {
        settledPrecision = Share(settledPrecision.part + hit, of: settledPrecision.whole + 1)
        if let stay = judged.stay { told[stay, default: false] = told[stay, default: false] || hit == 1 }
      }
    }
    customers = Share(Int64(told.values.count { $0 }), of: Int64(told.count))
    customersAtRandom = Self.customersAtRandom(alerts: settledPrecision.whole, judge, base)
    self.accounts = Int64(accounts.count)
    if base.customerTime > 0 {
      alertsPerAccountYear = Rational(Int128(self.alerts) * Int128(BacktestBase.year), Int128(base.customerTime))
    }
    var random = 0.0
    for (index, stay) in judge.stays.enumerated() {
      guard stay.hasEnded, stay.to > stay.from, terms.from <= stay.to, stay.to <= terms.to else { continue }
      let before = (byStay[index] ?? []).filter { $0 >= stay.to - terms.horizon }
      let isForeseen = before.contains { $0 <= stay.to - terms.lead }
      recall = Share(recall.part + (isForeseen ? 1 : 0), of: recall.whole + 1)
      if let first = before.min() { leads.append(stay.to - first) }
      let time = BacktestBase.length(stay.from, stay.to - 1, stay.to - terms.horizon, stay.to - terms.lead)
      if base.customerTime > 0 {
        random += 1 - pow(1 - min(1, Double(time) / Double(base.customerTime)), Double(self.alerts))
      }
    }
    if recall.whole > 0, base.customerTime > 0 { recallAtRandom = random / Double(recall.whole) }
    leads.sort()
    warned = Int64(leads.count)
  }

  /// Of a customer with the part p of all the time none of n alerts tells with probability (1 − p)ⁿ.
  private static func customersAtRandom(alerts: Int64, _ judge: AlertJudge, _ base: BacktestBase) -> Double? {
    let terms = judge.terms
    let time = Double(base.settledPrecision.whole)
    guard alerts > 0, time > 0 else { return nil }
    let end = min(terms.to, terms.end - terms.horizon)
    func chance(_ length: Int64) -> Double { 1 - pow(1 - Double(length) / time, Double(alerts)) }
    var (right, all) = (0.0, 0.0)
    for stay in judge.stays where stay.to > stay.from {
      all += chance(BacktestBase.length(stay.from, stay.to - 1, terms.from, end))
      guard stay.hasEnded else { continue }
      right += chance(BacktestBase.length(max(stay.from, stay.to - terms.horizon), stay.to - 1, terms.from, end))
    }
    return all > 0 ? right / all : nil
  }
}
