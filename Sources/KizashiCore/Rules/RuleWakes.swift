/// Which rules must be looked at when something wakes an account: of dozens mostly two or three, so that they are found by
/// what woke them, 64 at a time.
struct RuleWakes {
  /// What any rule rests on.
  let any: Wake
  /// How many times 64 rules there are.
  let words: Int
  /// By bit of a wake, then word: a bit for each rule that rests on it.
  private let masks: Table<UInt64>

  /// - Parameter wakes: By rule: what its conditions rest on.
  init(_ wakes: [Wake]) {
    any = wakes.reduce(into: []) { $0.formUnion($1) }
    let words = (wakes.count + 63) / 64
    self.words = words
    var masks = [UInt64](repeating: 0, count: 64 * words)
    for (rule, wake) in wakes.enumerated() {
      for bit in 0..<64 where wake.rawValue & 1 << UInt64(bit) != 0 {
        masks[bit * words + rule / 64] |= 1 << UInt64(rule % 64)
      }
    }
    self.masks = Table(masks)
  }

  /// The rules of a word that something wakes.
  @inline(__always)
  func rules(_ word: Int, wokenBy wake: Wake) -> UInt64 {
    var rest = wake.rawValue
    var rules: UInt64 = 0
    while rest != 0 {
      rules |= masks[rest.trailingZeroBitCount * words + word]
      rest &= rest - 1
    }
    return rules
  }
}
