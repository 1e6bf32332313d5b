/// Makes the lines of a sample, piece by piece and in the order in which they would have been received.
///
/// Memory is a few bytes for each account, whatever the number of events. Only integers are used, so the bytes are the
/// same everywhere.
///
/// ```swift
/// var generator = try SampleGenerator(options: SampleOptions())
/// var buffer: [UInt8] = []
/// while generator.next(into: &buffer, upTo: 1 << 18) { write(buffer) }
/// ```
public struct SampleGenerator: Sendable {
  /// What it was asked for.
  public var options: SampleOptions { drawer.population.options }
  /// Usage events written so far, without duplicates.
  public private(set) var events = 0
  /// Lines written so far: usage, duplicates, attributes and feedback.
  public private(set) var lines = 0

  private var drawer: Drawer
  private var renderer: LineRenderer
  /// The sum of all hours' volumes, and of those begun.
  private let totalVolume: UInt128
  private var begunVolume: UInt128 = 0
  private var hour = -1
  /// Usage events of the present hour: how many, and how many of them are made.
  private var hourEvents = 0
  private var hourDone = 0
  /// Accounts whose attributes are due today, with the hour; and those of this hour still to come.
  private var dueToday: [(account: Int, hour: Int)] = []
  private var dueNow: [Int] = []
  private var dueDone = 0
  private var feedback: Line?
  /// Lines to be sent again, in the order and with the line number at which that falls due.
  private var repeats: [(due: Int, line: Line)] = []
  private var repeatsDone = 0
  private let repeatBelow: UInt64

  private static let repeatDistance = 300

  /// Throws ``SampleError/outOfRange(what:value:allowed:)`` for options that make no sense.
  public init(options: SampleOptions) throws(SampleError) {
    try options.validate()
    let population = Population(options: options)
    var total: UInt128 = 0
    for hour in 0..<options.days * 24 {
      total += UInt128(population.volume(SampleGenerator.activities(of: hour, in: population)))
    }
    totalVolume = max(1, total)
    drawer = Drawer(population: population, seed: options.seed)
    renderer = LineRenderer(seed: options.seed)
    repeatBelow = (UInt64(options.duplicatesPerMille) << 32) / 1000
  }

  /// An account by its place by size, from 0.
  public func account(_ index: Int) -> SampleAccount { drawer.population.describe(index) }

  /// Replaces the buffer's content with the next whole lines, at most `byteCount` bytes (but never less than one line
  /// where there is one). False: nothing is left, the buffer is empty.
  public mutating func next(into buffer: inout [UInt8], upTo byteCount: Int) -> Bool {
    let size = max(byteCount, LineRenderer.longest)
    // The array keeps its memory between calls; only its first use fills it.
    if buffer.count < size { buffer.append(contentsOf: repeatElement(0, count: size - buffer.count)) }
    let written = buffer.withUnsafeMutableBufferPointer { bytes -> Int in
      guard let base = bytes.baseAddress else { return 0 }
      var writer = LineWriter(cursor: base)
      let last = base + (size - LineRenderer.longest)
      while writer.cursor <= last, let line = nextLine() {
        renderer.write(line, of: drawer.population, to: &writer)
        lines += 1
      }
      return writer.cursor - base
    }
    buffer.removeLast(buffer.count - written)
    return written > 0
  }

  @inline(__always) private mutating func nextLine() -> Line? {
    if repeatsDone < repeats.count && repeats[repeatsDone].due <= lines { return nextRepeat() }
    if let line = feedback {
      feedback = nil
      return line
    }
    while true {
      if dueDone < dueNow.count { return nextAttributes() }
      if hourDone < hourEvents { return nextUsage() }
      if !nextHour() { return repeatsDone < repeats.count ? nextRepeat() : nil }
    }
  }

  @inline(__always) private mutating func nextUsage() -> Line {
    // One event in each of the hour's equal parts, anywhere in it: in order without sorting.
    let offset = SplitMix.scaled(drawer.bits(), below: 3_600_000)
    let at = hourStart + Int64((hourDone * 3_600_000 + offset) / hourEvents)
    hourDone += 1
    events += 1
    let line = drawer.usage(at: at, earliest: options.startMilliseconds)
    feedback = drawer.feedback(after: line)
    if repeatBelow > 0 && UInt64(drawer.bits()) < repeatBelow {
      repeats.append((lines + SampleGenerator.repeatDistance, line))
    }
    return line
  }

  private mutating func nextRepeat() -> Line {
    let line = repeats[repeatsDone].line
    repeatsDone += 1
    if repeatsDone == 4096 {
      repeats.removeFirst(repeatsDone)
      repeatsDone = 0
    }
    return line
  }

  private mutating func nextAttributes() -> Line {
    let account = dueNow[dueDone]
    let at = hourStart + Int64(dueDone * 3_600_000 / dueNow.count)
    dueDone += 1
    let seats = 100 + SplitMix.scaled(drawer.bits(), below: 41)
    return Line(
      kind: .attributes, serial: drawer.nextSerial(), at: at, account: account, user: 0, value: seats, bits: 0)
  }

  private var hourStart: Int64 { options.startMilliseconds + Int64(hour) * 3_600_000 }

  private static func activities(of hour: Int, in population: Population) -> [UInt32] {
    let start = population.options.startMilliseconds + Int64(hour) * 3_600_000
    return population.activities(day: hour / 24, utcHour: Int(start.dividedDown(by: 3_600_000)))
  }

  private mutating func nextHour() -> Bool {
    guard hour + 1 < options.days * 24 else { return false }
    hour += 1
    let activities = SampleGenerator.activities(of: hour, in: drawer.population)
    drawer.enter(day: hour / 24, activities: activities)
    let before = share(begunVolume)
    begunVolume += UInt128(drawer.population.volume(activities))
    hourEvents = share(begunVolume) - before
    hourDone = 0
    if options.attributes {
      if hour % 24 == 0 { findDue(day: hour / 24) }
      let hourOfDay = hour % 24
      dueNow = dueToday.filter { $0.hour == hourOfDay }.map(\.account)
      dueDone = 0
    }
    return true
  }

  /// How many of all usage events fall into that much of the volume.
  private func share(_ volume: UInt128) -> Int {
    // Volumes stay below 2^56 and totals below 2^34, so the product fits.
    volume == totalVolume ? options.eventTotal : Int(UInt128(options.eventTotal) * volume / totalVolume)
  }

  private mutating func findDue(day: Int) {
    let starts = Shape.all.map { $0.startDay(of: options.days) }
    dueToday.removeAll(keepingCapacity: true)
    for (account, number) in drawer.population.classes.enumerated() {
      let start = starts[Int(number) / Pattern.count]
      if day == start {
        dueToday.append((account, 0))
      } else if day > start && (day - start + account) % 28 == 0 {
        dueToday.append((account, account % 24))
      }
    }
  }
}
