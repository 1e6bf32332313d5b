/// What the usage events of one name that an account made in one hour come to in a property: a fact beside the ``Fact``s.
public struct Amount: Sendable, Hashable {
  /// The tile the events lie in: hours since the epoch, UTC.
  public var hour: Int32
  /// Whose events they are.
  public var account: AccountID
  /// The name the events share.
  public var event: EventNameID
  /// Index into the model's ``Model/summed``, or into what comes with it (``Restored/properties``).
  public var property: Int
  /// Millionths. A line adds what fits 64 bits, so that no number of lines leaves 128.
  public var micros: Int128

  /// An amount; see the properties.
  public init(hour: Int32, account: AccountID, event: EventNameID, property: Int, micros: Int128) {
    self.hour = hour
    self.account = account
    self.event = event
    self.property = property
    self.micros = micros
  }

  /// Sorted by (hour, account, event, property), one amount per key: the order the store is clustered by.
  public static func combined(_ amounts: consuming [Amount]) -> [Amount] {
    amounts.sort { a, b in
      if a.hour != b.hour { return a.hour < b.hour }
      if a.account != b.account { return a.account < b.account }
      return a.event != b.event ? a.event < b.event : a.property < b.property
    }
    var result: [Amount] = []
    result.reserveCapacity(amounts.count)
    for amount in amounts {
      if let last = result.last, last.hour == amount.hour, last.account == amount.account, last.event == amount.event,
        last.property == amount.property
      {
        result[result.count - 1].micros += amount.micros
      } else {
        result.append(amount)
      }
    }
    return result
  }
}

/// Since when a property of events has been added up.
public struct SumStart: Sendable, Equatable {
  /// A member of the properties of events.
  public var property: String
  /// The engine's clock when a config first named it; `.min`: before the first event.
  public var since: Instant
  /// A property and its start.
  public init(property: String, since: Instant) {
    self.property = property
    self.since = since
  }
}
