/// How an account's events are shared among its users, for `share_top_user` and `effective_users`.
///
/// Of each user the events in the window are kept, of the account their sum (the leaf's total), the sum of their squares and
/// the largest. All three follow each event in a few steps; only where the user with the most has lost some is the largest
/// looked for anew, when it is next read. Counts stay below 2⁶³ (a line stands for 2⁴⁰ events at the most), so that squares
/// and their sum stay below 2¹²⁶ and nothing has to be rounded.
extension UsageState {
  /// What the account's block keeps of one leaf.
  struct Shares {
    /// The sum of the users' squared counts.
    var squares: Int128
    /// The largest of the counts; -1: to be looked for.
    var largest: Int64
    /// How many users have the largest, where that is known; 0: one at least.
    var holders: Int32 = 0
  }

  /// Changes how many events a user has in the window.
  func count(_ user: UserID, by change: Int64, column: Int, _ block: UnsafeMutableRawPointer) {
    let counter = userEvents.pointer(Int(user) * shareColumns + column)
    let (old, new) = (counter.pointee, counter.pointee + change)
    counter.pointee = new
    let shares = shares(block) + column
    shares.pointee.squares += Int128(new) * Int128(new) - Int128(old) * Int128(old)
    shares.pointee.follow(from: old, to: new)
  }

  /// The share of the user with the most events; nil: no user has any.
  func topUserShare(_ account: AccountID, _ leaf: Int) -> Rational? {
    let events = total(account, leaf, .current)
    guard events > 0 else { return nil }
    return Rational(Int128(largest(block(account), leaf)), Int128(events))
  }

  /// 1 / Σ share²: of how many users the use would come if all had an equal share; nil: no user has any.
  func effectiveUsers(_ account: AccountID, _ leaf: Int) -> Rational? {
    let events = Int128(total(account, leaf, .current))
    guard events > 0 else { return nil }
    return Rational(events * events, shares(block(account))[kindIndex[leaf]].squares)
  }

  private func largest(_ block: UnsafeMutableRawPointer, _ leaf: Int) -> Int64 {
    let column = kindIndex[leaf]
    let shares = shares(block) + column
    if shares.pointee.largest >= 0 { return shares.pointee.largest }
    // Whoever has events in the window has an entry in it. Of `any` every entry counts, so that those of the users who have
    // the largest come to so many times the largest.
    let (isAny, header) = (leaves[leaf].feature == .any, header(block).pointee)
    var (largest, ofLargest): (Int64, Int64) = (0, 0)
    let window = windows.indices.first { Int(windows[$0].hours) == leaves[leaf].windowHours } ?? 0
    if let log = header.log {
      for index in Int(cursors(block)[window].current)..<Int(header.count) where log[index].user != 0 {
        let events = userEvents[Int(log[index].user) * shareColumns + column]
        if events > largest { (largest, ofLargest) = (events, 0) }
        if events == largest { ofLargest += Int64(log[index].count) }
      }
    }
    shares.pointee.largest = largest
    shares.pointee.holders = isAny && largest > 0 ? Int32(clamping: ofLargest / largest) : 0
    return largest
  }

  @inline(__always)
  private func shares(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Shares> {
    (block + sharesAt).assumingMemoryBound(to: Shares.self)
  }
}

extension UsageState.Shares {
  /// Keeps the largest right where a user's count goes from `old` to `new`. It is lost where somebody who has it loses more
  /// than one event, or may have been the only one to have it without anybody knowing.
  @inline(__always)
  fileprivate mutating func follow(from old: Int64, to new: Int64) {
    guard largest >= 0 else { return }
    if new > old {
      guard new >= largest else { return }
      holders = new > largest ? 1 : holders == 0 ? 0 : holders + 1
      largest = new
    } else if old == largest {
      switch holders {
      case 2...: holders -= 1
      // All others have one less at the most, and so has this one now.
      case 1 where new == old - 1: (largest, holders) = (new, 0)
      default: (largest, holders) = (-1, 0)
      }
    }
  }
}
