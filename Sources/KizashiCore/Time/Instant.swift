/// A point in time: signed milliseconds since 1970-01-01T00:00Z. Sub-millisecond digits are cut off where it is read.
public struct Instant: Comparable, Hashable, Sendable {
  /// Milliseconds since the epoch.
  public var milliseconds: Int64

  /// The instant so many milliseconds after the epoch; negative: before it.
  @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// Earlier than.
  @inlinable public static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }

  /// The UTC hour that holds this instant.
  @inlinable public var tile: Tile { Tile(hour: Int32(truncatingIfNeeded: floorDivide(milliseconds, Tile.length))) }

  /// This instant moved by a signed number of milliseconds.
  @inlinable public func advanced(by milliseconds: Int64) -> Instant {
    Instant(milliseconds: self.milliseconds + milliseconds)
  }
}

/// A UTC hour, counted from 1970-01-01T00Z. All windowed state lives in tiles.
public struct Tile: Comparable, Hashable, Sendable {
  /// Hours since the epoch.
  public var hour: Int32

  /// The length of a tile in milliseconds.
  public static let length: Int64 = 3_600_000

  /// The tile so many hours after the epoch; negative: before it.
  @inlinable public init(hour: Int32) { self.hour = hour }

  /// Earlier than.
  @inlinable public static func < (a: Tile, b: Tile) -> Bool { a.hour < b.hour }

  /// The tile's first millisecond.
  @inlinable public var start: Instant { Instant(milliseconds: Int64(hour) * Tile.length) }
}

/// A calendar day in the business time zone, counted from 1970-01-01 of the proleptic Gregorian calendar.
public struct LocalDay: Comparable, Hashable, Sendable {
  /// Days since 1970-01-01.
  public var number: Int32

  /// The day so many days after 1970-01-01; negative: before it.
  @inlinable public init(number: Int32) { self.number = number }

  /// Earlier than.
  @inlinable public static func < (a: LocalDay, b: LocalDay) -> Bool { a.number < b.number }
}

/// Division that rounds toward negative infinity, so that tiles and days before 1970 are whole too.
@inlinable public func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
  let q = a / b
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q
}

extension Int64 {
  /// `self - other` without leaving the range.
  @inline(__always)
  func subtractingClamped(_ other: Int64) -> Int64 {
    let (value, overflow) = subtractingReportingOverflow(other)
    return overflow ? (other > 0 ? .min : .max) : value
  }
}
