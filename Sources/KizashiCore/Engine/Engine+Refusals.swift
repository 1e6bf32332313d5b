/// Lines that do not count, and what is counted of that.
extension Engine {
  /// A line that claims more events than this is a mistake, as the decoder finds; eight million such lines still fit 64 bits.
  static var largestCount: Int64 { 1 << 40 }

  /// Counts a line that never reached a batch: too long to be held.
  public mutating func refuse(_ reason: RefusalReason, source: Int) {
    dirtySources.insert(source)
    sources[source].row.lines += 1
    sources[source].row.refused[Int(reason.rawValue)] += 1
  }

  /// Takes back that lines were refused, because they are about to be applied once more: they count as what they are found to be
  /// then, each once.
  ///
  /// - Parameter reasons: Of every event of them that was refused.
  public mutating func takeBack(lines: Int, refusedFor reasons: [RefusalReason], source: Int) {
    dirtySources.insert(source)
    sources[source].row.lines -= Int64(lines)
    for reason in reasons { sources[source].row.refused[Int(reason.rawValue)] -= 1 }
  }

  mutating func refuse(_ row: Int, _ batch: borrowing EventBatch, _ reason: RefusalReason) {
    sources[batch.source].row.refused[Int(reason.rawValue)] += 1
    refusals.append(Refusal(line: Int(batch.line[row]), reason: reason))
  }

  /// The checks that need a clock or a watermark.
  @inline(__always)
  func untimely(_ instant: Int64, _ batch: borrowing EventBatch) -> RefusalReason? {
    if instant > batch.latestAcceptable.milliseconds { return .future }
    guard let watermark = sources[batch.source].watermark else { return nil }
    if let retention = compiled.model.limits.retentionMilliseconds, instant < watermark - retention { return .expired }
    if let lateness = sources[batch.source].allowedLateness, instant < watermark - lateness { return .late }
    return nil
  }
}
