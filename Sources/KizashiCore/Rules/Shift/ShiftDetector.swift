/// A cumulative sum over days (Page 1954) that finds a lasting shift of daily use, and when it is over.
///
/// Each day's deviation beyond the slack k is evidence; evidence against is taken off, down to none. The alarm is the day
/// at whose end the evidence exceeds h; it then begins anew. An alarm **lasts** until the seven days just judged, all after
/// the last alarm of that side, lie on average no further off than k: use is back, or the new level has become usual.
public struct ShiftDetector: Sendable, Equatable, BitwiseCopyable {
  /// Which way use has shifted.
  public enum Side: Int8, Sendable, BitwiseCopyable {
    case none = -1
    case down
    case up
  }

  /// The last day judged; `.min`: none yet.
  var judged: Int32 = .min
  /// The evidence for a shift down, ten-thousandths.
  var down: Int32 = 0
  /// The evidence for a shift up, ten-thousandths.
  var up: Int32 = 0
  /// The last day at whose end there was no evidence, of each side: the shift began after it.
  var downBefore: Int32 = .min
  var upBefore: Int32 = .min
  /// The alarm that lasts.
  public internal(set) var side = Side.none
  /// The day on which the shift began that the lasting alarm told of, as the sum estimates it; `.min`: none.
  public internal(set) var since: Int32 = .min
  /// Days judged since the last alarm, while one lasts.
  var after: Int32 = 0
  /// z of the last days since the alarm, by their number modulo the week.
  var recent = SIMD8<Int16>()

  /// One that has seen nothing.
  public init() {}

  /// Begins behind a day: it and what lies before it is never judged.
  public mutating func begin(behind day: Int32) { (judged, downBefore, upBefore) = (day, day, day) }

  /// Judges a day at its end. Days must ascend.
  ///
  /// - Parameter z: In ten-thousandths; nil: the day says nothing.
  /// - Returns: The side of an alarm raised by this day; nil: none.
  @discardableResult
  public mutating func judge(_ day: Int32, z: Int32?, _ settings: ShiftSettings) -> Side? {
    judged = day
    guard let z else {
      (downBefore, upBefore) = (down == 0 ? day : downBefore, up == 0 ? day : upBefore)
      return nil
    }
    if settings.direction != .up { down = max(0, down - z - settings.k) }
    if settings.direction != .down { up = max(0, up + z - settings.k) }
    if down == 0 { downBefore = day }
    if up == 0 { upBefore = day }
    if down > settings.h {
      raise(.down, since: downBefore + 1)
      (down, downBefore) = (0, day)
      return .down
    }
    if up > settings.h {
      raise(.up, since: upBefore + 1)
      (up, upBefore) = (0, day)
      return .up
    }
    if side != .none { watchForTheEnd(z, settings) }
    return nil
  }

  /// An alarm that repeats one that lasts tells of the same shift.
  private mutating func raise(_ alarm: Side, since day: Int32) {
    if side != alarm { since = day }
    side = alarm
    after = 0
    recent = SIMD8()
  }

  private mutating func watchForTheEnd(_ z: Int32, _ settings: ShiftSettings) {
    let week = Int32(settings.weekDays)
    recent[Int(after % week)] = Int16(z)
    after += 1
    guard after >= week else { return }
    let sum = (0..<settings.weekDays).reduce(Int32(0)) { $0 + Int32(recent[$1]) }
    guard side == .down ? sum >= -settings.k * week : sum <= settings.k * week else { return }
    side = .none
    since = .min
    after = 0
    recent = SIMD8()
  }

  /// Judges days that are as usual as can be (z = 0) for good, up to `day`, at once; false where that could change `side`.
  mutating func passQuietly(through day: Int32) -> Bool {
    guard side == .none, down == 0, up == 0 else { return false }
    begin(behind: day)
    return true
  }
}
