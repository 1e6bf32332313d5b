/// What conditions ask of accounts and what follows from them, side by side in one block an account. Nothing of it is there
/// for a model that has neither conditions nor milestones.
///
/// Every list is as long as the config makes it; a pointer to it is valid as long as the table.
struct CustomerTable: ~Copyable {
  /// What is of fixed size.
  struct Core {
    /// Until this instant the circumstances stay as they are without a record; `.min`: they must be read anew.
    var until: Int64 = .min
    /// A bit for each segment the account belongs to.
    var segments: UInt64 = 0
    /// When the contract began, else when the account was first seen; `.max`: neither. Milliseconds.
    var start: Int64 = .max
    /// Index into the model's phases; -1: none.
    var phase: Int8 = -1
    /// Index into ``TouchModel/names``; -1: none.
    var touch: Int8 = -1
    /// Whether the rows of its milestones must be stored: again, or for the first time.
    var milestonesDirty = true
  }

  struct MilestoneState {
    /// Events so far.
    var count: Int64 = 0
    /// The clock when it was reached; `.max`: it is not.
    var reachedAt: Int64 = .max
  }

  private var blocks: BlockTable
  private let words: Int
  private let milestoneCount: Int
  private let bitsAt: Int
  private let milestonesAt: Int

  init(tests: Int, milestones: Int) {
    words = (tests + 63) / 64
    milestoneCount = milestones
    var layout = BlockLayout()
    _ = layout.room(for: 1, of: Core.self)
    bitsAt = layout.room(for: words, of: UInt64.self)
    let hot = layout.byteCount
    milestonesAt = layout.room(for: milestones, of: MilestoneState.self)
    blocks = BlockTable(byteCount: layout.byteCount, hotByteCount: hot)
  }

  mutating func addAccount() {
    let block = blocks.add()
    block.bindMemory(to: Core.self, capacity: 1).initialize(to: Core())
    (block + bitsAt).bindMemory(to: UInt64.self, capacity: words).initialize(repeating: 0, count: words)
    (block + milestonesAt).bindMemory(to: MilestoneState.self, capacity: milestoneCount)
      .initialize(repeating: MilestoneState(), count: milestoneCount)
  }

  @inline(__always)
  func core(_ account: AccountID) -> UnsafeMutablePointer<Core> {
    blocks.block(account).assumingMemoryBound(to: Core.self)
  }

  /// Asks for what nearly every evaluation reads.
  @inline(__always)
  func prefetch(_ account: AccountID) { blocks.prefetch(account) }

  @inline(__always)
  func milestones(_ account: AccountID) -> UnsafeMutablePointer<MilestoneState> {
    (blocks.block(account) + milestonesAt).assumingMemoryBound(to: MilestoneState.self)
  }

  /// Whether a circumstance's test passed when it was last read.
  @inline(__always)
  func bit(_ account: AccountID, _ index: Int32) -> Bool {
    let words = (blocks.block(account) + bitsAt).assumingMemoryBound(to: UInt64.self)
    return words[Int(index) / 64] & (1 << UInt64(index % 64)) != 0
  }

  /// Notes the result of a test; whether it differs from the one before.
  func set(_ account: AccountID, _ index: Int, _ passes: Bool) -> Bool {
    guard bit(account, Int32(index)) != passes else { return false }
    let words = (blocks.block(account) + bitsAt).assumingMemoryBound(to: UInt64.self)
    words[index / 64] ^= 1 << UInt64(index % 64)
    return true
  }
}
