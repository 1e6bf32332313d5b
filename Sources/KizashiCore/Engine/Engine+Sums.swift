/// Properties that are added up hold from the commit that first named them: what came before was read without them.
extension Engine {
  /// Takes what a row that counts adds to properties. Amounts of rows that did not count are passed by.
  @inline(never)
  mutating func countAmounts(
    _ row: Int, _ batch: borrowing EventBatch, _ account: AccountID, event: EventNameID, hour: Int32
  ) {
    while nextAmount < batch.amounts.count, batch.amounts[nextAmount].row <= row {
      let amount = batch.amounts[nextAmount]
      nextAmount += 1
      guard amount.row == row else { continue }
      pending.amounts.append(
        Amount(hour: hour, account: account, event: event, property: amount.property, micros: amount.micros))
      sums.add(
        account, event: event, property: amount.property, hour: hour, micros: amount.micros,
        clockHour: clockHour(of: account))
      usage.stir(account, .sums)
    }
  }

  /// Takes out what has left the windows by the clock.
  mutating func expireSums(_ account: AccountID) {
    if sums.expire(account, clockHour: now.tile.hour) { usage.stir(account, .sums) }
  }

  /// What a property comes to in a window at the clock; nil: it was not added up through all of it.
  func sum(_ sum: Int, _ account: AccountID, previous: Bool) -> Rational? {
    if let from = sumsHoldFrom[sum], now.milliseconds < (previous ? from.previous : from.current) { return nil }
    return SumState.value(sums.total(account, sum, previous: previous))
  }

  /// The same at an instant of the past.
  func pastSum(_ sum: Int, _ account: AccountID, at past: Moment, previous: Bool) -> Rational? {
    if let from = sumsHoldFrom[sum], past.at.milliseconds < (previous ? from.previous : from.current) { return nil }
    let hours = Int32(compiled.sums[sum].windowHours)
    let start = past.at.tile.hour - hours
    return SumState.value(
      sums.total(account, sum, hours: previous ? start - hours...start - 1 : start...past.lastTile))
  }

  /// Takes stored amounts; `properties`: what their numbers stand for. After the names of events.
  mutating func restoreAmounts(_ amounts: [Amount], of properties: [String]) throws {
    guard !sums.isEmpty else { return }
    let numbers = properties.map { sums.properties.firstIndex(of: $0) }
    for amount in amounts {
      guard Int(amount.account) < scores.count else {
        throw RestoreError.unknownName(what: "account", id: amount.account)
      }
      guard Int(amount.event) < eventNames.count else {
        throw RestoreError.unknownName(what: "event name", id: amount.event)
      }
      guard numbers.indices.contains(amount.property) else {
        throw RestoreError.unknownName(what: "property", id: UInt32(truncatingIfNeeded: amount.property))
      }
      // One that nothing adds up any more.
      guard let property = numbers[amount.property] else { continue }
      sums.add(
        amount.account, event: amount.event, property: property, hour: amount.hour, micros: amount.micros,
        clockHour: clockHour(of: amount.account))
    }
  }
}
