/// Dense numbers the engine gives to names in the order it first sees them. They are stored with the names and never
/// change meaning within one store.
public typealias AccountID = UInt32
/// See ``AccountID``. Event names are numbered store-wide.
public typealias EventNameID = UInt32
/// See ``AccountID``. Users are numbered store-wide, one number per (account, user) pair; 0 means "no user".
public typealias UserID = UInt32

/// A usage fact, or the growth of one: how many events of one name one user of one account made in one hour.
public struct Fact: Sendable, Hashable {
  /// The tile the events lie in: hours since the epoch, UTC.
  public var hour: Int32
  /// Whose usage it is.
  public var account: AccountID
  /// The name the events share.
  public var event: EventNameID
  /// 0: events without a user.
  public var user: UserID
  /// How many events, ≥ 1: the sum of the lines' `count`.
  public var events: Int64
  /// First instant, milliseconds.
  public var first: Int64
  /// Last instant, milliseconds.
  public var last: Int64

  /// A fact; see the properties.
  @inlinable public init(
    hour: Int32, account: AccountID, event: EventNameID, user: UserID, events: Int64, first: Int64, last: Int64
  ) {
    self.hour = hour
    self.account = account
    self.event = event
    self.user = user
    self.events = events
    self.first = first
    self.last = last
  }
}

/// New names: the `i`-th has number `firstID + i` and the bytes `bytes[ends[i-1]..<ends[i]]`.
public struct NameBlock: Sendable {
  /// The number of the block's first name.
  public var firstID: UInt32
  /// All names one after another, UTF-8, without separators.
  public var bytes: [UInt8] = []
  /// Where each name ends in `bytes`; as many as there are names.
  public var ends: [UInt32] = []
  /// For users: the account each belongs to; empty otherwise.
  public var accounts: [AccountID] = []
  /// An empty block whose first name will be `firstID`.
  public init(firstID: UInt32) { self.firstID = firstID }
}

/// A line that was not usage, as stored.
public struct StoredRecord: Sendable {
  /// Position among all records, from 1, in log order.
  public var sequence: Int64
  /// Index of the source it came from.
  public var source: Int
  /// When it happened, as the line says.
  public var at: Instant
  /// Nil: the line named no account (`identify`).
  public var account: AccountID?
  /// Text, not a `UserID`: a record is not usage and makes no user.
  public var user: String?
  /// The dedup key as sent; nil: the line had none.
  public var id: String?
  /// What the line says.
  public var record: Record
  /// A record as stored; see the properties.
  public init(
    sequence: Int64, source: Int, at: Instant, account: AccountID?, user: String?, id: String?, record: Record
  ) {
    self.sequence = sequence
    self.source = source
    self.at = at
    self.account = account
    self.user = user
    self.id = id
    self.record = record
  }
}

/// Fingerprints of the ids accepted since the last commit whose events lie in one hour.
public struct FingerprintBlock: Sendable {
  /// The tile of the events: hours since the epoch, UTC.
  public var hour: Int32
  /// Opaque; restored as is.
  public var bytes: [UInt8]
  /// A block of one hour's fingerprints; see the properties.
  public init(hour: Int32, bytes: [UInt8]) {
    self.hour = hour
    self.bytes = bytes
  }
}

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
  /// The engine's clock at the last evaluation; nil before the first.
  public var scoredAt: Instant?
  /// The config version the row was computed under.
  public var configVersion: Int
  /// The engine's own state of the account, opaque; restored as is.
  public var state: [UInt8]
  /// An account's row; see the properties.
  public init(
    account: AccountID, firstSeen: Int64?, lastSeen: Int64?, score: Int?, computedScore: Int?, band: String?,
    coverage: Double?, scoredAt: Instant?, configVersion: Int, state: [UInt8]
  ) {
    self.account = account
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.score = score
    self.computedScore = computedScore
    self.band = band
    self.coverage = coverage
    self.scoredAt = scoredAt
    self.configVersion = configVersion
    self.state = state
  }
}

/// A measure of an account as of the account's last evaluation.
public struct MeasureRow: Sendable {
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
  /// The engine's clock at that evaluation.
  public var at: Instant
  /// A measure's row; see the properties.
  public init(
    account: AccountID, measure: Int, value: Double?, grade: Int?, share: Double, points: Double, missing: Bool,
    at: Instant
  ) {
    self.account = account
    self.measure = measure
    self.value = value
    self.grade = grade
    self.share = share
    self.points = points
    self.missing = missing
    self.at = at
  }
}

/// The last score of an account's local day.
public struct ScoreHistoryRow: Sendable {
  /// The account scored.
  public var account: AccountID
  /// The day in the business time zone; one row per account and day.
  public var day: LocalDay
  /// When that score came about.
  public var at: Instant
  /// Hundredths; nil: no score.
  public var score: Int?
  /// The band in force with that score, `unknown` included.
  public var band: String
  /// The config version the score was computed under.
  public var configVersion: Int
  /// A day's last score; see the properties.
  public init(account: AccountID, day: LocalDay, at: Instant, score: Int?, band: String, configVersion: Int) {
    self.account = account
    self.day = day
    self.at = at
    self.score = score
    self.band = band
    self.configVersion = configVersion
  }
}

/// Why a measure, and so a score, moved.
public enum Cause: UInt8, Sendable, CaseIterable {
  case event = 0
  case expiry
  case silence
  case decay
  case late
  case attribute
  case survey
  case phase
  case config
  case reweighted
  case mixed
  /// The name users see: `expiry` …
  public var name: String { String(describing: self) }
}

/// One line of an explained change.
public struct ExplanationLine: Sendable, Equatable {
  /// Stands for a measure where another config moved the score.
  public static let configuration = -3
  /// Index into the model's measures; -1: a cap, -2: an override, -3: ``configuration``.
  public var measure: Int
  /// Hundredths of a point; the lines of a change add up exactly to its delta.
  public var points: Int
  /// The measure's value at the last entry; nil: missing.
  public var from: Rational?
  /// The value now; nil: missing.
  public var to: Rational?
  /// Why the measure moved.
  public var cause: Cause
  /// A line of an explanation; see the properties.
  public init(measure: Int, points: Int, from: Rational?, to: Rational?, cause: Cause) {
    self.measure = measure
    self.points = points
    self.from = from
    self.to = to
    self.cause = cause
  }
}

/// A journal entry.
public struct Change: Sendable, Equatable {
  /// What sort of thing changed.
  public enum Kind: UInt8, Sendable {
    case score = 0
    case band
    case rule
    case phase
    case milestone
    case attribute
    case override
    case config
    /// The name users see: `milestone` …
    public var name: String { String(describing: self) }
  }
  /// From 1, in the order of detection.
  public var sequence: Int64
  /// The account that changed.
  public var account: AccountID
  /// The engine's clock when it changed.
  public var at: Instant
  /// What sort of thing changed; decides what `subject`, `from` and `to` say.
  public var kind: Kind
  /// What changed: the rule or attribute name; empty for score and band.
  public var subject: String
  /// The state before, as text (points, a band, a rule's state); nil: none.
  public var from: String?
  /// The state after, as `from`; nil: none.
  public var to: String?
  /// Hundredths; nil from or to no score.
  public var delta: Int?
  /// The cause all lines share, else `mixed`; without lines, what set the evaluation off.
  public var cause: Cause
  /// Largest first.
  public var because: [ExplanationLine]
  /// A journal entry; see the properties.
  public init(
    sequence: Int64, account: AccountID, at: Instant, kind: Kind, subject: String, from: String?, to: String?,
    delta: Int?, cause: Cause, because: [ExplanationLine]
  ) {
    self.sequence = sequence
    self.account = account
    self.at = at
    self.kind = kind
    self.subject = subject
    self.from = from
    self.to = to
    self.delta = delta
    self.cause = cause
    self.because = because
  }
}

/// One opening or resolution of an episode.
public struct AlertTransition: Sendable {
  /// Which end of the episode this is.
  public enum State: UInt8, Sendable {
    case firing = 0
    case resolved
    /// The name users see: `firing` or `resolved`.
    public var name: String { String(describing: self) }
  }
  /// The account the episode is about.
  public var account: AccountID
  /// Index into the model's rules; nil where the rule is gone from the config and its episode is closed.
  public var rule: Int?
  /// The rule's name, there even where `rule` is nil.
  public var ruleName: String
  /// From 1 for the (rule, account) pair.
  public var episode: Int
  /// Whether the episode opens or ends.
  public var state: State
  /// The engine's clock at the transition.
  public var at: Instant
  /// One sentence: why it opened or resolved.
  public var reason: String
  /// The score at the last journal entry, hundredths; nil: none.
  public var scoreFrom: Int?
  /// The score now, hundredths; nil: none.
  public var scoreTo: Int?
  /// The account's band at the transition.
  public var band: String
  /// 0…1, for display.
  public var coverage: Double
  /// How the score came from `scoreFrom` to `scoreTo`, largest first; empty where either is nil.
  public var because: [ExplanationLine]
  /// An episode's transition; see the properties.
  public init(
    account: AccountID, rule: Int?, ruleName: String, episode: Int, state: State, at: Instant, reason: String,
    scoreFrom: Int?, scoreTo: Int?, band: String, coverage: Double, because: [ExplanationLine]
  ) {
    self.account = account
    self.rule = rule
    self.ruleName = ruleName
    self.episode = episode
    self.state = state
    self.at = at
    self.reason = reason
    self.scoreFrom = scoreFrom
    self.scoreTo = scoreTo
    self.band = band
    self.coverage = coverage
    self.because = because
  }
}

/// An account attribute after the commit; `value` nil: removed.
public struct AttributeRow: Sendable {
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

/// What the engine knows of a source after the commit.
public struct SourceRow: Sendable {
  /// Index of the source among those registered with the engine.
  public var source: Int
  /// Highest accepted event time; nil: none yet.
  public var watermark: Instant?
  /// Totals since the store was made.
  public var lines: Int64 = 0
  /// Events accepted (usage and records), by the lines' `count`.
  public var events: Int64 = 0
  /// Rows dropped because their id had been accepted before.
  public var duplicates: Int64 = 0
  /// Rows understood and of no interest (`alias` and the like).
  public var ignored: Int64 = 0
  /// Lines that carried no id, or lay beyond the dedup horizon: counted without dedup.
  public var undeduplicated: Int64 = 0
  /// By `RefusalReason` raw value.
  public var refused: [Int64] = Array(repeating: 0, count: RefusalReason.allCases.count + 1)
  /// A source that has delivered nothing yet.
  public init(source: Int) { self.source = source }
}

/// A line the engine (or the decoder before it) refused, to be quarantined by whoever holds the bytes.
public struct Refusal: Sendable {
  /// Index into the batch's ``EventBatch/lines``.
  public var line: Int
  /// Why it was refused.
  public var reason: RefusalReason
  /// A refusal; see the properties.
  public init(line: Int, reason: RefusalReason) {
    self.line = line
    self.reason = reason
  }
}

/// Everything that must be stored together: what happened since the last commit.
public struct Commit: Sendable {
  /// The engine's clock; all rows are true as of it.
  public var now = Instant(milliseconds: .min)
  /// Accounts seen for the first time.
  public var accounts = NameBlock(firstID: 0)
  /// Event names seen for the first time.
  public var eventNames = NameBlock(firstID: 0)
  /// Users seen for the first time, from 1 because 0 means "no user".
  public var users = NameBlock(firstID: 1)
  /// Unsorted and not yet combined: see ``Facts/combined(_:)``.
  public var facts: [Fact] = []
  /// Lines that were not usage, in log order.
  public var records: [StoredRecord] = []
  /// What deduplication must remember of the ids accepted, by hour.
  public var fingerprints: [FingerprintBlock] = []
  /// Hours whose fingerprints are no longer needed lie below this.
  public var fingerprintsFrom: Int32 = .min
  /// Accounts that changed, ascending by number.
  public var accountRows: [AccountRow] = []
  /// All measures of the accounts that changed and have been evaluated.
  public var measureRows: [MeasureRow] = []
  /// Days whose last score is new or changed: replaces the stored row of the same account and day.
  public var scoreHistory: [ScoreHistoryRow] = []
  /// Journal entries, in the order of detection.
  public var changes: [Change] = []
  /// Episodes opened and resolved, in the order of detection.
  public var alerts: [AlertTransition] = []
  /// Attributes set or removed, in log order: the last of one name holds.
  public var attributes: [AttributeRow] = []
  /// Sources that delivered something, ascending by number.
  public var sources: [SourceRow] = []
  /// Nothing to store.
  public init() {}

  /// Whether there is nothing to store.
  public var isEmpty: Bool {
    facts.isEmpty && records.isEmpty && accountRows.isEmpty && changes.isEmpty && alerts.isEmpty
      && sources.isEmpty && attributes.isEmpty && accounts.ends.isEmpty && eventNames.ends.isEmpty
      && users.ends.isEmpty
  }
}

/// Operations on lists of facts.
public enum Facts {
  /// Sorted by (hour, account, event, user), one fact per key: the order the store is clustered by.
  public static func combined(_ facts: consuming [Fact]) -> [Fact] {
    facts.sort { a, b in
      if a.hour != b.hour { return a.hour < b.hour }
      if a.account != b.account { return a.account < b.account }
      if a.event != b.event { return a.event < b.event }
      return a.user < b.user
    }
    var result = 0
    for index in facts.indices.dropFirst() {
      let f = facts[index]
      let r = facts[result]
      if f.hour == r.hour && f.account == r.account && f.event == r.event && f.user == r.user {
        facts[result].events += f.events
        facts[result].first = min(r.first, f.first)
        facts[result].last = max(r.last, f.last)
      } else {
        result += 1
        facts[result] = f
      }
    }
    if !facts.isEmpty { facts.removeSubrange((result + 1)...) }
    return facts
  }
}
