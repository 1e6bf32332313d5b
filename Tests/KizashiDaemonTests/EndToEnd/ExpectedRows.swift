import Foundation
import KizashiConfig
import KizashiCore
import ReferenceModel

/// What the documented views must show of a reference model: each query with its rows, columns joined by ` | `.
struct ExpectedRows {
  private(set) var tables: [(what: String, sql: String, rows: [String])] = []
  private(set) var changes: [String] = []
  private let model: ReferenceModel
  private let windows: [(text: String, hours: Int)]

  init(model: ReferenceModel, configuration: Configuration, refusedBefore: [RefusalReason: Int64]) {
    self.model = model
    windows = configuration.windows
    addUsage()
    addAccounts()
    addMeasures()
    addHistory()
    addChanges()
    addAlerts()
    addSources(refusedBefore)
  }

  private mutating func addUsage() {
    var rows: [String] = []
    for account in model.accounts {
      for feature in model.features(of: account) {
        guard let seen = model.seen(account, feature) else { continue }
        for window in windows {
          let usage = model.usage(of: account, feature, windowHours: window.hours)
          let figures = [
            usage.events, usage.users, usage.activeDays, usage.previousEvents, usage.previousUsers,
            usage.previousActiveDays,
          ]
          rows.append(
            ([account.name, Self.name(feature), window.text] + figures.map { "\($0)" }
              + [UTC.text(seen.first), UTC.text(seen.last)]).joined(separator: " | "))
        }
      }
    }
    tables.append(
      (
        "feature_usage",
        """
        SELECT account, feature, "window", events, users, active_days, previous_events, previous_users,
          previous_active_days, first_seen_at, last_seen_at FROM feature_usage
        """, rows
      ))
  }

  private static func name(_ feature: FeatureReference) -> String {
    switch feature {
    case .any: "any"
    case .core: "core"
    case .named(let name): name
    case .matching(let feature, _): name(feature)
    }
  }

  private mutating func addAccounts() {
    let rows = model.accounts.map { account in
      let reading = account.reading
      let seen = model.seen(account, .any)
      return [
        account.name, Self.hundredths(reading?.score), account.band ?? "-",
        reading.map { $0.coverage.text(digits: 4) } ?? "-", seen.map { UTC.text($0.first) } ?? "-",
        seen.map { UTC.text($0.last) } ?? "-",
      ].joined(separator: " | ")
    }
    tables.append(
      (
        "accounts",
        """
        SELECT account, CASE WHEN score IS NOT NULL THEN printf('%.2f', score) END, band, printf('%.4f', coverage),
          first_seen_at, last_seen_at FROM accounts
        """, rows
      ))
  }

  private static func hundredths(_ value: Int?) -> String {
    value.map { Rational(Int128($0), 100).text(digits: 2) } ?? "-"
  }

  private mutating func addMeasures() {
    var rows: [String] = []
    for account in model.accounts {
      guard let reading = account.reading else { continue }
      for (index, measure) in model.model.measures.enumerated() {
        rows.append(
          [
            account.name, measure.name, Self.hundredths(reading.grades[index]),
            reading.values[index] == nil ? "1" : "0",
          ].joined(separator: " | "))
      }
    }
    tables.append(
      (
        "measures",
        """
        SELECT account, measure, CASE WHEN grade IS NOT NULL THEN printf('%.2f', grade) END, missing FROM measures
        """, rows
      ))
  }

  private mutating func addHistory() {
    let rows = model.accounts.flatMap { account in
      account.scoreHistory.map { row in
        let day = UTC.text(Int64(row.day) * 86_400_000).prefix(10)
        return [account.name, String(day), UTC.text(row.at), Self.hundredths(row.score)].joined(separator: " | ")
      }
    }
    tables.append(
      (
        "score_history",
        "SELECT account, day, at, CASE WHEN score IS NOT NULL THEN printf('%.2f', score) END FROM score_history", rows
      ))
  }

  private mutating func addChanges() {
    let measures = model.model.measures
    for account in model.accounts {
      for (index, change) in account.changes.enumerated() {
        let lines = change.because.map { line in
          "{\"measure\":\"\(measures[line.measure].name)\",\"points\":\(Self.hundredths(line.points)),"
            + "\"from\":\(Self.shown(line.from.rational)),\"to\":\(Self.shown(line.to.rational)),\"cause\":\"\(line.cause.name)\"}"
        }
        changes.append(
          [
            account.name, "\(index)", UTC.text(change.at), change.kind.name, change.subject, change.from ?? "-",
            change.to ?? "-", Self.hundredths(change.delta), change.cause.name, "[\(lines.joined(separator: ","))]",
            // Lines explain the whole of a change, where there is a score on both sides.
            change.because.isEmpty ? "" : Self.hundredths(change.delta),
          ].joined(separator: " | "))
      }
    }
    tables.append(
      (
        "changes",
        """
        SELECT account, row_number() OVER (PARTITION BY account ORDER BY seq) - 1, at, kind, subject, from_value,
          to_value, CASE WHEN delta IS NOT NULL THEN printf('%.2f', delta) END, cause, because,
          CASE WHEN json_array_length(because) = 0 THEN ''
            ELSE (SELECT printf('%.2f', sum(value ->> 'points')) FROM json_each(because)) END
        FROM changes
        """, changes
      ))
  }

  /// A value as an explanation shows it: plain where it is whole, else with two decimals.
  private static func shown(_ value: Rational?) -> String {
    guard let value = value?.reduced else { return "null" }
    return "\"\(value.text(digits: value.denominator == 1 ? 0 : 2))\""
  }

  private mutating func addAlerts() {
    var rows: [String] = []
    for account in model.accounts {
      for alert in account.alerts where alert.state == .firing {
        let end = account.alerts.first {
          $0.rule == alert.rule && $0.episode == alert.episode && $0.state != .firing
        }
        rows.append(
          [
            "\(alert.rule):\(account.name):\(alert.episode)", alert.rule, account.name,
            end?.state.name ?? "firing", UTC.text(alert.at), end.map { UTC.text($0.at) } ?? "-",
          ].joined(separator: " | "))
      }
    }
    tables.append(("alerts", "SELECT alert_id, rule, account, state, at, resolved_at FROM alerts", rows))
  }

  private mutating func addSources(_ before: [RefusalReason: Int64]) {
    let counters = model.counters[0]
    let refused = before.merging(counters.refused, uniquingKeysWith: +)
    tables.append(
      (
        "refusals", "SELECT source, reason, lines FROM refusals",
        refused.map { "app | \($0.key.name) | \($0.value)" }
      ))
    let lines = counters.lines + before.values.reduce(0, +)
    tables.append(
      (
        "sources",
        "SELECT source, watermark_at, lines, events, duplicates, refused FROM sources WHERE source = 'app'",
        [
          "app | \(UTC.text(counters.watermark ?? 0)) | \(lines) | \(counters.events) | \(counters.duplicates) | "
            + "\(refused.values.reduce(0, +))"
        ]
      ))
  }
}
