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
  /// How many events: the sum of the lines' `count`. 0: they have expired, see `store.retention`.
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

extension Fact {
  fileprivate func hasKey(of other: Fact) -> Bool {
    hour == other.hour && account == other.account && event == other.event && user == other.user
  }

  fileprivate func precedes(_ other: Fact) -> Bool {
    if hour != other.hour { return hour < other.hour }
    if account != other.account { return account < other.account }
    if event != other.event { return event < other.event }
    return user < other.user
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

/// Operations on lists of facts.
public enum Facts {
  /// Sorted by (hour, account, event, user), one fact per key: the order the store is clustered by.
  public static func combined(_ facts: [Fact]) -> [Fact] {
    var combined: [Fact] = []
    combined.reserveCapacity(facts.count)
    for place in order(facts) {
      let fact = facts[place]
      let last = combined.count - 1
      if last >= 0, combined[last].hasKey(of: fact) {
        combined[last].events += fact.events
        combined[last].first = min(combined[last].first, fact.first)
        combined[last].last = max(combined[last].last, fact.last)
      } else {
        combined.append(fact)
      }
    }
    return combined
  }

  /// The places of facts in the order of their keys, each as one number of as many bits as these facts need.
  private static func order(_ facts: [Fact]) -> [Int] {
    guard let first = facts.first else { return [] }
    var (oldest, newest) = (first.hour, first.hour)
    var (account, event, user) = (AccountID(0), EventNameID(0), UserID(0))
    for fact in facts {
      oldest = min(oldest, fact.hour)
      newest = max(newest, fact.hour)
      account = max(account, fact.account)
      event = max(event, fact.event)
      user = max(user, fact.user)
    }
    let userBits = user.bitWidth - user.leadingZeroBitCount
    let eventBits = userBits + event.bitWidth - event.leadingZeroBitCount
    let accountBits = eventBits + account.bitWidth - account.leadingZeroBitCount
    let hours = UInt64(Int64(newest) - Int64(oldest))
    guard accountBits + hours.bitWidth - hours.leadingZeroBitCount <= 64 else {
      return facts.indices.sorted { facts[$0].precedes(facts[$1]) }
    }
    return RadixOrder.places(
      of: facts.map {
        UInt64(Int64($0.hour) - Int64(oldest)) << accountBits | UInt64($0.account) << eventBits
          | UInt64($0.event) << userBits | UInt64($0.user)
      })
  }
}
