/// Features with `where` hold from the commit that first named their filters: what came before was read without them.
extension Engine {
  /// What of properties batches must carry.
  public var wanted: WantedProperties { WantedProperties(filters: variants.filters, summed: sums.properties) }

  /// The number under which an event that matched filters is counted.
  @inline(never)
  mutating func variant(of event: EventNameID, matched: UInt64) -> EventNameID {
    if let known = variants.number(of: event, matched: matched) { return known }
    let variant = EventVariant(event: eventNames.name(event), filters: variants.filters(matched))
    var name = variant.name
    let number = name.withUTF8 { bytes in
      let bytes = UnsafeRawBufferPointer(bytes)
      return eventNames.insert(bytes, hash: eventNames.find(bytes).hash)
    }
    addEventName(variant, of: event)
    return number
  }

  /// Takes stored names in the order of their numbers: an event comes before what of it matched filters.
  mutating func addStoredEventNames() {
    for index in 0..<eventNames.count {
      let variant = EventVariant(name: eventNames.name(EventNameID(index)))
      var event = variant.event
      let found = variant.filters.isEmpty ? nil : event.withUTF8 { eventNames.find(UnsafeRawBufferPointer($0)).id }
      let number = found ?? EventNameID(index)
      addEventName(variant, of: number)
    }
  }

  /// Makes room for the next event name everywhere (its number is the count so far).
  ///
  /// - Parameter base: The number of the name without filters.
  mutating func addEventName(_ variant: EventVariant, of base: EventNameID) {
    usage.addEventName(variant, of: base)
    if !sums.isEmpty { sums.addEventName(usage.features) }
    variants.add(variant, of: base)
    addEventToMilestones(variant.event)
    shifts.addEventName(usage.features)
  }

  /// Notes since when each filter has been looked for and each property added up; what is not among them always has been.
  mutating func setStarts(_ filters: [FilterStart], _ properties: [SumStart]) {
    func since(_ feature: FeatureReference) -> Instant? {
      let asked = compiled.model.filters(of: feature)
      return filters.filter { asked.contains($0.filter) }.map(\.since).max()
    }
    for leaf in compiled.filteredLeaves {
      holdsFrom[leaf] = HoldsFrom(since(compiled.leaves[leaf].feature), windowHours: compiled.leaves[leaf].windowHours)
    }
    for (index, sum) in compiled.sums.enumerated() {
      let starts = [since(sum.feature), properties.first { $0.property == sum.property }?.since]
      sumsHoldFrom[index] = HoldsFrom(starts.compactMap { $0 }.max(), windowHours: sum.windowHours)
    }
    let all = Array(holdsFrom.values) + Array(sumsHoldFrom.values)
    firstHolding = Set(all.flatMap { [$0.current, $0.previous] }).sorted()
  }

  /// Whether a leaf's total is of a window through all of which its filters were looked for.
  @inline(__always)
  func holds(_ leaf: Int, previous: Bool = false) -> Bool {
    guard !holdsFrom.isEmpty, let from = holdsFrom[leaf] else { return true }
    return now.milliseconds >= (previous ? from.previous : from.current)
  }

  /// From when on the totals of a leaf hold, milliseconds.
  struct HoldsFrom {
    var current: Int64
    var previous: Int64

    /// Nil: always. `since`: nil and `.min` are before the first event.
    init?(_ since: Instant?, windowHours: Int) {
      guard let since, since.milliseconds != .min else { return nil }
      let length = Int64(windowHours) * Tile.length
      current = since.advanced(by: length).milliseconds
      previous = since.advanced(by: 2 * length).milliseconds
    }
  }
}

/// Since when a filter has been looked for in the properties of events.
public struct FilterStart: Sendable, Equatable {
  /// What is looked for.
  public var filter: PropertyFilter
  /// The engine's clock when a config first named it; `.min`: before the first event.
  public var since: Instant
  /// A filter and its start.
  public init(filter: PropertyFilter, since: Instant) {
    self.filter = filter
    self.since = since
  }
}
