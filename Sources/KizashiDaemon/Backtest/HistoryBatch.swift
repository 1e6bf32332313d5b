import KizashiCore
import KizashiStore

/// Makes an hour of what is stored into rows an engine applies, in order of time.
struct HistoryBatch {
  private let accounts: NameBlock
  /// By number: what an event is called and which filters it matched when it was read.
  private let events: [(name: [UInt8], filters: [PropertyFilter])]
  private let users: NameBlock
  /// By number: the properties that were added up.
  private let properties: [String]

  init(_ history: StoredHistory) {
    accounts = history.accounts
    events = history.eventNames.ends.indices.map { index in
      let variant = EventVariant(name: history.eventNames.text(UInt32(index)))
      return (Array(variant.event.utf8), variant.filters)
    }
    users = history.users
    properties = history.properties
  }

  /// A line that claims more events is refused; a fact is the sum of many.
  private static let mostEvents: Int64 = 1 << 40

  /// The rows of an hour that lie at or before `limit`. A fact stands at its first instant; of one instant records come
  /// first.
  ///
  /// - Parameter wanted: What the engine asks for. What was read when nobody asked for a filter matches it not, and adds
  ///   nothing to a property nobody added up.
  func batch(_ hour: HistoryHour, through limit: Int64, wanted: WantedProperties) -> EventBatch {
    var batch = EventBatch()
    batch.wanted = wanted
    var amounts = amounts(of: hour, wanted.summed)
    var next = 0
    func addRecords(through instant: Int64) {
      while next < hour.records.count, hour.records[next].at.milliseconds <= min(instant, limit) {
        add(hour.records[next], to: &batch)
        next += 1
      }
    }
    for fact in hour.facts {
      addRecords(through: fact.first)
      if fact.first > limit { break }
      // What an hour's events of a name come to was not kept by users: it stands at the first of them.
      for amount in amounts.removeValue(forKey: UInt64(fact.account) << 32 | UInt64(fact.event)) ?? [] {
        batch.amounts.append(
          EventBatch.Amount(row: batch.rowCount, property: amount.property, micros: amount.micros))
      }
      var left = fact.events
      while left > 0 {
        add(fact, min(left, HistoryBatch.mostEvents), to: &batch)
        left -= HistoryBatch.mostEvents
      }
    }
    addRecords(through: limit)
    return batch
  }

  /// By account and event, with the numbers the engine has for properties.
  private func amounts(of hour: HistoryHour, _ summed: [String]) -> [UInt64: [Amount]] {
    var result: [UInt64: [Amount]] = [:]
    guard !summed.isEmpty else { return result }
    for var amount in hour.amounts {
      guard let property = summed.firstIndex(of: properties[amount.property]) else { continue }
      amount.property = property
      result[UInt64(amount.account) << 32 | UInt64(amount.event), default: []].append(amount)
    }
    return result
  }

  private func add(_ fact: Fact, _ events: Int64, to batch: inout EventBatch) {
    batch.startRow(.usage, at: fact.first, count: events)
    batch.account.append(batch.range(accounts, fact.account))
    batch.user.append(fact.user == 0 ? .absent : batch.range(users, fact.user))
    let event = self.events[Int(fact.event)]
    batch.event.append(TextRange(offset: UInt32(batch.text.count), length: UInt32(event.name.count)))
    batch.text += event.name
    guard !batch.wanted.filters.isEmpty else { return }
    let matches = batch.wanted.filters.indices.reduce(UInt64(0)) { bits, index in
      event.filters.contains(batch.wanted.filters[index]) ? bits | 1 << UInt64(index) : bits
    }
    batch.matches.append(matches)
  }

  private func add(_ stored: StoredRecord, to batch: inout EventBatch) {
    batch.records.append((batch.rowCount, stored.record))
    batch.startRow(.record, at: stored.at.milliseconds, count: stored.count)
    batch.account.append(stored.account.map { batch.range(accounts, $0) } ?? .absent)
    // Whose traits a line tells.
    batch.user.append(batch.range(stored.user))
    batch.event.append(.absent)
    if !batch.wanted.filters.isEmpty { batch.matches.append(0) }
  }
}

extension EventBatch {
  fileprivate mutating func startRow(_ rowKind: RowKind, at instant: Int64, count events: Int64) {
    line.append(UInt32(rowCount))
    kind.append(rowKind.rawValue)
    self.instant.append(instant)
    count.append(events)
    id.append(.absent)
  }

  /// Copies a text that may be absent.
  fileprivate mutating func range(_ name: String?) -> TextRange {
    guard let name else { return .absent }
    let range = TextRange(offset: UInt32(text.count), length: UInt32(name.utf8.count))
    text.append(contentsOf: name.utf8)
    return range
  }

  /// Copies a name into the text.
  fileprivate mutating func range(_ names: NameBlock, _ number: UInt32) -> TextRange {
    let bytes = names.range(of: number)
    defer { text.append(contentsOf: names.bytes[bytes]) }
    return TextRange(offset: UInt32(text.count), length: UInt32(bytes.count))
  }
}

extension NameBlock {
  /// Where the name of a number stands in the bytes; empty where there is no such name.
  fileprivate func range(of number: UInt32) -> Range<Int> {
    guard number >= firstID, Int(number - firstID) < ends.count else { return 0..<0 }
    let index = Int(number - firstID)
    return (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
  }

  /// The name of a number.
  func text(_ number: UInt32) -> String { String(decoding: bytes[range(of: number)], as: UTF8.self) }
}
