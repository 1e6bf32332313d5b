/// An account as it stands after the commit.
public struct AccountRow: Sendable {
  /// The account the row is about.
  public var account: AccountID
  /// Milliseconds; nil without usage.
  public var firstSeen: Int64?
  /// Instant of the latest usage, milliseconds; nil without usage.
  public var lastSeen: Int64?
  /// The effective score in hundredths; nil: none.
  public var score: Int?
  /// The score before any override, hundredths; nil: none.
  public var computedScore: Int?
  /// Band name; nil before the first evaluation.
  public var band: String?
  /// 0…1, for display.
  public var coverage: Double?
  /// Nil: none.
  public var phase: String?
  /// `high`, `low` or `tech`; nil: none.
  public var touch: String?
  /// The engine's clock at the last evaluation; nil before the first.
  public var scoredAt: Instant?
  /// Since when the score is what it is: the instant of the newest row of history; nil: it has none.
  public var scoreSince: Instant?
  /// The config version the row was computed under.
  public var configVersion: Int
  /// The engine's own state of the account, opaque; restored as is.
  public var state: [UInt8]
  /// An account's row; see the properties.
  public init(
    account: AccountID, firstSeen: Int64?, lastSeen: Int64?, score: Int?, computedScore: Int?, band: String?,
    coverage: Double?, phase: String? = nil, touch: String? = nil, scoredAt: Instant?,
    scoreSince: Instant? = nil, configVersion: Int, state: [UInt8]
  ) {
    self.phase = phase
    self.touch = touch
    self.account = account
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.score = score
    self.computedScore = computedScore
    self.band = band
    self.coverage = coverage
    self.scoredAt = scoredAt
    self.scoreSince = scoreSince
    self.configVersion = configVersion
    self.state = state
  }
}

/// A measure of an account, as of the account's last evaluation, that may be another than the one stored.
public struct MeasureRow: Sendable, Equatable {
  /// The account measured.
  public var account: AccountID
  /// Index into the model's measures.
  public var measure: Int
  /// For display; nil: missing.
  public var value: Double?
  /// Hundredths; nil: excluded.
  public var grade: Int?
  /// Effective share of the score, 0…1, for display.
  public var share: Double
  /// share × grade, in points 0…100, for display.
  public var points: Double
  /// Whether the metric had no value, whatever the measure's missing mode made of that.
  public var missing: Bool
  /// A measure's row; see the properties.
  public init(
    account: AccountID, measure: Int, value: Double?, grade: Int?, share: Double, points: Double, missing: Bool
  ) {
    self.account = account
    self.measure = measure
    self.value = value
    self.grade = grade
    self.share = share
    self.points = points
    self.missing = missing
  }
}

/// The last score of an account's local day, computed under the commit's config version.
public struct ScoreHistoryRow: Sendable {
  /// The account scored.
  public var account: AccountID
  /// The day in the business time zone; one row per account and day.
  public var day: LocalDay
  /// When that score came about.
  public var at: Instant
  /// Hundredths; nil: no score.
  public var score: Int? { hundredths < 0 ? nil : Int(hundredths) }
  /// The band in force with that score: index into the model's bands; their count: `unknown`.
  public var band: Int { Int(bandIndex) }
  // Narrow, because a backfill has a row for nearly each account and day.
  private var hundredths: Int32
  private var bandIndex: Int32
  /// A day's last score; see the properties.
  public init(account: AccountID, day: LocalDay, at: Instant, score: Int?, band: Int) {
    self.account = account
    self.day = day
    self.at = at
    hundredths = Int32(score ?? -1)
    bandIndex = Int32(band)
  }
}

/// An account attribute after the commit; `value` nil: removed.
public struct AttributeRow: Sendable, Equatable {
  /// The account that has the attribute.
  public var account: AccountID
  /// The trait's name as sent.
  public var name: String
  /// The value in force; nil: removed.
  public var value: Scalar?
  /// Instant of the line that set or removed it.
  public var updatedAt: Instant
  /// An attribute's row; see the properties.
  public init(account: AccountID, name: String, value: Scalar?, updatedAt: Instant) {
    self.account = account
    self.name = name
    self.value = value
    self.updatedAt = updatedAt
  }
}

/// Which account a source's user belongs to where a line names none: what the last `group` line about the user said.
public struct UserAccountRow: Sendable, Equatable {
  /// Number of the source.
  public var source: Int
  /// The user as sent.
  public var user: String
  /// The user's account.
  public var account: AccountID
  /// A user's row; see the properties.
  public init(source: Int, user: String, account: AccountID) {
    self.source = source
    self.user = user
    self.account = account
  }
}

/// A contract as its events leave it.
public struct ContractRow: Sendable, Equatable {
  /// The account under contract.
  public var account: AccountID
  /// What the events come to.
  public var contract: Contract
  /// A contract's row; see the properties.
  public init(account: AccountID, contract: Contract) {
    self.account = account
    self.contract = contract
  }
}

/// A milestone of an account after the commit.
public struct MilestoneRow: Sendable, Equatable {
  /// The account on its way to it.
  public var account: AccountID
  /// Index into the model's milestones.
  public var milestone: Int
  /// The engine's clock when it was reached; nil: it is not.
  public var reachedAt: Instant?
  /// Nil: never due.
  public var dueAt: Instant?
  /// Events so far; of a milestone that a metric reaches: 0.
  public var count: Int64
  /// A milestone's row; see the properties.
  public init(account: AccountID, milestone: Int, reachedAt: Instant?, dueAt: Instant?, count: Int64) {
    self.account = account
    self.milestone = milestone
    self.reachedAt = reachedAt
    self.dueAt = dueAt
    self.count = count
  }
}
