/// Everything that must be stored together: what happened since the last commit.
public struct Commit: Sendable {
  /// The engine's clock; all rows are true as of it.
  public var now = Instant(milliseconds: .min)
  /// The earliest instant before the clock of which deadlines have not fired yet; nil: all have.
  public var leftBehind: Instant?
  /// Accounts seen for the first time.
  public var accounts = NameBlock(firstID: 0)
  /// Event names seen for the first time.
  public var eventNames = NameBlock(firstID: 0)
  /// Users seen for the first time, from 1 because 0 means "no user".
  public var users = NameBlock(firstID: 1)
  /// Unsorted and not yet combined: see ``Facts/combined(_:)``.
  public var facts: [Fact] = []
  /// What their events come to in the properties that are added up, likewise: see ``Amount/combined(_:)``.
  public var amounts: [Amount] = []
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
  /// Rules that began or ceased to flap, in the order of detection.
  public var flaps: [FlapNotice] = []
  /// Attributes set or removed, in log order: the last of one name holds.
  public var attributes: [AttributeRow] = []
  /// Users of sources that now belong to another account than before, in log order: the last of one user holds.
  public var userAccounts: [UserAccountRow] = []
  /// Contracts about which an event said something, in log order: the last of one product holds.
  public var contracts: [ContractRow] = []
  /// All milestones of accounts of which one has moved, ascending by account.
  public var milestones: [MilestoneRow] = []
  /// Sources that delivered something, ascending by number.
  public var sources: [SourceRow] = []
  /// Advances of the clock that no line made, in order.
  public var clockAdvances: [ClockAdvance] = []
  /// Stalls of sources that began or ended, in the order of detection.
  public var stalls: [StallTransition] = []
  /// Nothing to store.
  public init() {}

  /// About how many bytes of memory it takes while it gathers. What is known of accounts joins it only when it is drained.
  var bytes: Int {
    // An array of its own for what explains it, and a text: what a malloc block and a few lines come to.
    let explained = 192
    return facts.count * MemoryLayout<Fact>.stride + amounts.count * MemoryLayout<Amount>.stride
      + scoreHistory.count * MemoryLayout<ScoreHistoryRow>.stride
      + changes.count * (MemoryLayout<Change>.stride + explained)
      + alerts.count * (MemoryLayout<AlertTransition>.stride + explained)
      + records.reduce(0) { $0 + MemoryLayout<StoredRecord>.stride + explained + $1.record.line.utf8.count }
  }

  /// Whether there is nothing to store.
  public var isEmpty: Bool {
    facts.isEmpty && records.isEmpty && accountRows.isEmpty && changes.isEmpty && alerts.isEmpty
      && sources.isEmpty && attributes.isEmpty && accounts.ends.isEmpty && eventNames.ends.isEmpty
      && users.ends.isEmpty && clockAdvances.isEmpty && contracts.isEmpty && milestones.isEmpty && stalls.isEmpty
      && flaps.isEmpty
  }
}
