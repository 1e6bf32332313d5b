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
