import KizashiCore

extension Reading {
  /// `fresh` and `expire` of a measure; nil: neither is there, or one of them is wrong.
  func decay(_ measure: Section, of metric: Metric?) -> Decay? {
    guard let place = measure["fresh"] ?? measure["expire"] else { return nil }
    let fresh = measure.required("fresh", "up to which age the grade is the value's own, such as 90d")
      .flatMap { self.days($0, "the age up to which a value is fresh, in whole days", from: 0) }
    let expire = measure.required("expire", "the age beyond which the value counts as missing, such as 180d")
      .flatMap { self.days($0, "the age at which a value expires, in whole days", from: Milliseconds.day) }
    switch metric {
    case nil, .attribute, .survey: break
    default:
      place.fail(
        "only an attribute or a survey grows old, and this metric is neither",
        hint: "usage grows old by itself: it leaves its window")
      return nil
    }
    guard let fresh, let expire else { return nil }
    guard fresh < expire else {
      measure["expire"]?.fail("a value that is fresh for \(fresh)d expires later than that, not at \(expire)d")
      return nil
    }
    return Decay(freshDays: fresh, expireDays: expire)
  }

  private func days(_ cursor: Cursor, _ what: String, from least: Int64) -> Int? {
    guard let length = cursor.duration(what, in: least...Milliseconds.longest) else { return nil }
    guard length % Milliseconds.day == 0 else {
      cursor.failExpecting("\(what) such as 90d", hint: "ages are counted in whole local days")
      return nil
    }
    return Int(length / Milliseconds.day)
  }
}
