/// How the state of an account's rules is stored: nothing of a rule that stands as at the beginning, which most do of most
/// accounts, and of the others what is different. By the rules' keys, so that another config finds those it still has.
extension Engine {
  /// The fields of a state, a bit each, in the order in which they are written.
  private struct Fields: OptionSet {
    let rawValue: UInt64
    static let phase = Fields(rawValue: 1 << 0)
    static let inhibited = Fields(rawValue: 1 << 1)
    static let enteredBand = Fields(rawValue: 1 << 2)
    static let openedBand = Fields(rawValue: 1 << 3)
    static let since = Fields(rawValue: 1 << 4)
    static let clearSince = Fields(rawValue: 1 << 5)
    static let shutUntil = Fields(rawValue: 1 << 6)
    static let episode = Fields(rawValue: 1 << 7)
    static let eventsSince = Fields(rawValue: 1 << 8)
    static let openedAt = Fields(rawValue: 1 << 9)
    static let markedAt = Fields(rawValue: 1 << 10)
    static let drop = Fields(rawValue: 1 << 11)
    static let openedByLine = Fields(rawValue: 1 << 12)
  }

  func encodeRules(_ account: AccountID, _ out: inout ByteWriter) {
    let scoredAt = scores.core(account).pointee.scoredAt
    let states = scores.rules(account)
    let fast = compiled.fastRules
    for index in fast.indices {
      let rule = fast.pointer(index)
      var entries: ArraySlice<DropHistory.Entry> = []
      if rule.pointee.kind == .drop {
        // Whether what was too old has been dropped yet depends on when somebody looked.
        entries = drops[Int(account) * compiled.dropCount + rule.pointee.history]
          .entries(at: scoredAt, within: rule.pointee.within)
      }
      Self.encode(states[index], entries, key: rule.pointee.key, &out)
    }
    // No key: the end.
    out.write(unsigned: 0)
  }

  private static func encode(
    _ state: RuleState, _ entries: ArraySlice<DropHistory.Entry>, key: UInt64, _ out: inout ByteWriter
  ) {
    let none = RuleState()
    var fields: Fields = []
    if state.phase != none.phase { fields.insert(.phase) }
    if state.inhibited { fields.insert(.inhibited) }
    if state.openedByLine { fields.insert(.openedByLine) }
    if state.enteredBand != none.enteredBand { fields.insert(.enteredBand) }
    if state.openedBand != none.openedBand { fields.insert(.openedBand) }
    if state.since != none.since { fields.insert(.since) }
    if state.clearSince != none.clearSince { fields.insert(.clearSince) }
    if state.shutUntil != none.shutUntil { fields.insert(.shutUntil) }
    if state.episode != none.episode { fields.insert(.episode) }
    if state.eventsSince != none.eventsSince { fields.insert(.eventsSince) }
    if state.openedAt != none.openedAt { fields.insert(.openedAt) }
    if state.markedAt != none.markedAt { fields.insert(.markedAt) }
    if !entries.isEmpty { fields.insert(.drop) }
    guard !fields.isEmpty else { return }
    out.write(unsigned: key)
    out.write(unsigned: fields.rawValue)
    if fields.contains(.phase) { out.write(Int64(state.phase.rawValue)) }
    if fields.contains(.enteredBand) { out.write(state.enteredBand) }
    if fields.contains(.openedBand) { out.write(state.openedBand) }
    if fields.contains(.since) { out.write(state.since) }
    if fields.contains(.clearSince) { out.write(state.clearSince) }
    if fields.contains(.shutUntil) { out.write(state.shutUntil) }
    if fields.contains(.episode) { out.write(state.episode) }
    if fields.contains(.eventsSince) { out.write(state.eventsSince) }
    if fields.contains(.openedAt) { out.write(state.openedAt) }
    if fields.contains(.markedAt) { out.write(state.markedAt) }
    guard fields.contains(.drop) else { return }
    out.write(unsigned: UInt64(entries.count))
    for entry in entries {
      out.write(entry.score)
      out.write(entry.end)
    }
  }

  static func decodeRules(_ input: inout ByteReader) -> [StoredState.Rule] {
    var rules: [StoredState.Rule] = []
    while !input.failed {
      let key = input.unsigned()
      if key == 0 { break }
      let fields = Fields(rawValue: input.unsigned())
      var state = RuleState()
      if fields.contains(.phase) {
        state.phase = RuleState.Phase(rawValue: UInt8(truncatingIfNeeded: input.signed())) ?? .ok
      }
      state.inhibited = fields.contains(.inhibited)
      state.openedByLine = fields.contains(.openedByLine)
      if fields.contains(.enteredBand) { state.enteredBand = input.narrow() }
      if fields.contains(.openedBand) { state.openedBand = input.narrow() }
      if fields.contains(.since) { state.since = input.signed() }
      if fields.contains(.clearSince) { state.clearSince = input.signed() }
      if fields.contains(.shutUntil) { state.shutUntil = input.signed() }
      if fields.contains(.episode) { state.episode = input.narrow() }
      if fields.contains(.eventsSince) { state.eventsSince = input.signed() }
      if fields.contains(.openedAt) { state.openedAt = input.signed() }
      if fields.contains(.markedAt) { state.markedAt = input.signed() }
      var entries: ContiguousArray<DropHistory.Entry> = []
      if fields.contains(.drop) {
        for _ in 0..<input.count() { entries.append(DropHistory.Entry(score: input.narrow(), end: input.signed())) }
      }
      rules.append(StoredState.Rule(key: key, state: state, drop: entries))
    }
    return rules
  }
}
