/// Which account a user without one belongs to: what accepted `group` records said, by source and user, the last one last.
///
/// Kept here and not by a decoder, because only what was accepted may teach: a line that was refused leaves nothing behind
/// that a restart would not find again.
struct UserAccounts: ~Copyable {
  /// Users, each of its source.
  private var users: NameTable
  /// By the user's number.
  private var accounts: ContiguousArray<AccountID> = []

  init(seed: UInt64) { users = NameTable(firstID: 0, owned: true, seed: seed) }

  /// The account of a source's user; nil: no record has named one.
  func account(of user: UnsafeRawBufferPointer, source: Int) -> AccountID? {
    guard user.count > 0 else { return nil }
    return users.find(user, owner: UInt32(source)).id.map { accounts[Int($0)] }
  }

  /// All of them, ascending by source and user.
  func rows() -> [UserAccountRow] {
    accounts.indices.map { index in
      UserAccountRow(
        source: Int(users.owner(UInt32(index))), user: users.name(UInt32(index)), account: accounts[index])
    }.sorted { ($0.source, $0.user) < ($1.source, $1.user) }
  }

  /// Gives a user an account; whether that is another than before.
  @discardableResult
  mutating func give(_ user: UnsafeRawBufferPointer, source: Int, _ account: AccountID) -> Bool {
    guard user.count > 0 else { return false }
    let (known, hash) = users.find(user, owner: UInt32(source))
    if let known {
      guard accounts[Int(known)] != account else { return false }
      accounts[Int(known)] = account
    } else {
      _ = users.insert(user, owner: UInt32(source), hash: hash)
      accounts.append(account)
    }
    return true
  }
}
