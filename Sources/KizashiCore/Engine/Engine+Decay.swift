/// Measures whose grade grows old. What is old is the latest datum behind the value: the attribute's line, the last answer.
extension Engine {
  /// The value a measure grades; nil: missing, or expired.
  func value(ofMeasure index: Int, _ account: AccountID) -> Rational? {
    guard let value = value(compiled.measures[index].metric, account) else { return nil }
    guard let decay = compiled.measures[index].decay, let age = age(index, account) else { return value }
    return age > decay.expireDays ? nil : value
  }

  /// The grade of a measure whose value gives `own`, at the age it has now; -1: expired.
  func decayed(_ own: Int32, _ index: Int, _ account: AccountID) -> Int32 {
    guard let decay = compiled.measures[index].decay, let age = age(index, account) else { return own }
    return decay.grade(own, age: age)
  }

  /// The next instant at which a measure that grows old has another grade; `.max`: none.
  func nextDecay(_ account: AccountID) -> Int64 {
    var next = Int64.max
    // What is old is what somebody said.
    guard scores.core(account).pointee.hasRecords else { return next }
    for index in compiled.decaying {
      let measure = compiled.measures[index]
      guard let decay = measure.decay, let since = datumDay(index, account), let value = value(measure.metric, account),
        let step = decay.nextStep(measure.curve.grade(value), age: Int64(today(of: account).number - since.number))
      else { continue }
      let day = LocalDay(number: since.number + Int32(step))
      next = min(next, compiled.model.calendar.firstTile(of: day).start.milliseconds)
    }
    return next
  }

  /// What time did to a measure: to one that grows old `expiry` where an answer left its window at this instant.
  @inline(__always)
  func causeOfTime(_ index: Int, _ account: AccountID) -> Cause {
    let cause = compiled.fast.measures.pointer(index).pointee.causeOfTime
    return cause == .decay ? causeOfAge(index, account) : cause
  }

  private func causeOfAge(_ index: Int, _ account: AccountID) -> Cause {
    guard case .survey(let name, _, let hours?) = compiled.measures[index].metric else { return .decay }
    return answers.leaves(account, name, windowHours: hours, at: now.milliseconds) ? .expiry : .decay
  }

  /// Whole local days since the day of the latest datum; nil: there is none.
  private func age(_ index: Int, _ account: AccountID) -> Int64? {
    datumDay(index, account).map { Int64(today(of: account).number) - Int64($0.number) }
  }

  private func datumDay(_ index: Int, _ account: AccountID) -> LocalDay? {
    let at: Int64? =
      switch compiled.measures[index].metric {
      case .attribute(let name): attributes.instant(account, name)
      case .survey(let name, _, let hours):
        answers.last(account, name, windowHours: hours, clockHour: clockHour(of: account))
      default: nil
      }
    return at.map { lastDay(Instant(milliseconds: $0).tile.hour) }
  }
}
