/// A person's word on an account's score, kept beside the computed one.
public struct Override: Sendable, Equatable {
  /// What was set.
  public enum Value: Sendable, Equatable {
    /// The score, in hundredths.
    case score(Int32)
    /// A band, by name: the score is moved just into it.
    case band(String)
    /// Nothing: an earlier override ends.
    case none
  }
  /// What was said.
  public var value: Value
  /// The first instant at which it does not hold any more; `.max`: until another is set. Milliseconds.
  public var until: Int64

  /// Reads an `override.set` record.
  ///
  /// - Returns: nil where it says nothing that could be an override.
  init?(_ record: Record, _ calendar: BusinessCalendar) {
    until = .max
    if let text = record.text("until") {
      guard let time = RecordTime(text) else { return nil }
      until = time.end(calendar)
    }
    switch (record.text("kind"), record.value("value")) {
    case (_, nil), (_, .null?): value = .none
    case ("score", let scalar?):
      guard let points = scalar.decimal, points >= Rational(0), points <= Rational(100) else { return nil }
      value = .score(Int32((points * Rational(100)).halfUp))
    case ("band", .string(let name)?): value = .band(name)
    default: return nil
    }
  }

  /// Why a record is refused: nil for those that can be read.
  static func refusal(_ record: Record, _ calendar: BusinessCalendar) -> RefusalReason? {
    if let text = record.text("until"), RecordTime(text) == nil { return .badTimestamp }
    return Override(record, calendar) == nil ? .badType : nil
  }

  /// The effective score of an account whose computed one is given (-1: none), by these bands.
  func effective(_ computed: Int32, _ bands: BandModel) -> Int32 {
    switch value {
    case .none: return computed
    case .score(let score): return score
    case .band(let name):
      guard let index = bands.bands.firstIndex(where: { $0.name == name }) else { return computed }
      let high = index == 0 ? 10_000 : Int32(bands.bands[index - 1].bound) - 1
      // Far enough in to be climbed into at once.
      let bound = Int32(bands.bands[index].bound)
      let low = bound == 0 ? 0 : min(bound + Int32(bands.clearMargin), high)
      return computed < 0 ? low : min(max(computed, low), high)
    }
  }

  /// For people: `score 75.00`, `band green`; nil: none.
  var text: String? {
    switch value {
    case .none: nil
    case .score(let score): "score \(Rational(Int128(score), 100).text(digits: 2))"
    case .band(let name): "band \(name)"
    }
  }
}
