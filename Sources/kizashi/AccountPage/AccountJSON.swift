import KizashiCore
import KizashiStore

/// One account as a JSON object; names are those of the views.
enum AccountJSON {
  static func value(_ detail: AccountDetail) -> Value {
    guard case .object(var fields) = AccountListing.listing.object(detail.summary) else { return .null }
    fields += [
      .init("band_since", time(detail.bandSince)),
      .init(
        "alerts", .list(detail.alerts.map { AlertListing.listing.object($0) })),
      .init("changes", .list(detail.changes.map { ChangeListing.listing.object($0) })),
      .init("measures", .list(detail.measures.map(measure))),
      .init("window", .text(Wording.window(hours: detail.usage.windowHours))),
      .init("features", .list(detail.usage.features.map(feature))),
      .init("user_count", Value(detail.usage.userCount)),
      .init("users", .list(detail.usage.users.map(user))),
      .init("usage_daily", .list(detail.usage.days.map(day))),
      .init("score_history", .list(detail.scoreHistory.map(score))),
      .init("milestones", .list(detail.milestones.map(milestone))),
      .init("contracts", .list(detail.contracts.map(contract))),
      .init("notes", .list(detail.notes.map(note))),
      .init("attributes", .object(detail.attributes.map { .init($0.name, Value($0.value)) })),
    ]
    return .object(fields)
  }

  private static func time(_ instant: Instant?) -> Value { Value(instant.map(InstantText.text)) }

  private static func milestone(_ row: AccountMilestone) -> Value {
    .object([
      .init("milestone", .text(row.milestone)), .init("reached_at", time(row.reached)), .init("due_at", time(row.due)),
      .init("count", .integer(row.count)),
    ])
  }

  private static func contract(_ row: AccountContract) -> Value {
    .object([
      .init("product", .text(row.product)), .init("state", .text(row.state)),
      .init("mrr", Value(row.mrr.map(Int.init))), .init("currency", Value(row.currency)),
      .init("started_at", time(row.started)), .init("term_end", Value(row.termEnd)), .init("reason", Value(row.reason)),
    ])
  }

  private static func note(_ row: AccountNote) -> Value {
    .object([
      .init("at", time(row.at)), .init("event", .text(row.event)), .init("kind", Value(row.kind)),
      .init("value", Value(row.value)), .init("until", Value(row.until)), .init("by", Value(row.by)),
      .init("note", Value(row.note)),
    ])
  }

  private static func measure(_ row: MeasureState) -> Value {
    .object([
      .init("measure", .text(row.measure)), .init("dimension", Value(row.dimension)),
      .init("value", Value(row.value)), .init("grade", Value(row.grade)), .init("share", .decimal(row.share)),
      .init("points", .decimal(row.points)), .init("missing", .bool(row.missing)), .init("at", time(row.at)),
    ])
  }

  private static func feature(_ row: AccountUsage.FeatureUse) -> Value {
    .object([
      .init("feature", .text(row.feature)), .init("events", Value(row.current(\.events))),
      .init("users", Value(row.current(\.users))), .init("active_days", Value(row.current(\.activeDays))),
      .init("previous_events", Value(row.previous(\.previousEvents))),
      .init("previous_users", Value(row.previous(\.previousUsers))),
      .init("previous_active_days", Value(row.previous(\.previousActiveDays))),
      .init("first_seen_at", time(row.firstSeen)), .init("last_seen_at", time(row.lastSeen)),
    ])
  }

  private static func user(_ row: AccountUsage.UserUse) -> Value {
    .object([
      .init("user", .text(row.user)), .init("events", .integer(row.events)),
      .init("active_days", .integer(row.activeDays)), .init("previous_events", .integer(row.previousEvents)),
      .init("first_seen_at", time(row.firstSeen)), .init("last_seen_at", time(row.lastSeen)),
    ])
  }

  private static func day(_ row: AccountUsage.DayUse) -> Value {
    .object([
      .init("day", .text(InstantText.text(InstantText.civil(days: Int64(row.day.number))))),
      .init("events", .integer(row.events)), .init("users", .integer(row.users)),
    ])
  }

  private static func score(_ row: ScoreDay) -> Value {
    .object([
      .init("day", .text(row.day)), .init("at", time(row.at)), .init("score", Value(row.score)),
      .init("band", .text(row.band)), .init("config_version", Value(row.configVersion)),
    ])
  }
}
