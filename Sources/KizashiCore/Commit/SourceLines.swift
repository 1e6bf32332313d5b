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
  /// How many events the line stands for.
  public var count: Int64
  /// What the line says.
  public var record: Record
  /// A record as stored; see the properties.
  public init(
    sequence: Int64, source: Int, at: Instant, account: AccountID?, user: String?, id: String?, count: Int64 = 1,
    record: Record
  ) {
    self.sequence = sequence
    self.source = source
    self.at = at
    self.account = account
    self.user = user
    self.id = id
    self.count = count
    self.record = record
  }
}

/// The clock was moved by something other than a line: the wall clock, or the end of a replay.
///
/// Together with the lines, the config and the commands this log determines everything stored: the same lines with
/// ``Engine/settle(at:)`` called at the same places give the same rows. Two advances without a line between them are one.
public struct ClockAdvance: Sendable, Equatable {
  /// Lines of all sources that had been applied before it, since the store was made.
  public var lines: Int64
  /// What the clock showed after it.
  public var to: Instant
  /// An advance; see the properties.
  public init(lines: Int64, to: Instant) {
    self.lines = lines
    self.to = to
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
