/// Dense numbers the engine gives to names in the order it first sees them. They are stored with the names and never
/// change meaning within one store.
public typealias AccountID = UInt32
/// See ``AccountID``. Event names are numbered store-wide.
public typealias EventNameID = UInt32
/// See ``AccountID``. Users are numbered store-wide, one number per (account, user) pair; 0 means "no user".
public typealias UserID = UInt32

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
