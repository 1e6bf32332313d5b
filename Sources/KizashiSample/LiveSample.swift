/// Something that befalls one account of a ``LiveSample``, to be seen by whoever watches.
public struct SampleIncident: Sendable, Equatable {
  /// What happens.
  public enum Kind: String, Sendable, CaseIterable {
    /// The account's users run into one failure after the other, and say so when asked: a quarter of all lines.
    case failures
    /// Nothing comes from it any more.
    case silence
  }
  /// The account's name.
  public var account: String
  /// What happens to it.
  public var kind: Kind
  /// When it begins, milliseconds after the start.
  public var afterMilliseconds: Int64

  /// An incident of a named account.
  public init(account: String, kind: Kind, afterMilliseconds: Int64) {
    self.account = account
    self.kind = kind
    self.afterMilliseconds = afterMilliseconds
  }
}

/// Events as they happen, at a steady rate: the same accounts as in ``SampleGenerator``, as they are on its last day.
///
/// It has no clock. Whoever owns one asks, every few milliseconds, for what is due until now; the same questions get
/// the same answers.
public struct LiveSample: Sendable {
  /// Lines written so far.
  public private(set) var lines: UInt64 = 0

  private var drawer: Drawer
  private var renderer: LineRenderer
  private let rate: Int64
  private let start: Int64
  private let incident: (account: Int, kind: SampleIncident.Kind, after: Int64)?
  private var hour = Int64.min

  /// `eventsPerSecond` usage events from `startMilliseconds` on. What is drawn, the ids too, depends on the start, so that
  /// a sample started again is not taken for a repetition of the first.
  ///
  /// Throws ``SampleError`` for options that make no sense and an incident of an account that is not there.
  public init(
    options: SampleOptions, eventsPerSecond: Int, startMilliseconds: Int64, incident: SampleIncident? = nil
  ) throws(SampleError) {
    try options.validate()
    if !(1...1_000_000).contains(eventsPerSecond) {
      throw .outOfRange(what: "events a second", value: "\(eventsPerSecond)", allowed: "1 to 1000000")
    }
    if let incident {
      guard let account = AccountName.index(of: incident.account, among: options.accounts) else {
        throw .unknownAccount(name: incident.account, example: AccountName.text(0))
      }
      if incident.kind == .silence && options.accounts < 10 {
        throw .outOfRange(what: "accounts", value: "\(options.accounts)", allowed: "10 or more where one falls silent")
      }
      self.incident = (account, incident.kind, incident.afterMilliseconds)
    } else {
      self.incident = nil
    }
    let run = SplitMix.mix(options.seed ^ SplitMix.mix(UInt64(bitPattern: startMilliseconds)))
    drawer = Drawer(population: Population(options: options), seed: run)
    renderer = LineRenderer(seed: run)
    rate = Int64(eventsPerSecond)
    start = startMilliseconds
  }

  /// Replaces the buffer's content with the lines due at or before `nowMilliseconds` that were not written yet, at most
  /// `byteCount` bytes. False: there are none (yet), the buffer is empty.
  public mutating func next(into buffer: inout [UInt8], until nowMilliseconds: Int64, upTo byteCount: Int) -> Bool {
    let size = max(byteCount, LineRenderer.longest)
    if buffer.count < size { buffer.append(contentsOf: repeatElement(0, count: size - buffer.count)) }
    let written = buffer.withUnsafeMutableBufferPointer { bytes -> Int in
      guard let base = bytes.baseAddress else { return 0 }
      var writer = LineWriter(cursor: base)
      let last = base + (size - LineRenderer.longest)
      while writer.cursor <= last {
        let at = start + Int64(lines) * 1000 / rate
        if at > nowMilliseconds { break }
        renderer.write(line(at: at), of: drawer.population, to: &writer)
        lines += 1
      }
      return writer.cursor - base
    }
    buffer.removeLast(buffer.count - written)
    return written > 0
  }

  private mutating func line(at: Int64) -> Line {
    let hour = at.dividedDown(by: 3_600_000)
    if hour != self.hour {
      self.hour = hour
      let lastDay = drawer.population.options.days - 1
      drawer.enter(day: lastDay, activities: drawer.population.activities(day: lastDay, utcHour: Int(hour)))
    }
    guard let incident, at - start >= incident.after else { return drawer.usage(at: at, earliest: start) }
    switch incident.kind {
    case .failures:
      return lines % 4 == 0 ? failure(of: incident.account, at: at) : drawer.usage(at: at, earliest: start)
    case .silence:
      var line = drawer.usage(at: at, earliest: start)
      while line.account == incident.account { line = drawer.usage(at: at, earliest: start) }
      return line
    }
  }

  /// Mostly failures; each thirtieth line is a bad answer to the survey.
  private mutating func failure(of account: Int, at: Int64) -> Line {
    var line = drawer.usage(of: account, at: at, earliest: start)
    if lines % 120 == 60 {
      line.kind = .survey
      line.value = 2
    } else {
      line.value = Vocabulary.failures[Int(lines / 4) % Vocabulary.failures.count]
    }
    return line
  }
}
