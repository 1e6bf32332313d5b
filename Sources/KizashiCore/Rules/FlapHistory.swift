/// How often a rule changed its state for an account in the last while: one state a local day, that at the day's end.
///
/// Of 21 days there are 20 changes, the oldest first. Change i (from 0) weighs 3/4 + i/38: 0.75 for the oldest, 1.25 for the
/// newest, 1 on average. The percentage is the weights of the days on which the state changed, of all 20. In whole numbers:
/// 76 times a weight is 57 + 2i, and 76 times all of them is 1520.
struct FlapHistory: BitwiseCopyable, Equatable {
  private static let changes = 20
  private static let states: UInt32 = 1 << 21 - 1
  private static let flapping: UInt32 = 1 << 30
  private static let silenced: UInt32 = 1 << 31

  /// The day that is not over yet; `.min`: nobody has looked.
  var day: Int32 = .min
  /// Bit n: whether it fired at the end of the n-th day before `day`, from 0; above them what follows from it.
  private var bits: UInt32 = 0

  /// Nobody has looked.
  init() {}

  /// What was stored.
  init(day: Int32, bits: UInt32) {
    self.day = day
    self.bits = bits
  }

  /// What is stored.
  var stored: UInt32 { bits }

  /// Whether the rule flaps.
  var isFlapping: Bool {
    get { bits & Self.flapping != 0 }
    set { bits = newValue ? bits | Self.flapping : bits & ~Self.flapping }
  }

  /// Whether the present or last episode opened while the rule flapped, so that nobody was told.
  var isSilenced: Bool {
    get { bits & Self.silenced != 0 }
    set { bits = newValue ? bits | Self.silenced : bits & ~Self.silenced }
  }

  /// The days on which the state changed: bit n is the change from day n + 1 to day n before this one.
  private var changed: UInt32 { (bits ^ bits >> 1) & (Self.states >> 1) }

  /// On how many of the 20 days it changed.
  var count: Int { changed.nonzeroBitCount }

  /// The weights of the changes, times 76: 0…1520.
  var weight: Int {
    var sum = 0
    var rest = changed
    while rest != 0 {
      // Bit 0 is the newest change: i = 19.
      sum += 57 + 2 * (Self.changes - 1 - rest.trailingZeroBitCount)
      rest &= rest - 1
    }
    return sum
  }

  /// The percentage with two decimals.
  var percent: String { Rational(Int128(weight) * 5, 76).text(digits: 2) }

  /// Ends the days before `today`, on all of which the rule stood as it does now; judges each.
  mutating func end(before today: Int32, isFiring: Bool, _ settings: FlapSettings) {
    guard day != .min else {
      // Before it was looked at it did not fire.
      day = today
      return
    }
    // Further back nothing of it is left.
    var left = min(Int64(today) - Int64(day), Int64(Self.changes + 1))
    guard left > 0 else { return }
    day = today
    while left > 0 {
      left -= 1
      push(isFiring)
      judge(settings)
    }
  }

  private mutating func push(_ isFiring: Bool) {
    bits = bits & ~Self.states | bits << 1 & Self.states | (isFiring ? 1 : 0)
  }

  private mutating func judge(_ settings: FlapSettings) {
    // percent = weight · 100 / 1520 = weight · 5 / 76
    if weight * 5 >= settings.start * 76 { isFlapping = true }
    if weight * 5 <= settings.stop * 76 { isFlapping = false }
  }

  /// The first day after `today` at whose beginning it starts or stops to flap if the rule stays as it is; nil: none does.
  ///
  /// What has changed weighs less each day, so that a start can only come with the end of a day that changed.
  func nextChange(after today: Int32, isFiring: Bool, _ settings: FlapSettings) -> Int32? {
    guard day != .min, bits & Self.states != (isFiring ? Self.states : 0) || isFlapping else { return nil }
    var ahead = self
    repeat {
      ahead.end(before: ahead.day + 1, isFiring: isFiring, settings)
      if ahead.isFlapping != isFlapping { return max(ahead.day, today + 1) }
    } while isFlapping
    return nil
  }
}
