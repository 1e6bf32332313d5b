/// What an engine is restored from. The daemon reads it from the store and hands it over piece by piece, in this order:
/// names, calendar-independent facts, records, fingerprints, account states, sources, clock.
public struct Restored: Sendable {
  public var now: Instant
  /// Names in the order of their numbers.
  public var accounts: NameBlock
  public var eventNames: NameBlock
  public var users: NameBlock
  /// Facts of the tiles the model's windows can still see, ascending by hour; see ``Model/factHorizonHours``.
  public var facts: [Fact]
  public var records: [StoredRecord]
  public var fingerprints: [FingerprintBlock]
  public var accountRows: [AccountRow]
  public var sources: [SourceRow]
  /// The highest numbers given so far.
  public var lastChangeSequence: Int64
  public var lastRecordSequence: Int64
  public init(
    now: Instant, accounts: NameBlock, eventNames: NameBlock, users: NameBlock, facts: [Fact],
    records: [StoredRecord], fingerprints: [FingerprintBlock], accountRows: [AccountRow], sources: [SourceRow],
    lastChangeSequence: Int64, lastRecordSequence: Int64
  ) {
    self.now = now
    self.accounts = accounts
    self.eventNames = eventNames
    self.users = users
    self.facts = facts
    self.records = records
    self.fingerprints = fingerprints
    self.accountRows = accountRows
    self.sources = sources
    self.lastChangeSequence = lastChangeSequence
    self.lastRecordSequence = lastRecordSequence
  }
}
