import Glibc
import KizashiCore
import KizashiDecode

/// Times what can be timed in one thread, on one file of event lines: simdjson alone and SQLite alone (the yardsticks), decoding, and
/// the engine with the built-in scorecard: applying lines, cutting off what is to be stored, and a month in which nothing comes. Each
/// stage is repeated; the fastest and the median are printed. Then what lines made to hurt cost the decoder; `--poison` times only
/// those and prints them all.
@main struct Stages {
  static func main() {
    if CommandLine.arguments.dropFirst().first == "--poison" {
      PoisonCosts.report(9, all: true)
      return
    }
    guard CommandLine.arguments.count >= 2, let bytes = readFile(CommandLine.arguments[1]) else {
      print("usage: stages FILE [REPETITIONS] | stages --poison")
      exit(64)
    }
    let repetitions = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 3 : 3
    let lines = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - SimdjsonLimit.padding)])
    let count = SimdjsonLimit.extract(lines).lines
    var seconds: [(name: String, seconds: [Double], per: String, count: Int)] = []
    func add(_ name: String, _ one: Double, per: String = "line", _ count: Int) {
      guard count > 0 else { return }
      if let index = seconds.firstIndex(where: { $0.name == name }) {
        seconds[index].seconds.append(one)
      } else {
        seconds.append((name, [one], per, count))
      }
    }
    for _ in 0..<repetitions {
      add("simdjson alone", timed { _ = SimdjsonLimit.extract(lines) }, count)
      add("simdjson alone, validating each line whole", timed { _ = SimdjsonLimit.validate(lines) }, count)
      let run = Run(lines)
      add("decode", run.decode, count)
      add("apply", run.apply, count)
      add("drain", run.drain, count)
      add("advance", run.advance, per: "change", run.silentChanges)
      let rows = PlainSQLite.combined(run.facts)
      add(
        "SQLite alone, facts in the order of their key", timed { PlainSQLite.insert(rows, at: "stages.db") },
        per: "row", rows.count)
    }
    print("\(count) lines, \(lines.count) bytes")
    for stage in seconds { report(stage.name, stage.seconds, per: stage.per, stage.count) }
    PoisonCosts.report(repetitions, all: false)
  }

  static func report(_ name: String, _ seconds: [Double], per unit: String, _ count: Int) {
    let sorted = seconds.sorted()
    let median = sorted[sorted.count / 2]
    let each = Int(median * 1e9 / Double(count))
    let (rate, fastest) = (Int(Double(count) / median), Int(Double(count) / sorted[0]))
    print("\(name): \(each) ns a \(unit), \(rate) \(unit)s/s (fastest \(fastest))")
  }

  static func timed(_ body: () -> Void) -> Double {
    let start = cpuSeconds()
    body()
    return cpuSeconds() - start
  }

  static func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The file and, behind it, the readable bytes simdjson asks for.
  static func readFile(_ path: String) -> UnsafeMutableRawBufferPointer? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let size = ftell(file)
    rewind(file)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size + SimdjsonLimit.padding, alignment: 64)
    guard fread(bytes.baseAddress, 1, size, file) == size else { return nil }
    return bytes
  }
}
