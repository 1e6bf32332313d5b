/// What an engine is restored from. What there is much of is read while it is restored, and never lies in memory as a whole.
public struct Restored: Sendable {
  /// The engine's clock at the last commit.
  public var now: Instant
  /// The earliest instant before it of which deadlines had not fired yet; nil: all had.
  public var leftBehind: Instant?
  /// Names in the order of their numbers, in blocks one after another.
  public var accounts: StoredRows<NameBlock>
  /// Event names in the order of their numbers.
  public var eventNames: NameBlock
  /// Users in the order of their numbers, from 1, each with its account, in blocks one after another.
  public var users: StoredRows<NameBlock>
  /// Facts of the tiles the model's windows can still see, ascending by hour; see ``Model/factHorizonHours``.
  public var facts: StoredRows<Fact>
  /// What the facts' events come to, of the same tiles, ascending by hour; ``Amount/property`` is an index into
  /// ``properties``.
  public var amounts: [Amount]
  /// Properties that are, or once were, added up.
  public var properties: [String]
  /// Lines that were not usage, in log order, without their text. For ``RestoreMode/recompute`` every one; else `group` lines, of which
  /// ``attributes`` and ``userAccounts`` say what they came to, may be left out, and those of `identify` where ``Model/readsTraits`` is false.
  public var records: StoredRows<StoredRecord>
  /// The latest word on each attribute, also of those removed.
  public var attributes: StoredRows<AttributeRow>
  /// The account of each user that a `group` line gave one.
  public var userAccounts: StoredRows<UserAccountRow>
  /// What deduplication still has to remember, by hour.
  public var fingerprints: [FingerprintBlock]
  /// The last committed row of each account.
  public var accountRows: StoredRows<AccountRow>
  /// The last committed row of each source.
  public var sources: [SourceRow]
  /// The last stall of each source that had one, by source.
  public var stalls: [StallRow]
  /// The last episode of each rule and account that had one; for ``RestoreMode/rebase(unchanged:)`` only, because the states in
  /// ``accountRows`` know those of the config they were stored under.
  public var episodes: [LastEpisode]
  /// The highest journal sequence given so far; 0: none.
  public var lastChangeSequence: Int64
  /// The highest record sequence given so far; 0: none.
  public var lastRecordSequence: Int64
  /// Since when each of the model's filters has been looked for; what is not among them always has been.
  public var filterStarts: [FilterStart]
  /// Since when each of the model's properties has been added up; what is not among them always has been.
  public var sumStarts: [SumStart]
  /// A state to go on from; see the properties.
  public init(
    now: Instant, leftBehind: Instant? = nil, accounts: StoredRows<NameBlock>, eventNames: NameBlock,
    users: StoredRows<NameBlock>,
    facts: StoredRows<Fact>,
    amounts: [Amount] = [], properties: [String] = [],
    records: StoredRows<StoredRecord>, attributes: StoredRows<AttributeRow> = StoredRows([]),
    userAccounts: StoredRows<UserAccountRow> = StoredRows([]), fingerprints: [FingerprintBlock],
    accountRows: StoredRows<AccountRow>,
    sources: [SourceRow],
    stalls: [StallRow] = [], episodes: [LastEpisode] = [], lastChangeSequence: Int64, lastRecordSequence: Int64,
    filterStarts: [FilterStart] = [], sumStarts: [SumStart] = []
  ) {
    self.now = now
    self.leftBehind = leftBehind
    self.accounts = accounts
    self.eventNames = eventNames
    self.users = users
    self.facts = facts
    self.amounts = amounts
    self.properties = properties
    self.records = records
    self.attributes = attributes
    self.userAccounts = userAccounts
    self.fingerprints = fingerprints
    self.accountRows = accountRows
    self.sources = sources
    self.stalls = stalls
    self.episodes = episodes
    self.lastChangeSequence = lastChangeSequence
    self.lastRecordSequence = lastRecordSequence
    self.filterStarts = filterStarts
    self.sumStarts = sumStarts
  }
}
