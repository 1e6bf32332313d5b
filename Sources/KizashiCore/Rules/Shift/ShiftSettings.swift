/// What a `shift` rule watches for: how far and for how long daily use must lie off its usual level.
public struct ShiftSettings: Sendable, Equatable {
  /// Which way the level moves.
  public enum Direction: Sendable, Equatable, CaseIterable {
    case down
    case up
    case both
  }

  /// Which way the level must move.
  public var direction: Direction
  /// Slack a day: deviations of less than so much are no evidence. Ten-thousandths of a standard deviation, ≥ 0.
  public var k: Int32
  /// The evidence above which it is an alarm, ten-thousandths, ≥ 0.
  public var h: Int32
  /// Days of a week, 1…8: a day is compared with days whole weeks before it, and an alarm lasts a week or longer.
  /// Anything but 7 is for series without weekdays and for small tests.
  public var weekDays: Int
  /// The nearest week back that is compared with; what is nearer may be part of the shift itself.
  public var nearestWeek: Int
  /// The farthest week back that is compared with.
  public var farthestWeek: Int
  /// With fewer weeks to compare with, a day says nothing.
  public var leastWeeks: Int

  /// The rule's settings; by default those of the specification.
  ///
  /// - Precondition: k and h are not negative; 1 ≤ `nearestWeek` ≤ `farthestWeek` ≤ 64; `leastWeeks` ≥ 1; `weekDays` 1…8.
  public init(
    direction: Direction = .down, k: Int32 = 5_000, h: Int32 = 80_000, weekDays: Int = 7, nearestWeek: Int = 2,
    farthestWeek: Int = 12, leastWeeks: Int = 4
  ) {
    precondition(k >= 0 && h >= 0, "k and h are not negative: k \(k), h \(h)")
    precondition((1...8).contains(weekDays) && leastWeeks >= 1, "no such week: \(weekDays) days, least \(leastWeeks)")
    precondition(
      1 <= nearestWeek && nearestWeek <= farthestWeek && farthestWeek <= 64,
      "no such weeks: \(nearestWeek)…\(farthestWeek)")
    self.direction = direction
    self.k = k
    self.h = h
    self.weekDays = weekDays
    self.nearestWeek = nearestWeek
    self.farthestWeek = farthestWeek
    self.leastWeeks = leastWeeks
  }

  /// How many days an account has before one has `leastWeeks` to be compared with.
  var silentDays: Int32 { Int32(weekDays * (nearestWeek + leastWeeks - 1)) }

  /// How many days before a day the farthest one lies that it is compared with.
  var reach: Int32 { Int32(weekDays * farthestWeek + weekDays - 1) }
}
